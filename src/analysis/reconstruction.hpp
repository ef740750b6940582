#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "fokker/grid/grid.hpp"

/// p inside cells, from cell averages: what moments, expectations and probabilities are taken of.
namespace fokker {

/// Integrals over a cell of unit widths, z from its centre, of g times 1, z_k, (z_k^2 - 1/12)/2 and z_0 z_1.
struct CellMoments {
  double one = 0, mixed = 0;
  std::array<double, 2> first{}, second{};

  void add(double g, double x, double y) {
    one += g;
    first[0] += g * x;
    first[1] += g * y;
    second[0] += g * (x * x - 1. / 12) / 2;
    second[1] += g * (y * y - 1. / 12) / 2;
    mixed += g * x * y;
  }
};

/// Inside a cell, in units of its widths and from its centre,
///   p = mean + slope . z + curvature_k (z_k^2 - 1/12) / 2 + twist z_0 z_1,    |z_k| <= 1/2,
/// whose average is `mean` and whose averages over the stencil of each axis are those of the neighbours.
struct Parabola {
  double mean = 0, twist = 0;
  std::array<double, 2> slope{}, curvature{};

  [[nodiscard]] double at(double x, double y) const {
    return mean + slope[0] * x + slope[1] * y + curvature[0] * (x * x - 1. / 12) / 2 +
           curvature[1] * (y * y - 1. / 12) / 2 + twist * x * y;
  }
  [[nodiscard]] double integral(const CellMoments& g) const {
    return mean * g.one + slope[0] * g.first[0] + slope[1] * g.first[1] + curvature[0] * g.second[0] +
           curvature[1] * g.second[1] + twist * g.mixed;
  }
  /// Drawn towards its average as far as it may be negative (Zhang and Shu 2010); as it is where it cannot be, or
  /// where the average is negative.
  [[nodiscard]] Parabola not_negative() const;
};

inline Parabola Parabola::not_negative() const {
  const auto least = [this](std::size_t k) {
    const double s = slope[k], c = curvature[k];
    const double at_ends = c / 12 - std::abs(s) / 2;
    return c > 0 && std::abs(s) < c / 2 ? -s * s / (2 * c) - c / 24 : at_ends;
  };
  const double lowest = mean + least(0) + least(1) - std::abs(twist) / 4;
  if (lowest >= 0 || !(mean >= 0)) return *this;
  const double part = mean / (mean - lowest);
  return {mean, part * twist, {part * slope[0], part * slope[1]}, {part * curvature[0], part * curvature[1]}};
}

/// Slope and curvature of a cell from the averages of three cells of its line.
struct Stencil {
  std::array<Index, 3> cell{};
  std::array<double, 3> slope{}, curvature{};
};

[[nodiscard]] inline Stencil stencil(const Axis& axis, Index i) {
  const Index n = axis.cells;
  if (n == 1) return {};
  if (axis.periodic()) return {{(i + n - 1) % n, i, (i + 1) % n}, {-0.5, 0, 0.5}, {1, -2, 1}};
  if (n == 2) return {{0, 1, 1}, {-1, 1, 0}, {}};
  if (i == 0) return {{0, 1, 2}, {-1.5, 2, -0.5}, {1, -2, 1}};
  if (i == n - 1) return {{n - 3, n - 2, n - 1}, {0.5, -2, 1.5}, {1, -2, 1}};
  return {{i - 1, i, i + 1}, {-0.5, 0, 0.5}, {1, -2, 1}};
}

class Reconstruction {
 public:
  /// Both are borrowed; without `p` it knows weights alone.
  Reconstruction(const Grid& grid, std::span<const double> p) : grid_(grid), p_(p) {}

  [[nodiscard]] Parabola operator()(Index i, Index j) const {
    Parabola cell{.mean = value(i, j)};
    const Stencil x = stencil(grid_.axis(0), i);
    for (std::size_t a = 0; a < 3; ++a) {
      cell.slope[0] += x.slope[a] * value(x.cell[a], j);
      cell.curvature[0] += x.curvature[a] * value(x.cell[a], j);
    }
    if (grid_.dimension() == 1) return cell;
    const Stencil y = stencil(grid_.axis(1), j);
    for (std::size_t b = 0; b < 3; ++b) {
      cell.slope[1] += y.slope[b] * value(i, y.cell[b]);
      cell.curvature[1] += y.curvature[b] * value(i, y.cell[b]);
      for (std::size_t a = 0; a < 3; ++a) cell.twist += x.slope[a] * y.slope[b] * value(x.cell[a], y.cell[b]);
    }
    return cell;
  }
  /// What g adds to the weights of the cells in int g p dx / volume: the parabola of cell (i, j) by its neighbours.
  void add_weights(Index i, Index j, const CellMoments& g, std::span<double> weights) const {
    const auto add = [&](Index column, Index row, double value) { weights[column + grid_.nx() * row] += value; };
    const Stencil x = stencil(grid_.axis(0), i);
    add(i, j, g.one);
    for (std::size_t a = 0; a < 3; ++a) add(x.cell[a], j, x.slope[a] * g.first[0] + x.curvature[a] * g.second[0]);
    if (grid_.dimension() == 1) return;
    const Stencil y = stencil(grid_.axis(1), j);
    for (std::size_t b = 0; b < 3; ++b) {
      add(i, y.cell[b], y.slope[b] * g.first[1] + y.curvature[b] * g.second[1]);
      for (std::size_t a = 0; a < 3; ++a) add(x.cell[a], y.cell[b], x.slope[a] * y.slope[b] * g.mixed);
    }
  }

 private:
  [[nodiscard]] double value(Index i, Index j) const { return p_[i + grid_.nx() * j]; }

  const Grid& grid_;
  std::span<const double> p_;
};

}  // namespace fokker
