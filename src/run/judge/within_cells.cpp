#include "within_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "cell_looks.hpp"

namespace fokker {
namespace {

constexpr Index most_cells = 256, samples = 8;
constexpr double worth_saying = 0.02;  // of the mean velocity
constexpr double stagnant = 1e-3;      // of the mean square of the drift: where it is less, it counts as that

/// Columns of points in the box, and coefficients there.
struct Points {
  std::array<std::vector<double>, 2> x, f;
  std::array<std::vector<double>, 3> D;

  [[nodiscard]] Index size() const { return static_cast<Index>(x[0].size()); }
  void evaluate(const Sde& sde, int dimension, double t) {
    for (auto& column : f) column.resize(x[0].size());
    for (auto& column : D) column.resize(x[0].size());
    const bool plane = dimension > 1;
    const PointsIn points{size(), dimension, {x[0].data(), plane ? x[1].data() : nullptr}};
    sde.drift(points, t, {{f[0].data(), plane ? f[1].data() : nullptr}});
    sde.diffusion(points, t, {D[0].data(), plane ? D[1].data() : nullptr, plane ? D[2].data() : nullptr});
  }
};

/// Along one axis through the centres of cells: per cell its centre, the two centres beside it that a parabola goes
/// through (moved inwards at walls), then samples.
Points points_along(const Grid& grid, int axis, std::span<const Index> cells) {
  Points points;
  const Axis& along = grid.axis(axis);
  const double h = along.width();
  const PointsIn centers = grid.centers();
  for (const Index cell : cells) {
    const double centre = centers.axis[axis][cell];
    const auto add = [&](double x) {
      for (int other = 0; other < grid.dimension(); ++other)
        points.x[other].push_back(other == axis ? x : centers.axis[other][cell]);
    };
    const double middle = std::clamp(centre, along.lower + 1.5 * h, std::max(along.lower, along.upper - 1.5 * h));
    for (const double x : {middle - h, middle, middle + h}) add(x);
    for (Index k = 0; k < samples; ++k) add(centre + h * ((static_cast<double>(k) + 0.5) / samples - 0.5));
  }
  return points;
}

/// Mean square of f less the parabola through its first three values, over the samples of a cell.
double square_of_rest(const double* x, const double* f, double h) {
  const double slope = (f[2] - f[0]) / (2 * h), bend = (f[2] - 2 * f[1] + f[0]) / (2 * h * h);
  double sum = 0;
  for (Index k = 0; k < samples; ++k) {
    const double u = x[3 + k] - x[1], rest = f[3 + k] - (f[1] + u * (slope + u * bend));
    sum += rest * rest;
  }
  return sum / samples;
}

struct Unseen {
  double part = 0;   ///< of the mean velocity
  double rest = 0;   ///< rms of what is not seen [x/t]
  double speed = 0;  ///< rms of the drift [x/t]
};

Unseen unseen_along(const Setup& setup, int axis, double t, std::span<const double> p, std::span<const Index> cells) {
  constexpr Index stride = 3 + samples;
  const double h = setup.grid->axis(axis).width();
  Points points = points_along(*setup.grid, axis, cells);
  points.evaluate(*setup.sde, setup.grid->dimension(), t);
  const double *x = points.x[axis].data(), *f = points.f[axis].data(), *D = points.D[2 * axis].data();
  double mass = 0, square = 0, rest = 0;
  for (std::size_t k = 0; k < cells.size(); ++k) {
    mass += p[cells[k]];
    for (Index n = 0; n < samples; ++n) square += p[cells[k]] * f[stride * k + 3 + n] * f[stride * k + 3 + n] / samples;
  }
  square /= mass;
  Unseen found{.speed = std::sqrt(square)};
  for (std::size_t k = 0; k < cells.size(); ++k) {
    const double weight = p[cells[k]] / mass;
    const Index first = stride * k;
    const double unseen = square_of_rest(x + first, f + first, h), spread = 2 * std::numbers::pi * D[first + 1] / h;
    const double own = std::max(f[first + 1] * f[first + 1], stagnant * square);
    if (unseen > 0) found.part += weight * unseen / (own + spread * spread);
    rest += weight * unseen;
  }
  found.rest = std::sqrt(rest);
  return found;
}

}  // namespace

std::string structure_within_cells(const Setup& setup, double t, std::span<const double> p) {
  const std::vector<Index> cells = cells_with_mass(p, most_cells);
  if (cells.empty()) return "";
  std::string text;
  for (int axis = 0; axis < setup.grid->dimension(); ++axis) {
    if (setup.grid->axis(axis).cells < 4) continue;
    const Unseen found = unseen_along(setup, axis, t, p, cells);
    if (!(found.part > worth_saying)) continue;
    const std::string& name = setup.grid->axis(axis).name;
    text += fmt::format(
        "{}the drift along {} changes within cells, by {:.2g} of its {:.2g} (root mean squares over p), and no flux "
        "sees "
        "that: "
        "the mean velocity is expected to be off by {:.2g} of itself or more; take axis.{}.cells so that each wave of "
        "it "
        "has at least 8",
        text.empty() ? "sde: " : "; ", name, found.rest, found.speed, std::min(1.0, found.part), name);
  }
  return text;
}

}  // namespace fokker
