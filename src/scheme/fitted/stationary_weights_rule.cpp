#include "stationary_weights_rule.hpp"

#include "fokker/base/quadrature.hpp"

namespace fokker {
namespace {

/// P_0 .. P_nodes at z.
std::array<double, PanelRule::nodes + 1> legendre(double z) {
  std::array<double, PanelRule::nodes + 1> P{1, z};
  for (std::size_t n = 1; n < PanelRule::nodes; ++n) {
    const auto order = static_cast<double>(n);
    P[n + 1] = ((2 * order + 1) * z * P[n] - order * P[n - 1]) / (order + 1);
  }
  return P;
}

}  // namespace

PanelRule::PanelRule() {
  using Gauss = GaussRule<nodes>;
  z = Gauss::node;
  for (std::size_t j = 0; j < nodes; ++j) weight[j] = Gauss::weight[j] / 2;
  for (std::size_t j = 0; j < nodes; ++j) {
    const auto P = legendre(z[j]);
    for (std::size_t n = 0; n < nodes; ++n) spectrum[n][j] = (2 * static_cast<double>(n) + 1) * weight[j] * P[n];
  }
  to_upper = integral_row(1);
  for (std::size_t k = nodes / 2; k < nodes; ++k) {
    from_0[k] = integral_row(z[k]);
    for (std::size_t j = 0; j < nodes; ++j) from_0[mirrored(k)][mirrored(j)] = -from_0[k][j];
  }
  for (std::size_t j = 0; j < nodes; ++j)
    for (std::size_t n = 0; n < nodes; ++n) lower_row[j] += (n % 2 == 0 ? 1 : -1) * spectrum[n][j];
}

PanelRule::Nodes PanelRule::integral_row(double to) const {
  const auto upper = legendre(to), lower = legendre(0);
  Nodes row{};
  for (std::size_t j = 0; j < nodes; ++j) {
    row[j] = spectrum[0][j] * to;
    for (std::size_t n = 1; n < nodes; ++n)
      row[j] += spectrum[n][j] * ((upper[n + 1] - upper[n - 1]) - (lower[n + 1] - lower[n - 1])) /
                (2 * static_cast<double>(n) + 1);
  }
  return row;
}

}  // namespace fokker
