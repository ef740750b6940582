#pragma once
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// An end of an axis, not periodic, where D vanishes like factor d^diffusion, d the distance from it, and the
/// stationary weight m = D^(a - 1) exp(int f/D) behaves like d^weight, on one line of the grid.
struct SingularEnd {
  int axis = 0, side = 0;
  double diffusion = 0, factor = 0;  ///< exponent, and D / d^exponent
  double weight = 0;                 ///< exponent; -infinity where drift pulls in beyond all powers
  bool reached = false;              ///< int D^-a exp(-int f/D) converges: the end is no natural or entrance boundary
  [[nodiscard]] bool holds_mass() const { return weight > -1; }  ///< m is integrable
};

/// Of the line of the grid with the other coordinate `across` (2D), at time t.
[[nodiscard]] std::vector<SingularEnd> singular_ends(const Grid& grid, const Sde& sde, int axis, double across,
                                                     double t);

}  // namespace fokker
