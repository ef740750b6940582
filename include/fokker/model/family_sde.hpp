#pragma once
#include <memory>

#include "fokker/model/score.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// dX = [f - (1 - lambda^2)(div D + D s)] dt + lambda G dW with s the score of the distribution of `base`: the same
/// marginals for every lambda >= 0 (theory section 2). lambda = 1 is `base`, lambda = 0 the probability flow, whose
/// drift is the effective drift F = f - div D - D s.
///
/// The score follows a clock, so this Sde does too: `prepare(t)` by one caller, then the coefficients at that t from
/// several threads at once; at any other t they throw std::logic_error.
class FamilySde : public Sde {
 public:
  /// Throws std::invalid_argument for a null, for dimensions that differ and for a lambda that is negative or not
  /// finite.
  FamilySde(std::shared_ptr<const Sde> base, std::shared_ptr<ScoreSource> score, double lambda);

  /// Moves the score to time t. Throws what the score source throws where it has no score.
  void prepare(double t);

  [[nodiscard]] int dimension() const override { return base_->dimension(); }
  void drift(const PointsIn& x, double t, PointsOut f) const override;
  void flux_velocity(const PointsIn& x, double t, PointsOut a) const override;
  void flux_velocity_along(int axis, const PointsIn& x, double t, double* a) const override;
  void diffusion(const PointsIn& x, double t, TensorOut D) const override;
  void diffusion_rounding(const PointsIn& x, double t, TensorOut error) const override;
  [[nodiscard]] int noise_count() const override { return base_->noise_count(); }
  void noise(const PointsIn& x, double t, double* const* columns) const override;
  [[nodiscard]] Traits traits() const override;
  [[nodiscard]] Timeline timeline(const TimeRange& times, const Box& box) const override {
    return base_->timeline(times, box);
  }
  [[nodiscard]] std::string fault_key(std::span<const double> point, double t) const override {
    return base_->fault_key(point, t);
  }

 private:
  void add_score_part(const PointsIn& x, double t, PointsOut velocity) const;

  std::shared_ptr<const Sde> base_;
  std::shared_ptr<ScoreSource> score_;
  double lambda_;
  double prepared_;  // NaN until the first prepare
};

}  // namespace fokker
