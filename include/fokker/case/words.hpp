#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Closed lists of words that a case may say and that no table of another module has.
namespace fokker {

struct WordRow {
  std::string_view name, doc;
  std::string_view also = {};  ///< what others call it, between commas
};

/// "interpretations", "boundaries", "forms", "reverse_scores", "reverse_starts"; empty for any other list.
[[nodiscard]] std::span<const WordRow> words(std::string_view list);
/// The word of any list that others call `name`; "" where there is none.
[[nodiscard]] std::string_view word_for(std::string_view name);
[[nodiscard]] std::vector<std::string> names_of(std::span<const WordRow> rows);

}  // namespace fokker
