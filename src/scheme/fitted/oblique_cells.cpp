#include "oblique_cells.hpp"

#include <cmath>
#include <cstdint>

#include "fokker/base/parallel.hpp"

namespace fokker {
namespace {

constexpr int lines = 4;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double aslant = 1e-6;  // relative difference between the lines through a cell
using Means = std::array<double, 2>;

class Averages {
 public:
  Averages(const Grid& grid, const Sde& sde, double power, double t) : grid_(grid), sde_(sde), power_(power), t_(t) {}

  /// Means of D_kk^power over a cell that breaks cross along x, along y or both; NaN where all lines are alike.
  Means of(Index cell, bool along_x, bool along_y) const {
    std::array<Lines, 2> all;
    if (along_x) all[0] = through(cell, 0);
    if (along_y) all[1] = through(cell, 1);
    if (!all[0].differ(all[1])) return {nan, nan};
    const double count = (along_x ? lines : 0) + (along_y ? lines : 0);
    return {(all[0].sum[0] + all[1].sum[0]) / count, (all[0].sum[1] + all[1].sum[1]) / count};
  }

 private:
  struct Lines {
    Means sum{}, least{INFINITY, INFINITY}, most{};
    [[nodiscard]] bool differ(const Lines& other) const {
      const auto apart = [&](std::size_t k) {
        const double high = std::max(most[k], other.most[k]);
        return high - std::min(least[k], other.least[k]) > aslant * high;
      };
      return apart(0) || apart(1);
    }
  };

  Lines through(Index cell, int axis) const {
    const Axis &own = grid_.axis(axis), &other = grid_.axis(1 - axis);
    const Index x = cell % grid_.nx(), y = cell / grid_.nx(), i = axis == 0 ? x : y, j = axis == 0 ? y : x;
    Lines found;
    for (int n = 0; n < lines; ++n) {
      const double across = other.face(j) + (n + 0.5) / lines * other.width();
      const Means mean = along(axis, own.face(i), own.face(i + 1), across);
      for (std::size_t k = 0; k < 2; ++k) {
        found.sum[k] += mean[k];
        found.least[k] = std::min(found.least[k], mean[k]);
        found.most[k] = std::max(found.most[k], mean[k]);
      }
    }
    return found;
  }

  Means along(int axis, double lower, double upper, double across) const {
    static constexpr std::array node{-0.7745966692414834, 0.0, 0.7745966692414834},
        weight{5.0 / 18, 8.0 / 18, 5.0 / 18};
    std::vector<double> cuts;
    sde_.breakpoints({axis, across, lower, upper, 1}, t_, cuts);
    cuts.push_back(upper);
    Means mean{};
    double from = lower;
    for (const double to : cuts) {
      if (!(to > from)) continue;
      double x[3], y[3] = {across, across, across}, D[3][3];
      for (std::size_t g = 0; g < 3; ++g) x[g] = from + (to - from) * (0.5 + node[g] / 2);
      sde_.diffusion({3, 2, {axis == 0 ? x : y, axis == 0 ? y : x}}, t_, {D[0], D[1], D[2]});
      for (std::size_t k = 0; k < 2; ++k)
        for (std::size_t g = 0; g < 3; ++g)
          mean[k] += (to - from) / (upper - lower) * weight[g] * std::pow(D[2 * k][g], power_);
      from = to;
    }
    return mean;
  }

  const Grid& grid_;
  const Sde& sde_;
  double power_, t_;
};

}  // namespace

std::array<std::vector<double>, 2> oblique_cells(const Grid& grid, const Sde& sde, double reading, double t,
                                                 const std::vector<AxisFluxes>& axes) {
  std::vector<std::uint8_t> crossed(grid.cells(), 0);  // bit k: by a break along axis k
  std::vector<Index> cells;
  for (int k = 0; k < 2; ++k) {
    const Axis& axis = grid.axis(k);
    for (Index line = 0; line < grid.axis(1 - k).cells; ++line)
      for (const double point : axes[k].breaks(line)) {
        const auto i = static_cast<Index>(std::floor((point - axis.lower) / axis.width()));
        if (i < 0 || i >= axis.cells) continue;
        const Index cell = k == 0 ? i + grid.nx() * line : line + grid.nx() * i;
        if (crossed[cell] == 0) cells.push_back(cell);
        crossed[cell] |= static_cast<std::uint8_t>(k == 0 ? 1 : 2);
      }
  }
  if (cells.empty() || reading == 1) return {};
  std::array<std::vector<double>, 2> found{std::vector<double>(grid.cells(), nan),
                                           std::vector<double>(grid.cells(), nan)};
  const Averages averages(grid, sde, reading - 1, t);
  parallel_for(0, static_cast<Index>(cells.size()), 8, [&](Index first, Index last) {
    for (Index n = first; n < last; ++n) {
      const std::uint8_t by = crossed[cells[n]];
      const Means means = averages.of(cells[n], (by & 1) != 0, (by & 2) != 0);
      for (std::size_t k = 0; k < 2; ++k) found[k][cells[n]] = std::log(means[k]);
    }
  });
  return found;
}

}  // namespace fokker
