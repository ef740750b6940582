#include "member.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "fokker/base/exit_code.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/output/checkpoint.hpp"
#include "fokker/run/stop_reason.hpp"

extern char** environ;

namespace fokker {

namespace fs = std::filesystem;

bool is_locked(const fs::path& folder) {
  const int file = ::open((folder / ".lock").c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return false;
  const bool locked = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return locked;
}

MemberState state_on_disk(const Sweep& sweep, const SweepPlan& plan, std::size_t member, const fs::path& folder) {
  std::error_code unseen;
  if (is_locked(folder)) return {.status = "running"};
  if (!fs::exists(folder / "summary.json", unseen))
    return {.status = fs::exists(folder / checkpoint_name, unseen) ? "stopped" : "waiting"};
  MemberState state{.summary = read_file(folder / "summary.json")};
  const Json summary = Json::parse(state.summary, nullptr, false);
  const auto at = [&](const char* path) {
    const Json::json_pointer pointer(path);
    return summary.is_object() && summary.contains(pointer) ? summary.at(pointer) : Json();
  };
  if (at("/case/sha256") != plan.case_sha256 || at("/case/overrides") != Json(sweep.overrides(member)))
    return {.status = "failed", .message = "its folder holds a run of another case or of other values"};
  if (at("/seconds/total").is_number()) state.seconds = at("/seconds/total").get<double>();
  const Json reason = at("/stop_reason");
  if (sweep.use == CaseFor::run && !(reason.is_string() && is_final(reason.get<std::string>()))) {
    const bool stopped = reason == "interrupted" || reason == "wall_time";
    state.status = stopped ? "stopped" : "failed";
    if (!stopped && reason.is_string()) state.message = reason.get<std::string>();
    state.exit_code = stopped ? exit_stopped : exit_numerical;
    return state;
  }
  state.status = "done";
  for (const Json& check : at("/checks"))
    if (!check.value("ok", false)) {
      state.status = "short";
      state.exit_code = exit_check;
    }
  return state;
}

void forget_run(const fs::path& folder) {
  for (const char* name : {"summary.json", checkpoint_name, previous_checkpoint_name}) {
    std::error_code error;
    fs::remove(folder / name, error);
    if (error) throw FileError((folder / name).string(), error.message());
  }
}

std::vector<std::string> member_command(const Sweep& sweep, const fs::path& program, std::size_t member,
                                        const fs::path& folder, bool resume) {
  std::vector<std::string> words{program.string()};
  if (resume) {
    words.insert(words.end(), {"resume", folder.string()});
  } else {
    words.insert(words.end(), {sweep.use == CaseFor::steady ? "steady" : "run", sweep.case_file.string()});
    for (const std::string& setting : sweep.overrides(member)) words.insert(words.end(), {"--set", setting});
    words.insert(words.end(), {"--out", folder.string(), "--force"});
  }
  words.insert(words.end(), {"--threads", std::to_string(sweep.threads), "--progress", "never", "-q"});
  return words;
}

MemberProcess::MemberProcess(std::size_t member, const std::vector<std::string>& command, bool resumed)
    : member_(member), resumed_(resumed), errors_(::memfd_create("errors", MFD_CLOEXEC)) {
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);

  // A group of its own: Ctrl-C goes to the sweep, which asks its members to stop.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  posix_spawn_file_actions_t streams;
  posix_spawn_file_actions_init(&streams);
  posix_spawn_file_actions_addopen(&streams, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&streams, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&streams, errors_, STDERR_FILENO);
  const int error =
      errors_ < 0 ? errno : ::posix_spawn(&process_, words[0], &streams, &attributes, words.data(), environ);
  posix_spawn_file_actions_destroy(&streams);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    if (errors_ >= 0) ::close(errors_);
    throw FileError(command.front(), fmt::format("cannot run it: {}", std::strerror(error)));
  }
}

MemberProcess::MemberProcess(MemberProcess&& other) noexcept
    : member_(other.member_),
      resumed_(other.resumed_),
      begin_(other.begin_),
      process_(std::exchange(other.process_, -1)),
      errors_(std::exchange(other.errors_, -1)) {}

MemberProcess::~MemberProcess() {
  if (errors_ >= 0) ::close(errors_);
}

bool MemberProcess::ended(int& exit_code) {
  int status = 0;
  if (::waitpid(process_, &status, WNOHANG) != process_) return false;
  exit_code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

double MemberProcess::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

void MemberProcess::stop() const { ::kill(process_, SIGTERM); }

std::string MemberProcess::last_words() const {
  std::array<char, 4096> end{};
  const off_t size = ::lseek(errors_, 0, SEEK_END);
  const ssize_t got = ::pread(errors_, end.data(), end.size(), std::max<off_t>(0, size - std::ssize(end)));
  std::string_view text(end.data(), static_cast<std::size_t>(std::max<ssize_t>(0, got)));
  std::string words;
  while (!text.empty()) {
    const std::size_t stop = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, stop);
    text.remove_prefix(std::min(stop + 1, text.size()));
    if (line.starts_with("fokker: ")) line.remove_prefix(8);
    if (line.empty() || line.starts_with("warning: ") || line.starts_with("note: ")) continue;
    words += fmt::format("{}{}", words.empty() ? "" : "; ", line);
  }
  return words;
}

}  // namespace fokker
