#pragma once
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fokker/case/keys.hpp"
#include "sections/sections.hpp"

// How a row of the table of keys is written.
namespace fokker::input {

using Strings = std::vector<std::string>;
inline constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
inline const Bounds positive = Bounds::positive(), not_negative = Bounds::not_negative();
/// Of keys that `steady` has no use for; where a row and its tables say nothing, `steady` reads the key too.
inline constexpr std::string_view of_marching = "run, check, converge, validate";

inline KeyAccess table(std::function<void(Reading&)> read, std::string must_be = "a table",
                       std::function<std::size_t(const Case&)> count = {}) {
  return {KeyKind::table, std::move(must_be), std::move(read), {}, std::move(count)};
}
inline KeyAccess names(std::function<std::string(const Case&, std::size_t)> write) {
  return {KeyKind::names, "a table of names", {}, std::move(write)};
}
inline void read_plain_table(Reading& r) { static_cast<void>(r.node && read_table(r)); }

/// `doc` is a sentence without a full stop, `example` a value as the file has it: "" for tables, whose keys have
/// theirs.
inline KeyRow key(std::string_view path, KeyAccess access, std::string_view unit, std::string_view standard,
                  std::string_view doc, std::string_view example, KeyRules rules = {}) {
  return {path, std::move(access), unit, standard, doc, example, std::move(rules)};
}

/// The rows of compare, reverse, stop, check and steady after the others.
[[nodiscard]] std::vector<KeyRow> with_judging_keys(std::vector<KeyRow> rows);

}  // namespace fokker::input
