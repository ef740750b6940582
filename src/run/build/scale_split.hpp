#pragma once
#include <optional>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// How a point is shared between two cells where D jumps in one of them or in their neighbours: not by the mean, which
/// a cell with a jump does not have at its centre, but by the scale function s of t = 0, the martingale of the flux as
/// it is written,
///
///     s' = D^-a exp(-int f/D),   of a cell its mean over the stationary weight D^(a-1) exp(int f/D),
///
/// so that what leaves on either side is what leaves from the point. Nothing where D does not jump within a cell of the
/// point, at walls and the ends of a ring, and where D vanishes. `line`: in one dimension.
[[nodiscard]] std::optional<AxisSplit> split_by_scale(const Axis& axis, double point, const Sde& line);

}  // namespace fokker
