#pragma once
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace fokker {

/// Without their line feeds.
[[nodiscard]] std::vector<std::string> lines_of(std::string_view text);

/// The lines that one text has and the other has not, each on a line of its own: "- " and what was, then "+ " and what
/// is; no more than `most`, and how many those are that are left out.
[[nodiscard]] std::string line_difference(std::string_view was, std::string_view is,
                                          std::size_t most = std::numeric_limits<std::size_t>::max());

}  // namespace fokker
