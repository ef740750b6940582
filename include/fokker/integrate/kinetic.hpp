#pragma once
#include <span>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// Whether cell averages are of a density that kinetic_splitting takes over from the fluxes: one and a half cells wide
/// along each axis, where narrow parts count however far apart they are.
[[nodiscard]] bool wide_enough_for_points(const Grid& grid, std::span<const double> p);

}  // namespace fokker
