#include "jumps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace fokker {
namespace {

/// Two neighbouring cells along an axis, and how much the function differs between their centres.
struct Step {
  int axis = 0;
  Index cell = 0;
  double difference = 0;
};

std::vector<Step> steepest(const Grid& grid, const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double small = 0.01 * (*most - *least);
  std::vector<Step> steps;
  for (int axis = 0; axis < grid.dimension(); ++axis)
    for (Index cell = 0; cell < grid.cells(); ++cell) {
      const Index column = axis == 0 ? cell % grid.nx() : cell / grid.nx(), stride = axis == 0 ? 1 : grid.nx();
      if (column + 1 >= grid.axis(axis).cells) continue;
      const double difference = std::abs(values[cell + stride] - values[cell]);
      if (difference > small) steps.push_back({axis, cell, difference});
    }
  constexpr std::size_t enough = 32;
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.difference > b.difference; });
  if (steps.size() > enough) steps.resize(enough);
  return steps;
}

std::optional<Jump> jump_in(const Grid& grid, const Sampled& function, const Step& step) {
  std::array<double, 2> point{};
  for (int k = 0; k < grid.dimension(); ++k) point[k] = grid.centers().axis[k][step.cell];
  double& x = point[step.axis];
  const auto at = [&](double where) {
    x = where;
    double value = 0;
    function({1, grid.dimension(), {&point[0], &point[1]}}, &value);
    return value;
  };
  double left = x, right = left + grid.axis(step.axis).width();
  double below = at(left), above = at(right);
  const double whole = std::abs(above - below);
  constexpr int halvings = 40;
  for (int k = 0; k < halvings; ++k) {
    const double middle = 0.5 * (left + right);
    if (!(middle > left && middle < right)) break;
    const double between = at(middle);
    if (std::abs(between - below) > std::abs(above - between)) {
      right = middle;
      above = between;
    } else {
      left = middle;
      below = between;
    }
  }
  if (!(std::abs(above - below) > 0.25 * whole)) return std::nullopt;
  return Jump{step.axis, 0.5 * (left + right), below, above};
}

}  // namespace

std::optional<Jump> find_jump(const Grid& grid, const Sampled& function) {
  std::vector<double> values(grid.cells());
  function(grid.centers(), values.data());
  if (!std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); }))
    return std::nullopt;
  for (const Step& step : steepest(grid, values))
    if (const auto jump = jump_in(grid, function, step)) return jump;
  return std::nullopt;
}

std::string jump_text(const Grid& grid, const Jump& jump) {
  const Axis& axis = grid.axis(jump.axis);
  const double at = std::abs(jump.at) < 1e-9 * (axis.upper - axis.lower) ? 0 : jump.at;  // 0 but for rounding
  return fmt::format("{} = {:.6g}, from {:.4g} to {:.4g}", axis.name, at, jump.from, jump.to);
}

}  // namespace fokker
