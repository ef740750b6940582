#include "ending.hpp"

#include <algorithm>
#include <cmath>

namespace fokker {
namespace {

struct Spread {
  double mean = 0, variance = 0;
};

Spread spread_of(const Axis& axis, const std::vector<double>& masses) {
  Spread spread;
  double mass = 0;
  for (Index i = 0; i < axis.cells; ++i) {
    mass += masses[static_cast<std::size_t>(i)];
    spread.mean += masses[static_cast<std::size_t>(i)] * axis.center(i);
  }
  spread.mean /= mass;
  for (Index i = 0; i < axis.cells; ++i)
    spread.variance += masses[static_cast<std::size_t>(i)] * std::pow(axis.center(i) - spread.mean, 2) / mass;
  return spread;
}

}  // namespace

std::vector<double> masses_along(const Grid& grid, std::size_t axis, const Field& p) {
  std::vector<double> masses(static_cast<std::size_t>(axis == 0 ? grid.nx() : grid.ny()), 0.0);
  for (Index j = 0; j < grid.ny(); ++j)
    for (Index i = 0; i < grid.nx(); ++i)
      masses[static_cast<std::size_t>(axis == 0 ? i : j)] += std::abs(p.values[i + grid.nx() * j]) * grid.volume();
  return masses;
}

Ending::Ending(const Axis& axis, int side, const std::vector<double>& masses) {
  const auto within = [&](Index from, Index to) {
    double sum = 0;
    for (Index n = from; n < std::min(to, axis.cells); ++n)
      sum += masses[static_cast<std::size_t>(side == 0 ? n : axis.cells - 1 - n)];
    return sum;
  };
  const Spread spread = spread_of(axis, masses);
  variance_ = spread.variance;
  half_ = 0.5 * (axis.upper - axis.lower);
  distance_ = std::abs((side == 0 ? axis.lower : axis.upper) - spread.mean);
  const Index unit = std::max<Index>(1, std::lround(std::min(distance_ / 32, half_ / 32) / axis.width()));
  layer = std::min(std::max<Index>(2, unit), axis.cells);
  mass = within(0, layer);
  for (const Index from : {0, 4}) {
    const double outer = within(from * unit, (from + 2) * unit), inner = within((from + 2) * unit, (from + 4) * unit),
                 length = static_cast<double>(unit) * axis.width(),
                 near = distance_ - static_cast<double>(from + 1) * length, nearer = near - 2 * length;
    if (outer > 0 && nearer > 0) power = std::max(power, std::log(inner / outer) / std::log(near / nearer));
  }
  const double width = static_cast<double>(layer) * axis.width();
  density_ = mass / width * std::pow(std::max(0.0, 1 - 0.5 * width / distance_), power);
}

double Ending::moment(int k) const {
  return density_ * std::pow(distance_, k + 1) / std::max(power - k - 1, least_excess);
}

double Ending::variance() const { return variance_ > 0 ? moment(2) / variance_ : 0; }

double Ending::added() const {
  const double excess = power - 3, scale = 1 + half_ / distance_,
               share = std::abs(excess) < 1e-6 ? std::log(scale) : (1 - std::pow(scale, -excess)) / excess;
  return variance_ > 0 ? density_ * std::pow(distance_, 3) * share / variance_ : 0;
}

}  // namespace fokker
