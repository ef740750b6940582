#include "run_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "fokker/io/files.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// The names a run writes: a fixed list, numbered frames, and the temporary files of a run that was killed.
bool is_ours(std::string name) {
  constexpr std::string_view temporary = ".tmp";  // NAME.tmp or NAME.PROCESS.tmp
  if (name.ends_with(temporary)) {
    name.resize(name.size() - temporary.size());
    const std::size_t dot = name.find_last_of('.');
    if (dot != std::string::npos && is_number(name.substr(dot + 1))) name.resize(dot);
  }
  constexpr std::array<std::string_view, 10> fixed{
      "reverse_000000.vti", "score_snapshots.bin", "case.toml",     "resolved.toml", "summary.json",
      "series.csv",         "density.pvd",         "spacetime.vti", "density.png",   "twin.png"};
  if (std::find(fixed.begin(), fixed.end(), name) != fixed.end()) return true;
  constexpr std::string_view front = "density_", back = ".vti";
  if (!name.starts_with(front) || !name.ends_with(back)) return false;
  const std::string number = name.substr(front.size(), name.size() - front.size() - back.size());
  return number.size() >= 6 && is_number(number);
}

void empty_folder(const fs::path& folder, bool force) {
  std::vector<fs::path> ours;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!entry.is_regular_file() || !is_ours(entry.path().filename().string()))
      throw UsageError(fmt::format("{} holds {}, which no run writes; choose another folder with --out",
                                   folder.string(), entry.path().filename().string()));
    ours.push_back(entry.path());
  }
  if (!ours.empty() && !force)
    throw UsageError(
        fmt::format("{} already holds a run; --force replaces it, --out DIR writes elsewhere", folder.string()));
  for (const fs::path& file : ours) fs::remove(file);
}

}  // namespace

fs::path folder_of(const Command& command, const fs::path& case_file) {
  return command.out ? *command.out : fs::path("runs") / case_file.stem();
}

void open_folder(const fs::path& folder, bool force, const Case& config) {
  try {
    fs::create_directories(folder);
    empty_folder(folder, force);
  } catch (const fs::filesystem_error& error) {
    throw FileError(fmt::format("cannot use the run folder {}: {}", folder.string(), error.code().message()));
  }
  write_atomically(folder / "case.toml", config.text);
  write_atomically(folder / "resolved.toml", resolved_toml(config));
}

}  // namespace fokker
