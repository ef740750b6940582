#pragma once
#include <Eigen/Core>

namespace fokker {

struct SymmetricEigen {
  Eigen::VectorXd values;   ///< ascending
  Eigen::MatrixXd vectors;  ///< columns, of length 1
};
/// Eigen's solver of symmetric matrices, compiled in one file: it takes longer to compile than what asks for it.
[[nodiscard]] SymmetricEigen symmetric_eigen(const Eigen::MatrixXd& S);

/// The smallest eigenvalue of S_ij / sqrt(S_ii S_jj): below 0 when the symmetric matrix S is not positive semidefinite,
/// and by how much whatever the units of its rows are. -1 for a negative S_ii; a row whose S_ii is 0 must be all 0.
[[nodiscard]] double smallest_in_own_units(const Eigen::MatrixXd& S);

}  // namespace fokker
