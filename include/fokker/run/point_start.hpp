#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/formula_sde.hpp"

namespace fokker {

/// What a point is on a grid.
struct PointStart {
  Field p;                      ///< cell averages [1/x^d]
  std::vector<double> outflow;  ///< per outflow [1]: what absorbing walls take of it at once; mass of p and these: 1
  double clock = 0;             ///< [t] the time at which p is the distribution; nothing moves on the grid before
  std::string note;             ///< what was done to it near a wall, in words; empty when there is nothing to say
};

/// A unit mass at `point`, at t = 0. Along an axis it is split over the two nearest cell centres, which keeps its mean;
/// nearer than half a cell to a wall, in the direction x off the wall, with the centre of the wall cell at c:
///
///   absorbing           the cell gets s(x)/s(c), s the scale function (s' = exp(-int f/D), s = 0 at the wall): the
///                       probability to reach the centre first; the rest has left
///   reflecting          the whole of it is in the cell, and where D > 0 that costs second order in its width
///   reflecting, D = 0   the cell is the distribution only when drift has carried its mean to the centre, so the clock
///                       starts there: at int dx/f from x to c. (The same at an absorbing wall that the process cannot
///                       reach; and where a small D is carried along, cell Peclet number above 2, at the mean time to
///                       reach c.)
///
/// In a plane each axis is treated so, on its own line through the point; where the clock starts late because of one
/// axis, the density along the other one is moved to that time on the line. Throws std::invalid_argument for a point
/// outside of the box.
[[nodiscard]] PointStart start_from_point(const std::shared_ptr<const Grid>& grid,
                                          const std::shared_ptr<const FormulaSde>& sde, std::span<const double> point);

}  // namespace fokker
