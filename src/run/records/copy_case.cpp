#include "fokker/run/records/copy_case.hpp"

#include <fmt/format.h>

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

/// What a case reads: the words of the case -> where that is.
std::map<std::string, fs::path> files_of(const Case& config) {
  std::map<std::string, fs::path> files;
  for (const CaseCheck& check : config.checks)
    if (check.table) files.emplace(check.against, check.file);
  return files;
}

/// A name in `inputs` that no other file has.
std::string name_for(const fs::path& file, std::set<std::string>& taken) {
  std::string name = file.filename().string();
  for (int k = 2; !taken.insert(name).second; ++k)
    name = fmt::format("{}_{}{}", file.stem().string(), k, file.extension().string());
  return name;
}

/// Every quoted `word` of a case made another.
std::string with_word(std::string text, const std::string& word, const std::string& other, const fs::path& file) {
  bool found = false;
  for (const char quote : {'"', '\''}) {
    const std::string old = quote + word + quote, made = quote + other + quote;
    for (std::size_t at = text.find(old); at != std::string::npos; at = text.find(old, at + made.size())) {
      text.replace(at, old.size(), made);
      found = true;
    }
  }
  if (!found)
    throw UsageError(fmt::format("{}: {} is not written as a plain text there; write it so", file.string(), word));
  return text;
}

void copy_whole(const fs::path& from, const fs::path& to) {
  if (!fs::is_directory(from)) return write_atomically(to, read_file(from));
  fs::create_directories(to);
  for (const fs::directory_entry& entry : fs::directory_iterator(from))
    if (entry.is_regular_file() && entry.path().filename() != ".lock")
      write_atomically(to / entry.path().filename(), read_file(entry.path()));
}

}  // namespace

CopiedCase copy_case(const fs::path& file, const fs::path& folder, bool force) {
  const Case config = load_case(file, {}, vocabulary(), CaseFor::steady);
  CopiedCase copied{folder / file.filename(), {}};
  if (fs::exists(copied.file) && !force)
    throw UsageError(fmt::format("{} exists; --force replaces it", copied.file.string()));
  if (fs::exists(copied.file) && fs::equivalent(copied.file, file))
    throw UsageError(fmt::format("{} is the case itself; name another folder", copied.file.string()));
  std::string text = config.text;
  std::set<std::string> taken;
  std::vector<std::pair<fs::path, fs::path>> copies;
  std::map<std::string, fs::path> files = files_of(config);
  if (!config.scheme.table.empty()) {  // as the case writes it: relative to itself, or not
    const fs::path table = config.scheme.table, base = fs::absolute(file).parent_path();
    for (const std::string& word : {table.string(), table.lexically_proximate(file.parent_path()).string(),
                                    fs::absolute(table).lexically_proximate(base).string()})
      if (text.find('"' + word + '"') != std::string::npos) {
        files.emplace(word, table);
        break;
      }
  }
  for (const auto& [word, source] : files) {
    const std::string input = "inputs/" + name_for(source, taken);
    text = with_word(std::move(text), word, input, file);
    copies.emplace_back(source, folder / input);
    copied.inputs.push_back(input);
  }
  fs::create_directories(copies.empty() ? folder : folder / "inputs");
  for (const auto& [from, to] : copies) copy_whole(from, to);
  write_atomically(copied.file, text);
  return copied;
}

}  // namespace fokker
