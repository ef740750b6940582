#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/integrate/stepper.hpp"
#include "fokker/scheme/operator.hpp"

/// The rule behind `stepper = "auto"` (docs/steppers.md): compare the two adaptive methods by their cost in
/// applications of the operator.
namespace fokker {
namespace {

/// What a direct solver costs next to one apply, measured on 1D generators and on 32^2 .. 256^2 (docs/steppers.md).
struct SolverCost {
  double solve, factor;
};

SolverCost solver_cost(int dimension, Index cells) {
  if (dimension == 1) return {6, 60};
  return {8 * std::log2(static_cast<double>(std::max<Index>(cells, 2))), 4500};
}

/// Integral of the largest exit rate over the span: the number of steps an explicit method takes.
double stiffness(const Operator& op, double t0, double span) {
  const int samples = op.autonomous() ? 1 : 16;
  double sum = 0;
  for (int k = 0; k < samples; ++k) sum += span / samples / op.stable_step(t0 + span * (k + 0.5) / samples);
  return sum;
}

double explicit_cost(double steps, bool keep_positive) {
  const StepperRow& row = *find_stepper("dopri5");
  constexpr double stages = 6;
  return stages * steps / (keep_positive ? row.positive_limit : row.stable_limit);
}

/// 6 tolerance^(-1/3) steps on densities that relax to order one in the span; a dozen rungs.
double implicit_cost(const Operator& op, int dimension, double tolerance) {
  const SolverCost cost = solver_cost(dimension, op.cells());
  const double steps = 6 / std::cbrt(tolerance);
  constexpr double rungs = 12;
  return op.autonomous() ? steps * (3 * cost.solve + 1) + rungs * cost.factor
                         : steps * (3 * cost.solve + 3 + 2 * cost.factor);
}

StepperChoice choice(std::string_view name, std::string reason) { return {find_stepper(name), std::move(reason)}; }

StepperChoice choose_fixed(const Operator& op, bool linear, double dt, double t0) {
  const double courant = dt / op.stable_step(t0);
  if (!linear)
    return choice("ssprk3", "the flux is not linear in p, and only averages of Euler steps keep p >= 0 then");
  if (courant <= 1)
    return choice("ssprk3", fmt::format("time.dt times the largest exit rate is {:.3g}, at most 1", courant));
  return choice("tr_bdf2",
                fmt::format("time.dt times the largest exit rate is {:.3g}: too stiff for explicit steps", courant));
}

}  // namespace

StepperChoice choose_stepper(const Operator& op, int dimension, const StepperOptions& options, double t0, double span) {
  const bool linear = op.linear() != nullptr;
  const bool keep = options.keep_positive && op.positive() && op.correction() == nullptr;
  if (options.dt) return choose_fixed(op, linear, *options.dt, t0);
  if (!linear && keep) {
    return choice("ssprk3", "the flux is not linear in p, and only averages of Euler steps keep p >= 0 then");
  }
  if (!linear)
    return choice("dopri5", "the flux is not linear in p, so no linear solver applies, and p >= 0 is not asked for");
  const double steps = stiffness(op, t0, span);
  const double by_dopri5 = explicit_cost(steps, keep), by_tr_bdf2 = implicit_cost(op, dimension, options.tolerance);
  const bool stiff = by_dopri5 > by_tr_bdf2;
  return choice(
      stiff ? "tr_bdf2" : "dopri5",
      fmt::format("the largest exit rate times the span is {:.2g}: dopri5 would cost about {:.2g} applications of "
                  "the operator, tr_bdf2 {:.2g}",
                  steps, by_dopri5, by_tr_bdf2));
}

}  // namespace fokker
