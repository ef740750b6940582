#pragma once
#include <span>
#include <vector>

#include "../line_view.hpp"
#include "fokker/grid/grid.hpp"

namespace fokker {

/// Logarithms of cell averages along a line: of m = D^(a - 1) exp(int f/D) with the exponent 0 at the lower and at the
/// upper face, and of D^(a - 1) alone. NaN where there is no such average, or where it is not asked for (the outer side
/// of a cell at a wall).
struct CellWeight {
  double low = 0, high = 0, bare = 0;
};

/// Of every cell of an axis; `breaks`: sorted points where f or D may jump or bend (other ones are found by bisection).
/// With `tilted` false D is constant, and its power is left out.
[[nodiscard]] std::vector<CellWeight> stationary_weights(const Axis&, const LineView&, bool tilted,
                                                         std::span<const double> breaks);

}  // namespace fokker
