#pragma once
#include <string>
#include <vector>

#include "fokker/base/expression.hpp"
#include "fokker/model/density.hpp"
#include "fokker/model/formula_sde.hpp"

namespace fokker {

/// One axis of a schedule: X_t given the clean X_0 is Normal(mu + alpha (X_0 - mu), sigma^2), mu the mean of the prior.
struct AxisSchedule {
  Expression alpha, variance;     ///< alpha and sigma^2 [x^2], formulas of t
  double prior_mean = 0;          ///< [x]
  Expression prior_variance = 1;  ///< [x^2]; a formula of t is taken at the end
};

/// What is claimed about the distribution of an SDE dX = phi(t) (X - mu) dt + g(t) dW (theory section 4): by a named
/// model about itself, or by the user in [schedule].
struct Schedule {
  std::vector<AxisSchedule> axes;
  /// The initial density is the data already blurred by sigma(0), and sigma counts from the clean data; otherwise the
  /// initial density is the clean data and sigma(0) is 0.
  bool blurred = false;

  /// Where a sampler starts: Normal(prior_mean, prior_variance(end)).
  [[nodiscard]] GaussianMixture prior(double end) const;
  /// The distribution at `end` that the schedule claims for a mixture at 0.
  [[nodiscard]] GaussianMixture claimed(const GaussianMixture& start, double end) const;
};

/// One line of the schedule check.
struct ScheduleFinding {
  std::string name;  ///< "drift", "alpha", "sigma", "start", "snr", "ends"
  bool holds = true;
  double violation = 0;  ///< relative: 0 exact, 1 altogether wrong
  double at = 0;         ///< the time of the worst violation [t]
  std::string text;      ///< the whole sentence
};

/// Largest relative violation that still counts as rounding of the user's numbers.
inline constexpr double schedule_tolerance = 1e-6;

/// Holds a schedule against the SDE over [0, end]: the drift is phi (x - mu), axis by axis; alpha' = phi alpha;
/// (sigma^2)' = 2 phi sigma^2 + g^2; alpha(0) = 1, sigma(0) = 0; the signal-to-noise ratio alpha^2/sigma^2 never rises;
/// and what is singular at the end points. Violations are relative to the sum of the moduli of the terms and are
/// looked for at 1024 times of equal distance and 16 more towards 0.
/// `axes` are the names that messages use.
[[nodiscard]] std::vector<ScheduleFinding> check_schedule(const Schedule& schedule, const FormulaSde& sde,
                                                          const std::vector<std::string>& axes, double end);

/// The times at which schedules and rates are looked at: 0, powers of two times end, and equal steps to the end.
[[nodiscard]] std::vector<double> schedule_times(double end);
/// A formula of t at each of the times.
[[nodiscard]] std::vector<double> values_at(const Expression& formula, const std::vector<double>& times);

}  // namespace fokker
