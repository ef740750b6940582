#pragma once
#include <functional>
#include <optional>
#include <string>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// A point where a function jumps along an axis.
struct Jump {
  int axis = 0;
  double at = 0;            ///< along the axis
  double from = 0, to = 0;  ///< the values on both sides
};

/// A function of columns of points.
using Sampled = std::function<void(const PointsIn&, double*)>;

/// The first jump among the steepest of the function's differences between neighbouring cell centres: what is left of
/// the difference when the way between them has been halved forty times. Nothing for a function that is continuous, or
/// whose jumps are below a hundredth of its range, or above what 32 differences can tell.
[[nodiscard]] std::optional<Jump> find_jump(const Grid& grid, const Sampled& function);

/// "x = 0.5, from 1 to 2"
[[nodiscard]] std::string jump_text(const Grid& grid, const Jump& jump);

}  // namespace fokker
