#pragma once
#include <Eigen/Core>
#include <optional>

#include "fokker/base/tape.hpp"
#include "fokker/model/density.hpp"
#include "fokker/model/formula_sde.hpp"

namespace fokker {

/// Sizes up to 2 without the heap.
using SmallMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor, 2, 2>;
using SmallVector = Eigen::Matrix<double, Eigen::Dynamic, 1, Eigen::ColMajor, 2, 1>;

/// X_t given X_s = x is Normal(Phi x + c, S), S symmetric positive semidefinite.
struct GaussianTransition {
  SmallMatrix Phi, S;
  SmallVector c;
};

/// Closed forms of dX = (A(t) X + b(t)) dt + G(t) dW (theory section 4), for any A: not diagonalisable, singular,
/// rotating, unstable. Constant coefficients: the matrix exponential and its integrals as Taylor series on a short
/// step, doubled by the semigroup property (relative accuracy of small variances kept, where Van Loan's block form
/// loses it). Time-dependent ones: adaptive moment equations (Boost.Odeint, relative tolerance 1e-13),
/// from one switch of a coefficient to the next, and within pulses. Immutable.
class LinearGaussian {
 public:
  explicit LinearGaussian(LinearCoefficients coefficients);
  /// The distribution from s to t >= s (std::invalid_argument otherwise). Throws NumericalError when a coefficient or
  /// the result is not finite, or the moment equations cannot be integrated over [s, t].
  [[nodiscard]] GaussianTransition distribution(double s, double t) const;
  /// The same where none of `knots` lies between, over a time that a step or two may serve.
  [[nodiscard]] GaussianTransition distribution_between_knots(double s, double t) const;
  /// Times in (s, t) at which the integration has to start anew: coefficients switch there, or come and go.
  [[nodiscard]] std::vector<double> knots(double s, double t) const;
  /// The stationary distribution where one exists (constant coefficients, A stable): A m + b = 0, A V + V A^T + 2 D = 0
  /// (Gardiner 2009, eq. 4.5.54).
  [[nodiscard]] std::optional<Gaussian> stationary() const;
  /// div f = tr A(t) [1/t]
  [[nodiscard]] double divergence(double t) const;
  [[nodiscard]] const LinearCoefficients& coefficients() const { return coefficients_; }

 private:
  [[nodiscard]] std::vector<Expression> formulas() const;
  [[nodiscard]] GaussianTransition varying_distribution(double s, double t) const;

  LinearCoefficients coefficients_;
  Tape tape_;  // A, b, D as functions of t
};

/// The distribution of one stretch of time after another.
[[nodiscard]] GaussianTransition composed(const GaussianTransition& first, const GaussianTransition& then);

/// Every component moved by the distribution; weights stay.
[[nodiscard]] GaussianMixture push_forward(const GaussianMixture& start, const GaussianTransition& distribution);

}  // namespace fokker
