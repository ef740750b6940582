#include "fokker/analysis/other_cells.hpp"

#include <algorithm>
#include <cmath>

#include "fokker/analysis/norms.hpp"

namespace fokker {

std::vector<double> averaged_over(const Axis& from, const std::vector<double>& averages, const Axis& to) {
  const Index n = from.cells;
  const double h = from.width();
  std::vector<double> primitive(static_cast<std::size_t>(n + 1));
  for (Index i = 0; i < n; ++i) primitive[i + 1] = primitive[i] + h * averages[i];
  const auto at = [&](double x) {
    const double place = std::clamp((x - from.lower) / h, 0.0, static_cast<double>(n));
    const double nearest = std::round(place);
    if (std::abs(place - nearest) < 1e-9) return primitive[static_cast<std::size_t>(nearest)];
    const Index cell = std::min<Index>(static_cast<Index>(place), n - 1), points = std::min<Index>(6, n + 1);
    const Index first = std::clamp<Index>(cell - 2, 0, n + 1 - points);
    double sum = 0;
    for (Index k = first; k < first + points; ++k) {
      double weight = 1;
      for (Index m = first; m < first + points; ++m)
        if (m != k) weight *= (place - static_cast<double>(m)) / static_cast<double>(k - m);
      sum += weight * primitive[k];
    }
    const auto [least, most] = std::minmax(primitive[cell], primitive[cell + 1]);
    return std::clamp(sum, least, most);
  };
  std::vector<double> made(static_cast<std::size_t>(to.cells));
  double before = at(to.face(0));
  for (Index i = 0; i < to.cells; ++i) {
    const double behind = at(to.face(i + 1));
    made[i] = (behind - before) / to.width();
    before = behind;
  }
  return made;
}

Field averaged_over(const Field& p, const std::shared_ptr<const Grid>& grid) {
  const std::vector<Axis>& axes = p.grid->axes();
  const Index nx = axes[0].cells, ny = axes.size() > 1 ? axes[1].cells : 1, mx = grid->nx(), my = grid->ny();
  std::vector<double> along_x(static_cast<std::size_t>(mx * ny));
  for (Index j = 0; j < ny; ++j) {
    const std::vector<double> row(p.values.begin() + j * nx, p.values.begin() + (j + 1) * nx);
    const std::vector<double> made = averaged_over(axes[0], row, grid->axis(0));
    std::copy(made.begin(), made.end(), along_x.begin() + j * mx);
  }
  Field field(grid);
  for (Index i = 0; i < mx; ++i) {
    std::vector<double> column(static_cast<std::size_t>(ny));
    for (Index j = 0; j < ny; ++j) column[j] = along_x[i + mx * j];
    if (axes.size() > 1) column = averaged_over(axes[1], column, grid->axis(1));
    for (Index j = 0; j < my; ++j) field.values[i + mx * j] = column[j];
  }
  return field;
}

double distance_of_averages(const Field& p, const Field& q) {
  return norms(*q.grid, averaged_over(p, q.grid).view(), q.view()).l1;
}

bool changes_alike(const Field& p, const Field& coarser, const Field& coarsest, double noise) {
  constexpr double alike = 0.27;
  const Eigen::VectorXd middle = averaged_over(coarser, coarsest.grid).values, change = coarsest.values - middle,
                        finer = middle - averaged_over(p, coarsest.grid).values;
  const double V = coarsest.grid->volume(), size = change.lpNorm<1>() * V, of_finer = finer.lpNorm<1>() * V;
  if (!(of_finer > noise)) return true;  // nothing to tell a shape by
  const double quotient = size / of_finer;
  return (change - quotient * finer).lpNorm<1>() * V <= alike * size + noise * (1 + quotient);
}

}  // namespace fokker
