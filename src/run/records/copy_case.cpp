#include "fokker/run/records/copy_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/case/case.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/build.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

/// A case with every quoted word of `names` made the name that stands there.
std::string with_names(const std::string& text, const std::map<std::string, std::string>& names, const fs::path& file) {
  std::string made;
  std::set<std::string> found;
  for (std::size_t at = 0; at < text.size();) {
    const auto here = [&](const auto& entry) {
      const char quote = text[at];
      const std::size_t end = at + 1 + entry.first.size();
      return (quote == '"' || quote == '\'') && text.compare(at + 1, entry.first.size(), entry.first) == 0 &&
             end < text.size() && text[end] == quote;
    };
    const auto entry = std::find_if(names.begin(), names.end(), here);
    if (entry != names.end()) {
      found.insert(entry->first);
      made += text[at] + entry->second;
      at += 1 + entry->first.size();
    }
    made += text[at++];
  }
  for (const auto& [word, name] : names)
    if (!found.contains(word))
      throw UsageError(fmt::format("{}: {} is not written as a plain text there; write it so", file.string(), word));
  return made;
}

/// What is there already stays, unless `force`.
void require_free(const fs::path& to, const std::string& bytes, bool force) {
  std::error_code unseen;
  if (!force && fs::exists(to, unseen) && read_file(to) != bytes)
    throw UsageError(fmt::format("{} exists and holds something else; --force replaces it", to.string()));
}

}  // namespace

CopiedCase copy_case(const fs::path& file, const fs::path& folder, bool force) {
  const Case config = load_case(file, {}, vocabulary(), CaseFor::steady);
  CopiedCase copied{folder / file.filename(), {}};
  if (fs::exists(copied.file) && !force)
    throw UsageError(fmt::format("{} exists; --force replaces it", copied.file.string()));
  if (fs::exists(copied.file) && fs::equivalent(copied.file, file))
    throw UsageError(fmt::format("{} is the case itself; name another folder", copied.file.string()));
  if (!read_inputs_index(folder).empty())
    throw UsageError(fmt::format("{} is the folder of a run; name another folder", folder.string()));
  std::map<std::string, std::string> names;
  for (const CaseInput& input : config.inputs) {
    names[input.word] = word_in_run_folder(config.inputs, input.word);
    require_free(folder / inputs_name / input.copy(), read_input(input), force);
  }
  const std::string text = with_names(config.text, names, file);
  for (const auto& [word, name] : names) copied.inputs.push_back(name);
  fs::create_directories(folder);
  for (const CaseInput& input : config.inputs) {
    const fs::path copy = folder / inputs_name / input.copy();
    fs::create_directories(copy.parent_path());
    write_atomically(copy, read_input(input));
  }
  write_atomically(copied.file, text);
  return copied;
}

}  // namespace fokker
