#pragma once
#include <memory>

#include "fokker/model/linear_gaussian.hpp"

namespace fokker {

/// The distributions from 0 to all times up to a horizon, for whoever asks often: kept at some thousand knots, among
/// them those where coefficients switch or come and go, each integrated from the one before when it is first needed.
/// From the last knot before t the rest is a step or two. The distribution of a time is the same whatever was asked
/// before; copies share what is known; several threads may ask at once. Constant coefficients need no table
/// (LinearGaussian::distribution).
class TransitionTable {
 public:
  /// `horizon` [t]: later times are integrated from there on at every call.
  TransitionTable(LinearCoefficients coefficients, double horizon);
  /// The distribution from 0 to t >= 0. Throws as LinearGaussian::distribution does.
  [[nodiscard]] GaussianTransition to(double t) const;
  [[nodiscard]] const LinearGaussian& linear() const { return linear_; }

 private:
  struct Known;

  LinearGaussian linear_;
  double horizon_;
  std::shared_ptr<Known> known_;
};

}  // namespace fokker
