#pragma once
#include <optional>
#include <vector>

#include "../markov_chain.hpp"

namespace fokker {

/// log p, its largest value 0, of the distribution under which every edge carries as much forth as back, p_L forward =
/// p_R backward: summed up along row 0 and from there along the columns. std::nullopt where an edge off this tree, a
/// way around a periodic axis included, does not close to rounding (1e-12 of the range of log p), or where an edge of
/// the tree is missing or goes one way only. Costs two logarithms per cell and offset.
[[nodiscard]] std::optional<std::vector<double>> balanced_distribution(const Chain& chain);

}  // namespace fokker
