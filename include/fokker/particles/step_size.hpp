#pragma once
#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/particles/prepare.hpp"

namespace fokker {

/// The Euler-Maruyama step [t] for going from time t to `until`, so short that its bias stays below the counting noise
/// of `particles` particles. With every rate taken at up to 512 (in 2D 64 x 64) cell centres, slopes from
/// differences to the neighbouring cell, and the largest 5 % left out (a coefficient may be singular at a wall):
///
///   dt |df_i/dx_j|, dt (dD_ii/dx_j)^2/D_ii  <= min(0.01, 1/sqrt(particles))   the variance of a linear process is off
///                                             by the fraction dt |f'|/2, its sampling error is sqrt(2/particles)
///   dt |f_i|, sqrt(2 D_ii dt)               <= box length / 50
///
/// and for coefficients that depend on time, taken at 9 instants from t to `until`: steps of (until - t)/100 at most,
/// within which neither the largest |f_i| nor the largest D_ii changes by more than 10 %. Infinity when nothing moves.
[[nodiscard]] double euler_step(const Grid& grid, const Sde& sde, Index particles, double t, double until,
                                const Prepare& prepare = {});

}  // namespace fokker
