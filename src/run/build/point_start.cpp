#include "fokker/run/point_start.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include "fokker/base/quadrature.hpp"
#include "fokker/integrate/stepper.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "scale_split.hpp"

namespace fokker {
namespace {

constexpr double carried = 2;  // cell Peclet number from which drift, not diffusion, takes a point to the first centre

/// The distribution along one axis: shares of the cells, and of the two walls.
struct LineStart {
  std::vector<double> fraction;
  double left_at[2] = {0, 0};
  double clock = 0;
  std::string note;
};

/// Half a cell at a wall, x measured from the wall inwards [length].
class WallCell {
 public:
  WallCell(const Axis& axis, bool upper, std::shared_ptr<const Sde> line)
      : axis_(axis), upper_(upper), line_(std::move(line)), center_(0.5 * axis.width()) {}

  [[nodiscard]] double center() const { return center_; }
  /// Drift off the wall and diffusion at t = 0.
  struct Coefficients {
    double f, D;
  };
  [[nodiscard]] Coefficients at(double x) const {
    const double here = upper_ ? axis_.upper - x : axis_.lower + x;
    Coefficients found{};
    const PointsIn point{1, 1, {&here, nullptr}};
    line_->drift(point, 0, {{&found.f, nullptr}});
    line_->diffusion(point, 0, {&found.D, nullptr, nullptr});
    if (upper_) found.f = -found.f;
    return found;
  }
  [[nodiscard]] bool diffusion_vanishes() const {
    constexpr double near = 1e-12, small = 1e-4;  // of the cell, of D at the centre
    return !(at(near * center_).D > small * at(center_).D);
  }

  [[nodiscard]] bool is_carried() const {
    const Coefficients middle = at(0.5 * center_);
    return middle.f * axis_.width() > carried * middle.D;
  }

  /// int dx/f from x to the centre: how long drift alone takes; nothing where it does not get there. Half by half
  /// towards the wall, where f may vanish.
  [[nodiscard]] std::optional<double> time_carried(double x) const {
    constexpr double near = 1e-9, small = 1e-6;  // of the way, of the drift at the centre: it would take for ever
    if (!(at(x + near * (center_ - x)).f > small * at(center_).f)) return std::nullopt;
    double time = 0;
    for (double upper = center_; upper > x;) {
      const double lower = upper < near * center_ ? x : std::max(x, 0.5 * upper);
      for (std::size_t k = 0; k < GaussRule<8>::node.size(); ++k) {
        const double f = at(lower + 0.5 * (upper - lower) * (1 + GaussRule<8>::node[k])).f;
        if (!(f > 0)) return std::nullopt;
        time += 0.5 * (upper - lower) * GaussRule<8>::weight[k] / f;
      }
      upper = lower;
    }
    return time;
  }

  /// Mean time from x to the centre with a reflecting wall, f and D > 0 of the middle: f T' + D T'' = -1, T'(0) = 0.
  [[nodiscard]] double mean_time(double x) const {
    const Coefficients middle = at(0.5 * (x + center_));
    const double length = middle.D / middle.f;
    return (center_ - x) / middle.f - length / middle.f * (std::exp(-x / length) - std::exp(-center_ / length));
  }

  /// The probability to reach the centre from x before the wall, s(x)/s(c) with s' = exp(int_x^c f/D) and s = 0 at the
  /// wall.
  [[nodiscard]] double reaches_center(double x) const {
    constexpr double deep = 1e-15, digits = 1e4 * std::numeric_limits<double>::epsilon();  // of the cell, of the wall
    const double wall = upper_ ? axis_.upper : axis_.lower;
    const double bottom = std::min(0.5 * center_, std::max(deep * center_, digits * std::abs(wall)));
    if (x >= center_) return 1;
    Scale above;  // from the centre to x
    sum_scale(center_, std::max(x, bottom), above);
    Scale below{0, above.log_slope};
    sum_scale(std::max(x, bottom), bottom, below);
    if (!std::isfinite(above.s + below.s)) return below.log_slope > 0 ? 1 : 0;  // carried off the wall, or into it
    const double power = slope(bottom);                                         // s' ~ x^-power from there on
    if (power >= 1) return 1;                                                   // the wall is not reached
    const double last = bottom * std::exp(below.log_slope) / (1 - power);
    const double reached = x > bottom ? below.s + last : last * std::pow(x / bottom, 1 - power);
    return reached / (above.s + below.s + last);
  }

 private:
  struct Scale {
    double s = 0, log_slope = 0;
  };
  /// On the way down from x = upper to lower, in steps of u = -log x: log s' by Simpson's rule, and s as the integral
  /// of the power of x that s' is from end to end of a step, exactly, and of what it is above that by Simpson's rule.
  void sum_scale(double upper, double lower, Scale& sum) const {
    const double way = std::log(upper / lower);
    const auto steps = static_cast<int>(std::ceil(32 * way));
    const double du = way / std::max(steps, 1);
    double from = upper, first = slope(from);
    for (int k = 0; k < steps; ++k) {
      const double to = k + 1 == steps ? lower : from * std::exp(-du), middle = std::sqrt(from * to);
      const double second = slope(middle), third = slope(to), power = (first + 4 * second + third) / 6;
      const double half_way = du / 24 * (5 * first + 8 * second - third), here = std::exp(sum.log_slope);
      const double shrinks = (power - 1) * du, straight = shrinks == 0 ? 1 : std::expm1(shrinks) / shrinks;
      const double above = std::exp(half_way) - std::exp(0.5 * power * du);
      sum.s += here * du * (from * straight + 4.0 / 6 * middle * above);
      sum.log_slope += power * du;
      from = to;
      first = third;
    }
  }
  /// Of log s' against u.
  [[nodiscard]] double slope(double x) const {
    const Coefficients found = at(x);
    return found.f == 0 ? 0 : x * found.f / std::max(found.D, 0.0);
  }

  const Axis& axis_;
  bool upper_;
  std::shared_ptr<const Sde> line_;
  double center_;
};

/// The two cells whose centres are nearest, so that the mean is kept; where D jumps what the mean stands for.
LineStart split(const Axis& axis, double point, const Sde& line) {
  LineStart start{std::vector<double>(axis.cells), {0, 0}, 0, {}};
  const AxisSplit fractions = split_by_scale(axis, point, line).value_or(split_on(axis, point));
  for (std::size_t k = 0; k < 2; ++k) start.fraction[fractions.cell[k]] += fractions.weight[k];
  return start;
}

/// At a wall that is nearer than the first centre; x: the distance from it.
LineStart start_at_wall(const Axis& axis, bool upper, double x, const WallCell& cell) {
  LineStart start{std::vector<double>(axis.cells), {0, 0}, 0, {}};
  double& fraction = upper ? start.fraction.back() : start.fraction.front();
  const std::string side = axis.name + (upper ? "_upper" : "_lower");
  const auto starts_late = [&](double time) {
    start.clock = time;
    start.note = fmt::format(
        "the point is {:.3g} of a cell from {}, where {}: its wall cell is the distribution from t = {:.4g} on",
        x / axis.width(), side, cell.diffusion_vanishes() ? "D vanishes" : "drift is far stronger than diffusion",
        time);
  };
  fraction = 1;
  if ((upper ? axis.at_upper : axis.at_lower) == Boundary::absorbing) {
    fraction = cell.reaches_center(x);
    start.left_at[upper ? 1 : 0] = 1 - fraction;
    if (fraction < 1)
      start.note = fmt::format("the point is {:.3g} of a cell from {}: {:.6g} of it has left there at once",
                               x / axis.width(), side, 1 - fraction);
    else if (const auto time = cell.time_carried(x); time && cell.diffusion_vanishes())
      starts_late(*time);
    return start;
  }
  const auto time = cell.time_carried(x);
  if (time && cell.diffusion_vanishes()) {
    starts_late(*time);
  } else if (time && cell.is_carried()) {
    starts_late(cell.mean_time(x));
  } else {
    start.note = fmt::format(
        "the point is {:.3g} of a cell from {} and starts in the centre of that cell{}", x / axis.width(), side,
        cell.diffusion_vanishes() ? ", where D vanishes and nothing carries it there: the start is off by that distance"
                                  : " (reflection makes that an error of second order)");
  }
  return start;
}

LineStart start_on(const Axis& axis, double point, const std::shared_ptr<const FormulaSde>& line) {
  if (!axis.periodic())
    for (const bool upper : {false, true}) {
      const double x = upper ? axis.upper - point : point - axis.lower;
      const WallCell cell(axis, upper, line);
      if (x < cell.center() * (1 - 1e-12)) return start_at_wall(axis, upper, x, cell);
    }
  return split(axis, point, *line);
}

/// Moves the distribution along one axis to time t, while the other coordinate stands still.
void move_along(const Axis& axis, const std::shared_ptr<const FormulaSde>& line, double t, LineStart& start) {
  const auto grid = std::make_shared<const Grid>(std::vector<Axis>{axis});
  const auto form = make_drift_diffusion(grid, line, default_flux(), start.clock);
  const StepperOptions options{.tolerance = 1e-8};
  const auto& row = *choose_stepper(form->op(), 1, options, start.clock, t - start.clock).row;
  const auto stepper = make_stepper(row, form->op(), options, start.clock);
  std::vector<double> state(form->op().size());
  for (std::size_t i = 0; i < start.fraction.size(); ++i) state[i] = start.fraction[i] / axis.width();
  double dt = stepper->first_step(start.clock, state, t);
  for (double now = start.clock; now < t;) {
    const StepResult done = stepper->step({now, dt, t}, state);
    now = done.t;
    dt = done.next_dt;
  }
  for (std::size_t i = 0; i < start.fraction.size(); ++i) start.fraction[i] = state[i] * axis.width();
  for (int side = 0; side < 2; ++side)
    if (const int outflow = grid->outflow(0, side); outflow >= 0)
      start.left_at[side] += state[start.fraction.size() + outflow];
  start.clock = t;
}

/// The product of two distributions; what both axes lose counts half for each.
PointStart product(const std::shared_ptr<const Grid>& grid, const std::array<LineStart, 2>& along) {
  PointStart start{Field(grid), std::vector<double>(grid->outflows()), 0, {}};
  const int d = grid->dimension();
  double stays[2] = {1, 1};
  for (int k = 0; k < d; ++k) {
    const LineStart& line = along[k];
    stays[k] = 1 - line.left_at[0] - line.left_at[1];
    start.clock = std::max(start.clock, line.clock);
    if (!line.note.empty()) start.note += (start.note.empty() ? "" : "; ") + line.note;
  }
  for (int k = 0; k < d; ++k)
    for (int side = 0; side < 2; ++side)
      if (const int outflow = grid->outflow(k, side); outflow >= 0)
        start.outflow[outflow] += along[k].left_at[side] * (d > 1 ? 0.5 * (1 + stays[1 - k]) : 1);
  for (Index cell = 0; cell < grid->cells(); ++cell) {
    const std::size_t i = cell % grid->nx(), j = cell / grid->nx();
    start.p.values[cell] = along[0].fraction[i] * (d > 1 ? along[1].fraction[j] : 1) / grid->volume();
  }
  return start;
}

}  // namespace

PointStart start_from_point(const std::shared_ptr<const Grid>& grid, const std::shared_ptr<const FormulaSde>& sde,
                            std::span<const double> point) {
  if (grid->find(point) < 0) throw std::invalid_argument("a point outside of the box");
  std::array<LineStart, 2> along;
  if (grid->dimension() == 1) {
    along[0] = start_on(grid->axis(0), point[0], sde);
    return product(grid, along);
  }
  for (int k = 0; k < 2; ++k) along[k] = start_on(grid->axis(k), point[k], sde->along(k, point[1 - k]));
  for (int k = 0; k < 2; ++k) {
    const Axis& other = grid->axis(1 - k);
    const double late = along[1 - k].clock, from = point[1 - k];
    if (!(late > along[k].clock)) continue;
    // Half way from the point to the centre of its wall cell, where the other axis is meanwhile.
    const double center = from - other.lower < other.upper - from ? other.center(0) : other.center(other.cells - 1);
    move_along(grid->axis(k), sde->along(k, 0.5 * (from + center)), late, along[k]);
  }
  return product(grid, along);
}

}  // namespace fokker
