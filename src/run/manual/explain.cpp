#include "fokker/run/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "fokker/case/keys.hpp"
#include "fokker/model/named_model.hpp"
#include "fokker/run/catalogue.hpp"

namespace fokker {
namespace {

std::string plain(std::string_view name) {
  std::string out;
  for (const unsigned char c : name) out += c == ' ' || c == '-' ? '_' : static_cast<char>(std::tolower(c));
  return out;
}

std::vector<std::string> parts_of(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + separator.size());
  }
}

/// Is `asked` the path of a row, whole or from some table on? An entry of a list (the * of the row) has a name or a
/// number there, or is left out.
bool is_path(const std::vector<std::string>& asked, std::string_view path) {
  std::size_t left = asked.size();
  const std::vector<std::string> steps = parts_of(path, ".");
  for (std::size_t k = steps.size(); k-- > 0 && left > 0;) {
    if (steps[k] == "*") {
      const bool left_out = k > 0 && asked[left - 1] == steps[k - 1];
      left -= left_out || left == 1 ? 0 : 1;  // a bare name is no entry
    } else if (steps[k] != asked[left - 1]) {
      return false;
    } else {
      --left;
    }
  }
  return left == 0;
}

std::string unit_text(const KeyRow& row) {
  if (row.unit.empty()) return "";
  const bool x = row.unit.find_first_of("xX") != std::string_view::npos && !row.unit.starts_with("of "),
             t = row.unit.find('t') != std::string_view::npos && !row.unit.starts_with("of ");
  return fmt::format("{}{}", row.unit,
                     x && t ? " (x: that of the axis, t: of time)"
                     : x    ? " (x: that of the axis)"
                     : t    ? " (that of time)"
                            : "");
}

/// The names behind "`list fluxes`" in what a key must be, each once.
std::vector<std::string> names_behind(const KeyRow& row) {
  constexpr std::string_view mark = "`list ";
  const std::string_view text = row.access.must_be;
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  const std::size_t start = at + mark.size(), end = text.find('`', start);
  std::vector<std::string> names;
  for (std::string& name : catalogue_names(text.substr(start, end - start)))
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  return names;
}

std::string example_text(const KeyRow& row) {
  if (row.example.empty()) return "";
  const KeyRow* const table = find_key(std::string(row.parent()).substr(0, row.parent().find(".*")));
  if (table == nullptr) return fmt::format("{} = {}", row.key(), row.example);
  const bool in_line = table->access.kind == KeyKind::inline_table || table->access.kind == KeyKind::inline_tables;
  if (in_line)
    return table->access.kind == KeyKind::inline_table
               ? fmt::format("{} = {{ {} = {} }}", table->key(), row.key(), row.example)
               : fmt::format("{} = [{{ {} = {}, ... }}, ...]", table->key(), row.key(), row.example);
  return fmt::format("{} = {}", row.key(), row.example);
}

std::string others(const KeyRow& row) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view key) {
    const KeyRow* const other =
        find_key(row.parent().empty() ? std::string(key) : fmt::format("{}.{}", row.parent(), key));
    std::string path = key_name(*other);
    if (std::find(names.begin(), names.end(), path) == names.end()) names.push_back(std::move(path));
  };
  for (const std::string_view other : row.rules.replaces) add(other);
  for (const KeyRow* other : keys_of(row.parent()))
    if (other != &row && !row.rules.choice.empty() && other->rules.choice == row.rules.choice) add(other->key());
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string conditions(const KeyRow& row) {
  std::vector<std::string> all;
  for (const auto& condition : row.rules.only_with)
    all.push_back(fmt::format("{}.{} = \"{}\"", row.parent(), condition.key, condition.value));
  if (row.rules.of == "a model") {
    std::vector<std::string_view> models_with;
    for (const ModelRow& model : models())
      if (row.is_of(model.name)) models_with.push_back(model.name);
    if (row.key() != "model") all.push_back(fmt::format("sde.model = {}", fmt::join(models_with, " | ")));
  }
  return fmt::format("{}", fmt::join(all, ", "));
}

std::string keys_within(const KeyRow& row) {
  std::vector<std::string_view> names;
  for (const KeyRow* key : keys_of(row.path)) names.push_back(key->key());
  if (names.empty())
    for (const KeyRow* key : keys_of(std::string(row.path) + ".*")) names.push_back(key->key());
  return fmt::format("{}", fmt::join(names, ", "));
}

Document document(const KeyRow& row) {
  const std::string name = key_name(row);
  DocumentSection section{.findings = {{"name", name}, {"kind", "key"}}, .label_width = 10};
  const auto say = [&](const char* key, const char* label, const std::string& text) {
    if (!text.empty()) section.findings.push_back({key, text, label, text});
  };
  say("meaning", "meaning", std::string(row.doc));
  say("must_be", "must be", row.access.kind == KeyKind::later ? "not available yet" : row.access.must_be);
  const std::vector<std::string> names = names_behind(row);
  say("allowed", "allowed", fmt::format("{}", fmt::join(names, ", ")));
  say("unit", "unit", unit_text(row));
  say("default", "default", row.standard == first_of_list ? names.front() : std::string(row.standard));
  say("example", "example", example_text(row));
  say("keys", "keys", keys_within(row));
  say("excludes", "excludes", others(row));
  say("only_with", "only with", conditions(row));
  say("read_by", "read by", std::string(row.verbs()));
  say("see", "see", std::string(row.see()));
  return {fmt::format("{}  (a key of a case)", name), {std::move(section)}};
}

}  // namespace

std::vector<Document> explain(std::string_view asked) {
  const std::string name = plain(asked);
  std::vector<Document> found;
  const std::vector<std::string> path = parts_of(name, ".");
  for (const KeyRow& row : case_keys())
    if (is_path(path, row.path)) found.push_back(document(row));
  if (found.empty() && path.size() > 1)
    if (const KeyRow* table = find_key(name.substr(0, name.rfind('.'))); table && table->access.kind == KeyKind::names)
      found.push_back(document(*table));
  for (const std::string& topic : catalogue_topics()) {
    if (topic == "keys") continue;
    for (Document& row : catalogue(topic)) {
      std::vector<std::string> names = parts_of(row.title, ", ");
      for (const Finding& fact : row.sections.front().findings)
        if (fact.key == "elsewhere")
          for (const std::string& other : parts_of(fact.text, ", ")) names.push_back(other);
      if (std::none_of(names.begin(), names.end(), [&](const std::string& other) { return plain(other) == name; }))
        continue;
      auto& findings = row.sections.front().findings;
      findings.insert(findings.begin() + 1, Finding{"kind", topic});
      row.title += fmt::format("  (`list {}`)", topic);
      found.push_back(std::move(row));
    }
  }
  return found;
}

std::vector<std::string> explained_names() {
  std::vector<std::string> names;
  for (const KeyRow& row : case_keys()) {
    names.push_back(key_name(row));
    names.emplace_back(row.key());
  }
  for (const std::string& topic : catalogue_topics())
    for (const std::string& row : catalogue_names(topic)) names.push_back(row);
  return names;
}

}  // namespace fokker
