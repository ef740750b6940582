# Sourced by tools/fokker, tools/test and tools/bench: install what is missing, configure, build.
# Says nothing when there is nothing to do; everything it does say goes to stderr (stdout belongs to the program).
#
#   FOKKER_BUILD       build folder (default: build/ in the source tree)
#   FOKKER_CMAKE       more cmake options, separated by blanks
#   FOKKER_NO_INSTALL  set to 1 to use the libraries at hand, whatever the package manager says

fokker_source=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
fokker_build=$(realpath -ms -- "${FOKKER_BUILD:-$fokker_source/build}")

# The one list of Debian 12 packages that building and testing needs (libfftw3-dev: not with -DFOKKER_FFTW=OFF).
fokker_packages=(build-essential cmake ninja-build pkg-config
  libeigen3-dev libboost-dev libtbb-dev libfmt-dev libtomlplusplus-dev nlohmann-json3-dev libcli11-dev libvtk9-dev
  libxxhash-dev libsqlite3-dev libfftw3-dev libcairo2-dev zlib1g-dev fonts-dejavu-core doctest-dev)

say() { printf 'fokker: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# One caller at a time in a build folder; the lock (descriptor 9) is let go by unlock_build or at exit.
lock_build() {
  mkdir -p -- "$fokker_build" || die "cannot write to $fokker_build; set FOKKER_BUILD to a folder of your own"
  exec 9>"$fokker_build/.lock" || die "cannot write to $fokker_build; set FOKKER_BUILD to a folder of your own"
  flock --nonblock 9 || { say "another build is running in $fokker_build; waiting for it"; flock 9; }
}
unlock_build() { exec 9>&-; }

# install_missing PACKAGE...: apt-get for those that are not installed; one dpkg-query (10 ms) when all are.
install_missing() {
  [[ ${FOKKER_NO_INSTALL:-0} == 1 ]] && return
  command -v dpkg-query >/dev/null || die "needs a Debian-like system to install $*;" \
    "with these libraries at hand, call it with FOKKER_NO_INSTALL=1"
  local installed missing=() package
  installed=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
  for package; do [[ $installed == *" installed:$package "* ]] || missing+=("$package"); done
  (( ${#missing[@]} )) || return 0

  local as_root=()
  if (( EUID != 0 )); then
    as_root=(sudo)
    if ! command -v sudo >/dev/null || ! { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
      say "these packages are missing, and installing them needs root:"
      printf '  apt-get update && apt-get install -y --no-install-recommends %s\n' "${missing[*]}" >&2
      exit 1
    fi
  fi
  local log=$fokker_build/apt.log started=$SECONDS
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600)
  say "installing ${missing[*]} (a few minutes on a bare machine; log in $log)"
  if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null
  then
    tail -n 20 -- "$log" >&2
    die "apt-get failed; the whole log is in $log"
  fi
  say "installed in $(( SECONDS - started )) s"
}

# configure CMAKE_OPTION...: only when the folder is not configured for this tree, or the options differ from last time.
configure() {
  set -- "$@" ${FOKKER_CMAKE:-}
  local stamp=$fokker_build/.configured wanted="$fokker_source $*" log=$fokker_build/configure.log
  [[ -f $fokker_build/build.ninja && -f $stamp && $(<"$stamp") == "$wanted" ]] && return
  local fresh=()   # a folder that was configured for another place cannot be used again
  [[ -f $stamp && $(<"$stamp") == "$fokker_source "* ]] || fresh=(--fresh)
  say "configuring $fokker_build"
  if ! cmake "${fresh[@]}" -S "$fokker_source" -B "$fokker_build" -G Ninja -DCMAKE_BUILD_TYPE=Release "$@" >"$log" 2>&1
  then
    tail -n 30 -- "$log" >&2
    die "cmake failed; the whole log is in $log"
  fi
  printf '%s' "$wanted" >"$stamp"
}

# build TARGET...: ninja, with a counter on a terminal and one line elsewhere; the compiler's own words when it fails.
build() {
  local log=$fokker_build/build.log started=$SECONDS
  if ! NINJA_STATUS='[%f/%t] ' ninja -C "$fokker_build" "$@" 2>&1 </dev/null | tee -- "$log" | show_progress; then
    sed -n '/^FAILED: /,$p' -- "$log" | grep -v '^\[[0-9]*/[0-9]*\] ' >&2
    die "the build failed after $(( SECONDS - started )) s; the whole log is in $log"
  fi
}
show_progress() {
  local line said=0 started=$SECONDS
  while IFS= read -r line; do
    [[ $line =~ ^(\[[0-9]+/[0-9]+\])\ (Building|Linking) ]] || continue
    if [[ -t 2 ]]; then
      printf '\r\033[Kfokker: building %s' "${BASH_REMATCH[1]}" >&2
    elif (( ! said )); then
      say "building (log in $fokker_build/build.log)"
    fi
    said=1
  done
  (( said )) || return 0
  [[ -t 2 ]] && printf '\r\033[K' >&2
  say "built in $(( SECONDS - started )) s"
}
