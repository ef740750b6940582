#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "fokker/base/errors.hpp"
#include "fokker/integrate/stepper.hpp"
#include "fokker/operator/frozen_form.hpp"
#include "fokker/operator/operator.hpp"
#include "method.hpp"

/// The rule behind `stepper = "auto"` (docs/steppers.md): what every adaptive row would cost, in products with the
/// operator, and the cheapest of them. The constants are measured (`tools/bench auto` compares).
namespace fokker {
namespace {

/// What the costs depend on.
struct Problem {
  const Operator& op;
  const LinearOperator* linear;  ///< null: not linear in p
  int dimension;
  double tolerance, outputs;
  bool keep;         ///< p >= 0, by the steps themselves
  double stiffness;  ///< integral of the largest exit rate over the run
  /// The same of the bounds of the spectrum; 0 unless drift makes most of the exit rate, which then is that of forward
  /// Euler, 2 D/a^2, and tells nothing about the others.
  SpectralBound drift;
  bool corrected;  ///< p >= 0 by flux correction, which also stops the growth of waves in empty corners
  double way;      ///< LinearOperator::elapsed over the run, where there is one
  /// Of a product: where rates vary in time beyond a common factor they are built again for every new time.
  double product;
  bool along_axes;  ///< no edge is skew, at any time that was looked at
  [[nodiscard]] double steps(double constant) const { return constant / std::cbrt(tolerance); }
  [[nodiscard]] const OnEdges* edges() const { return linear != nullptr ? linear->on_edges() : nullptr; }
};

struct Candidate {
  std::string_view name;
  double products;
};

/// What a direct solver costs next to a product, measured on 1D generators and on 32^2 .. 256^2.
struct SolverCost {
  double solve, factor;
};
SolverCost solver_cost(int dimension, Index cells) {
  if (dimension == 1) return {6, 60};
  return {8 * std::log2(static_cast<double>(std::max<Index>(cells, 2))), 4500};
}

double dopri5_cost(const Problem& p) {
  const StepperRow& row = *find_stepper("dopri5");
  if (p.drift.real > 0)
    return 6 * p.product * (p.drift.real / row.reach.real + p.drift.imaginary / row.reach.imaginary);
  return 6 * p.product * p.stiffness / (p.keep ? row.positive_limit : row.stable_limit);
}

/// n steps of about sqrt(2 W / (0.65 n)) stages.
double rkc2_cost(const Problem& p) {
  constexpr double waves = 1.5;  // in corners of the box whose drift is that of the bound
  const double n = p.steps(3.4), real = p.drift.real > 0 ? p.drift.real : 2 * p.stiffness;
  return p.product * (n * std::sqrt(4 + real / (0.65 * n)) + (p.corrected ? 0 : waves * p.drift.imaginary));
}

/// Between two outputs: uniformisation takes w h + 6 sqrt(w h) products, Chebyshev half as many again as
/// sqrt(2 w h log(10/tolerance)) for what it finds out about the size of its terms. A product costs a fifth more for
/// the sum that goes along.
double chebyshev_cost(const Problem& p) {
  constexpr double summing = 1.2, least = 8, waves = 1.8;
  const double W = p.drift.real > 0 ? p.drift.real / 2 : p.stiffness, intervals = p.outputs;
  if (p.keep) return summing * (W + 6 * std::sqrt(W * intervals));
  return summing * std::max(least * intervals, 1.5 * std::sqrt(2 * W * intervals * std::log(10 / p.tolerance))) +
         waves * p.drift.imaginary;
}

/// 16 complex solves, in every substep of every interval.
double talbot_cost(const Problem& p) { return 60 * p.outputs * talbot_substeps(*p.linear, p.way / p.outputs); }

double tr_bdf2_cost(const Problem& p) {
  const SolverCost cost = solver_cost(p.dimension, p.op.cells());
  constexpr double lengths = 12;
  const double steps = p.steps(6);
  return p.op.autonomous() ? steps * (3 * cost.solve + 1) + lengths * cost.factor
                           : steps * (3 * (cost.solve + p.product) + 2 * cost.factor);
}

/// Three steps of two sweeps, a sweep as dear as a product; for varying rates each builds and factors anew.
double peaceman_rachford_cost(const Problem& p) { return p.steps(2.9) * 3 * (p.op.autonomous() ? 2.2 : p.product + 4); }
double hundsdorfer_verwer_cost(const Problem& p) {
  return p.steps(1.25) * 3 * (p.op.autonomous() ? 4 : 2 * p.product + 6);
}

/// At its bound, three products a step.
double ssprk3_cost(const Problem& p) { return 3 * p.product * p.stiffness; }

/// A step holds four densities, each a product of the form with its rates laid out along the lines and factored, and
/// takes ten sweeps. On one line they are as dear as on 16, which lie side by side.
double frozen_generator_cost(const Problem& p) { return p.steps(2.5) * (4 * p.product + (p.dimension == 1 ? 17 : 4)); }

bool serves(std::string_view name, const Operator& op, const StepperOptions& options, double t0) {
  try {
    check_row(*find_stepper(name), op, options, t0);
    return true;
  } catch (const UsageError&) {
    return false;
  }
}

/// Every row that would not be refused.
std::vector<Candidate> candidates(const Problem& p, const StepperOptions& options, double t0) {
  std::vector<Candidate> list;
  const auto add = [&](std::string_view name, double (*cost)(const Problem&)) {
    try {
      check_row(*find_stepper(name), p.op, options, t0);
      if (const double products = cost(p); std::isfinite(products)) list.push_back({name, products});
    } catch (const UsageError&) {
      // what a case may not ask for is no candidate
    }
  };
  const bool averages = p.linear == nullptr && p.keep;  // of Euler steps, which alone keep p >= 0 then
  if (averages) add("ssprk3", ssprk3_cost);
  if (!averages) add("dopri5", dopri5_cost);
  if (!averages) add("rkc2", rkc2_cost);
  if (p.linear == nullptr && p.along_axes) add("frozen_generator", frozen_generator_cost);
  if (p.linear == nullptr) return list;
  add("tr_bdf2", tr_bdf2_cost);
  const bool narrow = p.edges() != nullptr, exponential = p.linear->base() != nullptr;
  if (exponential) add("chebyshev", chebyshev_cost);
  if (exponential && narrow && p.dimension == 1) add("talbot", talbot_cost);
  if (p.dimension == 2 && narrow && p.along_axes) add("peaceman_rachford", peaceman_rachford_cost);
  if (p.dimension == 2 && narrow) add("hundsdorfer_verwer", hundsdorfer_verwer_cost);
  return list;
}

/// No edge is skew at any of a number of times: cross terms of a tensor may come on the way.
bool stays_along_axes(const Operator& op, int dimension, double t0, double span) {
  if (dimension == 1) return true;
  const OnEdges* const edges = op.linear() != nullptr ? op.linear()->on_edges() : nullptr;
  const FrozenForm* const form = op.linear() != nullptr ? nullptr : op.freezing().form;
  const int samples = op.autonomous() ? 1 : 16;
  for (int k = 0; k < samples; ++k) {
    const double t = t0 + span * (k + 0.5) / samples;
    if (edges != nullptr) static_cast<void>(edges->split(t));  // moves them there
    if (edges != nullptr && edges->skew()) return false;
    if (form != nullptr && form->skew(t)) return false;
  }
  return true;
}

double way_of(const LinearOperator* linear, double t0, double span) {
  return linear == nullptr ? span : linear->elapsed(t0, t0 + span).value_or(span);
}

/// Integral of the largest exit rate over the span; exact where all rates share their factor of time.
double stiffness(const Operator& op, double t0, double span) {
  const LinearOperator* const base = op.linear() != nullptr ? op.linear()->base() : nullptr;
  if (base != nullptr && !op.autonomous()) return way_of(op.linear(), t0, span) / base->stable_step(t0);
  const int samples = op.autonomous() ? 1 : 16;
  double sum = 0;
  for (int k = 0; k < samples; ++k) sum += span / samples / op.stable_step(t0 + span * (k + 0.5) / samples);
  return sum;
}

/// Integral of the bounds of the spectrum over the span, of a wide flux in which drift outweighs diffusion.
SpectralBound drift_of(const Operator& op, double t0, double span, double stiffness) {
  constexpr double mostly = 2;
  if (op.linear() == nullptr || op.linear()->on_edges() != nullptr) return {};
  const LinearOperator* const base = op.linear()->base();
  const bool once = base != nullptr;
  const int samples = once ? 1 : 16;
  const double way = once ? way_of(op.linear(), t0, span) : span;
  SpectralBound sum;
  for (int k = 0; k < samples; ++k) {
    const SpectralBound bound = once ? base->spectral_bound(t0) : op.spectral_bound(t0 + span * (k + 0.5) / samples);
    sum.real += way / samples * bound.real;
    sum.imaginary += way / samples * bound.imaginary;
  }
  return stiffness > mostly * (0.5 * sum.real) ? sum : SpectralBound{};
}

StepperChoice choice(std::string_view name, std::string reason) { return {find_stepper(name), std::move(reason)}; }

constexpr const char* only_averages = "the flux is not linear in p, and only averages of Euler steps keep p >= 0 then";

constexpr const char* inertia =
    "a particle with inertia, proved from the formulas: shears carry p at order 7, where fluxes along a position "
    "without noise are upwind";

StepperChoice choose_fixed(const Operator& op, const StepperOptions& options, double t0) {
  if (serves("kinetic_splitting", op, options, t0)) return choice("kinetic_splitting", inertia);
  const double courant = *options.dt / op.stable_step(t0);
  if (op.linear() == nullptr && (courant <= 1 - 1e-11 || !serves("frozen_generator", op, options, t0)))
    return choice("ssprk3", only_averages);
  if (op.linear() == nullptr)
    return choice("frozen_generator",
                  fmt::format("time.dt times the largest exit rate is {:.3g}: too stiff for explicit steps", courant));
  if (courant <= 1 - 1e-11)  // the slack of the bound that make_stepper holds it to
    return choice("ssprk3", fmt::format("time.dt times the largest exit rate is {:.3g}, at most 1", courant));
  return choice("tr_bdf2",
                fmt::format("time.dt times the largest exit rate is {:.3g}: too stiff for explicit steps", courant));
}

}  // namespace

StepperChoice choose_stepper(const Operator& op, int dimension, const StepperOptions& options, double t0, double span,
                             int outputs) {
  if (options.dt) return choose_fixed(op, options, t0);
  if (serves("kinetic_splitting", op, options, t0)) return choice("kinetic_splitting", inertia);
  const bool keep = options.keep_positive && op.positive() && op.correction() == nullptr;
  const LinearOperator* const linear = op.linear();
  constexpr double building = 16;  // the rates of all edges at a new time, in products
  const bool built_once = op.autonomous() || (linear != nullptr && linear->base() != nullptr);
  const double W = stiffness(op, t0, span);
  if (linear == nullptr && keep && !serves("frozen_generator", op, options, t0)) {
    StepperChoice only = choice("ssprk3", only_averages);
    only.products = 3 * W * (built_once ? 1 : building);
    return only;
  }
  StepperOptions asked = options;
  asked.keep_positive = keep;
  std::vector<Candidate> list = candidates({.op = op,
                                            .linear = linear,
                                            .dimension = dimension,
                                            .tolerance = options.tolerance,
                                            .outputs = static_cast<double>(outputs),
                                            .keep = keep,
                                            .stiffness = W,
                                            .drift = drift_of(op, t0, span, W),
                                            .corrected = op.correction() != nullptr && options.keep_positive,
                                            .way = way_of(linear, t0, span),
                                            .product = built_once ? 1 : building,
                                            .along_axes = stays_along_axes(op, dimension, t0, span)},
                                           asked, t0);
  if (list.empty()) return choice("dopri5", "no estimate of the cost is finite");
  std::sort(list.begin(), list.end(), [](const Candidate& a, const Candidate& b) { return a.products < b.products; });
  std::string costs;
  for (const Candidate& each : list)
    costs += fmt::format("{}{} {:.2g}", costs.empty() ? "" : ", ", each.name, each.products);
  StepperChoice best = choice(list.front().name,
                              fmt::format("the largest exit rate times the span is {:.2g}; estimated cost in products "
                                          "with the operator: {}",
                                          W, costs));
  best.products = list.front().products;
  return best;
}

}  // namespace fokker
