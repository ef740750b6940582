#include "fokker/base/semidefinite.hpp"

#include <Eigen/Eigenvalues>
#include <cmath>

namespace fokker {

SymmetricEigen symmetric_eigen(const Eigen::MatrixXd& S) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(S);
  return {solver.eigenvalues(), solver.eigenvectors()};
}

double smallest_in_own_units(const Eigen::MatrixXd& S) {
  if ((S.diagonal().array() < 0).any()) return -1;
  const Eigen::VectorXd roots = S.diagonal().cwiseSqrt();
  Eigen::MatrixXd scaled = S;
  for (Eigen::Index i = 0; i < S.rows(); ++i)
    for (Eigen::Index j = 0; j < S.cols(); ++j)
      if (roots[i] > 0 && roots[j] > 0)
        scaled(i, j) = S(i, j) / roots[i] / roots[j];
      else if (S(i, j) != 0)
        return -1;
  return symmetric_eigen(scaled).values[0];
}

}  // namespace fokker
