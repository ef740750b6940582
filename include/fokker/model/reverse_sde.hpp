#pragma once
#include <memory>
#include <shared_mutex>

#include "fokker/model/score.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// Time reversal of an SDE over [0, end] as an SDE in tau = end - t (theory section 3): with the score s of the forward
/// distribution at t,
///
///     drift -f + (1 + lambda^2)(div D + D s),    diffusion lambda^2 D,    velocity of the flux form -a + (1 +
///     lambda^2) D s,
///
/// whose distribution at tau is the forward distribution at end - tau for every lambda >= 0: 1 is the reverse SDE, 0
/// the reverse probability flow (no noise). Times outside of [0, end] count as its ends. The score is moved in time as
/// it is asked for; points of one time may be asked from several threads at once, and different times are served one
/// after the other. `score` belongs to this object alone while it lives, and its `prepare` may start no threads.
class ReverseSde : public Sde {
 public:
  ReverseSde(std::shared_ptr<const Sde> forward, std::shared_ptr<ScoreSource> score, double end, double lambda);

  [[nodiscard]] int dimension() const override { return forward_->dimension(); }
  void drift(const PointsIn& x, double tau, PointsOut f) const override;
  void flux_velocity(const PointsIn& x, double tau, PointsOut a) const override;
  void diffusion(const PointsIn& x, double tau, TensorOut D) const override;
  void diffusion_rounding(const PointsIn& x, double tau, TensorOut error) const override;
  [[nodiscard]] int noise_count() const override { return forward_->noise_count(); }
  void noise(const PointsIn& x, double tau, double* const* columns) const override;
  [[nodiscard]] Traits traits() const override;
  [[nodiscard]] Timeline timeline(const TimeRange&, const Box& box) const override {
    return forward_->timeline({0, end_}, box).reversed(end_);
  }
  [[nodiscard]] std::string fault_key(std::span<const double> point, double tau) const override {
    return forward_->fault_key(point, forward_time(tau));
  }

 private:
  [[nodiscard]] double forward_time(double tau) const;
  /// out += factor * D s
  void add_score(const PointsIn& x, double t, double factor, PointsOut out) const;
  void score_at(const PointsIn& x, double t, PointsOut s) const;

  std::shared_ptr<const Sde> forward_;
  std::shared_ptr<ScoreSource> score_;
  double end_, lambda_;
  mutable std::shared_mutex moving_;  // shared: the score stands at at_; exclusive: it is being moved
  mutable double at_;                 // NaN: nowhere yet
};

}  // namespace fokker
