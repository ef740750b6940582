#include <fmt/format.h>

#include <map>
#include <set>

#include "fokker/base/errors.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/run_folder.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw FileError(folder.string(), fmt::format("cannot make it: {}", error.message()));
}

}  // namespace

void write_inputs(const fs::path& run_folder, std::span<const CaseInput> inputs) {
  if (inputs.empty()) return;
  std::map<std::string, std::uintmax_t> bytes;  // of each word
  for (const CaseInput& input : inputs) bytes[input.word] += input.bytes;
  const fs::path folder = run_folder / inputs_name;
  make_folder(folder);
  write_atomically(folder / inputs_index_name, inputs_index(inputs));
  for (const CaseInput& input : inputs) {
    if (bytes[input.word] > largest_copy) continue;
    const fs::path copy = folder / input.copy();
    make_folder(copy.parent_path());
    write_atomically(copy, read_input(input));
  }
}

std::vector<fs::path> written_inputs(const fs::path& run_folder, bool others_refused) {
  const fs::path folder = run_folder / inputs_name, index = folder / inputs_index_name;
  std::set<fs::path> ours{index}, folders;
  for (const CaseInput& input : read_inputs_index(run_folder)) {
    ours.insert(folder / input.copy());
    if (!input.file.empty()) folders.insert(folder / input.name);
  }
  std::vector<fs::path> found;
  const auto look = [&](const auto& self, const fs::path& within) -> void {
    for (const fs::directory_entry& entry : fs::directory_iterator(within)) {
      const fs::path& path = entry.path();
      const std::string target = target_of_draft(path.filename().string());
      const bool link = entry.is_symlink(), inner = !link && entry.is_directory() && folders.contains(path);
      const bool file = !link && entry.is_regular_file() && ours.contains(target.empty() ? path : within / target);
      if (inner) self(self, path);
      if (inner || (file && path != index)) found.push_back(path);
      if (!inner && !file && others_refused)
        throw UsageError(fmt::format("{} holds {}, which no run writes; choose another folder with --out",
                                     run_folder.string(), path.lexically_relative(run_folder).string()));
    }
  };
  if (std::error_code unseen; !fs::is_directory(folder, unseen)) return found;
  look(look, folder);
  if (std::error_code unseen; fs::exists(index, unseen)) found.push_back(index);
  found.push_back(folder);
  return found;
}

}  // namespace fokker
