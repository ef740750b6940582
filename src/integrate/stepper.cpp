#include "fokker/integrate/stepper.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "fokker/base/errors.hpp"
#include "fokker/operator/axis_splitting.hpp"
#include "fokker/operator/frozen_form.hpp"
#include "method.hpp"

namespace fokker {

// The makers of the rows below, each beside its class.
std::unique_ptr<Method> make_euler(const Operator& op);
std::unique_ptr<Method> make_ssprk3(const Operator& op);
std::unique_ptr<Method> make_rk4(const Operator& op);
std::unique_ptr<Method> make_dopri5(const Operator& op);
std::unique_ptr<Method> make_rkc2(const Operator& op);
std::unique_ptr<Method> make_chebyshev(const Operator& op);
// These need a LinearOperator (std::bad_cast otherwise).
std::unique_ptr<Method> make_backward_euler(const Operator& op);
std::unique_ptr<Method> make_crank_nicolson(const Operator& op);
std::unique_ptr<Method> make_tr_bdf2(const Operator& op);
/// Throws UsageError for what is not a generator on one axis times a factor of time.
std::unique_ptr<Method> make_talbot(const Operator& op);
// These need LinearOperator::on_edges.
std::unique_ptr<Method> make_peaceman_rachford(const Operator& op);
std::unique_ptr<Method> make_hundsdorfer_verwer(const Operator& op);
/// Needs LinearOperator::on_edges, or Operator::freezing.
std::unique_ptr<Method> make_frozen_generator(const Operator& op);
/// Needs StepperOptions::canonical.
std::unique_ptr<TimeStepper> make_kinetic_steps(const Operator& op, const StepperOptions& options);

namespace {

constexpr double any = std::numeric_limits<double>::infinity();

constexpr StepperRow table[] = {
    {.name = "euler",
     .order = 1,
     .adaptive = false,
     .implicit = false,
     .positive_limit = 1,
     .stable_limit = 1,
     .guarantee = "p >= 0 for dt <= 1/w, w the largest exit rate",
     .reference = "Euler 1768",
     .when_not = "beyond first looks: ssprk3 has the same limit and two more orders",
     .method = make_euler,
     .convex = true},
    {.name = "ssprk3",
     .order = 3,
     .adaptive = false,
     .implicit = false,
     .positive_limit = 1,
     .stable_limit = 1.25,
     .reach = {2.51, 1.73},
     .guarantee = "p >= 0 for dt <= 1/w, for limited (nonlinear) fluxes too",
     .reference = "Shu and Osher 1988, eq. 2.18",
     .when_not = "stiff problems: w * span steps",
     .method = make_ssprk3,
     .convex = true},
    {.name = "rk4",
     .order = 4,
     .adaptive = false,
     .implicit = false,
     .positive_limit = 1,
     .stable_limit = 1.39,
     .reach = {2.78, 2.82},
     .guarantee = "p >= 0 for dt <= 1/w, linear fluxes without time dependence; else watched",
     .reference = "Kutta 1901",
     .when_not = "limited fluxes: not a combination of Euler steps",
     .method = make_rk4},
    {.name = "dopri5",
     .order = 5,
     .adaptive = true,
     .implicit = false,
     .positive_limit = 0.83,
     .stable_limit = 1.6,
     .reach = {3.3, 0.99},
     .guarantee = "p >= 0 for dt <= 0.83/w, linear fluxes without time dependence; else watched",
     .reference = "Dormand and Prince 1980",
     .when_not = "stiff problems; limited fluxes",
     .method = make_dopri5,
     .control = StepControl::free},
    {.name = "rkc2",
     .order = 2,
     .adaptive = true,
     .implicit = false,
     .positive_limit = 0,
     .stable_limit = any,
     .guarantee = "p >= 0 watched (proved for dt <= 1/w without time dependence): a step that goes negative is "
                  "rejected and halved",
     .reference = "Sommeijer, Shampine and Verwer 1998",
     .when_not = "p >= 0 to be kept in thin tails; tolerances below 1e-7: second order",
     .method = make_rkc2,
     .control = StepControl::free,
     .step_limit = StepBound::stages},
    {.name = "chebyshev",
     .order = 0,
     .adaptive = true,
     .implicit = false,
     .positive_limit = any,
     .stable_limit = any,
     .reach = {StepBound::products, StepBound::products},
     .guarantee = "p >= 0 for any dt (uniformisation, w * span products); Chebyshev series where positive = false",
     .reference = "Jensen 1953; Tal-Ezer and Kosloff 1984",
     .when_not = "rates that vary in time by more than a common factor; strong rotation with positive = false",
     .method = make_chebyshev,
     .step_limit = StepBound::products,
     .convex = true,
     .exponential = true},
    {.name = "backward_euler",
     .order = 1,
     .adaptive = false,
     .implicit = true,
     .positive_limit = any,
     .stable_limit = any,
     .guarantee = "p >= 0 for any dt",
     .reference = "Hairer and Wanner 1996, IV.3",
     .when_not = "transients: first order",
     .method = make_backward_euler,
     .step_limit = StepBound::rounding,
     .convex = true},
    {.name = "crank_nicolson",
     .order = 2,
     .adaptive = false,
     .implicit = true,
     .positive_limit = 0,
     .stable_limit = any,
     .guarantee = "p >= 0 watched (proved for dt <= 2/w): a step that goes negative is taken in halves",
     .reference = "Crank and Nicolson 1947",
     .when_not = "point starts and other stiff data: not damped (A-stable, not L-stable)",
     .method = make_crank_nicolson,
     .step_limit = StepBound::rounding},
    {.name = "tr_bdf2",
     .order = 2,
     .adaptive = true,
     .implicit = true,
     .positive_limit = 0,
     .stable_limit = any,
     .guarantee = "p >= 0 watched (proved for dt <= 2.41/w): a step that goes negative is rejected and halved",
     .reference = "Bank et al. 1985; Hosea and Shampine 1996",
     .when_not = "smooth non-stiff problems: dopri5 has order 5",
     .method = make_tr_bdf2,
     .control = StepControl::dyadic,
     .step_limit = StepBound::rounding},
    {.name = "talbot",
     .order = 0,
     .adaptive = true,
     .implicit = true,
     .positive_limit = 0,
     .stable_limit = any,
     .guarantee = "exp(dt A) p to 1e-13 of its largest value, for any dt; thinner tails are noise of either sign",
     .reference = "Talbot 1979; Trefethen, Weideman and Schmelzer 2006",
     .when_not = "two dimensions; p >= 0 asked for; a ring with a strong current (substeps of 2 D/a^2)",
     .method = make_talbot,
     .control = StepControl::leap,
     .step_limit = any,
     .exponential = true,
     .keeps_sign = false},
    {.name = "peaceman_rachford",
     .order = 2,
     .adaptive = true,
     .implicit = true,
     .splits = true,
     .positive_limit = 0,
     .stable_limit = 10,
     .guarantee =
         "p >= 0 watched (proved for dt <= 2 / largest exit rate along one axis): a step that goes negative is "
         "taken in halves",
     .reference = "Peaceman and Rachford 1955",
     .when_not = "skew edges of a full tensor: refused, take hundsdorfer_verwer; one dimension: tr_bdf2",
     .method = make_peaceman_rachford,
     .control = StepControl::paired,
     .step_limit = StepBound::rounding},
    {.name = "hundsdorfer_verwer",
     .order = 2,
     .adaptive = true,
     .implicit = true,
     .splits = true,
     .positive_limit = 0,
     .stable_limit = 10,
     .guarantee = "none on p >= 0: short steps go negative too",
     .reference = "Hundsdorfer 2002; 't Hout and Mishra 2013: theta = 1/2 + sqrt(3)/6",
     .when_not = "p >= 0 asked for; diagonal tensors: peaceman_rachford costs a third; one dimension: tr_bdf2",
     .method = make_hundsdorfer_verwer,
     .control = StepControl::paired,
     .step_limit = StepBound::rounding,
     .keeps_sign = false},
    {.name = "frozen_generator",
     .order = 2,
     .adaptive = true,
     .implicit = true,
     .freezes = true,
     .positive_limit = 0,
     .stable_limit = any,
     .guarantee =
         "p >= 0 watched: a step that goes negative is rejected and halved; form = \"effective_drift\" without "
         "the parabolic bound on dt",
     .reference = "Alexander 1977 in one dimension, Peaceman and Rachford 1955 in two; held rates: docs/decisions/0023",
     .when_not = "linear fluxes: tr_bdf2 or peaceman_rachford; skew edges of a full tensor, prescribed scores, D = 0 "
                 "along an axis: refused",
     .method = make_frozen_generator,
     .control = StepControl::careful,
     .step_limit = StepBound::rounding},
    {.name = "kinetic_splitting",
     .order = 2,
     .adaptive = true,
     .implicit = false,
     .kinetic = true,
     .positive_limit = any,
     .stable_limit = any,
     .guarantee =
         "p >= 0 for any dt; a particle with inertia (dx = v dt, noise on v alone), carried without the fluxes "
         "at order 7 in the cells and 4 in their averages",
     .reference = "Strang 1968; Omelyan, Mryglod and Folk 2002; Zalesak 1979: docs/decisions/0024",
     .when_not = "anything but canonical Langevin dynamics, absorbing sides, walls that carry mass: refused",
     .method = nullptr,
     .control = StepControl::free,
     .convex = true},
};

/// Rounding of rates and of dt * w must not reach below zero at the very limit.
constexpr double slack = 1 - 1e-12;

/// Three digits, never above x, so that what a message allows is allowed.
double rounded_down(double x) {
  const double digit = std::pow(10.0, std::floor(std::log10(x)) - 2);
  return std::floor(x / digit) * digit;
}

void refuse(bool wrong, const std::string& text) {
  if (wrong) throw UsageError(text);
}

/// Whether frozen_generator serves an operator that is not linear in p.
bool can_freeze(const Operator& op, double t0) {
  const FrozenForm* const form = op.freezing().form;
  return form != nullptr && !form->skew(t0);
}

void check_linear(const StepperRow& row, const Operator& op, double t0) {
  if (op.linear() != nullptr) return;
  if (row.freezes) {
    const Freezing freezing = op.freezing();
    refuse(freezing.form == nullptr,
           fmt::format("{} needs a flux that is a Markov generator at a density that is held, and this flux {}: take "
                       "ssprk3",
                       row.name, freezing.why_not));
    refuse(freezing.form->skew(t0),
           fmt::format("{} solves along the axes one after the other and has no place for the cross terms of a full "
                       "diffusion tensor: take ssprk3, or scheme.form = \"drift_diffusion\"",
                       row.name));
    return;
  }
  const char* const other = can_freeze(op, t0) ? "frozen_generator" : "ssprk3";
  refuse(row.implicit,
         fmt::format("{} solves linear systems and this flux is not linear in p: take {}", row.name, other));
  refuse(row.name == "chebyshev",
         fmt::format("chebyshev takes the exponential of a matrix and this flux is not linear in p: take {} or rkc2",
                     other));
}

void check_canonical(const StepperRow& row, const StepperOptions& options) {
  refuse(row.kinetic && options.canonical.flow == nullptr,
         fmt::format("{} is for a particle with inertia (dx = v dt, dv = (F - gamma v) dt, noise on v alone; F, gamma "
                     "and noise of x and t), and this case {}: take time.stepper = \"auto\"",
                     row.name, options.canonical.why_not));
}

void check_options(const StepperRow& row, const StepperOptions& options) {
  refuse(options.dt && !(*options.dt > 0 && std::isfinite(*options.dt)),
         fmt::format("time.dt = {:.6g}: must be positive", options.dt.value_or(0)));
  refuse(!options.dt && row.adaptive && !(options.tolerance > 0 && std::isfinite(options.tolerance)),
         fmt::format("time.tolerance = {:.6g}: must be positive", options.tolerance));
  refuse(!options.dt && row.implicit && !row.adaptive,
         fmt::format("{} has no error estimate: give time.dt, or use tr_bdf2", row.name));
}

/// Of rows that solve along the axes.
void check_split(const StepperRow& row, const Operator& op, double t0) {
  const OnEdges* const edges = op.linear()->on_edges();
  refuse(
      edges == nullptr,
      fmt::format("{} solves along the axes one after the other, and this flux has no part along an axis alone: take "
                  "tr_bdf2",
                  row.name));
  refuse(
      row.name != "hundsdorfer_verwer" && !edges->split(t0).parts->exact,
      fmt::format("{} has no place for the cross terms of a full diffusion tensor: take hundsdorfer_verwer", row.name));
}

/// What `row` promises about p >= 0 on this operator, and the steps it may take. The polynomials of rk4 and dopri5 keep
/// p >= 0 for powers of one matrix; only averages of Euler steps do so for limited fluxes and rates that vary in time.
StepBound bound_of(const StepperRow& row, const Operator& op, bool keep) {
  const bool promised = keep && row.positive_limit > 0 && (row.convex || (op.linear() != nullptr && op.autonomous()));
  const double factor = row.step_limit > 0 ? row.step_limit : slack * (keep ? row.positive_limit : row.stable_limit);
  const Reach reach = keep || op.linear() == nullptr ? Reach{} : row.reach;
  return {.op = &op, .factor = factor, .promised = promised, .watched = keep, .reach = reach};
}

/// Steps of a length that the row finds itself.
std::unique_ptr<TimeStepper> make_controlled(const StepperRow& row, std::unique_ptr<Method> method, StepBound bound,
                                             double tolerance) {
  const int order = row.order == 5 ? 5 : 3;  // of the error estimate
  switch (row.control) {
    case StepControl::free:
      return make_free_steps(std::move(method), bound, tolerance, order);
    case StepControl::dyadic:
      return make_dyadic_steps(std::move(method), bound, tolerance, order);
    case StepControl::paired:
      return make_paired_steps(std::move(method), bound, tolerance);
    case StepControl::careful:
      return make_free_steps(std::move(method), bound, tolerance, order, {.growth = 2, .least_first = 0.2, .fall = 3});
    case StepControl::leap:
      return make_leap_steps(std::move(method), bound, tolerance);
    case StepControl::bound:
      break;
  }
  return make_fixed_steps(std::move(method), bound, std::nullopt);
}

bool along_axes(const LinearOperator& op) { return op.on_edges() != nullptr && !op.on_edges()->skew(); }

void check_operator(const StepperRow& row, const Operator& op, bool keep, double t0) {
  refuse(!row.keeps_sign && keep,
         fmt::format("{} keeps p >= 0 at no step size: set scheme.positive = false, or take {}", row.name,
                     row.splits && along_axes(*op.linear()) ? "peaceman_rachford" : "tr_bdf2"));
  refuse(row.name == "chebyshev" && op.linear()->base() == nullptr,
         "chebyshev takes the exponential of one matrix, and the rates vary in time by more than a common factor: take "
         "dopri5 or tr_bdf2");
  if (row.splits || (row.freezes && op.linear() != nullptr)) check_split(row, op, t0);
}

bool keeps(const Operator& op, const StepperOptions& options) { return options.keep_positive && op.positive(); }

}  // namespace

void check_row(const StepperRow& row, const Operator& op, const StepperOptions& options, double t0) {
  check_options(row, options);
  if (row.kinetic) return check_canonical(row, options);
  check_linear(row, op, t0);
  check_operator(row, op, keeps(op, options), t0);
}

std::span<const StepperRow> steppers() { return table; }

const StepperRow* find_stepper(std::string_view name) {
  for (const StepperRow& row : table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::unique_ptr<TimeStepper> make_stepper(const StepperRow& row, const Operator& op, const StepperOptions& options,
                                          double t0) {
  if (row.kinetic) {
    check_row(row, op, options, t0);
    return make_kinetic_steps(op, options);
  }
  if (FluxCorrection* const correction = op.correction(); correction != nullptr && options.keep_positive) {
    StepperOptions unwatched = options;
    unwatched.keep_positive = false;
    return make_corrected_steps(make_stepper(row, correction->recording(), unwatched, t0), op, *correction, options);
  }
  check_row(row, op, options, t0);
  StepBound bound = bound_of(row, op, keeps(op, options));
  auto method = row.method(op);
  method->aim({.tolerance = options.tolerance, .positive = bound.watched, .controlled = !options.dt});
  if (!options.dt) return make_controlled(row, std::move(method), bound, options.tolerance);
  const bool bounded = std::isfinite(row.stable_limit);
  if (bound.promised && bounded && *options.dt > bound.at(t0)) {
    throw UsageError(
        fmt::format("time.dt = {:.6g} breaks the positivity that flux and stepper promise: at most {:.3g} "
                    "({}1 / largest exit rate); or set scheme.positive = false",
                    *options.dt, rounded_down(bound.at(t0)),
                    row.positive_limit == 1 ? "" : fmt::format("{} * ", row.positive_limit)));
  }
  // A fixed dt that promises nothing is the user's own: no bound but what the watch finds.
  if (!bound.promised && bounded) bound.factor = any;
  return make_fixed_steps(std::move(method), bound, options.dt);
}

}  // namespace fokker
