#pragma once
#include <span>

#include "fokker/model/density.hpp"
#include "fokker/model/transition_table.hpp"

namespace fokker {

/// Where a score s = grad log p comes from [1/x]: a closed form, an earlier run, a spectral derivative of the run's own
/// density. One caller of `prepare` at a time; `score` may then be asked from several threads at once.
class ScoreSource {
 public:
  virtual ~ScoreSource() = default;
  [[nodiscard]] virtual int dimension() const = 0;
  /// Moves to time t. `p`: cell averages of the run at t, for sources that follow it; the others do not look.
  virtual void prepare(double t, std::span<const double> p) = 0;
  /// s at the points, at the time of the last `prepare`; columns of x.size doubles.
  virtual void score(const PointsIn& x, PointsOut s) const = 0;
  /// The score changes with p: what it drives is nonlinear, and parabolic rather than hyperbolic.
  [[nodiscard]] virtual bool follows_p() const { return false; }
};

/// Axes that close to a circle: `period` [x] > 0 there and 0 elsewhere; `lower` is where the box begins.
struct Torus {
  std::array<double, 2> lower{}, period{};
};

/// The distribution of a linear SDE with additive noise that starts from a mixture: a mixture at every time (theory
/// section 4), to be wrapped onto the torus. `horizon` [t]: up to there moments are integrated once and kept
/// (TransitionTable).
class ClosedForm {
 public:
  ClosedForm(LinearCoefficients coefficients, GaussianMixture start, double horizon, const Torus& torus = {})
      : laws_(std::move(coefficients), horizon), start_(std::move(start)), torus_(torus) {}
  [[nodiscard]] GaussianMixture at(double t) const { return t > 0 ? push_forward(start_, laws_.to(t)) : start_; }
  [[nodiscard]] int dimension() const { return start_.dimension(); }
  [[nodiscard]] const Torus& torus() const { return torus_; }
  /// div f = tr A(t) [1/t], the same everywhere.
  [[nodiscard]] double divergence(double t) const { return laws_.linear().divergence(t); }

 private:
  TransitionTable laws_;
  GaussianMixture start_;
  Torus torus_;
};

/// One component, or an image of one on a circle.
struct MixtureTerm {
  double log_weight = 0;              ///< log (weight / sqrt(det 2 pi V))
  std::array<double, 2> mean{};       ///< [x]
  std::array<double, 3> precision{};  ///< V^-1: xx, xy, yy [1/x^2]
};

enum class MixtureOrder;  // private to this module

/// log p and its derivatives for a mixture of non-singular Gaussians, in log-sum-exp form: exact far into the tails,
/// where p itself is no double. On a torus images are summed until they no longer matter.
class MixtureScore {
 public:
  /// Throws std::invalid_argument when a component with a weight has a singular covariance (a point has no score).
  explicit MixtureScore(const GaussianMixture& mixture, const Torus& torus = {});
  [[nodiscard]] int dimension() const { return dimension_; }
  void log_density(const PointsIn& x, double* out) const;
  void score(const PointsIn& x, PointsOut s) const;
  /// Hess log p [1/x^2]: the Jacobian of the score.
  void jacobian(const PointsIn& x, TensorOut H) const;

 private:
  [[nodiscard]] double on_box(std::size_t k, double x) const;
  void add_images(MixtureTerm first, const Eigen::MatrixXd& covariance, const Torus& torus);
  template <class Out>
  void in_blocks(const PointsIn& at, MixtureOrder order, const Out& out) const;

  int dimension_ = 1;
  Torus torus_;
  std::vector<MixtureTerm> terms_;
};

/// The exact score of a closed form. `prepare` throws NumericalError where the distribution has a singular covariance
/// (a point start at t = 0).
class ClosedScore : public ScoreSource {
 public:
  explicit ClosedScore(ClosedForm distribution) : distribution_(std::move(distribution)) {}
  [[nodiscard]] int dimension() const override { return distribution_.dimension(); }
  void prepare(double t, std::span<const double> p) override;
  void score(const PointsIn& x, PointsOut s) const override { now_->score(x, s); }
  /// log p and its Hessian at the time of the last `prepare`.
  [[nodiscard]] const MixtureScore& now() const { return *now_; }
  [[nodiscard]] const ClosedForm& distribution() const { return distribution_; }

 private:
  ClosedForm distribution_;
  std::optional<MixtureScore> now_;
  double t_ = 0;
};

}  // namespace fokker
