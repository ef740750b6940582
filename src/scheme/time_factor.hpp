#pragma once
#include <optional>

#include "fokker/model/sde.hpp"

namespace fokker {

/// The factor of time that all rates of an SDE have in common; 1 where there is none.
class TimeFactor {
 public:
  explicit TimeFactor(std::optional<TimeSeparated> separated) : separated_(std::move(separated)) {}

  [[nodiscard]] bool found() const { return separated_.has_value(); }
  /// The SDE without it; `all` where there is none.
  [[nodiscard]] const Sde& spatial(const Sde& all) const { return separated_ ? *separated_->base : all; }
  /// Throws NumericalError where it is negative or not finite.
  [[nodiscard]] double at(double t) const;
  /// Its integral from t0 to t1 [t].
  [[nodiscard]] double integral(double t0, double t1) const;

 private:
  std::optional<TimeSeparated> separated_;
};

}  // namespace fokker
