#include "cell_looks.hpp"

#include <algorithm>
#include <cmath>

#include "fokker/scheme/flux.hpp"

namespace fokker {
namespace {

constexpr Index most_looks = 1024;
constexpr double unlike = 1.5;  // D of neighbours, where D vanishes at a wall: at x^b up to 2.5 b cells from it
constexpr Index by_a_wall = 6;  // cells

/// A cell and its neighbours along the axes: itself where a wall is in the way.
struct Star {
  Index center = 0;
  std::array<std::array<Index, 2>, 2> next{};  // axis, side
};

class Looker {
 public:
  Looker(const Grid& grid, const Sde& sde, double t, std::span<const double> p)
      : grid_(grid), dimension_(grid.dimension()), p_(p) {
    const std::vector<Index> cells = cells_with_mass(p, most_looks);
    stars_.reserve(cells.size());
    for (const Index cell : cells) stars_.push_back(star_of(cell));
    evaluate(sde, t);
  }

  std::vector<CellLook> looks() const {
    std::vector<CellLook> all(stars_.size());
    double mass = 0;
    for (const Star& star : stars_) mass += at(star.center);
    for (std::size_t k = 0; k < stars_.size(); ++k) {
      all[k].weight = at(stars_[k].center) / mass;
      look(k, all[k]);
    }
    return all;
  }

 private:
  [[nodiscard]] double at(Index cell) const { return p_[cell]; }
  [[nodiscard]] std::size_t points() const { return 1 + 2 * static_cast<std::size_t>(dimension_); }

  [[nodiscard]] Index neighbour(Index cell, int axis, int side) const {
    const Index nx = grid_.nx(), cells = grid_.axis(axis).cells, stride = axis == 0 ? 1 : nx;
    const Index i = axis == 0 ? cell % nx : cell / nx, to = i + (side == 0 ? -1 : 1);
    if (to >= 0 && to < cells) return cell + (to - i) * stride;
    if (!grid_.axis(axis).periodic()) return cell;
    return cell + ((to + cells) % cells - i) * stride;
  }

  [[nodiscard]] Star star_of(Index cell) const {
    Star star{cell, {}};
    for (int axis = 0; axis < dimension_; ++axis)
      for (int side = 0; side < 2; ++side) star.next[axis][side] = neighbour(cell, axis, side);
    return star;
  }

  /// f and D at all points of all stars: center, then lower and upper neighbour along each axis.
  void evaluate(const Sde& sde, double t) {
    const PointsIn centers = grid_.centers();
    const std::size_t n = stars_.size() * points();
    std::array<std::vector<double>, 2> x;
    for (int axis = 0; axis < dimension_; ++axis) {
      std::vector<double>& column = x[axis];
      column.reserve(n);
      const double* const from = centers.axis[axis];
      for (const Star& star : stars_) {
        column.push_back(from[star.center]);
        for (int other = 0; other < dimension_; ++other)
          for (const Index cell : star.next[other]) column.push_back(from[cell]);
      }
    }
    for (auto& column : f_) column.resize(n);
    for (auto& column : D_) column.resize(n);
    const PointsIn points{static_cast<Index>(n), dimension_, {x[0].data(), dimension_ > 1 ? x[1].data() : nullptr}};
    sde.drift(points, t, {{f_[0].data(), dimension_ > 1 ? f_[1].data() : nullptr}});
    sde.diffusion(points, t,
                  {D_[0].data(), dimension_ > 1 ? D_[1].data() : nullptr, dimension_ > 1 ? D_[2].data() : nullptr});
    x_ = std::move(x);
  }

  void look(std::size_t k, CellLook& out) const {
    const Star& star = stars_[k];
    const std::size_t first = k * points();
    const double p = at(star.center);
    for (int i = 0; i < dimension_; ++i) {
      const std::size_t axis = i;
      out.x[axis] = x_[axis][first];
      out.drift[axis] = f_[axis][first];
    }
    out.diffusion = {D_[0][first], D_[1][first], D_[2][first]};
    for (std::size_t i = 0; i < 2; ++i) out.advection[i] = out.velocity[i] = out.drift[i];
    for (int m = 0; m < dimension_; ++m) along(star, first, m, p, out);
    if (dimension_ > 1) out.curvature[1] = mixed_difference(star) / p;
    out.inner = is_inner(star.center);
  }

  /// What differences along axis m tell.
  void along(const Star& star, std::size_t first, int m, double p, CellLook& out) const {
    const std::size_t axis = m;
    const Index lower = star.next[axis][0], upper = star.next[axis][1];
    const std::size_t at_lower = first + 1 + 2 * axis, at_upper = at_lower + 1;
    const double h = grid_.axis(m).width();
    const double span = h * ((lower != star.center ? 1 : 0) + (upper != star.center ? 1 : 0));
    const auto slope = [&](const std::vector<double>& column) { return (column[at_upper] - column[at_lower]) / span; };
    for (int i = 0; i < dimension_; ++i) out.drift_slope[i][axis] = slope(f_[i]);
    const std::size_t own = 2 * axis;  // D_mm
    out.uneven[axis] = !smooth(D_[own], first, at_lower, at_upper);
    if (!out.uneven[axis]) out.advection[axis] -= slope(D_[own]);
    out.velocity[axis] -= D_[own][first] * log_slope(star, axis, first, h, &D_[own]);
    if (dimension_ > 1) {
      out.advection[1 - axis] -= slope(D_[1]);
      out.velocity[1 - axis] -= slope(D_[1]) + D_[1][first] * log_slope(star, axis, first, h, nullptr);
    }
    out.curvature[own] = (at(lower) - 2 * p + at(upper)) / (p * h * h);
    out.fades[axis] = fades(star.center, m, D_[own][first], D_[own][at_lower], D_[own][at_upper]);
  }

  [[nodiscard]] bool fades(Index cell, int m, double here, double lower, double upper) const {
    const Axis& axis = grid_.axis(m);
    if (axis.periodic()) return false;
    const Index i = m == 0 ? cell % grid_.nx() : cell / grid_.nx();
    return (i < by_a_wall && upper > unlike * here) || (i >= axis.cells - by_a_wall && lower > unlike * here);
  }

  /// Whether D changes little enough from cell to cell for its slope to be a velocity; beyond, weights carry it.
  static bool smooth(const std::vector<double>& D, std::size_t center, std::size_t lower, std::size_t upper) {
    const auto [least, most] = std::minmax({D[center], D[lower], D[upper]});
    return most <= smooth_ratio * least;
  }

  /// d log(factor p) / dx along an axis: exact where the product is an exponential, whatever its steepness, and so 0
  /// current for the stationary distribution of a coarse grid. A neighbour with a product of 0 does not count.
  [[nodiscard]] double log_slope(const Star& star, std::size_t axis, std::size_t first, double h,
                                 const std::vector<double>* factor) const {
    const auto value = [&](Index cell, std::size_t point) { return factor ? (*factor)[point] * at(cell) : at(cell); };
    const double here = value(star.center, first);
    double sum = 0;
    int sides = 0;
    for (std::size_t side = 0; side < 2; ++side) {
      const Index cell = star.next[axis][side];
      const double there = value(cell, first + 1 + 2 * axis + side);
      if (cell == star.center || !(there > 0) || !(here > 0)) continue;
      sum += (side == 0 ? -1 : 1) * std::log(there / here);
      ++sides;
    }
    return sides > 0 ? sum / (sides * h) : 0;
  }

  /// d^2 p / dx dy.
  [[nodiscard]] double mixed_difference(const Star& star) const {
    double sum = 0;
    for (int side = 0; side < 2; ++side) {
      const Index row = star.next[1][side];
      sum += (side == 0 ? -1 : 1) * (at(neighbour(row, 0, 1)) - at(neighbour(row, 0, 0)));
    }
    return sum / (4 * grid_.axis(0).width() * grid_.axis(1).width());
  }

  [[nodiscard]] bool is_inner(Index cell) const {
    const auto inner = [](const Axis& axis, Index i) { return axis.periodic() || (i >= 2 && i < axis.cells - 2); };
    return inner(grid_.axis(0), cell % grid_.nx()) && (dimension_ == 1 || inner(grid_.axis(1), cell / grid_.nx()));
  }

  const Grid& grid_;
  int dimension_;
  std::span<const double> p_;
  std::vector<Star> stars_;
  std::array<std::vector<double>, 2> x_, f_;
  std::array<std::vector<double>, 3> D_;
};

}  // namespace

// Those with more than a hundredth of the mean density: the others hold less than a hundredth of the mass.
std::vector<Index> cells_with_mass(std::span<const double> p, Index most) {
  double sum = 0;
  for (const double value : p) sum += std::max(value, 0.0);
  std::vector<Index> cells;
  const double least = 0.01 * sum / static_cast<double>(p.size());
  for (std::size_t cell = 0; cell < p.size(); ++cell)
    if (p[cell] > least) cells.push_back(static_cast<Index>(cell));
  const Index every = (static_cast<Index>(cells.size()) + most - 1) / most;
  if (every > 1) {
    std::size_t kept = 0;
    for (std::size_t k = 0; k < cells.size(); k += static_cast<std::size_t>(every)) cells[kept++] = cells[k];
    cells.resize(kept);
  }
  return cells;
}

std::vector<CellLook> look_at_cells(const Grid& grid, const Sde& sde, double t, std::span<const double> p) {
  return Looker(grid, sde, t, p).looks();
}

}  // namespace fokker
