#pragma once
#include <span>
#include <string>

#include "fokker/run/setup.hpp"

namespace fokker {

/// What the cells do not see of the drift at t, where p (cell averages) is: "" when little. A flux takes the drift at a
/// few points of a cell and p as its average. What the drift does between them, `a` (its distance from the parabola
/// through three neighbouring centres), makes p dense where it is slow: to second order in it the mean velocity falls
/// by the part <a^2> / (f^2 + (2 pi D/h)^2), as homogenisation over a period of one cell h has it (Pavliotis & Stuart,
/// Multiscale Methods, 2008, section 13.6); at few points for a flux it may be anything up to `a` as well.
[[nodiscard]] std::string structure_within_cells(const Setup& setup, double t, std::span<const double> p);

}  // namespace fokker
