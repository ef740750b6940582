#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "fokker/base/printable.hpp"
#include "table_reader.hpp"

// --set KEY.PATH=VALUE, worked into the tree before anything is validated, so that an override obeys every rule of the
// file and its faults are reported with the file's.
namespace fokker {
namespace {

using Names = std::vector<std::string_view>;

// Setting a key takes out those of the file that it excludes: whoever types --set time.dt=1e-3 means a fixed step,
// whatever the file says about tolerance. Two overrides that exclude each other stay an error.
struct Replacement {
  std::string_view section, key;
  Names replaced;
};
const std::vector<Replacement>& replacements() {
  static const std::vector<Replacement> table = {
      {"time", "tolerance", {"dt"}},
      {"time", "dt", {"tolerance"}},
      {"output", "frames", {"every", "times"}},
      {"output", "every", {"frames", "times"}},
      {"output", "times", {"frames", "every"}},
      {"initial", "gaussian", {"mixture", "density", "point", "uniform"}},
      {"initial", "mixture", {"gaussian", "density", "point", "uniform"}},
      {"initial", "density", {"gaussian", "mixture", "point", "uniform"}},
      {"initial", "point", {"gaussian", "mixture", "density", "uniform"}},
      {"initial", "uniform", {"gaussian", "mixture", "density", "point"}},
      {"sde", "drift", {"potential", "temperature"}},
      {"sde", "noise", {"diffusion", "potential", "temperature"}},
      {"sde", "diffusion", {"noise", "noise_covariance", "potential", "temperature"}},
      {"sde", "potential", {"drift", "noise", "noise_covariance", "diffusion"}},
      {"sde",
       "model",
       {"interpretation", "drift", "noise", "noise_covariance", "diffusion", "potential", "temperature"}},
      {"sde", "beta", {"schedule"}},
      {"sde", "schedule", {"beta", "beta_integral"}},
      {"check", "below", {"above", "near", "within"}},
      {"check", "above", {"below", "near", "within"}},
      {"check", "near", {"below", "above"}},
      {"check", "within", {"below", "above"}},
  };
  return table;
}

void replace_excluded(Value& table, std::string_view section, std::string_view key) {
  for (const Replacement& row : replacements())
    if (row.section == section && row.key == key)
      for (const std::string_view other : row.replaced)
        if (const Value* old = table.find(other); old && old->place.override_index < 0) table.erase(other);
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

// A new parameter or definition would change nothing: a slip of the pen.
bool must_exist(std::string_view parent) { return parent == "sde.parameters" || parent == "sde.definitions"; }

std::vector<std::string> names_of(const Value& table) {
  std::vector<std::string> names;
  for (const auto& [name, place] : table.keys) names.push_back(name);
  return names;
}

}  // namespace

std::string override_path(std::string_view setting) { return std::string(setting.substr(0, setting.find('='))); }

void apply_override(Value& root, const std::string& setting, int index, Problems& problems) {
  const Place at{1, 1, index};
  const std::string path = override_path(setting);
  const std::vector<std::string> steps = split_path(path);
  const auto fail = [&](const std::string& what) { problems.add(at, path, what); };
  if (!is_utf8(setting)) return fail("not valid UTF-8");
  if (path.size() == setting.size()) return fail("no value, must be key.path=value");
  if (steps.size() > 8 || std::find(steps.begin(), steps.end(), "") != steps.end())
    return fail("not a key, must be names and numbers with dots between");

  Value value;
  value.place = at;
  std::string error;
  if (!parse_override_value(std::string_view(setting).substr(path.size() + 1), value, error))
    return fail("not a TOML value: " + error);

  Value* here = &root;
  std::string parent;
  for (std::size_t depth = 0; depth < steps.size(); ++depth) {
    const std::string& step = steps[depth];
    if (here->kind == Value::Kind::boolean && here->flag) {  // compare.monte_carlo = true, now with a key of its own
      *here = {};
      here->place = at;
    }
    if (here->kind == Value::Kind::array) {
      here = list_entry(*here, step, parent == "axis", error);
      if (!here) return fail(error);
    } else if (here->kind == Value::Kind::table) {
      if (depth == (steps.front() == "check" ? 2U : 1U)) replace_excluded(*here, steps.front(), step);
      Value* next = here->find(step);
      if (!next && must_exist(parent)) return fail("there is no such name" + allowed_names(step, names_of(*here)));
      here = next ? next : &here->append(step, at);
    } else {
      return fail(fmt::format("{} is {}, it has no keys", parent, kind_name(here->kind)));
    }
    parent += (parent.empty() ? "" : ".") + step;
  }
  *here = std::move(value);
}

}  // namespace fokker
