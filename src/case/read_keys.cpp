#include <fmt/format.h>

#include <algorithm>

#include "reader.hpp"

// A table of a case is read by the rows of its keys: what they say about each other is looked after here.
namespace fokker::input {
namespace {

bool any_stands(const TableReader& table, std::span<const std::string_view> keys) {
  return std::any_of(keys.begin(), keys.end(), [&](std::string_view key) { return table.table()->find(key); });
}

void read_later(const KeyRow& row, TableReader& table) {
  const auto& beside = row.rules.only_beside;
  if (beside.empty() || (table.is_table() && any_stands(table, beside))) table.later(row.key());
}

// The first of its conditions that does not hold; `value` is what stands in its place, an empty text when that was
// refused.
const KeyRules::Meaning* unmet(const KeyRow& row, const Case& c, std::size_t entry, std::string& value) {
  for (const KeyRules::Meaning& condition : row.rules.only_with) {
    value = find_key(fmt::format("{}.{}", row.parent(), condition.key))->access.write(c, entry);
    if (value != toml_string(condition.value)) return &condition;
  }
  return nullptr;
}

// Of keys that exclude each other, the first one is right.
void refuse_second_choice(const Reading& r) {
  if (r.row.rules.choice.empty()) return;
  for (const KeyRow* other : keys_of(r.row.parent())) {
    if (other == &r.row) return;
    if (other->rules.choice == r.row.rules.choice && r.table.table()->find(other->key()))
      return r.report(fmt::format("excludes {}, give one of them", r.table.path(other->key())));
  }
}

}  // namespace

void read_key(const KeyRow& row, CaseReader& reader, TableReader& table, Case& c, std::size_t entry) {
  if (row.access.kind == KeyKind::later) return read_later(row, table);
  const std::size_t before = reader.problems.count();
  Reading r{reader, table, row, table.find(row.key()), c, entry};
  std::string value;
  if (const auto* condition = unmet(row, c, entry, value)) {
    if (r.node && value != toml_string(""))
      r.report(fmt::format("has a meaning only with {} = {}", condition->key, condition->value));
    return;
  }
  if (row.standard == required || (row.standard == required_to_run && reader.use == CaseFor::run))
    static_cast<void>(table.require(row.key(), row.access.must_be));
  if (row.access.kind == KeyKind::tables && r.node && r.node.value->kind == Value::Kind::table)
    return r.report(
        fmt::format("a table, must be {0}; write [[{1}]], in double brackets", row.access.must_be, row.path));
  if (r.node) refuse_second_choice(r);
  if (r.node && row.access.as_written) c.written.emplace(row.path, to_toml(*r.node.value));
  if (row.access.read) row.access.read(r);
  if (reader.problems.count() > before) reader.faulty.emplace(row.path);
}

void read_keys(CaseReader& reader, TableReader& table, std::string_view path, Case& c, std::size_t entry,
               std::string_view variant, std::string_view but) {
  std::vector<const KeyRow*> rows = keys_of(path);
  std::erase_if(rows, [&](const KeyRow* row) { return !row->is_of(variant); });
  for (const KeyRow* row : rows)  // messages list them in this order, whatever is looked at first
    if (row->access.kind != KeyKind::later) static_cast<void>(table.find(row->key()));
  for (const KeyRow* row : rows)
    if (row->key() != but) read_key(*row, reader, table, c, entry);
}

bool read_table(const Reading& r) { return read_entry(r, r.node, 0); }

bool read_entry(const Reading& r, const Node& node, std::size_t entry) {
  TableReader table(node, r.reader.problems);
  if (!table.is_table()) return false;
  const bool of_a_list = node.value != r.node.value;
  read_keys(r.reader, table, std::string(r.row.path) + (of_a_list ? ".*" : ""), r.c, entry);
  table.finish();
  return true;
}

}  // namespace fokker::input
