#pragma once
#include <optional>
#include <vector>

#include "fokker/model/sde.hpp"

namespace fokker {

/// The factor of time that all rates of an SDE have in common; 1 where there is none.
class TimeFactor {
 public:
  /// `times`: in which it will be integrated.
  TimeFactor(std::optional<TimeSeparated> separated, TimeRange times);

  [[nodiscard]] bool found() const { return separated_.has_value(); }
  /// The SDE without it; `all` where there is none.
  [[nodiscard]] const Sde& spatial(const Sde& all) const { return separated_ ? *separated_->base : all; }
  /// Throws NumericalError where it is negative or not finite.
  [[nodiscard]] double at(double t) const;
  /// Its integral from t0 to t1 [t], to rounding: jumps and pulses are resolved.
  [[nodiscard]] double integral(double t0, double t1) const;

 private:
  std::optional<TimeSeparated> separated_;
  std::vector<double> knots_;  // where a quadrature starts anew
};

}  // namespace fokker
