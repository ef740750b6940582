#pragma once
#include <cstdint>

#include "fokker/base/points.hpp"

/// The arithmetic of one Euler-Maruyama or Heun step over a block of particles, as vector loops. Columns of n doubles.
namespace fokker {

/// x += f dt + sqrt(2 D dt) z. `D` is a column, or one number for all where `same`.
void euler_step_1d(Index n, double dt, bool same, const double* f, const double* D, const double* z, double* x);

/// The same in 2D with the triangular root L L^T = 2 D dt: a step's distribution depends on the noise matrix through D
/// alone. A negative D makes NaN; rounding of a singular one (determinant short of 0 by 1e-8) does not.
void euler_step_2d(Index n, double dt, bool same, const double* const f[2], const double* const D[3],
                   const double* const z[2], double* const x[2]);

/// f = (f + g) / 2
void average_columns(Index n, const double* g, double* f);

/// x into [lower, upper]: to the nearer end, or around where periodic. NaN stays.
void confine_column(Index n, double lower, double upper, bool periodic, double* x);

/// flags[i] |= 1 where a step from `before` to `after` left [lower, upper], is not finite, or passed so near to an
/// absorbing side (reach > 0) that (distance before)(distance after) < reach D dt. Returns whether any is set.
[[nodiscard]] bool flag_crossings(Index n, double dt, const double* before, const double* after, const double* D,
                                  double lower, double upper, double reach_lower, double reach_upper,
                                  std::uint64_t* flags);

}  // namespace fokker
