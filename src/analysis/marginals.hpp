#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "fokker/base/compensated_sum.hpp"
#include "fokker/grid/grid.hpp"

namespace fokker {

/// value(0) + .. + value(n - 1), in eight sums side by side over stretches, whose totals are compensated: as fast as
/// memory, and the same bits on every machine.
template <class Value>
double row_sum(std::size_t n, const Value& value) {
  constexpr std::size_t lanes = 8, stretch = 512;
  CompensatedSum all;
  for (std::size_t begin = 0; begin < n; begin += stretch) {
    const std::size_t end = std::min(begin + stretch, n), whole = begin + (end - begin) / lanes * lanes;
    std::array<double, lanes> lane{};
    for (std::size_t i = begin; i < whole; i += lanes)
      for (std::size_t k = 0; k < lanes; ++k) lane[k] += value(i + k);
    for (std::size_t i = whole; i < end; ++i) lane[i - whole] += value(i);
    all.add(((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7])));
  }
  return all.value();
}

/// The larger one, or NaN if either is.
[[nodiscard]] inline double larger(double a, double b) { return std::isnan(a) || b <= a ? a : b; }

/// Sums of p over all other axes, per cell of an axis.
using Marginals = std::array<std::vector<double>, 2>;
[[nodiscard]] Marginals marginals(const Grid& grid, std::span<const double> p);

}  // namespace fokker
