#include "fokker/case/case.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/printable.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/base/sha256.hpp"
#include "overrides.hpp"
#include "sections/sections.hpp"
#include "toml_adapter.hpp"

namespace fokker {
namespace {

using namespace input;

constexpr std::size_t most_bytes = std::size_t{1} << 20;

// Where every key stands, for whoever finds fault with the case later.
void keep_positions(const Value& value, const std::string& path, const Problems& problems,
                    std::map<std::string, std::string>& positions) {
  positions[path] = problems.where(value.position);
  const KeyRow* const row = find_key(path);
  const bool tables = row && row->access.kind == KeyKind::tables, list = value.kind == Value::Kind::array;
  if (value.kind != Value::Kind::table && !(list && tables)) return;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const Value* name = tables && row->rules.entries_have_names ? value.items[i].find("name") : nullptr;
    const std::string step = name ? name->text : list ? std::to_string(i) : value.keys[i].first;
    keep_positions(value.items[i], path.empty() ? step : path + "." + step, problems, positions);
  }
}

// A file that is not there, with the nearest that is; a folder, with what it may stand for.
void require_file(const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::is_directory(file, error))
    throw FileError(file.string(),
                    fs::exists(file / "case.toml", error)
                        ? fmt::format("a run folder, must be a case; its own is {}", (file / "case.toml").string())
                        : "a folder, must be a case file");
  if (fs::exists(file, error) || error) return;
  const fs::path folder = file.parent_path().empty() ? "." : file.parent_path();
  if (!fs::is_directory(folder, error))
    throw FileError(file.string(), fmt::format("no such file, and no folder {}", folder.string()));
  std::vector<std::string> names;
  for (auto entry = fs::directory_iterator(folder, error); entry != fs::directory_iterator(); entry.increment(error))
    if (names.size() < 10'000 && entry->path().extension() == ".toml")
      names.push_back(entry->path().filename().string());
  std::sort(names.begin(), names.end());
  std::string near = nearest_name(file.filename().string(), names);
  const std::string with_ending = file.filename().string() + ".toml";
  if (std::find(names.begin(), names.end(), with_ending) != names.end()) near = with_ending;
  throw FileError(file.string(),
                  near.empty() ? "no such file"
                               : fmt::format("no such file; did you mean {}?", (file.parent_path() / near).string()));
}

}  // namespace

std::string Case::where(std::string_view key) const {
  for (;;) {
    if (const auto found = positions.find(std::string(key)); found != positions.end()) return found->second;
    if (key.empty()) return file.string();
    const std::size_t dot = key.rfind('.');
    key = key.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
}

void refuse(const Case& config, const std::string& key, const std::string& text) {
  throw CaseError({Problem{config.where(key), key, text}});
}

Case parse_case(std::string_view text, const std::string& name, const std::filesystem::path& folder,
                const std::vector<std::string>& overrides, const Vocabulary& vocabulary, CaseFor use,
                const std::optional<std::filesystem::path>& begun_in) {
  Problems problems(name, overrides);
  if (text.size() > most_bytes)
    throw CaseError({Problem{problems.where({}), "", fmt::format("more than {} bytes (1 MiB)", most_bytes)}});
  Value tree = parse_toml(text, problems);
  std::error_code gone;
  Case c;
  c.begun_in = begun_in ? *begun_in : std::filesystem::current_path(gone);
  for (std::size_t i = 0; i < overrides.size(); ++i)
    apply_override(tree, overrides[i], static_cast<int>(i), c.begun_in, problems);

  c.file = name;
  c.text = text;
  c.sha256 = sha256_hex(text);
  c.overrides = overrides;

  CaseReader reader(tree, vocabulary, folder, problems);
  reader.use = use;
  reader.inputs.reads = use != CaseFor::record;
  reader.inputs.goes_on = begun_in.has_value();
  TableReader root(reader.root, problems);
  c.title = printable_line(std::filesystem::path(name).stem().string());
  read_keys(reader, root, "", c);
  warn_of_unused(reader);
  root.finish();
  problems.raise();
  c.warnings = std::move(reader.warnings);
  for (const std::string& passed : reader.inputs.passed_over())
    c.warnings.push_back(fmt::format("{}: {}", name, passed));
  c.inputs = reader.inputs.found();
  keep_positions(tree, "", problems, c.positions);
  return c;
}

Case load_case(const std::filesystem::path& file, const std::vector<std::string>& overrides,
               const Vocabulary& vocabulary, CaseFor use) {
  require_file(file);
  // One byte more than allowed, so that parse_case can tell.
  return parse_case(read_at_most(file, most_bytes + 1), file.string(), file.parent_path(), overrides, vocabulary, use);
}

}  // namespace fokker
