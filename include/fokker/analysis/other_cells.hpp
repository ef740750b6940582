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

}  // namespace fokker
