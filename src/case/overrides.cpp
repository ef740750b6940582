#include "overrides.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "fokker/base/printable.hpp"
#include "fokker/case/keys.hpp"
#include "table_reader.hpp"
#include "toml_adapter.hpp"

// --set KEY.PATH=VALUE, worked into the tree before anything is validated, so that an override obeys every rule of the
// file and its faults are reported with the file's.
namespace fokker::input {
namespace {

std::string joined(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

// Setting a key takes out those of the file that it excludes: whoever types --set time.dt=1e-3 means a fixed step,
// whatever the file says about tolerance. Two overrides that exclude each other stay an error.
void replace_excluded(Value& table, std::string_view path, std::string_view key) {
  const KeyRow* const row = find_key(joined(path, key));
  if (!row) return;
  const auto take_out = [&](std::string_view other) {
    if (const Value* old = table.find(other); old && old->position.override_index < 0) table.erase(other);
  };
  for (const std::string_view other : row->rules.replaces) take_out(other);
  for (const KeyRow* other : keys_of(path))
    if (other != row && !row->rules.choice.empty() && other->rules.choice == row->rules.choice) take_out(other->key());
}

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> steps;
  for (std::size_t start = 0;;) {
    const std::size_t dot = path.find('.', start);
    steps.emplace_back(path.substr(start, dot == std::string_view::npos ? dot : dot - start));
    if (dot == std::string_view::npos) return steps;
    start = dot + 1;
  }
}

// An entry of a list: an axis by its name, anything by its number.
Value* list_entry(Value& list, const std::string& step, bool by_name, std::string& error) {
  std::vector<std::string> names;
  for (Value& item : list.items) {
    const Value* name = by_name && item.kind == Value::Kind::table ? std::as_const(item).find("name") : nullptr;
    if (!name || name->kind != Value::Kind::string) continue;
    if (name->text == step) return &item;
    names.push_back(name->text);
  }
  std::size_t number = 0;
  const auto [end, fault] = std::from_chars(step.data(), step.data() + step.size(), number);
  const bool is_number = fault == std::errc() && end == step.data() + step.size();
  if (is_number && number < list.items.size()) return &list.items[number];
  if (!names.empty())
    error = "no such axis" + allowed_names(step, names);
  else if (list.items.empty())
    error = "the list is empty";
  else
    error = fmt::format("{}, the list has the entries 0 to {}", step, list.items.size() - 1);
  return nullptr;
}

// Where a name that is no key of the file itself may belong: sigma to sde.parameters.sigma, dt to time.dt.
std::string whereabouts(const Value& root, const std::string& path) {
  std::string places;
  const auto add = [&](const std::string& place) { places += (places.empty() ? "" : " or ") + place; };
  const Value* const sde = root.find("sde");
  for (const char* table : {"parameters", "definitions"}) {
    const Value* const names = sde && sde->kind == Value::Kind::table ? sde->find(table) : nullptr;
    if (names && names->kind == Value::Kind::table && names->find(path)) add(fmt::format("sde.{}.{}", table, path));
  }
  if (!places.empty()) return places;
  for (const KeyRow& row : case_keys()) {
    const bool of_an_entry = row.path.find('*') != std::string_view::npos;
    const Value* const axes = row.parent() == "axis.*" ? root.find("axis") : nullptr;
    if (row.key() != path || (of_an_entry && !axes) || row.access.kind == KeyKind::later) continue;
    if (!of_an_entry) add(std::string(row.path));
    if (axes && axes->kind == Value::Kind::array)
      for (const Value& axis : axes->items)
        if (const Value* name = axis.find("name"); name && name->kind == Value::Kind::string)
          add(fmt::format("axis.{}.{}", name->text, path));
  }
  return places;
}

// A new parameter or definition would change nothing: a slip of the pen. A new question is asked.
bool must_exist(const KeyRow* table) {
  return table && table->access.kind == KeyKind::names && table->parent() != "output";
}

std::vector<std::string> names_of(const Value& table) {
  std::vector<std::string> names;
  for (const auto& [name, position] : table.keys) names.push_back(name);
  return names;
}

}  // namespace

void see_files_from(const std::filesystem::path& folder, std::string_view path, Value& value) {
  const KeyRow* const row = find_key(path);
  if (value.kind == Value::Kind::string && row && row->rules.file_ending && !value.text.empty() &&
      value.text.ends_with(*row->rules.file_ending))
    value.text = (folder / value.text).lexically_normal().string();
  for (std::size_t i = 0; i < value.items.size(); ++i)
    see_files_from(folder, joined(path, value.kind == Value::Kind::table ? value.keys[i].first : "*"), value.items[i]);
}

std::string override_path(std::string_view setting) { return std::string(setting.substr(0, setting.find('='))); }

void apply_override(Value& root, const std::string& setting, int index, const std::filesystem::path& folder,
                    Problems& problems) {
  const Position at{1, 1, index};
  const std::string path = override_path(setting);
  const std::vector<std::string> steps = split_path(path);
  const auto fail = [&](const std::string& what) { problems.add(at, path, what); };
  if (!is_utf8(setting)) return fail("not valid UTF-8");
  if (path.size() == setting.size()) return fail("no value, must be key.path=value");
  if (steps.size() > 8 || std::find(steps.begin(), steps.end(), "") != steps.end())
    return fail("not a key, must be names and numbers with dots between");
  if (steps.size() == 1 && !find_key(path))
    if (const std::string places = whereabouts(root, path); !places.empty())
      return fail(fmt::format("unknown key; did you mean {}?", places));

  Value value;
  value.position = at;
  std::string error;
  if (!parse_override_value(std::string_view(setting).substr(path.size() + 1), value, error))
    return fail("not a TOML value: " + error);

  Value* here = &root;
  std::string parent, path_of_rows;  // where it stands: check.0, and check.* in the table of keys
  for (const std::string& step : steps) {
    if (here->kind == Value::Kind::boolean && here->flag) {  // compare.monte_carlo = true, now with a key of its own
      *here = {};
      here->position = at;
    }
    const KeyRow* const row = find_key(path_of_rows);
    const bool in_list = here->kind == Value::Kind::array;
    if (in_list) {
      here = list_entry(*here, step, row && row->rules.entries_have_names, error);
      if (!here) return fail(error);
    } else if (here->kind == Value::Kind::table) {
      replace_excluded(*here, path_of_rows, step);
      Value* next = here->find(step);
      if (!next && must_exist(row)) return fail("there is no such name" + allowed_names(step, names_of(*here)));
      here = next ? next : &here->append(step, at);
    } else {
      return fail(fmt::format("{} is {}, it has no keys", parent, kind_name(here->kind)));
    }
    parent = joined(parent, step);
    path_of_rows = joined(path_of_rows, in_list ? "*" : step);
  }
  see_files_from(folder, path_of_rows, value);
  *here = std::move(value);
}

}  // namespace fokker::input
