#pragma once
#include <span>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// Whether cell averages are of a density that kinetic_splitting takes over from the fluxes: one and a half cells wide
/// along each axis, where narrow parts count however far apart they are.
[[nodiscard]] bool wide_enough_for_points(const Grid& grid, std::span<const double> p);

/// The mass in the two cells beside a wall (side 0 lower, 1 upper), which shears do not know: 0 on a periodic axis.
[[nodiscard]] double mass_beside_wall(const Grid& grid, std::span<const double> p, int axis, int side);

}  // namespace fokker
