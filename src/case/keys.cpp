#include "fokker/case/keys.hpp"

#include <algorithm>
#include <array>

#include "rows.hpp"

// The keys of a case, in the order in which a message lists and a reader needs them; those that judge a run stand in
// judging_keys.cpp.
namespace fokker {
namespace {

using namespace input;

constexpr auto as_formulas = "formulas";  // the variant of [sde] without a model
constexpr auto of_models = "a model";     // those variants whose row of `list models` uses the key

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

const std::vector<KeyRow> rows = with_judging_keys({
    key("title", text(&Case::title), "", "the name of the file",
        "what the case is about: stands above pictures, tables and summaries", "\"Two wells, thermal escape\""),

    key("axis",
        {KeyKind::tables, "one or two [[axis]] tables", read_axes, {}, [](const Case& c) { return c.axes.size(); }}, "",
        required, "the box: cells of equal width along one or two axes, whose names are the variables of every formula",
        "",
        {.entries_have_names = true,
         .see = "`fokker list boundaries`; Gardiner, Stochastic Methods (2009), chapter 5"}),
    key("axis.*.name", {KeyKind::text, "a name for the formulas", read_axis_name, writer(&Axis::name)}, "", required,
        "what formulas, messages and --set call the axis", "\"x\""),
    key("axis.*.range", {KeyKind::list, "a pair [lower, upper]", read_range, write_range}, "x", required,
        "the ends of the box, wide enough that next to no mass is felt at its walls; -inf, inf: an end that is chosen "
        "from "
        "the moments of the distribution, and moved outwards where it is felt",
        "[-3.0, 3.0]", {.see = "docs/infinite_ranges.md; docs/decisions/0014-self-check.md"}),
    key("axis.*.cells", integer(&Axis::cells, 2, any), "", required,
        "the number of cells: p is kept as their averages; twice as many leave a quarter of the error where the flux "
        "is of order 2",
        "256", {.see = "`fokker explain cell_average`; docs/estimate.md"}),
    key("axis.*.boundary",
        {KeyKind::word, "reflecting, absorbing, periodic or a pair of them", read_boundary, write_boundary}, "",
        required, "what happens at the ends: one word for both, or [lower, upper]", "[\"absorbing\", \"reflecting\"]"),
    key("axis.*.label", {KeyKind::text, "a string", text(&Axis::label).read, word_writer(&Axis::label)}, "", "the name",
        "what figures, the report and ParaView write at the axis", "\"position\"",
        {.see = "docs/decisions/0032-figures.md"}),
    key("axis.*.unit", {KeyKind::text, "a string", text(&Axis::unit).read, word_writer(&Axis::unit)}, "", "none",
        "the unit of the axis, as figures, the report and ParaView write it; densities are per unit, and two axes with "
        "the same one are drawn at the same scale",
        "\"um\"", {.see = "docs/decisions/0032-figures.md"}),

    key("sde", table(read_sde), "", required, "dX = f dt + G dW by formulas of the axes and t, or a named model", "",
        {.see = "Risken, The Fokker-Planck Equation (1989), chapter 3"}),
    key("sde.interpretation",
        {KeyKind::word, "ito, stratonovich or klimontovich", read_interpretation, write_interpretation}, "", "ito",
        "where within a step noise that depends on the place is taken: its drift differs", "\"stratonovich\"",
        {.of = as_formulas,
         .see = "`fokker list interpretations`; van Kampen, J. Stat. Phys. 24 (1981) 175; Hanggi & Thomas, Phys. Rep. "
                "88 (1982) 207"}),
    key("sde.model", as_written(KeyKind::word, "one of those that `list models` names"), "", "none: formulas",
        "a named model in place of formulas, with keys of its own", "\"vp\"",
        {.replaces = {"interpretation", "drift", "noise", "noise_covariance", "diffusion", "potential", "temperature"},
         .of = of_models,
         .see = "`fokker list models`"}),
    key("sde.parameters", names(write_parameters), "", "none",
        "names for numbers, which may be formulas of each other: sigma = 0.7, D = \"sigma^2/2\"", "", {.late = 2}),
    key("sde.definitions", names(write_definitions), "", "none",
        "names for formulas of axes, t and parameters, in any order: dU = \"x^3 - x\"", "", {.late = 2}),
    key("sde.drift", as_written(KeyKind::list, "a list of formulas, one per axis", read_drift), "x/t",
        "required, but with potential", "f: the mean velocity, one formula per axis", "[\"x - x^3\"]",
        {.replaces = {"potential", "temperature"}, .of = as_formulas}),
    key("sde.potential", as_written(KeyKind::formula, "a formula", read_potential), "x^2/t", "none",
        "V of f = -grad V, with temperature; the stationary density is exp(-V/temperature)", "\"x^4/4 - x^2/2\"",
        {.replaces = {"drift", "noise", "noise_covariance", "diffusion"}, .of = as_formulas, .late = 1}),
    key("sde.noise", as_written(KeyKind::matrix, "a matrix of formulas, one row per axis", read_noise), "x/sqrt(t)",
        "required, but with diffusion or temperature",
        "G: one row per axis, one column per source of noise; D = G Q G^T/2", "[[\"sqrt(0.2)\"]]",
        {.replaces = {"diffusion", "potential", "temperature"}, .of = as_formulas}),
    key("sde.diffusion", as_written(KeyKind::matrix, "a symmetric matrix of formulas", read_diffusion), "x^2/t", "none",
        "D in place of noise: the spread of X grows as 2 D dt", "[[0.5]]",
        {.replaces = {"noise", "noise_covariance", "potential", "temperature"}, .of = as_formulas, .late = 1}),
    key("sde.temperature", as_written(KeyKind::formula, "a number >= 0 or a formula", read_temperature), "x^2/t",
        "none", "D = temperature times the unit matrix, with potential", "0.1", {.of = as_formulas, .late = 1}),
    key("sde.noise_covariance", as_written(KeyKind::matrix, "a symmetric matrix", read_noise_covariance), "",
        "the identity", "Q: how the sources of noise hang together", "[[1, 0.5], [0.5, 1]]", {.of = as_formulas}),
    key("sde.theta", as_written(KeyKind::list, "a number > 0, or one per axis"), "1/t", "required by ou",
        "of ou: the rate of return to mu", "1.0", {.of = of_models, .see = "`fokker explain ou`"}),
    key("sde.mu", as_written(KeyKind::list, "a number, or one per axis"), "x", "0", "of ou: where X returns to", "0.0",
        {.of = of_models, .see = "`fokker explain ou`"}),
    key("sde.alpha", as_written(KeyKind::formula, "a formula of t"), "", "required by alpha_sigma",
        "of alpha_sigma: the scale of the data at t; 1 at 0", "\"exp(-t)\"",
        {.of = of_models, .see = "`fokker explain alpha_sigma`"}),
    key("sde.sigma",
        as_written(KeyKind::formula, "a number > 0, or one per axis; of ve and alpha_sigma a formula of t"),
        "x/sqrt(t), or x", "required by ou and alpha_sigma; by ve without sigma_min",
        "of ou the strength of the noise; of ve and alpha_sigma the standard deviation of what was added by t", "0.7",
        {.of = of_models, .see = "`fokker list models`"}),
    key("sde.sigma_min", as_written(KeyKind::number, "a number > 0"), "x", "none",
        "of ve: sigma(t) = sigma_min (sigma_max/sigma_min)^t starts here", "0.01",
        {.of = of_models, .see = "`fokker explain ve`"}),
    key("sde.sigma_max", as_written(KeyKind::number, "a number > sigma_min"), "x", "required by sigma_min",
        "of ve: sigma at t = 1", "50", {.of = of_models, .see = "`fokker explain ve`"}),
    key("sde.beta", as_written(KeyKind::formula, "a formula of t"), "1/t", "required by vp and sub_vp without schedule",
        "of vp and sub_vp: the rate at which data dissolve into noise", "\"0.1 + 19.9*t\"",
        {.replaces = {"schedule"}, .of = of_models, .see = "`fokker explain vp`"}),
    key("sde.schedule", as_written(KeyKind::word, "linear or cosine"), "", "none",
        "of vp and sub_vp: a usual rate by its name", "\"linear\"",
        {.replaces = {"beta", "beta_integral"}, .of = of_models, .see = "`fokker list schedules`"}),
    key("sde.beta_integral", as_written(KeyKind::formula, "a formula of t"), "", "worked out where it can be",
        "of vp and sub_vp: the integral of beta from 0, or from anywhere", "\"0.1*t + 9.95*t^2\"",
        {.of = of_models, .see = "`fokker explain vp`"}),
    key("sde.blurred", as_written(KeyKind::boolean, "true or false"), "", "false",
        "of ve and alpha_sigma: the initial density is the data blurred by sigma(0) already", "true",
        {.of = of_models, .see = "`fokker list models`"}),

    key("schedule", table(read_schedule), "", "none",
        "what the user claims about formulas of his own: X(t) is alpha(t) X(0) plus noise of standard deviation "
        "sigma(t)",
        "",
        {.verbs = of_marching,
         .see = "Kingma et al., Variational Diffusion Models, NeurIPS 2021; `fokker explain prior`"}),
    key("schedule.alpha", claimed(&ScheduleClaim::alpha), "", required, "the scale of the data at t", "\"exp(-t)\""),
    key("schedule.sigma", claimed(&ScheduleClaim::sigma), "x", required, "the standard deviation of the noise at t",
        "\"sqrt(1 - exp(-2*t))\""),
    key("schedule.prior_mean", claimed(&ScheduleClaim::mean), "x", "0",
        "the mean of the distribution that all data go to", "0.0"),
    key("schedule.prior_variance", claimed(&ScheduleClaim::variance, positive), "x^2", "1",
        "the variance of the distribution that all data go to", "1.0"),
    key("schedule.blurred", claimed(&ScheduleClaim::blurred), "", "false",
        "the initial density is the data blurred by sigma(0) already", "true"),

    key("initial",
        table(read_initial, "a table with one of gaussian, mixture, density, point, uniform",
              [](const Case& c) { return std::size_t{c.has_initial}; }),
        "", required_to_run, "p at t = 0: one of its keys", "",
        {.verbs = of_marching, .see = "`fokker explain cell_average`"}),
    key("initial.gaussian", {KeyKind::inline_table, "a table of mean, covariance", read_gaussian, {}, count_gaussian},
        "", "none", "a normal density", "", {.choice = "initial"}),
    key("initial.gaussian.mean", {KeyKind::list, "a list of numbers, one per axis", read_mean, write_mean}, "x",
        required, "its centre", "[-1.0]"),
    key("initial.gaussian.covariance", {KeyKind::matrix, "a symmetric matrix", read_covariance, write_covariance},
        "x^2", required, "its covariance; 0 is a point", "[[0.04]]"),
    key("initial.mixture", {KeyKind::inline_tables, "a list of tables", read_mixture, {}, count_mixture}, "", "none",
        "a weighted sum of normal densities", "", {.choice = "initial"}),
    key("initial.mixture.*.weight", {KeyKind::number, "a number > 0", read_weight, writer(&Gaussian::weight)}, "",
        required, "the share of the component; all of them sum to 1", "0.5"),
    key("initial.mixture.*.mean", {KeyKind::list, "a list of numbers, one per axis", read_mean, write_mean}, "x",
        required, "its centre", "[-1.0]"),
    key("initial.mixture.*.covariance", {KeyKind::matrix, "a symmetric matrix", read_covariance, write_covariance},
        "x^2", required, "its covariance", "[[0.04]]"),
    key("initial.density", {KeyKind::formula, "a formula of the axes", read_density, write_density}, "", "none",
        "any density >= 0, which is then scaled to mass 1 on the grid", "\"exp(-x^2)\"", {.choice = "initial"}),
    key("initial.point", {KeyKind::list, "a list of numbers, one per axis", read_start_point, write_start_point}, "x",
        "none", "everything at one point, split over the nearest cells so that the mean is exact", "[0.5]",
        {.choice = "initial", .see = "docs/decisions/0012-point-starts.md"}),
    key("initial.uniform", {KeyKind::boolean, "true", read_uniform, write_uniform}, "", "none", "the same everywhere",
        "true", {.choice = "initial"}),
    key("initial.samples", {}, "", "none", "a table of points", "\"points.csv\""),
    key("initial.image", {}, "", "none", "a picture whose brightness is p", "\"letters.pgm\""),
    key("initial.bandwidth", {}, "x", "none", "how far each sample is smoothed", "0.1",
        {.only_beside = {"samples", "image"}}),

    key("scheme", table(read_plain_table), "", "its defaults",
        "how space is treated: the form of the equation and the flux between cells", "",
        {.see = "`fokker list fluxes`; docs/decisions/0025-upwind-faces.md"}),
    key("scheme.form", {KeyKind::word, "drift_diffusion or effective_drift", read_form, writer(&CaseScheme::form)}, "",
        "drift_diffusion", "p moved by f and D, or by the effective drift F = f - div D - D grad log p alone",
        "\"effective_drift\"", {.see = "docs/decisions/0006-effective-drift.md"}),
    key("scheme.flux", {KeyKind::word, "one of those that `list fluxes` names", read_flux, writer(&CaseScheme::flux)},
        "", "scharfetter_gummel; muscl with the effective drift",
        "how probability crosses the face between two cells: a row of the form", "\"scharfetter_gummel\"",
        {.replaces = {"flux_chosen"}}),
    key("scheme.flux_chosen",
        word_or_none(
            &CaseScheme::flux_chosen, [](const Vocabulary& words) { return words.fluxes; }, "the name of a flux"),
        "", "none: auto chooses", "what flux = auto took: resolved.toml has it, and a run of that file takes the same",
        "\"central4_positive\"", {.only_with = {{"flux", "auto"}}}),
    key("scheme.positive", boolean(&CaseScheme::positive), "", "what flux and stepper together can promise",
        "p >= 0 is demanded and enforced, or not", "true"),
    key("scheme.score",
        word(
            &CaseScheme::score, [](const Vocabulary& words) { return words.scores; },
            "one of those that `list scores` names"),
        "", "log_difference", "where the effective drift takes grad log p from", "\"flux_consistent\"",
        {.only_with = {{"form", "effective_drift"}},
         .verbs = of_marching,
         .see = "`fokker list scores`; docs/decisions/0006-effective-drift.md"}),
    key("scheme.score_order", {KeyKind::integer, "2 or 4", read_score_order, writer(&CaseScheme::score_order)}, "", "2",
        "the order of the differences of log p", "4",
        {.only_with = {{"form", "effective_drift"}, {"score", "log_difference"}}, .verbs = of_marching}),
    key("scheme.table", {KeyKind::text, "the folder of an earlier run", read_score_table, write_score_table}, "",
        required, "the earlier run whose frames of p give the score", "\"runs/forward\"",
        {.only_with = {{"form", "effective_drift"}, {"score", "table"}}, .file_ending = "", .verbs = of_marching}),
    key("scheme.limiter",
        word_or_first(&CaseScheme::limiter, &Vocabulary::limiters, "one of those that `list limiters` names"), "",
        first_of_list, "how steep p may be within a cell: what keeps the reconstruction from overshooting",
        "\"van_leer\"",
        {.only_with = {{"form", "effective_drift"}, {"flux", "muscl"}},
         .verbs = of_marching,
         .see = "`fokker list limiters`; Sweby, SIAM J. Numer. Anal. 21 (1984) 995"}),
    key("scheme.weights",
        word_or_first(&CaseScheme::weights, &Vocabulary::weights, "one of those that `list weights` names"), "",
        first_of_list, "how the three stencils of weno5 are weighed", "\"js\"",
        {.only_with = {{"form", "effective_drift"}, {"flux", "weno5"}},
         .verbs = of_marching,
         .see = "`fokker list weights`; Jiang & Shu, J. Comput. Phys. 126 (1996) 202"}),

    key("time", table(read_time, "a table with end", [](const Case& c) { return std::size_t{c.has_time}; }), "",
        required_to_run, "how far, and with which steps", "", {.verbs = of_marching, .see = "docs/steppers.md"}),
    key("time.end", {KeyKind::number, positive.text, read_end, writer(&CaseTime::end)}, "t", required,
        "the run starts at t = 0 and ends here", "4.0"),
    key("time.stepper",
        word(
            &CaseTime::stepper, [](const Vocabulary& words) { return with_auto(words.steppers); },
            "auto, or one of those that `list steppers` names"),
        "", "auto", "how p is carried from step to step; auto chooses, and `fokker check` says what and why",
        "\"crank_nicolson\"", {.replaces = {"stepper_chosen"}}),
    key("time.stepper_chosen",
        word_or_none(
            &CaseTime::stepper_chosen, [](const Vocabulary& words) { return words.steppers; }, "the name of a stepper"),
        "", "none: auto chooses",
        "what stepper = auto took: resolved.toml has it, and a run of that file takes the same", "\"tr_bdf2\"",
        {.only_with = {{"stepper", "auto"}}}),
    key("time.tolerance", {KeyKind::number, positive.text, read_tolerance, writer(&CaseTime::tolerance)}, "",
        "1e-6 where the stepper estimates its error",
        "the largest estimated error of a step, in the integral l1 norm; steps follow it", "1e-6",
        {.choice = "accuracy"}),
    key("time.dt", {KeyKind::number, positive.text, read_dt, writer(&CaseTime::dt)}, "t", "steps follow the tolerance",
        "a fixed step in place of a tolerance", "1e-3", {.choice = "accuracy"}),

    key("output", table(read_output), "", "its defaults", "what is written, and when", "",
        {.see = "`fokker explain frame`; `fokker explain series`"}),
    key("output.frames", {KeyKind::integer, "an integer from 1 to 100000", read_frames}, "", "20",
        "the number of equal intervals between frames: one file more", "20",
        {.choice = "frames", .verbs = of_marching}),
    key("output.every", {KeyKind::number, positive.text, read_every}, "t", "none",
        "the interval between frames; the end is one in any case", "0.5", {.choice = "frames", .verbs = of_marching}),
    key("output.times", {KeyKind::list, "a list of ascending times", read_times, write_times}, "t", "none",
        "the times of the frames; 0 and the end are always there", "[0.5, 1.0, 2.0]",
        {.choice = "frames", .verbs = of_marching}),
    key("output.series", {KeyKind::number, positive.text, read_series, write_series}, "t",
        "a fiftieth of the first output time after 0",
        "the interval between rows of series.csv: the first step after each multiple has one", "0.01",
        {.verbs = of_marching}),
    key("output.fields", {KeyKind::list, "a list of those that `list fields` names", read_fields, write_fields}, "",
        "p alone", "the arrays of a frame", "[\"p\", \"current\"]", {.see = "`fokker list fields`"}),
    key("output.formats", {KeyKind::list, "a list of vti, csv, npy", read_formats, write_formats}, "", "vti",
        "the files of a frame: for ParaView, a table of the axes and p, an array of p for numpy", "[\"vti\", \"npy\"]",
        {.see = "`fokker list formats`"}),
    key("output.marginals", {KeyKind::boolean, "true or false", read_marginals, writer(&CaseOutput::marginals)}, "",
        "false", "frames of p over one axis alone, for both axes", "true"),
    key("output.picture",
        {KeyKind::inline_table,
         "a table of times, fields, log, aspect",
         read_plain_table,
         {},
         [](const Case& c) { return std::size_t{c.output.picture.wishes()}; }},
        "", "what the case is about", "what figure.png and figure.svg show, as `fokker plot` does of an old run", "",
        {.late = 2, .see = "docs/decisions/0032-figures.md"}),
    key("output.picture.times",
        {KeyKind::list, "a list of ascending output times", read_picture_times, write_picture_times}, "t",
        "those at which something happens", "the frames that are shown", "[0, 0.5]"),
    key("output.picture.fields",
        {KeyKind::list, "a list of those that `list fields` names", read_picture_fields, write_picture_fields}, "",
        "what the case is about", "what is shown beside p: curves in 1D, arrows of vectors in 2D", "[\"current\"]"),
    key("output.picture.log", boolean(&CasePicture::log), "", "false", "densities in logarithmic colours and heights",
        "true"),
    key("output.picture.aspect",
        {KeyKind::word, "free or equal", read_picture_aspect, word_writer(&CasePicture::aspect)}, "",
        "equal where the axes share a unit, else free",
        "equal: a unit of one axis is drawn as long as one of the other; free: as the figure has room", "\"equal\""),
    key("output.expectations",
        {KeyKind::names, "a table of names and formulas of axes and t", read_expectations, write_expectations},
        "of the formula", "none",
        "int g p dx by names like { second = \"x^2\" }, not divided by the mass left: columns of series.csv, members "
        "of "
        "summary.json",
        "", {.late = 2, .see = "docs/questions.md; docs/decisions/0029-questions.md"}),
    key("output.probabilities",
        {KeyKind::names, "a table of names and conditions on axes and t", read_probabilities, write_probabilities}, "",
        "none",
        "the mass for which a condition holds, by names like { right = \"x > 1\" }: columns and members as well", "",
        {.late = 2, .see = "docs/questions.md; docs/decisions/0029-questions.md"}),

    key("checkpoint", table(read_plain_table), "", "its defaults",
        "what a run leaves behind to go on from with `fokker resume`", "",
        {.see = "docs/decisions/0028-checkpoints.md"}),
    key("checkpoint.every", number(&CaseCheckpoint::every, not_negative), "s", "600",
        "the first accepted step after so many seconds of wall time makes a checkpoint; 0: only a request to stop does",
        "60", {.verbs = of_marching}),
});

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

namespace {

std::string_view inherited(std::string_view path, std::string_view KeyRules::*rule) {
  for (;;) {
    if (const KeyRow* const row = find_key(path); row && !(row->rules.*rule).empty()) return row->rules.*rule;
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return "";
    path = path.substr(0, dot);
  }
}

}  // namespace

std::string_view KeyRow::verbs() const {
  const std::string_view own = inherited(path, &KeyRules::verbs);
  return own.empty() ? "run, check, converge, validate, steady" : own;
}

std::string key_name(const KeyRow& row) {
  std::string name(row.path);
  for (std::size_t at = name.find(".*"); at != std::string::npos; at = name.find(".*")) name.erase(at, 2);
  return name;
}

std::string_view KeyRow::see() const { return inherited(path, &KeyRules::see); }

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
