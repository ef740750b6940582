#include "fokker/analysis/gaussian_distance.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace fokker {
namespace {

/// Eigenvalues of V^-1 W: the variances of W in the coordinates in which V is the unit matrix. Ascending.
std::array<double, 2> relative_variances(const Eigen::MatrixXd& V, const Eigen::MatrixXd& W) {
  const double det = V(0, 0) * V(1, 1) - V(0, 1) * V(1, 0);
  const double half_trace = 0.5 * (V(1, 1) * W(0, 0) - V(0, 1) * W(1, 0) - V(1, 0) * W(0, 1) + V(0, 0) * W(1, 1)) / det;
  const double product = (W(0, 0) * W(1, 1) - W(0, 1) * W(1, 0)) / det;
  const double radius = std::sqrt(std::max(0.0, half_trace * half_trace - product));
  const double larger = half_trace + radius;
  return {larger > 0 ? product / larger : half_trace - radius, larger};  // no difference of large terms
}

/// Unit variance against `variance`: the two densities cross at +-x.
double on_a_line(double variance) {
  if (!(variance > 0)) return 2;
  if (std::abs(variance - 1) < 1e-9)
    return 2 * std::abs(variance - 1) / std::sqrt(2 * std::numbers::pi * std::numbers::e);
  const double x = std::sqrt(variance * std::log(variance) / (variance - 1));
  const auto within = [](double z) { return std::erf(z / std::numbers::sqrt2); };
  return 2 * std::abs(within(x) - within(x / std::sqrt(variance)));
}

/// In the direction whose inverse variance is g the second density is exp(-g r^2/2) / s to the first one's
/// exp(-r^2/2); int r |difference| dr has at most one change of sign.
double along_a_ray(double g, double s) {
  const auto signed_part = [&](double q) { return std::exp(-q) - std::exp(-g * q) / (g * s); };  // int_q^inf, q = r^2/2
  const double whole = signed_part(0), crossing = g == 1 ? -1 : -std::log(s) / (g - 1);
  if (!(crossing > 0)) return std::abs(whole);
  const double beyond = signed_part(crossing);
  return std::abs(whole - beyond) + std::abs(beyond);
}

double in_the_plane(const std::array<double, 2>& variances) {
  if (!(variances[0] > 0)) return 2;
  constexpr int directions = 512;  // of a quarter turn
  const double s = std::sqrt(variances[0] * variances[1]);
  double sum = 0;
  for (int k = 0; k < directions; ++k) {
    const double angle = (k + 0.5) / directions * std::numbers::pi / 2;
    const double c = std::cos(angle), n = std::sin(angle);
    sum += along_a_ray(c * c / variances[0] + n * n / variances[1], s);
  }
  return sum / directions;
}

}  // namespace

double gaussian_l1(const Eigen::MatrixXd& V, const Eigen::MatrixXd& W) {
  return std::min(2.0, V.rows() == 1 ? on_a_line(W(0, 0) / V(0, 0)) : in_the_plane(relative_variances(V, W)));
}

}  // namespace fokker
