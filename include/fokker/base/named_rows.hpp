#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Tables whose rows are found by a name.
namespace fokker {

/// The row of that name, which was looked up before: std::logic_error, "no KIND 'NAME'", where there is none.
template <class Row, class Name = std::string_view Row::*>
[[nodiscard]] const Row& row_named(std::span<const Row> rows, std::string_view name, std::string_view kind,
                                   const Name& name_of = &Row::name) {
  for (const Row& row : rows)
    if (std::invoke(name_of, row) == name) return row;
  throw std::logic_error("no " + std::string(kind) + " '" + std::string(name) + "'");
}

/// The rows that a list of functions makes, each beside what its row is about.
template <class Row, std::size_t count>
[[nodiscard]] std::vector<Row> made_rows(Row (*const (&makers)[count])()) {
  std::vector<Row> rows;
  for (const auto make : makers) rows.push_back(make());
  return rows;
}

}  // namespace fokker
