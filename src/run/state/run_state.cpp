#include "fokker/run/run_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/base/errors.hpp"

namespace fokker {

namespace {

/// Minimum, maximum and sums of the cells in one pass, in blocks of fixed size so that the bits do not depend on
/// threads.
struct Totals {
  double sum = 0, negative = 0, min = 0, max = 0;
};

Totals totals(std::span<const double> p) {
  constexpr std::size_t block = 1024;
  Totals all{0, 0, p[0], p[0]};
  for (std::size_t first = 0; first < p.size(); first += block) {
    double sum = 0, negative = 0;
    for (const double value : p.subspan(first, std::min(block, p.size() - first))) {
      sum += value;
      negative += value < 0 ? -value : 0;
      all.min = value < all.min ? value : all.min;
      all.max = value > all.max ? value : all.max;
    }
    all.sum += sum;
    all.negative += negative;
  }
  return all;
}

void update(const Setup& setup, const RunState& now, MassBalance& balance) {
  const double volume = setup.grid->volume();
  const Totals found = totals(now.p.view());
  balance.mass = found.sum * volume;
  for (std::size_t k = 0; k < balance.outflow.size(); ++k)
    balance.outflow[k] = now.state[setup.grid->cells() + static_cast<Index>(k)];
  balance.mass_error = balance.mass + balance.total_outflow() - balance.mass_initial;
  balance.mass_max_error = std::max(balance.mass_max_error, std::abs(balance.mass_error));
  require_mass(balance.mass + balance.total_outflow(), balance.mass_initial, now.t);
  balance.min = found.min;
  balance.max = found.max;
  balance.run_min = std::min(balance.run_min, found.min);
  balance.run_max = std::max(balance.run_max, found.max);
  balance.negative_mass = std::max(balance.negative_mass, found.negative * volume);
  if (found.negative * volume > std::max(1.0, balance.mass_initial))
    throw NumericalError(
        fmt::format("{:.3g} of negative mass, more than there is in all: steps of {:.3g} do not damp what "
                    "they should; take shorter ones, or time.tolerance",
                    found.negative * volume, now.dt),
        now.t);
  if (setup.positive && found.min < 0) {
    Index cell = 0;
    now.p.values.minCoeff(&cell);
    throw NumericalError(fmt::format("p = {:.3g} < 0 although p >= 0 was promised", found.min), now.t, cell);
  }
}

}  // namespace

RunState initial_run_state(const Setup& setup) {
  RunState now;
  now.state = initial_state(setup);
  now.p = setup.initial;
  MassBalance& balance = now.balance;
  balance.outflow.assign(static_cast<std::size_t>(setup.scheme->op().outflows()), 0.0);
  const Totals found = totals(now.p.view());
  balance.mass_initial = found.sum * setup.grid->volume();
  for (const double left : setup.initial_outflow) balance.mass_initial += left;
  balance.run_min = found.min;
  balance.run_max = found.max;
  update(setup, now, balance);
  return now;
}

void count_step(const Setup& setup, double t, double dt, RunState& now) {
  now.t = t;
  now.dt = dt;
  ++now.steps;
  now.dt_min = now.steps == 1 ? dt : std::min(now.dt_min, dt);
  now.dt_max = std::max(now.dt_max, dt);
  setup.stepper->averages({now.state.data(), static_cast<std::size_t>(now.state.size())}, now.p.view());
  update(setup, now, now.balance);
}

double MassBalance::total_outflow() const {
  double total = 0;
  for (const double mass_out : outflow) total += mass_out;
  return total;
}

void require_mass(double mass, double initial, double t) {
  constexpr double tolerance = 1e-9;
  if (std::abs(mass - initial) <= tolerance * std::max(1.0, std::abs(mass))) return;
  throw NumericalError(
      fmt::format("mass and outflow together are {:.12g} and were {:.12g}: what does not keep them is wrong, whatever "
                  "else it says",
                  mass, initial),
      t);
}

double sum_of_cells(std::span<const double> values) { return totals(values).sum; }

}  // namespace fokker
