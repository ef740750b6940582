#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/run/observers.hpp"

namespace fokker {
namespace {

/// Times at which the outflow is to be known.
std::vector<double> stops_on(const std::vector<double>& outputs) {
  constexpr int parts = 8, halvings = 20;
  std::vector<double> stops;
  const double first = outputs[1];
  for (int k = halvings; (1 << k) > parts; --k) stops.push_back(std::ldexp(first, -k));
  for (std::size_t n = 0; n + 1 < outputs.size(); ++n)
    for (int k = 1; k < parts; ++k) stops.push_back(outputs[n] + (outputs[n + 1] - outputs[n]) * k / parts);
  return stops;
}

}  // namespace

PassageRecord::PassageRecord(const Setup& setup) : setup_(setup), sides_(setup.grid->absorbing_sides()) {
  const bool exact = setup.stepper_row->order == 0;
  if (exact) stops_ = stops_on(setup.config.output.times);
  rate_.resize(sides_.size());
  outflow_.resize(sides_.size());
  sums_.resize(sides_.size());
  walls_.resize(sides_.size());
  for (int axis = 0; axis < setup.grid->dimension(); ++axis)
    for (int side = 0; side < 2; ++side)
      if (const int k = setup.grid->outflow(axis, side); k >= 0) walls_[k] = wall_at(axis, side);
  state_.resize(static_cast<std::size_t>(setup.scheme->op().size()));
  change_.resize(state_.size());
}

double PassageRecord::next_stop() const {
  const auto next = std::upper_bound(stops_.begin(), stops_.end(), t_);
  return next == stops_.end() ? std::numeric_limits<double>::infinity() : *next;
}

void PassageRecord::keep(Archive& archive) {
  archive(rate_, outflow_, sums_, t_, inside_, initial_);
  goes_on_ = archive.reads();
}

void PassageRecord::begin(const Moment& now) {
  if (goes_on_) return;
  outflow_ = now.balance->outflow;
  initial_ = now.balance->mass_initial;
  inside_ = now.balance->mass;
  take_rates(now);
  for (std::size_t k = 0; k < sides_.size(); ++k)  // of a point beside the wall
    if (outflow_[k] > 0) sums_[k].delay = outflow_[k] * delay_at(k, now);
}

/// Before the clock of a start from a point nothing moves.
void PassageRecord::take_rates(const Moment& now) {
  t_ = now.t;
  if (now.t < setup_.clock) return;
  if (setup_.scheme->outflow_rates(now.t, now.p->view(), rate_)) return;
  std::copy(now.state.begin(), now.state.end(), state_.begin());
  std::copy(now.p->values.begin(), now.p->values.end(), state_.begin());
  setup_.scheme->op().apply(now.t, state_, change_);
  for (std::size_t k = 0; k < rate_.size(); ++k) rate_[k] = change_[static_cast<std::size_t>(setup_.grid->cells()) + k];
}

PassageRecord::Wall PassageRecord::wall_at(int axis, int side) const {
  const Grid& grid = *setup_.grid;
  const bool plane = grid.dimension() > 1;
  const Index place = side == 0 ? 0 : grid.axis(axis).cells - 1, lines = plane ? grid.axis(1 - axis).cells : 1;
  Wall wall;
  wall.first = axis == 0 ? place : grid.nx() * place;
  wall.stride = axis == 0 ? grid.nx() : 1;
  wall.axis = axis;
  wall.side = side;
  for (Index j = 0; j < lines; ++j) {
    wall.x[axis].push_back(grid.axis(axis).center(place));
    if (plane) wall.x[1 - axis].push_back(grid.axis(1 - axis).center(j));
  }
  for (std::vector<double>& column : wall.f) column.resize(static_cast<std::size_t>(lines));
  for (std::vector<double>& column : wall.D) column.resize(static_cast<std::size_t>(lines));
  wall.pull.resize(static_cast<std::size_t>(lines));
  return wall;
}

void PassageRecord::move_to(double t, Wall& wall) const {
  if (wall.at >= 0 && (wall.at == t || setup_.sde->traits().autonomous)) return;
  const bool plane = setup_.grid->dimension() > 1;
  const auto lines = static_cast<Index>(wall.pull.size());
  const PointsIn points{lines, setup_.grid->dimension(), {wall.x[0].data(), plane ? wall.x[1].data() : nullptr}};
  setup_.sde->drift(points, t, {{wall.f[0].data(), plane ? wall.f[1].data() : nullptr}});
  setup_.sde->diffusion(points, t,
                        {wall.D[0].data(), plane ? wall.D[1].data() : nullptr, plane ? wall.D[2].data() : nullptr});
  const double h = setup_.grid->axis(wall.axis).width(), outwards = wall.side == 0 ? -1 : 1;
  for (Index j = 0; j < lines; ++j)
    wall.pull[j] = 8 * wall.D[2 * wall.axis][j] + 2 * h * std::max(0.0, outwards * wall.f[wall.axis][j]);
  wall.at = t;
}

double PassageRecord::delay_at(std::size_t outflow, const Moment& now) {
  Wall& wall = walls_[outflow];
  move_to(now.t, wall);
  const double h = setup_.grid->axis(wall.axis).width();
  constexpr double tiny = 1e-300;  // all cells alike where there is nothing yet
  double sum = 0, weight = 0;
  for (Index j = 0; j < static_cast<Index>(wall.pull.size()); ++j) {
    const double p = tiny + std::max(0.0, now.p->values[wall.first + wall.stride * j]);
    if (!(wall.pull[j] > 0)) continue;
    sum += p * h * h / wall.pull[j];
    weight += p;
  }
  return weight > 0 ? sum / weight : 0;
}

/// Over a step of length h from t on, with C rising by c and slopes a and b at its ends,
///   int s dC = t c + h c/2 - h^2 (a - b)/12,
///   int s^2 dC = t^2 c + 2 t (int s dC - t c) + h^2 (3 c/10 - h (a/15 - b/10)).
void PassageRecord::look(const Moment& now) {
  const double h = now.t - t_, from = t_;
  if (!(h > 0)) return;
  const bool moves = from >= setup_.clock;
  const std::vector<double> before = rate_;
  take_rates(now);
  for (std::size_t k = 0; k < sides_.size() && moves; ++k) {
    const double c = now.balance->outflow[k] - outflow_[k];
    const auto slope = [&](double rate) { return c > 0 ? std::clamp(rate, 0.0, 3 * c / h) : c / h; };
    const double a = slope(before[k]), b = slope(rate_[k]);
    const double late = h * (c / 2 - h * (a - b) / 12);
    if (c > 0) sums_[k].delay += c * delay_at(k, now);
    sums_[k].first += from * c + late;
    sums_[k].second += from * (from * c + 2 * late) + h * h * (0.3 * c - h * (a / 15 - b / 10));
  }
  outflow_ = now.balance->outflow;
  inside_ = now.balance->mass;
}

void PassageRecord::look_behind(const Moment& now) { take_rates(now); }

Passages PassageRecord::through(const std::string& side) const {
  double left = 0, first = 0, second = 0, delay = 0;
  for (std::size_t k = 0; k < sides_.size(); ++k) {
    if (!side.empty() && sides_[k] != side) continue;
    left += outflow_[k];
    first += sums_[k].first;
    second += sums_[k].second;
    delay += sums_[k].delay;
  }
  if (!(left > 0)) return {left, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN(), 0};
  const double mean = first / left;
  return {left, mean, second / left - mean * mean, delay / left};
}

double PassageRecord::least_mean() const {
  double first = 0;
  for (const Sum& sum : sums_) first += sum.first;
  return (first + t_ * inside_) / initial_;
}

bool PassageRecord::lower_bound() const {
  constexpr double negligible = 1e-6;
  const Passages all = through("");
  return !all.any() || inside() * (t_ - all.mean) > negligible * all.mean;
}

std::string PassageRecord::note(const std::string& side) const {
  if (!lower_bound()) return "";
  return fmt::format("{:.3g} of the mass is still inside: a lower bound{}", inside(),
                     side.empty() ? fmt::format(", and the mean of all is at least {:.6g}", least_mean()) : "");
}

std::string PassageRecord::warning() const {
  std::string sides;
  for (const std::string& side : sides_)
    if (const Passages found = through(side); found.late())
      sides += fmt::format(
          "{}at {} times are off by about {:.2g}, of a mean of {:.4g}, and the {:.3g} that has left by "
          "about {:.1g}",
          sides.empty() ? "" : "; ", side, found.delay, found.mean, found.left,
          found.left * std::min(1.0, found.delay / t_));
  if (sides.empty()) return "";
  return fmt::format(
      "passage: the cells at absorbing sides are too wide for the times at which mass leaves there: {}; take more "
      "cells: "
      "that shrinks with the square of their width, and with the width where drift runs into the side",
      sides);
}

}  // namespace fokker
