#include "fokker/analysis/score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fokker {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// Cells of one line of the grid, wrapped where the axis is periodic.
struct Line {
  const Axis& axis;
  Index first, stride;
  /// The cell `step` cells on from cell i; -1 beyond a wall.
  [[nodiscard]] Index at(Index i, Index step) const {
    const Index n = axis.cells;
    Index k = i + step;
    if (axis.periodic()) k = ((k % n) + n) % n;
    return k >= 0 && k < n ? first + k * stride : -1;
  }
};

template <class Visit>
void for_lines(const Grid& grid, int axis, const Visit& visit) {
  const Index lines = axis == 0 ? grid.ny() : grid.nx();
  for (Index line = 0; line < lines; ++line)
    visit(axis == 0 ? Line{grid.axis(0), line * grid.nx(), 1} : Line{grid.axis(1), line, grid.nx()});
}

/// log p at the centres, from logs of averages.
std::vector<double> central_logs(const Grid& grid, std::span<const double> p) {
  std::vector<double> average(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) average[i] = p[i] > 0 ? std::log(p[i]) : nothing;
  std::vector<double> centre = average;
  for (int axis = 0; axis < grid.dimension(); ++axis)
    for_lines(grid, axis, [&](const Line& line) {
      for (Index i = 0; i < line.axis.cells; ++i) {
        const Index here = line.at(i, 0), before = line.at(i, -1), after = line.at(i, 1);
        if (before < 0 || after < 0) continue;
        const double low = average[before], high = average[after], slope = 0.5 * (high - low);
        const double correction = (low - 2 * average[here] + high + slope * slope) / 24;
        if (std::isfinite(correction)) centre[here] -= correction;
      }
    });
  return centre;
}

double slope_at(const Line& line, Index i, const std::vector<double>& f) {
  const auto value = [&](Index step) {
    const Index cell = line.at(i, step);
    return cell < 0 ? nothing : f[cell];
  };
  const double h = line.axis.width();
  if (!std::isfinite(value(0))) return nothing;
  const double wide = (8 * (value(1) - value(-1)) - (value(2) - value(-2))) / (12 * h);
  if (std::isfinite(wide)) return wide;
  const double near = (value(1) - value(-1)) / (2 * h);
  if (std::isfinite(near)) return near;
  if (line.at(i, -1) < 0) return (4 * value(1) - 3 * value(0) - value(2)) / (2 * h);
  if (line.at(i, 1) < 0) return (3 * value(0) - 4 * value(-1) + value(-2)) / (2 * h);
  return nothing;
}

}  // namespace

void score_field(const Grid& grid, std::span<const double> p, double* sx, double* sy) {
  const std::vector<double> logs = central_logs(grid, p);
  for (int axis = 0; axis < grid.dimension(); ++axis)
    for_lines(grid, axis, [&](const Line& line) {
      for (Index i = 0; i < line.axis.cells; ++i) (axis == 0 ? sx : sy)[line.at(i, 0)] = slope_at(line, i, logs);
    });
}

std::vector<double> carried_by_doubles(std::span<const double> p) {
  const double least = std::numeric_limits<double>::epsilon() * *std::max_element(p.begin(), p.end());
  std::vector<double> mask(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) mask[i] = p[i] > least ? 1 : 0;
  return mask;
}

double fisher_divergence(const Grid& grid, std::span<const double> p, const double* exact_x, const double* exact_y) {
  std::vector<double> sx(p.size()), sy(grid.dimension() > 1 ? p.size() : 0);
  score_field(grid, p, sx.data(), sy.data());
  const std::vector<double> mask = carried_by_doubles(p);
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (mask[i] == 0 || !std::isfinite(sx[i]) || (exact_y != nullptr && !std::isfinite(sy[i]))) continue;
    const double dx = sx[i] - exact_x[i], dy = exact_y != nullptr ? sy[i] - exact_y[i] : 0;
    sum += p[i] * (dx * dx + dy * dy);
  }
  return 0.5 * grid.volume() * sum;
}

std::optional<std::vector<double>> entropy_production(const Grid& grid, const Sde& sde, double t,
                                                      std::span<const double> p, const double* Jx, const double* Jy) {
  const bool plane = grid.dimension() > 1;
  std::vector<double> xx(p.size()), xy(plane ? p.size() : 0), yy(plane ? p.size() : 0), out(p.size());
  sde.diffusion(grid.centers(), t, {xx.data(), xy.data(), yy.data()});
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double det = plane ? xx[i] * yy[i] - xy[i] * xy[i] : xx[i];
    if (!(det > 1e-14 * (plane ? xx[i] * yy[i] : 0))) return std::nullopt;
    const double work =
        plane ? (yy[i] * Jx[i] * Jx[i] - 2 * xy[i] * Jx[i] * Jy[i] + xx[i] * Jy[i] * Jy[i]) / det : Jx[i] * Jx[i] / det;
    out[i] = p[i] > 0 ? work / p[i] : 0;
  }
  return out;
}

}  // namespace fokker
