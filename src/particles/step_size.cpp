#include "fokker/particles/step_size.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace fokker {
namespace {

/// The positions, and the same positions one cell further along each axis (one cell back at the upper wall).
struct Sample {
  Sample(const Grid& grid, const Positions& positions) {
    position.fill({std::vector<double>(positions[0].begin(), positions[0].end()),
                   std::vector<double>(positions[1].begin(), positions[1].end())});
    for (std::size_t k = 0; k < static_cast<std::size_t>(grid.dimension()); ++k) {
      const Axis& axis = grid.axis(static_cast<int>(k));
      for (double& x : position[1 + k][k]) x += x + axis.width() <= axis.upper ? axis.width() : -axis.width();
    }
  }
  std::array<std::array<std::vector<double>, 2>, 3> position;
};

/// f and the diagonal of D at a set of points, component by component.
struct Coefficients {
  std::array<std::vector<double>, 2> f, D;

  Coefficients(const Sde& sde, const std::array<std::vector<double>, 2>& at, double t) {
    const std::size_t n = at[0].size();
    std::vector<double> mixed(n);
    for (auto* columns : {&f, &D})
      for (auto& column : *columns) column.resize(n);
    const PointsIn points{static_cast<Index>(n), sde.dimension(), {at[0].data(), at[1].data()}};
    sde.drift(points, t, {{f[0].data(), f[1].data()}});
    sde.diffusion(points, t, {D[0].data(), mixed.data(), D[1].data()});
  }
  [[nodiscard]] double largest(const std::array<std::vector<double>, 2>& columns) const {
    double value = 0;
    for (const auto& column : columns)
      for (const double entry : column)
        if (std::isfinite(entry)) value = std::max(value, std::abs(entry));
    return value;
  }
};

/// The 99 % quantile of the finite entries.
double usual_maximum(std::vector<double>& rates) {
  std::erase_if(rates, [](double rate) { return !std::isfinite(rate); });
  if (rates.empty()) return 0;
  const auto position = rates.begin() + (std::ssize(rates) - 1) * 99 / 100;
  std::nth_element(rates.begin(), position, rates.end());
  return *position;
}

/// 1/dt that the rules on slopes and lengths ask for at one time.
double rate_at(const Grid& grid, const Sde& sde, const Sample& sample, double bias, double t) {
  const Coefficients here(sde, sample.position[0], t);
  const std::size_t dimension = grid.dimension();
  const std::size_t n = sample.position[0][0].size();
  std::vector<double> slopes(n, 0.0), lengths(n, 0.0);
  for (std::size_t j = 0; j < dimension; ++j) {
    const Coefficients there(sde, sample.position[1 + j], t);
    for (std::size_t i = 0; i < dimension; ++i)
      for (std::size_t s = 0; s < n; ++s) {
        const double distance = sample.position[1 + j][j][s] - sample.position[0][j][s];
        if (distance == 0) continue;
        const double drift_slope = (there.f[i][s] - here.f[i][s]) / distance;
        const double slope = (there.D[i][s] - here.D[i][s]) / distance;
        slopes[s] = std::max(slopes[s], std::abs(drift_slope));
        if (here.D[i][s] > 0) slopes[s] = std::max(slopes[s], slope * slope / here.D[i][s]);
      }
  }
  for (std::size_t i = 0; i < dimension; ++i) {
    const Axis& axis = grid.axis(static_cast<int>(i));
    const double reach = (axis.upper - axis.lower) / 50;
    for (std::size_t s = 0; s < n; ++s)
      lengths[s] = std::max({lengths[s], std::abs(here.f[i][s]) / reach, 2 * here.D[i][s] / (reach * reach)});
  }
  return std::max(usual_maximum(slopes) / bias, usual_maximum(lengths));
}

double relative_change(double before, double after) {
  return before > 0 && after > 0 ? std::abs(std::log(after / before)) : 0;
}

}  // namespace

double particle_step(int order, const Grid& grid, const Sde& sde, const Positions& positions, Index particles, double t,
                     double until, const Prepare& prepare) {
  if (prepare) prepare(t);
  const Sample sample(grid, positions);
  const double allowed = std::min(0.01, 1 / std::sqrt(static_cast<double>(particles)));
  const double bias = order == 1 ? allowed : std::sqrt(2 * allowed);
  double rate = rate_at(grid, sde, sample, bias, t);
  if (!sde.traits().autonomous && until > t) {
    constexpr int instants = 8;
    Coefficients before(sde, sample.position[0], t);
    for (int k = 1; k <= instants; ++k) {
      const double time = t + (until - t) * k / instants, gap = (until - t) / instants;
      if (prepare) prepare(time);
      rate = std::max(rate, rate_at(grid, sde, sample, bias, time));
      Coefficients now(sde, sample.position[0], time);
      for (const double change : {relative_change(before.largest(before.f), now.largest(now.f)),
                                  relative_change(before.largest(before.D), now.largest(now.D))})
        rate = std::max(rate, change / gap / 0.1);
      before = std::move(now);
    }
  }
  return rate > 0 ? 1 / rate : std::numeric_limits<double>::infinity();
}

}  // namespace fokker
