#pragma once
#include <Eigen/Core>
#include <array>
#include <memory>
#include <span>

#include "fokker/run/setup.hpp"

namespace fokker {

/// What a fixed `time.dt` costs. Four steps of a run (after an eighth, three, five and seven eighths of the span) are
/// done once more in two halves, on a copy of the state and by a stepper of their own; the difference, by the order of
/// the method, is the error of that step. Per unit of time it feeds the error to expect, which the contraction c of the
/// drift forgets: e' = rate - c e. Adaptive steps know their error; where fluxes are corrected
/// (central4_positive) the halves are not.
class StepCheck {
 public:
  explicit StepCheck(const Setup& setup);
  /// Before and after every step; `before` the time at which it began, `state` as long as the operator's.
  void begin(double before, std::span<const double> state);
  void end(double before, double after, std::span<const double> state, double contraction);
  /// Between two steps.
  void keep(Archive& archive) { archive(next_, error_, recent_, worst_, worst_at_); }
  /// The largest on the way, in l1, 2 at most, and when; 0 where nothing was looked at.
  [[nodiscard]] double worst() const { return worst_; }
  [[nodiscard]] double worst_at() const { return worst_at_; }

 private:
  [[nodiscard]] bool may_stop() const { return !setup_.config.stops.empty(); }
  void add(double rate, double span, double contraction);

  const Setup& setup_;
  std::unique_ptr<TimeStepper> halves_;  // null: not to look
  double next_ = 0;                      // [t] of the next look, above the span: no more
  bool looks_ = false;                   // at the step in progress
  Eigen::VectorXd state_;
  double error_ = 0, worst_ = 0, worst_at_ = 0;
  std::array<double, 3> recent_{};  // of runs that may end any time: what the last looks add to the error
};

}  // namespace fokker
