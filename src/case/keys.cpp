#include "fokker/case/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "sections/sections.hpp"

// The keys of a case, in the order in which a message lists and a reader needs them.
namespace fokker {
namespace {

using namespace input;

using Strings = std::vector<std::string>;
constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
constexpr auto as_formulas = "formulas";  // the variant of [sde] without a model
constexpr auto of_models = "a model";     // those variants whose row of `list models` uses the key

KeyAccess table(std::function<void(Reading&)> read, std::string must_be = "a table",
                std::function<std::size_t(const Case&)> count = {}) {
  return {KeyKind::table, std::move(must_be), std::move(read), {}, std::move(count)};
}
KeyAccess names(std::function<std::string(const Case&, std::size_t)> write) {
  return {KeyKind::names, "a table of names", {}, std::move(write)};
}
void read_plain_table(Reading& r) { static_cast<void>(r.node && read_table(r)); }

// [schedule]: what the user claims is put together once its keys are read.
template <class T>
KeyAccess claimed(T ScheduleClaim::*member, const Bounds& bounds = {}) {
  if constexpr (std::is_same_v<T, bool>)
    return as_written(KeyKind::boolean, "true or false",
                      [=](Reading& r) { r.reader.claim.*member = r.reader.boolean(r.node).value_or(false); });
  else if constexpr (std::is_same_v<T, double>)
    return as_written(KeyKind::number, bounds.text, [=](Reading& r) {
      if (const auto value = r.reader.number(r.node, bounds)) r.reader.claim.*member = *value;
    });
  else
    return as_written(KeyKind::formula, "a formula of t",
                      [=](Reading& r) { r.reader.claim.*member = r.reader.formula(r.node, Strings{"t"}); });
}

KeyRow key(std::string_view path, KeyAccess access, std::string_view unit, std::string_view standard,
           std::string_view doc, KeyRules rules = {}) {
  return {path, std::move(access), unit, standard, doc, std::move(rules)};
}

const Bounds positive = Bounds::positive(), not_negative = Bounds::not_negative();

const std::vector<KeyRow> rows = {
    key("title", text(&Case::title), "", "the name of the file", "stands above pictures and summaries"),

    key("axis",
        {KeyKind::tables, "one or two [[axis]] tables", read_axes, {}, [](const Case& c) { return c.axes.size(); }}, "",
        required, "the box: cells of equal width along one or two axes", {.entries_have_names = true}),
    key("axis.*.name", {KeyKind::text, "a name for the formulas", read_axis_name, writer(&Axis::name)}, "", required,
        "what formulas and --set call the axis"),
    key("axis.*.range", {KeyKind::list, "a pair [lower, upper]", read_range, write_range}, "x", required,
        "the ends of the box"),
    key("axis.*.cells", integer(&Axis::cells, 2, any), "", required, "the number of cells"),
    key("axis.*.boundary",
        {KeyKind::word, "reflecting, absorbing, periodic or a pair of them", read_boundary, write_boundary}, "",
        required, "what happens at the ends: one word for both, or [lower, upper]"),

    key("sde", table(read_sde), "", required, "dX = f dt + G dW by formulas, or a named model"),
    key("sde.interpretation",
        {KeyKind::word, "ito, stratonovich or klimontovich", read_interpretation, write_interpretation}, "", "ito",
        "where within a step the noise is taken", {.of = as_formulas}),
    key("sde.model", as_written(KeyKind::word, "one of those that `list models` names"), "", "none: formulas",
        "a named model in place of formulas",
        {.replaces = {"interpretation", "drift", "noise", "noise_covariance", "diffusion", "potential", "temperature"},
         .of = of_models}),
    key("sde.parameters", names(write_parameters), "", "none", "names for numbers, which may be formulas of each other",
        {.late = 2}),
    key("sde.definitions", names(write_definitions), "", "none", "names for formulas of axes and t", {.late = 2}),
    key("sde.drift", as_written(KeyKind::list, "a list of formulas, one per axis", read_drift), "x/t",
        "required, but with potential", "f", {.replaces = {"potential", "temperature"}, .of = as_formulas}),
    key("sde.potential", as_written(KeyKind::formula, "a formula", read_potential), "x^2/t", "none",
        "V of f = -grad V, with temperature",
        {.replaces = {"drift", "noise", "noise_covariance", "diffusion"}, .of = as_formulas, .late = 1}),
    key("sde.noise", as_written(KeyKind::matrix, "a matrix of formulas, one row per axis", read_noise), "x/sqrt(t)",
        "required, but with diffusion or temperature", "G, one column per source",
        {.replaces = {"diffusion", "potential", "temperature"}, .of = as_formulas}),
    key("sde.diffusion", as_written(KeyKind::matrix, "a symmetric matrix of formulas", read_diffusion), "x^2/t", "none",
        "D = G Q G^T/2 in place of noise",
        {.replaces = {"noise", "noise_covariance", "potential", "temperature"}, .of = as_formulas, .late = 1}),
    key("sde.temperature", as_written(KeyKind::formula, "a number >= 0 or a formula", read_temperature), "x^2/t",
        "none", "D = temperature times 1, with potential", {.of = as_formulas, .late = 1}),
    key("sde.noise_covariance", as_written(KeyKind::matrix, "a symmetric matrix", read_noise_covariance), "",
        "the identity", "Q, of the sources of noise", {.of = as_formulas}),
    key("sde.theta", as_written(KeyKind::list, "a number > 0, or one per axis"), "1/t", "required by ou",
        "the rate of return", {.of = of_models}),
    key("sde.mu", as_written(KeyKind::list, "a number, or one per axis"), "x", "0", "the mean of return",
        {.of = of_models}),
    key("sde.alpha", as_written(KeyKind::formula, "a formula of t"), "", "required by alpha_sigma",
        "the scale of the data at t; 1 at 0", {.of = of_models}),
    key("sde.sigma",
        as_written(KeyKind::formula, "a number > 0, or one per axis; of ve and alpha_sigma a formula of t"),
        "x/sqrt(t), or x", "required by ou and alpha_sigma; by ve without sigma_min",
        "ou: the noise; ve and alpha_sigma: the standard deviation at t", {.of = of_models}),
    key("sde.sigma_min", as_written(KeyKind::number, "a number > 0"), "x", "none",
        "sigma grows from here to sigma_max at t = 1", {.of = of_models}),
    key("sde.sigma_max", as_written(KeyKind::number, "a number > sigma_min"), "x", "required by sigma_min",
        "sigma at t = 1", {.of = of_models}),
    key("sde.beta", as_written(KeyKind::formula, "a formula of t"), "1/t", "required by vp and sub_vp without schedule",
        "the rate", {.replaces = {"schedule"}, .of = of_models}),
    key("sde.schedule", as_written(KeyKind::word, "linear or cosine"), "", "none", "a usual rate by its name",
        {.replaces = {"beta", "beta_integral"}, .of = of_models}),
    key("sde.beta_integral", as_written(KeyKind::formula, "a formula of t"), "", "worked out where it can be",
        "the integral of beta from 0, or from anywhere", {.of = of_models}),
    key("sde.blurred", as_written(KeyKind::boolean, "true or false"), "", "false",
        "the initial density is the data blurred by sigma(0) already", {.of = of_models}),

    key("schedule", table(read_schedule), "", "none",
        "what the user claims about the distribution of formulas of his own"),
    key("schedule.alpha", claimed(&ScheduleClaim::alpha), "", required, "the scale of the data at t"),
    key("schedule.sigma", claimed(&ScheduleClaim::sigma), "x", required, "the standard deviation of the noise at t"),
    key("schedule.prior_mean", claimed(&ScheduleClaim::mean), "x", "0", "of the distribution that all data go to"),
    key("schedule.prior_variance", claimed(&ScheduleClaim::variance, positive), "x^2", "1",
        "of the distribution that all data go to"),
    key("schedule.blurred", claimed(&ScheduleClaim::blurred), "", "false",
        "the initial density is the data blurred by sigma(0) already"),

    key("initial",
        table(read_initial, "a table with one of gaussian, mixture, density, point, uniform",
              [](const Case& c) { return std::size_t{c.has_initial}; }),
        "", required_to_run, "p at t = 0"),
    key("initial.gaussian", {KeyKind::inline_table, "a table of mean, covariance", read_gaussian, {}, count_gaussian},
        "", "none", "a normal density", {.choice = "initial"}),
    key("initial.gaussian.mean", {KeyKind::list, "a list of numbers, one per axis", read_mean, write_mean}, "x",
        required, "the mean"),
    key("initial.gaussian.covariance", {KeyKind::matrix, "a symmetric matrix", read_covariance, write_covariance},
        "x^2", required, "the covariance; 0 is a point"),
    key("initial.mixture", {KeyKind::inline_tables, "a list of tables", read_mixture, {}, count_mixture}, "", "none",
        "normal densities with weights", {.choice = "initial"}),
    key("initial.mixture.*.weight", {KeyKind::number, "a number > 0", read_weight, writer(&Gaussian::weight)}, "",
        required, "the weight; they sum to 1"),
    key("initial.mixture.*.mean", {KeyKind::list, "a list of numbers, one per axis", read_mean, write_mean}, "x",
        required, "the mean"),
    key("initial.mixture.*.covariance", {KeyKind::matrix, "a symmetric matrix", read_covariance, write_covariance},
        "x^2", required, "the covariance"),
    key("initial.density", {KeyKind::formula, "a formula of the axes", read_density, write_density}, "", "none",
        "any density, which is then normalised", {.choice = "initial"}),
    key("initial.point", {KeyKind::list, "a list of numbers, one per axis", read_start_point, write_start_point}, "x",
        "none", "everything at one point", {.choice = "initial"}),
    key("initial.uniform", {KeyKind::boolean, "true", read_uniform, write_uniform}, "", "none", "the same everywhere",
        {.choice = "initial"}),
    key("initial.samples", {}, "", "none", "a table of points"),
    key("initial.image", {}, "", "none", "a picture"),
    key("initial.bandwidth", {}, "x", "none", "of samples", {.only_beside = {"samples", "image"}}),

    key("scheme", table(read_plain_table), "", "its defaults", "how space is treated"),
    key("scheme.form", {KeyKind::word, "drift_diffusion or effective_drift", read_form, writer(&CaseScheme::form)}, "",
        "drift_diffusion", "p moved by f and D, or by F = f - div D - D s alone"),
    key("scheme.flux", {KeyKind::word, "one of those that `list fluxes` names", read_flux, writer(&CaseScheme::flux)},
        "", "scharfetter_gummel; muscl with the effective drift", "a row of the form"),
    key("scheme.positive", boolean(&CaseScheme::positive), "", "what flux and stepper together can promise",
        "p >= 0 is demanded, or not"),
    key("scheme.score",
        word(
            &CaseScheme::score, [](const Vocabulary& words) { return words.scores; }, "a score of the effective drift"),
        "", "log_difference", "where the score comes from", {.only_with = {{"form", "effective_drift"}}}),
    key("scheme.score_order", {KeyKind::integer, "2 or 4", read_score_order, writer(&CaseScheme::score_order)}, "", "2",
        "of the differences", {.only_with = {{"form", "effective_drift"}, {"score", "log_difference"}}}),
    key("scheme.table", {KeyKind::text, "the folder of an earlier run", read_score_table, write_score_table}, "",
        required, "whose log p gives the score", {.only_with = {{"form", "effective_drift"}, {"score", "table"}}}),
    key("scheme.limiter", word_or_first(&CaseScheme::limiter, &Vocabulary::limiters), "",
        "the first that `list fluxes` names", "of the slopes",
        {.only_with = {{"form", "effective_drift"}, {"flux", "muscl"}}}),
    key("scheme.weights", word_or_first(&CaseScheme::weights, &Vocabulary::weights), "",
        "the first that `list fluxes` names", "of the stencils",
        {.only_with = {{"form", "effective_drift"}, {"flux", "weno5"}}}),

    key("time", table(read_time, "a table with end", [](const Case& c) { return std::size_t{c.has_time}; }), "",
        required_to_run, "how far, and with which steps"),
    key("time.end", {KeyKind::number, positive.text, read_end, writer(&CaseTime::end)}, "t", required,
        "the run ends here"),
    key("time.stepper",
        word(
            &CaseTime::stepper, [](const Vocabulary& words) { return with_auto(words.steppers); },
            "auto, or one of those that `list steppers` names"),
        "", "auto", "the time stepper"),
    key("time.tolerance", {KeyKind::number, positive.text, read_tolerance, writer(&CaseTime::tolerance)}, "",
        "1e-6 where the stepper estimates its error", "error of a step, integral l1 norm", {.choice = "accuracy"}),
    key("time.dt", {KeyKind::number, positive.text, read_dt, writer(&CaseTime::dt)}, "t", "steps follow the tolerance",
        "a fixed step", {.choice = "accuracy"}),

    key("output", table(read_output), "", "its defaults", "what is written, and when"),
    key("output.frames", {KeyKind::integer, "an integer from 1 to 100000", read_frames}, "", "20",
        "equal intervals between frames", {.choice = "frames"}),
    key("output.every", {KeyKind::number, positive.text, read_every}, "t", "none", "the interval between frames",
        {.choice = "frames"}),
    key("output.times", {KeyKind::list, "a list of ascending times", read_times, write_times}, "t", "none",
        "the times of the frames; 0 and the end are always there", {.choice = "frames"}),
    key("output.series", {KeyKind::number, positive.text, read_series, write_series}, "t", "time.end/1000",
        "the interval between rows of series.csv"),
    key("output.fields", {KeyKind::list, "a list of those that `list fields` names", read_fields, write_fields}, "",
        "p alone", "the arrays of a frame"),

    key("compare", table(read_plain_table), "", "none", "independent solutions that p is held against"),
    key("compare.exact", {KeyKind::switched, "true or a density formula of the axes and t", read_exact, write_exact},
        "1/X^d", "false", "the closed form, or a formula"),
    key("compare.monte_carlo",
        switched(&CaseCompare::monte_carlo, "of particles, seed, stepper, dt, steps_max, tolerance, lambda"), "",
        "false", "particles"),
    key("compare.monte_carlo.particles", integer(&CaseMonteCarlo::particles, 1, std::int64_t{1} << 30), "", "100000",
        "their number"),
    key("compare.monte_carlo.seed", integer(&CaseMonteCarlo::seed, 0, any), "", "1", "of the random numbers",
        {.late = 2}),
    key("compare.monte_carlo.stepper",
        {KeyKind::word, "one of those that `list particle_steppers` names", read_particle_stepper,
         writer(&CaseMonteCarlo::stepper)},
        "", "euler_maruyama", "how particles move", {.late = 2}),
    key("compare.monte_carlo.dt", {KeyKind::number, positive.text, read_particle_dt, writer(&CaseMonteCarlo::dt)}, "t",
        "chosen by the program, or by the tolerance", "a fixed step"),
    key("compare.monte_carlo.tolerance",
        {KeyKind::number, positive.text, read_particle_tolerance, writer(&CaseMonteCarlo::tolerance)}, "",
        "1e-8 where the stepper adapts", "error of a step, in lengths of the box", {.late = 1}),
    key("compare.monte_carlo.lambda",
        {KeyKind::number, not_negative.text, read_particle_lambda, writer(&CaseMonteCarlo::lambda)}, "", "1",
        "member of the family of equal marginals: 0 is the flow", {.late = 1}),
    key("compare.monte_carlo.steps_max", {KeyKind::number, positive.text, read_steps_max, write_steps_max}, "", "2e9",
        "particles times noise sources times steps, for steps that the program chooses"),
    key("compare.log_likelihood", switched(&CaseCompare::log_likelihood, "of points, seed, tolerance"), "", "false",
        "log p carried along the probability flow", {.late = 2}),
    key("compare.log_likelihood.points", integer(&CaseLogLikelihood::points, 1, 1'000'000), "", "1000", "their number"),
    key("compare.log_likelihood.seed", integer(&CaseLogLikelihood::seed, 0, any), "", "1", "of the points"),
    key("compare.log_likelihood.tolerance", number(&CaseLogLikelihood::tolerance, positive), "", "1e-10",
        "error of a step"),
    key("compare.twin", {KeyKind::boolean, "true or false", boolean(&CaseCompare::twin).read, write_twin}, "", "false",
        "the other form runs beside", {.late = 1}),
    key("compare.spectral", switched(&CaseCompare::spectral, "with tolerance"), "", "false", "a Fourier solution"),
    key("compare.spectral.tolerance", number(&CaseSpectral::tolerance, positive), "", "1e-10",
        "error of a step, integral l1 norm"),

    key("reverse", table(read_reverse, "a table", [](const Case& c) { return std::size_t{c.reverse.has_value()}; }), "",
        "none", "the run goes back from its end to 0"),
    key("reverse.lambda", {KeyKind::list, "a number >= 0, or up to 16 of them", read_lambdas, write_lambdas}, "", "1",
        "1: the reverse SDE, 0: the reverse probability flow"),
    key("reverse.score",
        word(
            &CaseReverse::score, [](const Vocabulary&) { return Strings{"auto", "exact", "forward"}; },
            "auto, exact or forward"),
        "", "auto", "where the score comes from: exact where there is a closed form"),
    key("reverse.start",
        word(
            &CaseReverse::start, [](const Vocabulary&) { return Strings{"forward", "prior"}; }, "forward or prior"),
        "", "forward", "the density at the end", {.late = 1}),
    key("reverse.snapshots", integer(&CaseReverse::snapshots, 4, 100'000), "", "200",
        "intervals of the forward run between which its score is interpolated"),
    key("reverse.tolerance", number(&CaseReverse::tolerance, positive), "", "1e-6", "error of a step", {.late = 2}),
    key("reverse.stepper",
        word(
            &CaseReverse::stepper, [](const Vocabulary& words) { return with_auto(words.reverse_steppers); },
            "auto, or a stepper with an error estimate"),
        "", "auto", "an implicit one serves lambda > 0 only", {.late = 1}),

    key("check", {KeyKind::tables, "[[check]] tables", read_checks, {}, [](const Case& c) { return c.checks.size(); }},
        "", "none", "bounds that the run must keep"),
    key("check.*.quantity",
        {KeyKind::word, "one of those that `list quantities` names", read_quantity, writer(&CaseCheck::quantity)}, "",
        "required in every check", "what is bounded"),
    key("check.*.against", {KeyKind::text, "a witness or a .csv file", read_against, write_against}, "",
        "required by quantities that compare", "what p is held against"),
    key("check.*.at", {KeyKind::number, "an output time", read_at, write_at}, "t", "time.end", "when", {.late = 1}),
    key("check.*.below", bound(&CaseCheck::below), "of the quantity", "none", "fails above it",
        {.replaces = {"above", "near", "within"}, .late = 1}),
    key("check.*.above", bound(&CaseCheck::above), "of the quantity", "none", "fails below it",
        {.replaces = {"below", "near", "within"}, .late = 1}),
    key("check.*.near", bound(&CaseCheck::near), "of the quantity", "none", "fails farther from it than within",
        {.replaces = {"below", "above"}, .late = 1}),
    key("check.*.within", {KeyKind::number, not_negative.text, read_within, writer(&CaseCheck::within)},
        "of the quantity", "required by near", "the distance from near, or from 0",
        {.replaces = {"below", "above"}, .late = 1}),
    key("check.*.of", {KeyKind::formula, "a formula of the axes", read_of, write_of}, "", "required by expectation",
        "what is averaged"),
    key("check.*.point", {KeyKind::list, "a list of numbers, one per axis", read_check_point, write_check_point}, "x",
        "required by p", "where p is taken"),
    key("check.*.lambda", {KeyKind::number, not_negative.text, read_check_lambda, writer(&CaseCheck::lambda)}, "",
        "the worst of reverse.lambda", "which time reversal, against = reverse"),

    key("steady", table(read_plain_table), "", "none", "the case is for `steady`"),
    key("steady.periodic", {}, "", "none", "a density of one period"),
    key("steady.branches", {}, "", "none", "one density per communicating class"),
    key("steady.stability", {}, "", "none", "the slowest rate of return"),
};

}  // namespace

std::string_view to_string(KeyKind kind) {
  constexpr std::array<std::string_view, 15> texts = {
      "boolean",      "integer",        "number",           "word",  "text",  "formula",
      "list",         "matrix",         "boolean or more",  "table", "names", "tables",
      "inline table", "list of tables", "not available yet"};
  return texts[static_cast<std::size_t>(kind)];
}

bool KeyRow::is_of(std::string_view variant) const {
  if (rules.of != of_models) return rules.of.empty() || rules.of == variant;
  const ModelRow* const model = find_model(variant);
  return model != nullptr &&
         (key() == "model" || std::find(model->uses.begin(), model->uses.end(), key()) != model->uses.end());
}

std::span<const KeyRow> case_keys() { return rows; }

const KeyRow* find_key(std::string_view path) {
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const KeyRow& other) { return other.path == path; });
  return row == rows.end() ? nullptr : &*row;
}

std::vector<const KeyRow*> keys_of(std::string_view table) {
  std::vector<const KeyRow*> found;
  for (const KeyRow& row : rows)
    if (row.parent() == table) found.push_back(&row);
  return found;
}

}  // namespace fokker
