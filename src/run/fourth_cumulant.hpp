#pragma once
#include <Eigen/Core>
#include <array>

namespace fokker {

/// The fourth cumulant of a density in the plane, K_ijkl symmetric: what a walk on a lattice has and the diffusion that
/// it stands for has not. Index i + 2 j + 4 k + 8 l [x^4].
using FourthCumulant = std::array<double, 16>;

/// Adds factor * e_i e_j e_k e_l.
void add_power(FourthCumulant& K, double factor, const Eigen::Vector2d& e);

/// E_ia E_jb E_kc E_ld K_abcd: K in the coordinates E x.
[[nodiscard]] FourthCumulant turned(const FourthCumulant& K, const Eigen::Matrix2d& E);

/// K carried for dt by the linear drift A while it grows by `source` per unit of time.
[[nodiscard]] FourthCumulant carried(const FourthCumulant& K, const Eigen::Matrix2d& A, const FourthCumulant& source,
                                     double dt);

/// int |K_ijkl d_i d_j d_k d_l N(0, V)| / 24 dx: how far a density with the covariance V and that cumulant is from the
/// Gaussian, to first order; at most 2.
[[nodiscard]] double l1_of(const FourthCumulant& K, const Eigen::Matrix2d& V);

}  // namespace fokker
