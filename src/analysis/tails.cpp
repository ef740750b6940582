#include "tails.hpp"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>

namespace fokker {

/// The alternating series, or below x = 1 its theta-function twin, which converges there.
double kolmogorov_tail(double x) {
  if (x <= 0) return 1;
  double sum = 0;
  if (x < 1) {
    for (int k = 1; k <= 7; k += 2) sum += std::exp(-k * k * std::numbers::pi * std::numbers::pi / (8 * x * x));
    return 1 - std::sqrt(2 * std::numbers::pi) / x * sum;
  }
  for (int k = 1; k <= 7; ++k) sum += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
  return sum;
}

/// Kuiper 1960. Below x = 0.4 the tail is 1 to 7 digits, and the series is all cancellation.
double kuiper_tail(double x) {
  if (x < 0.4) return 1;
  double sum = 0;
  for (int k = 1; k <= 20; ++k) sum += 2 * (4.0 * k * k * x * x - 1) * std::exp(-2.0 * k * k * x * x);
  return std::clamp(sum, 0.0, 1.0);
}

double skewed_tails(double z, double skewness) {
  constexpr double none = 1e-5;
  if (std::abs(skewness) < none) return std::erfc(std::abs(z) / std::numbers::sqrt2);
  const double shape = 4 / (skewness * skewness);
  const double at = shape + (skewness > 0 ? z : -z) * std::sqrt(shape);
  if (at <= 0) return 0;  // beyond the end of the distribution
  return std::min(1.0, 2 * std::min(boost::math::gamma_p(shape, at), boost::math::gamma_q(shape, at)));
}

}  // namespace fokker
