#include "table_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/expression.hpp"
#include "fokker/case/keys.hpp"

namespace fokker::input {

TableReader::TableReader(const Node& node, Problems& problems) : path_(node.key), problems_(problems) {
  if (!node) return;
  position_ = node.value->position;
  if (node.value->kind == Value::Kind::table)
    table_ = node.value;
  else
    problems.add(position_, path_, fmt::format("{}, must be a table", kind_name(node.value->kind)));
}

namespace {

/// Where a key stands that this table does not know, nor one like it: frames in output.
std::string place_of(const std::string& path, std::string_view key, std::span<const std::string> known) {
  if (find_key(path) || !nearest_name(key, known).empty()) return "";
  std::string places;
  for (const KeyRow& row : case_keys())
    if (row.key() == key && !row.parent().empty() && row.access.kind != KeyKind::later)
      places += fmt::format("{}{}", places.empty() ? "; there is " : " and ", key_name(row));
  return places;
}

}  // namespace

std::string TableReader::path(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

Node TableReader::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  return {table_ ? table_->find(key) : nullptr, path(key)};
}

Node TableReader::require(std::string_view key, std::string_view must_be) {
  Node node = find(key);
  if (!node && table_) problems_.add(position_, node.key, fmt::format("missing, must be {}", must_be));
  return node;
}

void TableReader::later(std::string_view key) {
  const Value* value = table_ ? table_->find(key) : nullptr;
  if (!value) return;
  later_.emplace_back(key);
  problems_.add(value->position, path(key), "not available yet");
}

std::vector<std::string_view> TableReader::one_of(std::span<const std::string_view> keys) {
  std::vector<std::string_view> given;
  for (const std::string_view key : keys) {
    const Node node = find(key);
    if (!node) continue;
    if (!given.empty())
      problems_.add(node.value->position, node.key, fmt::format("excludes {}, give one of them", path(given.front())));
    given.push_back(key);
  }
  return given;
}

std::string TableReader::elsewhere(std::string_view key) const {
  if (path_ == "sde" && !table_->find("model") && nearest_name(key, known_).empty())
    return "; names of your own stand in [sde.parameters] or [sde.definitions]";
  return place_of(path(key), key, known_);
}

void TableReader::finish() const {
  if (!table_) return;
  for (const auto& [key, position] : table_->keys)
    if (std::find(known_.begin(), known_.end(), key) == known_.end() &&
        std::find(later_.begin(), later_.end(), key) == later_.end())
      problems_.add(position, path(key), fmt::format("unknown key{}{}", elsewhere(key), allowed_names(key, known_)));
}

std::string allowed_names(std::string_view name, std::span<const std::string> allowed) {
  const std::string nearest = nearest_name(name, allowed);
  std::string out = nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
  out += nearest.empty() ? ", allowed: " : " allowed: ";
  for (std::size_t i = 0; i < allowed.size(); ++i) out += (i == 0 ? "" : ", ") + allowed[i];
  return out;
}

}  // namespace fokker::input
