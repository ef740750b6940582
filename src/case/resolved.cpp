#include <fmt/format.h>

#include <algorithm>

#include "fokker/case/case.hpp"
#include "fokker/case/keys.hpp"
#include "tree.hpp"

// A Case back to TOML by the rows of its keys: every default written out, every number in the shortest form that reads
// back to the same bits. Formulas stay as they were written; the names in them come along.
namespace fokker {
namespace {

// The value of a key, "" where it is not written.
std::string value_of(const KeyRow& row, const Case& c, std::size_t entry) {
  for (const auto& condition : row.rules.only_with) {
    const KeyRow* const other = find_key(fmt::format("{}.{}", row.parent(), condition.key));
    if (value_of(*other, c, entry) != input::toml_string(condition.value)) return "";
  }
  if (row.access.as_written) {
    const auto text = c.written.find(row.path);
    return text == c.written.end() ? "" : text->second;
  }
  return row.access.write ? row.access.write(c, entry) : "";
}

std::vector<const KeyRow*> in_written_order(std::string_view table) {
  std::vector<const KeyRow*> rows = keys_of(table);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const KeyRow* a, const KeyRow* b) { return a->rules.late < b->rules.late; });
  return rows;
}

std::string inline_table(std::string_view table, const Case& c, std::size_t entry) {
  std::string keys;
  for (const KeyRow* row : in_written_order(table))
    if (const std::string value = value_of(*row, c, entry); !value.empty())
      keys += fmt::format("{}{} = {}", keys.empty() ? "" : ", ", row->key(), value);
  return "{ " + keys + " }";
}

std::string keys_of_table(std::string_view table, const Case& c, std::size_t entry);

// A key with all that stands below it.
std::string whole(const KeyRow& row, const Case& c, std::size_t entry) {
  const std::string entries = std::string(row.path) + ".*";
  const std::size_t count = row.access.count ? row.access.count(c) : 1;
  std::string out;
  switch (row.access.kind) {
    case KeyKind::table:
      if (count > 0) out = keys_of_table(row.path, c, entry);
      return out.empty() ? "" : fmt::format("\n[{}]\n{}", row.path, out);
    case KeyKind::tables:
      for (std::size_t k = 0; k < count; ++k)
        out += fmt::format("\n[[{}]]\n{}", row.path, keys_of_table(entries, c, k));
      return out;
    case KeyKind::names:
      out = row.access.write(c, entry);
      return out.empty() ? "" : fmt::format("[{}]\n{}", row.path, out);
    case KeyKind::inline_table:
      return count == 0 ? "" : fmt::format("{} = {}\n", row.key(), inline_table(row.path, c, entry));
    case KeyKind::inline_tables:
      for (std::size_t k = 0; k < count; ++k) out += fmt::format("  {},\n", inline_table(entries, c, k));
      return out.empty() ? "" : fmt::format("{} = [\n{}]\n", row.key(), out);
    default:
      out = value_of(row, c, entry);
      return out.empty() ? "" : fmt::format("{} = {}\n", row.key(), out);
  }
}

std::string keys_of_table(std::string_view table, const Case& c, std::size_t entry) {
  std::string out;
  for (const KeyRow* row : in_written_order(table)) out += whole(*row, c, entry);
  return out;
}

}  // namespace

std::string resolved_toml(const Case& c) { return keys_of_table("", c, 0); }

}  // namespace fokker
