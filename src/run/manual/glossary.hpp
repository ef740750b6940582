#pragma once
#include <span>
#include <string_view>

namespace fokker {

/// A word of the field as the program uses it: a row of `list words`.
struct TermRow {
  std::string_view name, doc;
  std::string_view see;     ///< keys, names and pages that go on from here
  std::string_view source;  ///< where it comes from
};
[[nodiscard]] std::span<const TermRow> terms();

}  // namespace fokker
