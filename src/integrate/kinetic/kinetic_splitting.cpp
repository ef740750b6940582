#include "kinetic_splitting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "fokker/base/parallel.hpp"
#include "fokker/integrate/kinetic.hpp"

namespace fokker {

KineticSplitting::KineticSplitting(const Operator& op, const CanonicalFlow& flow, bool keep)
    : op_(op), flow_(flow), space_(flow, keep) {}

void KineticSplitting::aim(const Aim& aim) {
  tolerance_ = aim.tolerance;
  halves_ = aim.controlled;
  if (halves_) whole_.resize(op_.cells());
}

void KineticSplitting::advance(const Advance& step) {
  const double t = step.t, h = step.h;
  const std::size_t cells = op_.cells();
  if (step.start != Start::again) tried_ = false;
  const long before = space_.sweeps();
  std::copy(step.p.begin() + op_.cells(), step.p.end(), step.next.begin() + op_.cells());
  space_.load(step.p);
  if (halves_) {
    whole(t, h);
    space_.store(whole_);
    space_.load(step.p);
    static_cast<void>(space_.take_blocked());
    space_.hamilton(t, h / 4);
    space_.thermostat(t, h / 2);
    space_.hamilton(t + h / 4, h / 2);
    space_.thermostat(t + h / 2, h / 2);
    space_.hamilton(t + 3 * h / 4, h / 4);
  } else {
    whole(t, h);
  }
  space_.store(step.next.first(cells));
  evaluations_ += space_.sweeps() - before;
  if (!halves_) refuse_walls(step);
}

void KineticSplitting::whole(double t, double h) {
  space_.hamilton(t, h / 2);
  space_.thermostat(t, h);
  space_.hamilton(t + h / 2, h / 2);
}

double KineticSplitting::error(const Advance& step) {
  constexpr double most = 1e-3;     // beyond, steps are too long for their estimates to say anything about their order
  constexpr double halved = 0.5;    // steps that have crept to half the longest one
  constexpr double near = 2;        // tolerances: a pulse is not to be mistaken for what the last step left
  constexpr double forgets = 0.95;  // what was not resolved once is to be found again
  const double difference = op_.cell_volume() / 3 * ordered_sum(0, op_.cells(), 4096, [&](Index first, Index last) {
                              double sum = 0;
                              for (Index i = first; i < last; ++i) sum += std::abs(step.next[i] - whole_[i]);
                              return sum;
                            });
  auto& [unresolved, length, before] = memory_;
  const double ratio = step.h / length, cube = ratio * ratio * ratio;
  const bool again = std::exchange(tried_, true), compared = ratio < (again ? 1 : halved);
  if (length > 0 && compared && difference > before * ratio && difference < (again ? most : near * tolerance_))
    unresolved = std::clamp((difference - cube * before) / (1 - cube), 0.0, difference);
  if (compared || !(ratio < 1)) {
    length = step.h;
    before = difference;
  }
  const double error = std::max(difference - unresolved, 0.01 * difference);
  if (error > tolerance_) return error;
  refuse_walls(step);
  unresolved *= forgets;
  return error;
}

/// The tolerance is for what stands beside a wall. More may run against it on the way: shears go to and fro, and at
/// rest as much comes back.
void KineticSplitting::refuse_walls(const Advance& step) {
  constexpr double to_and_fro = 10;
  const kinetic::Blocked blocked = space_.take_blocked();
  for (const int axis : {flow_.position(), flow_.velocity()}) {
    const double ran = axis == flow_.position() ? blocked.position : blocked.velocity;
    const double beside = mass_beside_wall(grid(), step.next, axis, 0) + mass_beside_wall(grid(), step.next, axis, 1);
    const double mass = std::max(beside, ran / to_and_fro);
    const double allowed = walls_ * tolerance_;
    if (!(mass > allowed)) continue;
    const std::string& name = grid().axis(axis).name;
    throw NumericalError(
        fmt::format("kinetic_splitting: {:.2g} of the mass has come to the walls of {}, more than {}time.tolerance = "
                    "{:.2g}, and shears know no walls: widen axis.{}.range{}",
                    mass, name, walls_ > 1 ? fmt::format("{} times ", walls_) : "", tolerance_, name,
                    walls_ > 1 ? "" : ", or take time.stepper = \"auto\""),
        step.t);
  }
}

namespace {

/// Along an axis: calls line(first cell, distance between cells, cells) for every line of cells.
template <class Line>
void each_line(const Grid& grid, int k, const Line& line) {
  const Index n = grid.axis(k).cells, lines = grid.cells() / n, stride = k == 0 ? 1 : grid.nx();
  for (Index m = 0; m < lines; ++m) line(k == 0 ? m * n : m, stride, n);
}

/// The neighbours of a cell on a line or a ring; at a wall the cell itself, so that nothing passes.
double above(std::span<const double> u, std::size_t i, bool ring) {
  return i + 1 < u.size() ? u[i + 1] : ring ? u.front() : u[i];
}
double below(std::span<const double> u, std::size_t i, bool ring) { return i > 0 ? u[i - 1] : ring ? u.back() : u[i]; }

/// x with (x_{i-1} + 22 x_i + x_{i+1})/24 = b, by relaxation: an error shrinks twelvefold at a time.
void sharpen(std::span<const double> b, std::span<double> x, std::span<double> scratch, bool ring) {
  constexpr int sweeps = 18;
  std::copy(b.begin(), b.end(), x.begin());
  for (int k = 0; k < sweeps; ++k) {
    for (std::size_t i = 0; i < b.size(); ++i)
      scratch[i] = b[i] - (below(x, i, ring) - 2 * x[i] + above(x, i, ring)) / 24;
    std::copy(scratch.begin(), scratch.end(), x.begin());
  }
}

}  // namespace

void averages_from_points(const Grid& grid, std::span<double> p) {
  for (int k = 0; k < grid.dimension(); ++k) {
    const bool ring = grid.axis(k).periodic();
    std::vector<double> u(grid.axis(k).cells);
    each_line(grid, k, [&](Index first, Index stride, Index n) {
      for (Index i = 0; i < n; ++i) u[i] = p[first + i * stride];
      for (Index i = 0; i < n; ++i) p[first + i * stride] = (22 * u[i] + (below(u, i, ring) + above(u, i, ring))) / 24;
    });
  }
}

void points_from_averages(const Grid& grid, std::span<double> p) {
  for (int k = 0; k < grid.dimension(); ++k) {
    const bool ring = grid.axis(k).periodic();
    std::vector<double> b(grid.axis(k).cells), u(b.size()), share(b.size());
    each_line(grid, k, [&](Index first, Index stride, Index n) {
      for (Index i = 0; i < n; ++i) b[i] = p[first + i * stride];
      sharpen(b, u, share, ring);
      // as fluxes (u_{i+1} - u_i)/24 upwards; a cell gives no more than it has
      const auto flux = [&](std::size_t i) { return (above(u, i, ring) - u[i]) / 24; };
      const auto flux_below = [&](std::size_t i) { return (u[i] - below(u, i, ring)) / 24; };
      for (std::size_t i = 0; i < b.size(); ++i) {
        const double out = std::max(flux(i), 0.0) + std::max(-flux_below(i), 0.0);
        share[i] = out > b[i] ? std::max(b[i], 0.0) / out * (1 - 1e-15) : 1;
      }
      for (std::size_t i = 0; i < b.size(); ++i) {
        const double up = flux(i), down = flux_below(i);
        const double given = up * (up > 0 ? share[i] : above(share, i, ring));
        const double got = down * (down > 0 ? below(share, i, ring) : share[i]);
        p[first + static_cast<Index>(i) * stride] = b[i] - given + got;
      }
    });
  }
}

double mass_beside_wall(const Grid& grid, std::span<const double> p, int axis, int side) {
  if (grid.axis(axis).periodic()) return 0;
  double sum = 0;
  each_line(grid, axis, [&](Index first, Index stride, Index n) {
    for (const Index i : {Index{0}, Index{1}}) sum += p[first + (side == 0 ? i : n - 1 - i) * stride];
  });
  return sum * grid.volume();
}

std::array<double, 2> width_of(const Grid& grid, std::span<const double> p) {
  const double of_gaussian = 4 / std::sqrt(2 * std::numbers::pi * std::numbers::e);  // int |p''| at width 1
  double mass = 0;
  for (const double value : p) mass += std::abs(value);
  std::array<double, 2> width{INFINITY, INFINITY};
  for (int k = 0; k < grid.dimension(); ++k) {
    const bool ring = grid.axis(k).periodic();
    double bent = 0;
    each_line(grid, k, [&](Index first, Index stride, Index n) {
      const auto value = [&](Index i) {
        return ring ? p[first + wrapped(i, n) * stride] : p[first + std::clamp<Index>(i, 0, n - 1) * stride];
      };
      for (Index i = 0; i < n; ++i) bent += std::abs(value(i - 1) - 2 * value(i) + value(i + 1));
    });
    if (bent > 0) width[k] = std::sqrt(of_gaussian * mass / bent);
  }
  return width;
}

}  // namespace fokker
