#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fokker/output/document.hpp"

namespace fokker {

/// What the program knows of a name: a key of a case ("time.dt", "dt", "axis.x.cells"), a row of what `list` lists, a
/// word of the field. A document per meaning, keys first; empty for a name that has none. Capitals do not count, and a
/// space, - and _ are the same.
[[nodiscard]] std::vector<Document> explain(std::string_view asked);

/// Every name that `explain` knows, for "did you mean".
[[nodiscard]] std::vector<std::string> explained_names();

}  // namespace fokker
