#pragma once
#include <memory>

#include "fokker/model/family_sde.hpp"

namespace fokker {

/// The probability flow of a linear SDE in closed form: F = a - D s, its divergence div F = tr A - D : Hess log p
/// (D does not depend on x), and log p itself. Follows a clock as FamilySde does.
class ClosedFlow {
 public:
  ClosedFlow(std::shared_ptr<const Sde> sde, ClosedForm distribution);
  /// Throws NumericalError where the distribution has a singular covariance (a point start at t = 0).
  void prepare(double t) { family_.prepare(t); }
  /// F [x/t] and div F [1/t] at the points at time t, that of the last `prepare`.
  void evaluate(const PointsIn& x, double t, PointsOut velocity, double* divergence) const;
  /// log p at the time of the last `prepare`.
  void log_density(const PointsIn& x, double* out) const { score_->now().log_density(x, out); }
  [[nodiscard]] int dimension() const { return family_.dimension(); }

 private:
  std::shared_ptr<const Sde> sde_;
  std::shared_ptr<ClosedScore> score_;
  FamilySde family_;
};

}  // namespace fokker
