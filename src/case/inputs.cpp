#include "fokker/case/inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "fokker/base/errors.hpp"
#include "fokker/base/printable.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/base/sha256.hpp"
#include "toml_adapter.hpp"

namespace fokker {
namespace {

namespace fs = std::filesystem;
using namespace input;

constexpr std::string_view first_line = "# fokker inputs 1\n";
constexpr std::string_view explanation =
    "# The files that the case of this run reads. A case in this folder finds them by `word` or as inputs/`name`: "
    "here, "
    "or at `path`,\n# with the bytes of `sha256` and no others.\n";

/// A name that can stand in a folder and leads nowhere else.
bool is_plain(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

/// One [[input]] of an index. False where it is none.
bool read_entry(const fs::path& folder, const Value& entry, CaseInput& input) {
  const auto text = [&](const char* key) {
    const Value* const value = entry.find(key);
    return value && value->kind == Value::Kind::string ? value->text : std::string();
  };
  const Value* const bytes = entry.find("bytes");
  input.word = text("word");
  input.sha256 = text("sha256");
  const std::string name = text("name"), path = text("path");
  input.name = name.substr(0, name.find('/'));
  if (input.name != name) input.file = name.substr(input.name.size() + 1);
  if (input.word.empty() || input.sha256.size() != 64 || !is_plain(input.name) || input.name == inputs_index_name ||
      (input.name != name && !is_plain(input.file)) || !bytes || bytes->kind != Value::Kind::integer ||
      bytes->integer < 0)
    return false;
  input.bytes = static_cast<std::uintmax_t>(bytes->integer);
  input.places = {folder / inputs_name / input.copy()};
  if (!path.empty()) input.places.emplace_back(path);
  return true;
}

/// Does it hold other bytes than those that were read?
bool is_another(const CaseInput& input, const fs::path& file) try {
  std::error_code unseen;
  return fs::is_regular_file(file, unseen) &&
         (fs::file_size(file, unseen) != input.bytes || sha256_hex(read_file(file)) != input.sha256);
} catch (const FileError&) {  // nobody can read it
  return false;
}

/// Its bytes, and where they were.
std::pair<std::string, fs::path> find_bytes(const CaseInput& input) {
  std::string faults;
  for (const fs::path& place : input.places) {
    std::string fault;
    std::error_code unseen;
    try {
      std::string bytes = read_file(place);
      if (input.sha256.empty()) return {std::move(bytes), place};
      const std::string sha256 = sha256_hex(bytes);
      if (sha256 == input.sha256) return {std::move(bytes), place};
      fault = fmt::format("{} has sha256 {}", place.string(), sha256);
    } catch (const FileError& error) {
      if (input.sha256.empty()) throw;
      fault = fs::exists(place, unseen) ? error.what() : fmt::format("there is no {}", place.string());
    }
    faults += (faults.empty() ? "" : ", ") + fault;
  }
  throw FileError(fmt::format("{}: a file with sha256 {} was read, and {}; put that file at {}", input.text(),
                              input.sha256, faults, input.places.front().string()));
}

}  // namespace

std::string read_input(const CaseInput& input) { return find_bytes(input).first; }

std::vector<const CaseInput*> inputs_of(std::span<const CaseInput> inputs, const std::string& word) {
  std::vector<const CaseInput*> found;
  for (const CaseInput& input : inputs)
    if (input.word == word) found.push_back(&input);
  return found;
}

std::string word_in_run_folder(std::span<const CaseInput> inputs, const std::string& word) {
  const auto found = inputs_of(inputs, word);
  return found.empty() ? word : fmt::format("{}/{}", inputs_name, found.front()->name);
}

std::string inputs_index(std::span<const CaseInput> inputs) {
  std::string text = fmt::format("{}{}", first_line, explanation);
  for (const CaseInput& input : inputs) {
    const std::string path = fs::absolute(input.places.back()).lexically_normal().string();
    text += fmt::format("\n[[input]]\nword = {}\nname = {}\nbytes = {}\nsha256 = {}\n", toml_string(input.word),
                        toml_string(input.copy().string()), input.bytes, toml_string(input.sha256));
    if (is_utf8(path)) text += fmt::format("path = {}\n", toml_string(path));  // TOML knows no other names
  }
  return text;
}

std::vector<CaseInput> read_inputs_index(const fs::path& folder) {
  const fs::path file = folder / inputs_name / inputs_index_name;
  std::error_code unseen;
  if (!fs::is_regular_file(file, unseen)) return {};
  constexpr std::size_t most_bytes = std::size_t{1} << 26;
  const std::string text = read_at_most(file, most_bytes);
  if (!text.starts_with(first_line)) return {};
  const auto damaged = [&](const std::string& what) {
    return FileError(
        fmt::format("{} is damaged: {}; it says which files the run in its folder has read: put back what "
                    "was written, or run the case from where it came from",
                    file.string(), what));
  };
  std::vector<CaseInput> inputs;
  try {
    const Value tree = parse_toml(text, Problems(file.string(), {}));
    const Value* const entries = tree.find("input");
    if (!entries || entries->kind != Value::Kind::array) throw damaged("it lists no inputs");
    for (const Value& entry : entries->items)
      if (entry.kind != Value::Kind::table || !read_entry(folder, entry, inputs.emplace_back()))
        throw damaged(fmt::format("the input in line {} is not whole", entry.position.line));
  } catch (const CaseError& error) {
    throw damaged(error.problems().front().text);
  }
  return inputs;
}

std::vector<CaseInput> InputFinder::known(const std::string& word, bool of_set) {
  if (of_set && !goes_on) return {};
  if (!index_read_) try {
      index_ = read_inputs_index(folder_);
    } catch (const FileError&) {
      if (reads) throw;
    }
  index_read_ = true;
  std::vector<CaseInput> found;
  for (const CaseInput& input : index_)
    if (input.word == word || fmt::format("{}/{}", inputs_name, input.name) == word) found.push_back(input);
  if (found.empty()) return found;
  const std::string name = free_name(found.front().name, word);
  for (CaseInput& input : found) {
    input.word = word;
    input.name = name;
  }
  return found;
}

std::string InputFinder::free_name(const fs::path& wanted, const std::string& word) {
  for (const CaseInput& other : found_)
    if (other.word != word && fmt::format("{}/{}", inputs_name, other.name) == word)
      throw FileError(
          word, fmt::format("in the run folder that is the name of the copy of {}; write ./{}", other.word, word));
  fs::path own = wanted.has_filename() ? wanted.filename() : wanted.parent_path().filename();
  constexpr std::size_t longest = 200;  // a draft's is longer
  if (!is_plain(own.string()) || own.string().size() > longest) own = "input";
  std::string name = own.string();
  for (int k = 2; !taken_.insert(name).second; ++k)
    name = fmt::format("{}_{}{}", own.stem().string(), k, own.extension().string());
  return name;
}

/// What lies in a run folder under the word of the case was put there since; below inputs/ are the copies of all words.
void InputFinder::look_for_others(const CaseInput& input, const fs::path& taken) {
  const fs::path here = folder_ / input.text(),
                 way = here.lexically_normal().lexically_relative(folder_.lexically_normal());
  const std::string top = way.empty() ? ".." : way.begin()->string();
  std::vector<fs::path> others = input.places;
  const auto same = [&](const fs::path& place) {
    std::error_code unseen;
    return fs::equivalent(place, here, unseen);
  };
  if (top != inputs_name && std::none_of(others.begin(), others.end(), same)) others.push_back(here);
  for (const fs::path& other : others) {
    std::error_code unseen;
    if (fs::equivalent(other, taken, unseen) || !is_another(input, other)) continue;
    if (!goes_on && other == here && top != "..")
      throw FileError(fmt::format(
          "{} is not the file that the run in this folder has read ({} is, with sha256 {}): remove it to run with that "
          "one; to run with this one copy the case and what it reads to another folder",
          other.string(), taken.string(), input.sha256));
    std::string text =
        fmt::format("{} is not the file that the run in {} has read, with sha256 {}: {} is, and is taken",
                    other.string(), folder_.string(), input.sha256, taken.string());
    if (std::find(passed_over_.begin(), passed_over_.end(), text) == passed_over_.end())
      passed_over_.push_back(std::move(text));
  }
}

std::string InputFinder::take(CaseInput input) {
  std::string bytes;
  if (reads) {
    fs::path place;
    std::tie(bytes, place) = find_bytes(input);
    if (!input.sha256.empty()) look_for_others(input, place);
    input.places = {std::move(place)};
    input.bytes = bytes.size();
    if (input.sha256.empty()) input.sha256 = sha256_hex(bytes);
  }
  found_.push_back(std::move(input));
  return bytes;
}

CaseInput InputFinder::file(const std::string& word, bool of_set) {
  std::vector<CaseInput> found = known(word, of_set);
  if (!found.empty() && found.front().file.empty()) return found.front();
  return {
      .word = word, .name = free_name(word, word), .file = "", .sha256 = "", .bytes = 0, .places = {folder_ / word}};
}

std::vector<CaseInput> InputFinder::frames(const std::string& word, bool of_set) {
  std::vector<CaseInput> found = known(word, of_set);
  if (!found.empty() && !found.front().file.empty()) return found;
  const std::string name = free_name(word, word);
  for (;;) {
    const std::string file = fmt::format("density_{:06}.vti", found.size());
    std::error_code unseen;
    if (!fs::is_regular_file(folder_ / word / file, unseen)) return found;
    found.push_back(
        {.word = word, .name = name, .file = file, .sha256 = "", .bytes = 0, .places = {folder_ / word / file}});
  }
}

}  // namespace fokker
