#include "fokker/run/run_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "fokker/base/read_file.hpp"
#include "fokker/output/checkpoint.hpp"
#include "fokker/output/files.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

constexpr const char* lock_name = ".lock";
constexpr const char* draft_ending = ".tmp";  // NAME.0123456789abcdef.tmp

bool is_hexadecimal(const std::string& text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

/// A fixed list, numbered frames, and the drafts of a run that was killed.
bool is_run_file(std::string name) {
  if (name.ends_with(draft_ending)) {
    name.resize(name.size() - std::string_view(draft_ending).size());
    const std::size_t dot = name.find_last_of('.');
    if (dot == std::string::npos || !is_hexadecimal(name.substr(dot + 1))) return false;
    name.resize(dot);
  }
  constexpr std::array<std::string_view, 17> fixed{"passage.csv",
                                                   lock_name,
                                                   "reverse.pvd",
                                                   "case.toml",
                                                   "resolved.toml",
                                                   "summary.json",
                                                   "series.csv",
                                                   "density.pvd",
                                                   "spacetime.vti",
                                                   checkpoint_name,
                                                   previous_checkpoint_name,
                                                   "figure.png",
                                                   "figure.svg",
                                                   "converge.csv",
                                                   "report.html",
                                                   "density.png",
                                                   "twin.png"};  // the last two: earlier versions
  if (std::find(fixed.begin(), fixed.end(), name) != fixed.end()) return true;
  const bool marginal = name.starts_with("marginal_");
  const std::size_t dot = name.rfind('.'), line = name.rfind('_', dot);
  if (dot == std::string::npos || line == std::string::npos) return false;
  const std::string stem = name.substr(0, line), number = name.substr(line + 1, dot - line - 1),
                    format = name.substr(dot);
  if (marginal && format == ".pvd") return true;
  return (stem == "density" || stem == "reverse" || marginal) && number.size() >= 6 && is_number(number) &&
         (format == ".vti" || format == ".csv" || format == ".npy");
}

namespace {

enum class Others { refused, left };

/// What an earlier run left. A UsageError where there is anything else that is not left alone.
std::vector<fs::path> files_of_a_run(const fs::path& folder, Others others, const std::vector<CaseStop>& stops = {}) {
  std::vector<fs::path> ours;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool run_file = is_run_file(name);
    if (!run_file && others == Others::left) continue;
    if (std::any_of(stops.begin(), stops.end(), [&](const CaseStop& stop) { return stop.file == name; }))
      throw UsageError(fmt::format("{} holds {}, by which [[stop]] would end this run after its first step; remove it",
                                   folder.string(), name));
    if (entry.is_symlink() || !entry.is_regular_file() || !run_file)
      throw UsageError(
          fmt::format("{} holds {}, which no run writes; choose another folder with --out", folder.string(), name));
    if (name != lock_name) ours.push_back(entry.path());
  }
  return ours;
}

}  // namespace

class RunFolder::Lock {
 public:
  explicit Lock(const fs::path& folder) {
    const fs::path name = folder / lock_name;
    file_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file_ < 0) throw FileError(name.string(), fmt::format("cannot write: {}", std::strerror(errno)));
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) {
      const std::string process = fmt::format("{}\n", ::getpid());
      static_cast<void>(!::ftruncate(file_, 0));
      static_cast<void>(!::pwrite(file_, process.data(), process.size(), 0));
    } else if (errno == EWOULDBLOCK) {
      ::close(file_);
      std::string owner = read_at_most(name, 20);
      owner.resize(std::min(owner.find_first_not_of("0123456789"), owner.size()));
      throw UsageError(
          fmt::format("{} is in use by process {}, another run; wait for it, or choose another folder with --out",
                      folder.string(), owner.empty() ? "(unknown)" : owner));
    }
  }
  ~Lock() { ::close(file_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_ = -1;
};

RunFolder::RunFolder(fs::path folder, bool force, const Case& config) : path_(std::move(folder)) {
  try {
    fs::create_directories(path_);
    const auto look = [&] { return files_of_a_run(path_, Others::refused, config.stops); };
    static_cast<void>(look());  // no lock in a folder that is none of ours
    lock_ = std::make_unique<Lock>(path_);
    const std::vector<fs::path> before = look();
    if (!before.empty() && !force)
      throw UsageError(
          fmt::format("{} already holds a run; --force replaces it, --out DIR writes elsewhere", path_.string()));
    for (const fs::path& file : before) fs::remove(file);
  } catch (const fs::filesystem_error& error) {
    throw FileError(fmt::format("cannot use the run folder {}: {}", path_.string(), error.code().message()));
  }
  write_atomically(path_ / "case.toml", config.text);
  write_atomically(path_ / "resolved.toml", resolved_toml(config));
}

RunFolder::RunFolder(fs::path folder) : path_(std::move(folder)), lock_(std::make_unique<Lock>(path_)) {
  std::error_code none;
  for (const fs::path& file : files_of_a_run(path_, Others::left))
    if (file.extension() == draft_ending) fs::remove(file, none);  // of a run that was killed
}

RunFolder::~RunFolder() = default;

}  // namespace fokker
