#pragma once
#include "fokker/operator/edge_matrix.hpp"

namespace fokker {

/// The one set of cells that probability reaches in the end and cannot leave.
struct ClosedPart {
  Index cell = 0;              ///< one of its cells
  Index cells = 0;             ///< how many
  bool all_both_ways = false;  ///< every edge carries in both directions, and every face has one: all cells
};

/// Throws UsageError, naming two of them, where there are several: the stationary density is not unique then. Weights
/// of the wrong sign count as ways too (Tarjan 1972: strongly connected components, linear in the edges).
[[nodiscard]] ClosedPart closed_part(const Grid& grid, const EdgeMatrix& edges);

}  // namespace fokker
