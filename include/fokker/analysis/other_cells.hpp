#pragma once
#include <memory>
#include <vector>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// Averages over other cells of the same line, those of `to`, which lies within `from`: differences of the primitive,
/// interpolated on six faces and kept between its neighbours, so that mass is kept and nothing becomes negative.
[[nodiscard]] std::vector<double> averaged_over(const Axis& from, const std::vector<double>& averages, const Axis& to);
/// The same for a density, axis by axis; its axes are those of `grid` but for their cells and, within them, their ends.
[[nodiscard]] Field averaged_over(const Field& p, const std::shared_ptr<const Grid>& grid);
/// int |p - q| dx of averages over the cells of q, the coarser ones.
[[nodiscard]] double distance_of_averages(const Field& p, const Field& q);

/// Whether the changes of a density from grid to coarser grid have one shape, as those of one order do: with d those of
/// the coarser two and d' those of the finer two, as averages over the cells of `coarsest`, int |d - q d'| dx is at
/// most 0.27 of int |d| dx, where q = int |d| / int |d'|, or `noise` (1 + q). Of densities that cells resolve it is 0
/// to 0.2, of layers, kinks and jumps within cells, where an order comes by chance, 0.3 to 2 (docs/estimate.md).
[[nodiscard]] bool changes_alike(const Field& p, const Field& coarser, const Field& coarsest, double noise);

}  // namespace fokker
