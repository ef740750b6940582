#pragma once
#include <array>
#include <cmath>
#include <cstddef>

namespace fokker {

/// Gauss-Legendre nodes on [-1, 1] with the integration and extrapolation rows of the polynomial through them. Sums run
/// over pairs of mirrored nodes, so that mirrored values give mirrored results to the bit.
struct PanelRule {
  static constexpr std::size_t nodes = 10;
  using Nodes = std::array<double, nodes>;

  Nodes z{}, weight{};                ///< weights sum to 1: means, not integrals
  std::array<Nodes, nodes> from_0;    ///< row k: integral from 0 to z_k
  Nodes to_upper{}, lower_row{};      ///< integral from 0 to 1; value at -1
  std::array<Nodes, nodes> spectrum;  ///< row n: n-th Legendre coefficient

  PanelRule();

  static constexpr std::size_t mirrored(std::size_t j) { return nodes - 1 - j; }
  static Nodes mirror(const Nodes& v) {
    Nodes flipped;
    for (std::size_t j = 0; j < nodes; ++j) flipped[j] = v[mirrored(j)];
    return flipped;
  }
  static double paired_sum(const Nodes& row, const Nodes& v) {
    double sum = 0;
    for (std::size_t j = nodes / 2; j < nodes; ++j) sum += row[j] * v[j] + row[mirrored(j)] * v[mirrored(j)];
    return sum;
  }

  /// The polynomial through v at -1 and at 1.
  [[nodiscard]] double lower_value(const Nodes& v) const {
    double value = 0;
    for (std::size_t j = 0; j < nodes; ++j) value += lower_row[j] * v[j];
    return value;
  }
  [[nodiscard]] double upper_value(const Nodes& v) const {
    double value = 0;
    for (std::size_t j = 0; j < nodes; ++j) value += lower_row[mirrored(j)] * v[j];
    return value;
  }
  /// Size of the last two Legendre coefficients of v.
  [[nodiscard]] double tail(const Nodes& v) const {
    return std::abs(paired_sum(spectrum[nodes - 2], v)) + std::abs(paired_sum(spectrum[nodes - 1], v));
  }

 private:
  [[nodiscard]] Nodes integral_row(double to) const;
};

}  // namespace fokker
