#pragma once
#include <Eigen/Core>

namespace fokker {

/// int |N(0, V) - N(0, W)| dx, from 0 to 2, for covariances in one or two dimensions; V positive definite, W symmetric.
/// 2 where W is not positive definite: there is no such Gaussian, or it is singular to V. In two dimensions the radial
/// integral is done in closed form in the coordinates in which V is the unit matrix, the angular one by the midpoint
/// rule (1e-6 while no ratio of variances exceeds 1e3).
[[nodiscard]] double gaussian_l1(const Eigen::MatrixXd& V, const Eigen::MatrixXd& W);

}  // namespace fokker
