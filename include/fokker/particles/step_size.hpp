#pragma once
#include <array>
#include <span>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/particles/prepare.hpp"

namespace fokker {

using Positions = std::array<std::span<const double>, 2>;  ///< one column per axis

/// The Euler-Maruyama step (`order` 1) or Heun step (2) [t] for going from time t to `until`, so short that its bias
/// stays below the counting noise of `particles` particles. Every rate is taken at `positions`, where (a sample of) the
/// particles are now: what the coefficients do elsewhere in the box does not matter. Slopes are differences over one
/// cell, and the largest 1 % is left out (a coefficient may be singular at a wall):
///
///   dt |df_i/dx_j|, dt (dD_ii/dx_j)^2/D_ii  <= min(0.01, 1/sqrt(particles))   the variance of a linear process is off
///                                             by the fraction dt |f'|/2, its sampling error is sqrt(2/particles);
///                                             order 2: (dt f')^2/4, so that the root of twice the bound is allowed
///   dt |f_i|, sqrt(2 D_ii dt)               <= box length / 50
///
/// and for coefficients that depend on time, taken at 9 instants from t to `until`: steps within which neither the
/// largest |f_i| nor the largest D_ii changes by more than 10 %. Infinity when nothing moves.
[[nodiscard]] double particle_step(int order, const Grid& grid, const Sde& sde, const Positions& positions,
                                   Index particles, double t, double until, const Prepare& prepare = {});

}  // namespace fokker
