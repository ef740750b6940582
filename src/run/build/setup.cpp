#include "fokker/run/setup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "faults.hpp"
#include "fokker/run/build/infinite_range.hpp"
#include "fokker/run/point_start.hpp"
#include "fokker/scheme/choose_flux.hpp"
#include "fokker/scheme/coefficients.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "inertia.hpp"
#include "memory_needed.hpp"
#include "moving_jumps.hpp"
#include "questions.hpp"
#include "refuse_jumps.hpp"
#include "scores.hpp"
#include "whereabouts.hpp"

namespace fokker {

GridFaces::GridFaces(const Grid& grid) {
  faces.dimension = grid.dimension();
  for (int k = 0; k < grid.dimension(); ++k) {
    const std::size_t slot = k;
    const Axis& axis = grid.axis(k);
    for (Index i = 0; i <= axis.cells; ++i) storage[slot].push_back(axis.face(i));
    faces.axis[slot] = storage[slot];
    faces.periodic[slot] = axis.periodic();
  }
}

namespace {

constexpr double long_wait = 0.01;  // of the run, before the distribution of a point fits a cell

/// How the initial section becomes a density; null for a point.
std::unique_ptr<Density> initial_density(const Case& config) {
  struct Maker {
    const Case& config;
    std::unique_ptr<Density> operator()(const InitialMixture& mixture) const {
      return std::make_unique<GaussianMixture>(mixture.components);
    }
    std::unique_ptr<Density> operator()(const InitialFormula& formula) const {
      return std::make_unique<FormulaDensity>(formula.density, config.sde.variables);
    }
    std::unique_ptr<Density> operator()(const InitialPoint&) const { return nullptr; }
    std::unique_ptr<Density> operator()(const InitialUniform&) const {
      std::vector<double> lower, upper;
      for (const Axis& axis : config.axes) {
        lower.push_back(axis.lower);
        upper.push_back(axis.upper);
      }
      return std::make_unique<UniformDensity>(lower, upper);
    }
  };
  return std::visit(Maker{config}, config.initial);
}

/// The score that the time reversal uses: exact where it can be and is not refused; null for that of the forward run.
std::shared_ptr<ScoreSource> make_reverse_score(const Setup& setup) {
  const auto& asked = setup.config.reverse;
  if (!asked || asked->score == "forward") return nullptr;
  try {
    return closed_score(setup, "reverse.score", "score = \"forward\"");
  } catch (const CaseError&) {
    if (asked->score == "exact") throw;
  }
  return nullptr;
}

double tolerance_of(const Case& config) { return config.time.tolerance.value_or(1e-6); }

/// The form a case asks for, and in `setup` what it took.
std::unique_ptr<Form> make_form(Setup& setup) {
  const CaseScheme& scheme = setup.config.scheme;
  setup.score = score_of(scheme);
  const std::string& kept = scheme.flux_chosen;
  if (scheme.flux == "auto" && kept.empty()) {
    FluxChoice choice = choose_flux(
        setup.grid, setup.sde, {scheme.positive.value_or(true), tolerance_of(setup.config)}, setup.initial.view(), 0,
        setup.config.time.end, setup.timeline,
        [&] { return find_whereabouts(*setup.grid, setup.sde, setup.initial.view(), setup.config.time.end); });
    setup.flux = choice.row;
    setup.flux_reason = choice.reason;
    return std::move(choice.form);
  }
  if (!kept.empty()) setup.flux_reason = "as it was chosen before (scheme.flux_chosen)";
  setup.flux = find_flux(kept.empty() ? scheme.flux : kept,
                         setup.score == nullptr || setup.score->divides_a_flux ? "drift_diffusion" : "effective_drift");
  if (setup.score != nullptr) return setup.score->make(setup);
  return make_drift_diffusion(setup.grid, setup.sde, *setup.flux, TimeRange(0, setup.config.time.end));
}

/// Cell averages that can be scaled to mass 1: finite, not negative (`lowest`: of a formula inside its cells), and
/// neither below nor above what doubles can hold with all their digits.
void require_density(const Setup& setup, const Lowest& lowest) {
  const Grid& grid = *setup.grid;
  for (Index cell = 0; cell < grid.cells(); ++cell) {
    const double p = setup.initial.values[cell];
    if (!std::isfinite(p) || p < 0)
      refuse(setup.config, "initial",
             fmt::format("the density is {} in {}; it must be finite and not negative",
                         std::isnan(p) ? "not a number" : fmt::format("{:.6g}", p), grid.describe(cell)));
  }
  const double mass = setup.initial.mass(), largest = setup.initial.values.maxCoeff();
  if (!(largest > 0))
    refuse(setup.config, "initial", "the density has no mass on the grid: its cell averages are all 0");
  constexpr double rounding = 1e-12;  // what cancels in a formula
  if (lowest.value < -rounding * largest) {
    std::string at = fmt::format("{} = {:.6g}", grid.axis(0).name, lowest.at[0]);
    if (grid.dimension() > 1) at += fmt::format(", {} = {:.6g}", grid.axis(1).name, lowest.at[1]);
    refuse(setup.config, "initial",
           fmt::format("the density is {:.6g} at {}, in {} (whose average is not negative); it must not be negative "
                       "anywhere; max(0, ...) cuts it off",
                       lowest.value, at, grid.describe(lowest.cell)));
  }
  constexpr double least = 1e-290, most = 1e290;  // tails keep 18 digits below the maximum
  if (largest < least || largest > most || !std::isfinite(mass) || !std::isfinite(1 / mass))
    refuse(setup.config, "initial",
           fmt::format("the density is {:.3g} where it is largest, and doubles hold no tails of it; {}", largest,
                       std::holds_alternative<InitialFormula>(setup.config.initial)
                           ? "it is scaled to mass 1 anyway: leave the factor out"
                           : "it lies outside the box"));
}

/// What to do about a start of the whole line, of which `outside` does not fit into the box.
void judge_cut_start(Setup& setup, double outside) {
  std::string keys;
  for (const Axis& axis : setup.grid->axes())
    keys += fmt::format("{}axis.{}.range", keys.empty() ? "" : ", ", axis.name);
  if (outside > 0.5)
    refuse(
        setup.config, "initial",
        fmt::format("{:.3g} of its mass lies outside the box, at most 0.5 may; move it, or widen {}", outside, keys));
  if (outside > 1e-3)
    setup.warnings.push_back(fmt::format(
        "initial: {:.3g} of the mass lies outside the box, and the rest was scaled to 1: l1 {:.2g} from the "
        "distribution that was asked for; move it, or widen {}",
        outside, outside, keys));
}

void set_initial(Setup& setup) {
  if (const auto* start = std::get_if<InitialPoint>(&setup.config.initial)) {
    PointStart made = start_from_point(setup.grid, setup.formulas, start->point);
    setup.initial = std::move(made.p);
    setup.initial_outflow = std::move(made.outflow);
    setup.clock = made.clock;
    setup.start_note = std::move(made.note);
    if (setup.clock > long_wait * setup.config.time.end)
      setup.warnings.push_back(fmt::format("initial.point: {}, which is {:.2g} of the run; take narrower cells there",
                                           setup.start_note, setup.clock / setup.config.time.end));
    return;
  }
  setup.initial_distribution = initial_density(setup.config);
  setup.initial = Field(setup.grid);
  const GridFaces cells(*setup.grid);
  require_density(setup, setup.initial_distribution->averages_and_lowest(cells.faces, setup.initial.view()));
  const double mass = setup.initial.mass();
  setup.initial_factor = 1 / mass;
  setup.initial.values *= setup.initial_factor;
  if (std::holds_alternative<InitialMixture>(setup.config.initial)) judge_cut_start(setup, 1 - mass);
}

/// A run says what `check` would: the distribution that the case claims is not that of its SDE.
void warn_of_schedule(Setup& setup) {
  const Case& c = setup.config;
  if (!c.schedule) return;
  for (const ScheduleFinding& finding : check_schedule(*c.schedule, *setup.formulas, c.sde.variables, c.time.end))
    if (!finding.holds) setup.warnings.push_back("schedule: " + finding.text);
}

bool promises_positivity(const Setup& setup) {
  const auto& asked = setup.config.scheme.positive;
  const FluxScheme* const kept = counterpart(*setup.flux);
  if (asked && *asked && !setup.scheme->op().positive())
    refuse(setup.config, "scheme.positive",
           fmt::format("flux '{}' cannot promise p >= 0 ({}); use flux = \"{}\" or positive = false", setup.flux->name,
                       setup.flux->guarantee, kept != nullptr ? kept->name : default_flux().name));
  const Operator& op = setup.scheme->op();
  const StepperRow* const row = find_stepper(setup.config.time.stepper);  // null: auto, which keeps what is asked for
  return asked.value_or(op.positive() && (row == nullptr || row->keeps_sign || op.correction() != nullptr));
}

void set_stepper(Setup& setup) {
  const CaseTime& time = setup.config.time;
  const StepperOptions options = stepper_options(setup);
  if (!time.stepper_chosen.empty()) {
    setup.stepper_row = find_stepper(time.stepper_chosen);
    setup.stepper_reason = "as it was chosen before (time.stepper_chosen)";
  } else if (time.stepper == "auto") {
    const StepperChoice choice = choose_stepper(setup.scheme->op(), setup.grid->dimension(), options, 0, time.end,
                                                static_cast<int>(setup.config.output.times.size()) - 1);
    setup.stepper_row = choice.row;
    setup.stepper_reason = choice.reason;
  } else {
    setup.stepper_row = find_stepper(time.stepper);
  }
  try {
    setup.stepper = make_stepper(*setup.stepper_row, setup.scheme->op(), options, 0);
  } catch (const UsageError& error) {
    refuse(setup.config, setup.stepper_row->kinetic ? "time.stepper" : "time", error.what());
  }
}

/// Looks at the coefficients over all of the run, before anything is made of them.
void look_over_time(Setup& setup) {
  const double end = setup.config.time.end;
  const Timeline found = setup.sde->timeline({0, end}, box_of(*setup.grid));
  check_coefficients(*setup.grid, *setup.sde, 0);
  check_coefficients(*setup.grid, *setup.sde, {0, end}, found);
  setup.timeline = found.meeting(setup.config.output.times, same_time * end);
  if (found.unseen() > 0)
    setup.warnings.push_back(fmt::format(
        "the coefficients vary in time too fast to be followed: changes were looked for down to a duration of {:.2g}, "
        "and what is shorter may be stepped over; take a shorter time.end, or formulas that vary more slowly",
        found.unseen()));
}

}  // namespace

std::shared_ptr<const FormulaSde> make_formulas(const Case& config) try {
  return std::make_shared<const FormulaSde>(config.sde);
} catch (const std::logic_error& error) {
  refuse(config, "sde", error.what());
}

Eigen::VectorXd initial_state(const Setup& setup) {
  Eigen::VectorXd state = Eigen::VectorXd::Zero(setup.scheme->op().size());
  state.head(setup.grid->cells()) = setup.initial.values;
  for (std::size_t k = 0; k < setup.initial_outflow.size(); ++k)
    state[setup.grid->cells() + static_cast<Index>(k)] = setup.initial_outflow[k];
  return state;
}

StepperOptions stepper_options(const Setup& setup) {
  return {.dt = setup.config.time.dt,
          .tolerance = tolerance_of(setup.config),
          .keep_positive = setup.positive,
          .canonical = setup.canonical.view,
          .surrenders = setup.config.time.stepper == "auto"};
}

Case side_case(Case config) {
  config.compare = {};
  config.reverse.reset();
  config.stops.clear();
  config.checks.clear();
  config.output.fields = {"p"};
  config.output.times = {0, config.time.end};
  config.output.questions.clear();
  config.infinite.clear();
  return config;
}

void choose_anew(Case& config) {
  config.scheme.flux_chosen.clear();
  config.time.stepper_chosen.clear();
}

Case on_cells(const Case& config, double factor) {
  Case other = side_case(config);
  for (Axis& axis : other.axes)
    axis.cells =
        std::max<Index>(std::min(axis.cells, fewest_cells), std::lround(static_cast<double>(axis.cells) * factor));
  return other;
}

Setup assemble(Case config) {
  require_memory(config);
  Setup setup;
  setup.config = std::move(config);
  setup.warnings = setup.config.warnings;
  setup.sde = setup.formulas = make_formulas(setup.config);
  choose_box(setup.config, *setup.sde, false);
  setup.grid = std::make_shared<const Grid>(setup.config.axes);
  try {
    set_initial(setup);
    look_over_time(setup);
    setup.scheme = make_form(setup);
  } catch (const CaseError& error) {  // formulas and schemes know no file
    throw placed(setup.config, error);
  } catch (const NumericalError& error) {
    throw as_case_error(setup, error);
  }
  refuse_jumps(setup);
  setup.questions = std::make_shared<const Questions>(setup.config, setup.grid);
  for (std::string& warning : setup.questions->warnings()) setup.warnings.push_back(std::move(warning));
  warn_of_schedule(setup);
  if (std::string text = moving_jump_warning(setup); !text.empty()) setup.warnings.push_back(std::move(text));
  setup.reverse_score = make_reverse_score(setup);
  setup.positive = promises_positivity(setup);
  look_for_inertia(setup);
  try {
    set_stepper(setup);
  } catch (const NumericalError& error) {  // of rates at a later time
    throw as_case_error(setup, error);
  }
  if (setup.config.scheme.flux == "auto") setup.config.scheme.flux_chosen = setup.flux->name;
  if (setup.config.time.stepper == "auto") setup.config.time.stepper_chosen = setup.stepper_row->name;
  return setup;
}

}  // namespace fokker
