#include "fokker/base/semidefinite.hpp"

#include <Eigen/Eigenvalues>
#include <cmath>

namespace fokker {

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
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(scaled, Eigen::EigenvaluesOnly).eigenvalues().minCoeff();
}

}  // namespace fokker
