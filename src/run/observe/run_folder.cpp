#include "fokker/run/run_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <string_view>

#include "fokker/base/read_file.hpp"
#include "fokker/output/checkpoint.hpp"
#include "fokker/output/files.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

constexpr const char* lock_name = ".lock";

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// density_000001.vti, marginal_x_000001.csv: what stands before the number, and the number; "" where it is no frame.
std::pair<std::string, std::string> parts_of_frame(const std::string& name) {
  const std::size_t dot = name.rfind('.'), line = name.rfind('_', dot);
  if (dot == std::string::npos || line == std::string::npos) return {};
  const std::string stem = name.substr(0, line), number = name.substr(line + 1, dot - line - 1),
                    format = name.substr(dot);
  const bool frame = (stem == "density" || stem == "reverse" || stem.starts_with("marginal_")) && number.size() >= 6 &&
                     is_number(number) && (format == ".vti" || format == ".csv" || format == ".npy");
  return frame ? std::pair(stem, number) : std::pair<std::string, std::string>();
}

}  // namespace

/// A fixed list, numbered frames, and the drafts of a run that was killed.
bool is_run_file(std::string name) {
  if (std::string target = target_of_draft(name); !target.empty()) name = std::move(target);
  constexpr std::array<std::string_view, 19> fixed{
      "passage.csv",  inputs_name,  lock_name,      "reverse.pvd",   "case.toml",     "resolved.toml",
      "summary.json", "series.csv", "density.pvd",  "spacetime.vti", checkpoint_name, previous_checkpoint_name,
      "figure.png",   "figure.svg", "converge.csv", "report.html",   "view.py",       "density.png",
      "twin.png"};  // the last two: earlier versions
  if (std::find(fixed.begin(), fixed.end(), name) != fixed.end()) return true;
  if (name.starts_with("spacetime_reverse_") && name.ends_with(".vti")) return true;
  if (name.starts_with("marginal_") && name.ends_with(".pvd")) return true;
  return !parts_of_frame(name).first.empty();
}

void remove_frames_from(const fs::path& folder, std::size_t number) {
  std::vector<fs::path> behind;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const auto [stem, digits] = parts_of_frame(entry.path().filename().string());
    if (!stem.empty() && digits.size() < 18 && (stem == "reverse" || std::stoul(digits) >= number))
      behind.push_back(entry.path());
  }
  for (const fs::path& file : behind) fs::remove(file);
}

namespace {

enum class Others { refused, left };

/// What an earlier run left, but for inputs/. A UsageError where there is anything else that is not left alone.
std::vector<fs::path> files_of_a_run(const fs::path& folder, Others others, const std::vector<CaseStop>& stops = {}) {
  std::vector<fs::path> ours;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool run_file = is_run_file(name);
    if (!run_file && others == Others::left) continue;
    if (std::any_of(stops.begin(), stops.end(), [&](const CaseStop& stop) { return stop.file == name; }))
      throw UsageError(fmt::format("{} holds {}, by which [[stop]] would end this run after its first step; remove it",
                                   folder.string(), name));
    const bool inputs = name == inputs_name, link = entry.is_symlink();
    if (inputs && entry.is_directory() && !link) continue;
    if (link || inputs || !entry.is_regular_file() || !run_file)
      throw UsageError(
          fmt::format("{} holds {}, which no run writes; choose another folder with --out", folder.string(), name));
    if (name != lock_name) ours.push_back(entry.path());
  }
  return ours;
}

/// Nothing that a run is to read is removed to make place for it.
void require_elsewhere(const fs::path& folder, const Case& config) {
  for (const CaseInput& input : config.inputs) {
    const fs::path way = fs::relative(input.places.front(), folder);
    if (!way.empty() && *way.begin() != "..")
      throw UsageError(
          fmt::format("{} holds {}, which the case reads and --force would remove; choose another folder with --out",
                      folder.string(), way.string()));
  }
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

RunFolder::RunFolder(fs::path folder, bool force, const Case& config, const std::string& remarks,
                     const std::vector<CheckpointBlock>& first)
    : path_(std::move(folder)) {
  try {
    fs::create_directories(path_);
    const auto look = [&] { return files_of_a_run(path_, Others::refused, config.stops); };
    static_cast<void>(look());  // no lock in a folder that is none of ours
    static_cast<void>(written_inputs(path_, true));
    lock_ = std::make_unique<Lock>(path_);
    std::vector<fs::path> before = look();
    const std::vector<fs::path> inputs = written_inputs(path_, true);
    if (!(before.empty() && inputs.empty()) && !force)
      throw UsageError(
          fmt::format("{} already holds a run; --force replaces it, --out DIR writes elsewhere", path_.string()));
    require_elsewhere(path_, config);
    // Where a kill leaves a part of it, nothing may go on with that.
    std::partition(before.begin(), before.end(), [](const fs::path& file) { return file.filename() == "case.toml"; });
    for (const fs::path& file : before) fs::remove(file);
    for (const fs::path& file : inputs) fs::remove(file);
  } catch (const fs::filesystem_error& error) {
    throw FileError(fmt::format("cannot use the run folder {}: {}", path_.string(), error.code().message()));
  }
  write_inputs(path_, config.inputs);
  begin_again(config, remarks, first);
}

void RunFolder::begin_again(const Case& config, const std::string& remarks,
                            const std::vector<CheckpointBlock>& first) const {
  if (!first.empty()) write_checkpoint(path_, first, Durable::no);
  try {
    for (const fs::path& file : files_of_a_run(path_, Others::left))
      if (first.empty() || file.filename() != checkpoint_name) fs::remove(file);
  } catch (const fs::filesystem_error& error) {
    throw FileError(fmt::format("cannot use the run folder {}: {}", path_.string(), error.code().message()));
  }
  write_atomically(path_ / "case.toml", config.text);
  write_atomically(path_ / "resolved.toml", resolved_toml(config) + remarks);
}

RunFolder::RunFolder(fs::path folder) : path_(std::move(folder)), lock_(std::make_unique<Lock>(path_)) {
  std::error_code none;
  for (const auto& files : {files_of_a_run(path_, Others::left), written_inputs(path_, false)})
    for (const fs::path& file : files)
      if (!target_of_draft(file.filename().string()).empty()) fs::remove(file, none);  // of a run that was killed
}

RunFolder::~RunFolder() = default;

std::string choices_beside_keys(const Setup& setup, const Witnesses& witnesses) {
  const Case& c = setup.config;
  std::string text;
  if (!c.scheme.positive)
    text += fmt::format("# scheme.positive: p >= 0 is {}\n", setup.positive ? "promised and enforced" : "not promised");
  if (c.reverse && c.reverse->score == "auto")
    text += fmt::format("# reverse.score: {}\n", setup.reverse_score ? "exact" : "forward");
  const auto& particles = c.compare.monte_carlo;
  for (const auto& witness : witnesses.all)
    for (const auto& [name, value] : witness->facts().numbers)
      if (name == "dt" && particles && !particles->dt && !particles->tolerance && std::isfinite(value))
        text +=
            fmt::format("# compare.{}.dt: {} at first, chosen anew as the particles move\n", witness->name(), value);
  return text.empty() ? text : "\n# Chosen where no key says it:\n" + text;
}

}  // namespace fokker
