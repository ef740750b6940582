#pragma once
#include <algorithm>
#include <array>
#include <cmath>

#include "axis_fluxes.hpp"

/// What both halves of axis_fluxes (the edges, and the looks at coefficients before) are made of.
namespace fokker {
namespace axis_edges {

inline constexpr double inf = Stretch::infinite;
inline constexpr double fitting = 2;           // |P| beyond which D is fitted with the drift
inline constexpr double ring_mismatch = 1e-9;  // relative mismatch of the two ends of a ring

inline constexpr double piling = 0.4;     // log of a weight from cell to cell towards an end: d^(-1/4) and steeper
inline constexpr Index shaped_cells = 8;  // cells at an absorbing wall, where they are looked at every time

/// The cells that touch a break, and where one lies inside of a cell its neighbours too: p there is a mean over both
/// sides, and no slope is to be taken to it.
template <class Mark>
void mark_breaks(const Axis& axis, std::span<const double> breaks, const Mark& mark) {
  const Index n = axis.cells;
  const double h = axis.width();
  for (const double point : breaks) {
    const double fraction = (point - axis.lower) / h;
    const auto below = static_cast<Index>(std::floor(fraction - 1e-9)),
               above = static_cast<Index>(std::floor(fraction + 1e-9));
    const Index aside = below == above ? 1 : 0;
    for (Index i = below - aside; i <= above + aside; ++i)
      if (i >= 0 && i < n)
        mark(i);
      else if (axis.periodic())
        mark(i < 0 ? i + n : i - n);
  }
}

/// Whether coefficients differ between the two ends of a ring.
inline bool torn_ring(const Axis& axis, const LineView& view) {
  if (!axis.periodic()) return false;
  const std::array<double, 2> ends{axis.lower, axis.upper};
  std::array<double, 2> f{}, D{};
  view.evaluate(ends.data(), 2, f.data(), D.data());
  const auto differ = [](double u, double v) {
    return !(std::abs(u - v) <= ring_mismatch * std::max(std::abs(u), std::abs(v)));
  };
  return (differ(f[0], f[1]) && std::abs(f[0] - f[1]) > ring_mismatch * (D[0] + D[1]) / axis.width()) ||
         differ(D[0], D[1]);
}

/// w_L p_L - w_R p_R as an edge.
inline double rate_of(double log_h, double mean, double resistance) {
  return mean == inf || resistance == inf ? 0 : std::exp(-log_h - mean - resistance);
}

}  // namespace axis_edges

[[gnu::always_inline]] inline double AxisFluxes::power(double ratio) const {
  return reading_ == 0 ? ratio : reading_ == 1 ? 1 : std::sqrt(ratio);
}

[[gnu::always_inline]] inline Edge AxisFluxes::smooth_edge(const Face& face, double D_left, double D_right) const {
  const auto [f, D] = face;
  if (D == 0) return {0, 0, f / h_};
  const double P = f * h_ / D, rate = D / (h_ * h_);
  if (D > 0 && std::isinf(P) && std::isfinite(f)) return {0, 0, f / h_};
  if (uniform_ || reading_ == 1) return {rate, P, 0};
  const double left = power(D_left / D), right = power(D_right / D);
  if (fitted_ && std::abs(P) > axis_edges::fitting) return {rate, P + std::log(left / right), 0};
  return {rate, P, 0, left, right};
}

}  // namespace fokker
