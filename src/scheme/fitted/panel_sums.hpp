#pragma once
#include <algorithm>
#include <cmath>
#include <limits>

#include "stationary_weights_rule.hpp"

/// What one panel of a cell knows (stationary_weights.cpp), and how it is found.
namespace fokker::panels {

inline PanelRule::Nodes product(const PanelRule::Nodes& u, const PanelRule::Nodes& v) {
  PanelRule::Nodes uv;
  for (std::size_t j = 0; j < PanelRule::nodes; ++j) uv[j] = u[j] * v[j];
  return uv;
}

struct Sums {
  double rise = 0, low = 0, high = 0;
};

/// log((e^a + e^b) / 2)
inline double log_mean(double a, double b) {
  const double top = std::max(a, b);
  return top + std::log(0.5 * (1 + std::exp(std::min(a, b) - top)));
}

inline Sums joined(const Sums& A, const Sums& B) {
  return {A.rise + B.rise, log_mean(A.low, A.rise + B.low), log_mean(B.high, A.high - B.rise)};
}

/// log sum_j weight_j e^{phi_j}
inline double log_sum(const PanelRule::Nodes& weight, const PanelRule::Nodes& phi) {
  const double top = *std::max_element(phi.begin(), phi.end());
  PanelRule::Nodes e;
  for (std::size_t j = 0; j < PanelRule::nodes; ++j) e[j] = std::exp(phi[j] - top);
  return top + std::log(PanelRule::paired_sum(weight, e));
}

/// `tilt`: log D^(a - 1).
inline Sums smooth_panel(const PanelRule& rule, const PanelRule::Nodes& psi, const PanelRule::Nodes& tilt,
                         double width) {
  PanelRule::Nodes phi;
  for (std::size_t k = 0; k < PanelRule::nodes; ++k)
    phi[k] = width / 2 * PanelRule::paired_sum(rule.from_0[k], psi) + tilt[k];
  const double up = width / 2 * PanelRule::paired_sum(rule.to_upper, psi),
               down = width / 2 * PanelRule::paired_sum(rule.to_upper, PanelRule::mirror(psi));
  const double middle = log_sum(rule.weight, phi);
  return {up + down, middle + down, middle - up};
}

struct WallMean {
  double log_mean =
      std::numeric_limits<double>::quiet_NaN();  ///< of m with Phi = 0 at the far end; NaN when not integrable
  double error = std::numeric_limits<double>::quiet_NaN();  ///< of log_mean, from the last Legendre coefficients
};

/// A panel whose near end is a wall, psi = dPhi/d(distance from the wall), tilt = log D^(a - 1). distance * psi is
/// smooth there, k at the wall, and tilt is n log s and smooth, s = distance / width, so that m = s^(k + n) g(s) with a
/// smooth g: the polynomial through g is integrated against the power by the exact moments of the Legendre polynomials
/// on [0, 1], int s^k P_n = k (k-1) .. (k-n+1) / ((k+1) .. (k+n+1)). Not integrable when k + n <= -1. The exponent n is
/// what takes the last Legendre coefficient out of tilt - n log s.
inline WallMean wall_panel(const PanelRule& rule, const PanelRule::Nodes& distance, const PanelRule::Nodes& psi,
                           const PanelRule::Nodes& tilt, double width) {
  const PanelRule::Nodes q = product(distance, psi);
  PanelRule::Nodes rest, phi, weight, log_s;
  for (std::size_t j = 0; j < PanelRule::nodes; ++j) log_s[j] = std::log(distance[j] / width);
  const PanelRule::Nodes& last = rule.spectrum[PanelRule::nodes - 1];
  const double drift = rule.lower_value(q),
               own = PanelRule::paired_sum(last, tilt) / PanelRule::paired_sum(last, log_s),
               exponent = std::abs(own) < 1e-8 ? 0 : own, k = drift + exponent;
  if (!(k > -1 + 1e-9)) return {};
  for (std::size_t j = 0; j < PanelRule::nodes; ++j) rest[j] = (q[j] - drift) / distance[j];
  const double up = PanelRule::paired_sum(rule.to_upper, rest);
  for (std::size_t j = 0; j < PanelRule::nodes; ++j)
    phi[j] = width / 2 * (PanelRule::paired_sum(rule.from_0[j], rest) - up) + (tilt[j] - exponent * log_s[j]);
  if (k >= 2) {  // smooth enough for the plain rule, and beyond the reach of the first ten moments
    for (std::size_t j = 0; j < PanelRule::nodes; ++j) phi[j] += k * log_s[j];
    return {log_sum(rule.weight, phi), std::numeric_limits<double>::quiet_NaN()};
  }
  weight.fill(0);
  double moment = 1 / (k + 1);
  for (std::size_t n = 0; n < PanelRule::nodes; ++n) {
    for (std::size_t j = 0; j < PanelRule::nodes; ++j) weight[j] += moment * rule.spectrum[n][j];
    moment *= (k - static_cast<double>(n)) / (k + 2 + static_cast<double>(n));
  }
  const double mean = log_sum(weight, phi);
  PanelRule::Nodes g;
  for (std::size_t j = 0; j < PanelRule::nodes; ++j) g[j] = std::exp(phi[j] - mean);
  return {mean, rule.tail(g) + rule.tail(q) / (k + 1)};
}

enum class Wall { none, lower, upper };

}  // namespace fokker::panels
