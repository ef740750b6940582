#include "fokker/run/check/check_case.hpp"

#include <fmt/format.h>

#include <cmath>

#include "../build/schedule_check.hpp"
#include "../study/describe.hpp"
#include "fokker/analysis/norms.hpp"
#include "fokker/run/setup.hpp"
#include "fokker/run/stop_reason.hpp"
#include "fokker/run/witness.hpp"
#include "fokker/scheme/cell_peclet.hpp"
#include "fokker/scheme/selling.hpp"
#include "forecast.hpp"
#include "rehearsal.hpp"
#include "trial.hpp"

namespace fokker {

namespace {

std::string bytes_text(double bytes) {
  if (bytes < 1e6) return fmt::format("{:.3g} kB", bytes / 1e3);
  return bytes < 1e9 ? fmt::format("{:.3g} MB", bytes / 1e6) : fmt::format("{:.3g} GB", bytes / 1e9);
}

Finding axes_finding(const Setup& setup) {
  std::string text;
  std::vector<Index> cells;
  for (const Axis& axis : setup.grid->axes()) {
    cells.push_back(axis.cells);
    text += fmt::format("{}{}: {} cells of {:.4g} in [{:.6g}, {:.6g}], {} | {}", text.empty() ? "" : "; ", axis.name,
                        axis.cells, axis.width(), axis.lower, axis.upper, to_string(axis.at_lower),
                        to_string(axis.at_upper));
  }
  return {"grid.cells", cells, "grid", text};
}

Finding interpretation_finding(const Setup& setup) {
  const auto& induced = setup.formulas->induced_drift();
  std::string text = to_string(setup.config.sde.interpretation);
  Json values = Json::array();
  for (std::size_t k = 0; k < induced.size(); ++k) {
    std::string formula;
    try {
      formula = induced[k].to_string();
    } catch (const std::length_error&) {
      formula = fmt::format("a formula of {} terms", induced[k].size());
    }
    if (!induced[k].is_zero())
      text += fmt::format("; it adds {} to the Ito drift of {}", formula, setup.config.sde.variables[k]);
    values.push_back(std::move(formula));
  }
  return {"sde.induced_drift", values, "noise read as", text};
}

Finding traits_finding(const Setup& setup) {
  const Traits traits = setup.sde->traits();
  std::vector<std::string> names;
  if (traits.autonomous) names.emplace_back("autonomous");
  if (traits.linear) names.emplace_back("linear drift");
  if (traits.additive) names.emplace_back("additive noise");
  if (traits.diagonal) names.emplace_back("diagonal diffusion");
  if (traits.deterministic) names.emplace_back("no noise");
  if (setup.sde->separated(setup.grid->centers())) names.emplace_back("one common factor of time");
  if (setup.sde->has_gibbs()) names.emplace_back("Gibbs distribution exp(-U/T)");
  return {"sde.traits", names, "proved", names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "))};
}

/// Mass within two cells of each wall that is not periodic: what truncation or reflection will meet at the start.
double mass_at_walls(const Setup& setup) {
  const Grid& grid = *setup.grid;
  const auto near = [](const Axis& axis, Index i) { return !axis.periodic() && (i < 2 || i >= axis.cells - 2); };
  double mass = 0;
  for (Index cell = 0; cell < grid.cells(); ++cell)
    if (near(grid.axis(0), cell % grid.nx()) || (grid.dimension() > 1 && near(grid.axis(1), cell / grid.nx())))
      mass += setup.initial.values[cell] * grid.volume();
  return mass;
}

/// What box and grid will make of the distribution on the way, as far as it can be known without a run; what a run
/// would warn of.
std::vector<std::string> add_forecast(const Setup& setup, std::optional<double> gives_way, std::vector<Finding>& all) {
  const auto found = forecast(setup, gives_way);
  if (!found) return {};
  const Judgement& judged = found->judged;
  std::vector<Finding> parts = judgement_findings(judged);
  Finding& said = parts[0];
  said.label = "by " + found->basis;
  if (!parts[1].text.empty()) said.text += "; " + parts[1].text;
  if (found->until < setup.config.time.end)
    said.text += fmt::format("; until t = {:.3g} only, then most of it is outside of the box", found->until);
  if (!setup.sde->traits().deterministic)
    said.text += fmt::format("; |f| h / D up to {:.3g}", fmt::join(found->peclet, " x "));
  for (const double peclet : found->peclet) said.value["peclet"].push_back(number(peclet));
  all.push_back(std::move(said));
  std::vector<std::string> warnings;
  for (const std::string& warning : judged.warnings) warnings.push_back("by " + found->basis + ": " + warning);
  return warnings;
}

/// Absorbing sides that leave nothing.
void add_absorption(const Setup& setup, std::vector<Finding>& all, std::vector<std::string>& warnings) {
  constexpr double nothing = 1e-9;
  const auto left = left_by_absorbing_sides(setup);
  if (!left) return;
  all.push_back(
      {"walls.left_at_end", *left, "absorbing sides",
       fmt::format("leave about {:.2g} of the mass at the end, by a run on at most 32 cells an axis", *left)});
  if (*left < nothing)
    warnings.push_back(fmt::format(
        "mass: absorbing sides leave about {:.2g} of it at t = {:.6g}: p, moments and norms there would be those of "
        "nothing; end the run earlier (time.end)",
        *left, setup.config.time.end));
}

/// Seconds and memory of the run, part by part.
void add_costs(const Costs& costs, std::vector<Finding>& all) {
  if (!costs.not_tried.empty()) {
    all.push_back({"cost", {{"not_tried", costs.not_tried}}, "cost", "not known: " + costs.not_tried});
    return;
  }
  Json parts = Json::object();
  std::string text;
  for (const CostPart& part : costs.parts) {
    parts[part.name] = number(part.seconds);
    text += fmt::format("{}{:.2g} {}", text.empty() ? "" : ", ", part.seconds, part.name);
  }
  all.push_back({"cost",
                 {{"seconds", number(costs.seconds())}, {"parts", parts}},
                 "cost",
                 fmt::format("about {:.2g} s: {}; each tried for 0.2 s", costs.seconds(), text)});
  all.push_back({"memory.bytes", costs.bytes, "memory", fmt::format("about {}", bytes_text(costs.bytes))});
}

/// What the particles will cost; a step that the program chooses is announced.
void add_particles(const Setup& setup, std::vector<Finding>& all) {
  const auto cost = particle_cost(setup);
  if (!cost) return;
  const double steps = std::min(cost->steps, cost->affordable), sources = static_cast<double>(cost->sources);
  const double total = static_cast<double>(cost->particles) * steps * sources;
  std::string text = fmt::format("{} with about {:.2g} steps {}{:.2g}: {:.2g} particle steps times {} noise source{}",
                                 cost->particles, steps, cost->chosen ? "chosen, down to " : "of ", cost->shortest,
                                 total, cost->sources, cost->sources == 1 ? "" : "s");
  if (cost->steps > cost->affordable)
    text += fmt::format(
        "; {:.2g} steps were wanted, compare.monte_carlo.steps_max = {:.4g} allows no more: their error in "
        "time may exceed their noise",
        cost->steps, setup.config.compare.monte_carlo->steps_max);
  all.push_back({"compare.monte_carlo",
                 {{"particles", cost->particles},
                  {"noise_sources", cost->sources},
                  {"chosen", cost->chosen},
                  {"steps", steps},
                  {"steps_wanted", cost->steps},
                  {"shortest_step", cost->shortest},
                  {"cost", total}},
                 "particles",
                 text});
}

/// What the case claims about its own distribution, one line each; false when something claimed is wrong.
bool add_schedule(const Setup& setup, std::vector<Finding>& all) {
  const Case& c = setup.config;
  if (!c.no_schedule.empty()) all.push_back({"schedule.unknown", c.no_schedule, "schedule", c.no_schedule});
  if (!c.schedule) return true;
  bool good = true;
  for (const ScheduleFinding& f : check_schedule(*c.schedule, *setup.formulas, c.sde.variables, c.time.end)) {
    all.push_back({"schedule." + f.name,
                   {{"holds", f.holds}, {"violation", f.violation}, {"at", f.at}, {"text", f.text}},
                   "schedule",
                   f.text});
    good = good && f.holds;
  }
  const PriorMismatch mismatch = *prior_mismatch(setup);
  all.push_back({"schedule.prior_kl", mismatch.kl, "prior",
                 fmt::format("KL(p_end | prior) = {:.4g}, l1 {:.3g}{}", mismatch.kl, mismatch.l1,
                             mismatch.moments ? " (of the Gaussian with the moments of the initial density)" : "")});
  return good;
}

Finding width_finding(const Setup& setup) {
  const Moments m = moments(*setup.grid, setup.initial.view());
  std::string text;
  Json values = Json::array();
  for (int k = 0; k < setup.grid->dimension(); ++k) {
    const double width = std::sqrt(std::max(0.0, m.covariance(k, k))) / setup.grid->axis(k).width();
    values.push_back(width);
    text += fmt::format("{}{:.3g} cells along {}", k ? ", " : "", width, setup.grid->axis(k).name);
  }
  text += " (standard deviation)";
  for (const Json& width : values)
    if (width.get<double>() < 2) text += "; under 2 cells: the first steps are not resolved";
  return {"initial.width", values, "initial width", text};
}

Finding peclet_finding(const Setup& setup) {
  CellPeclets peclets(setup.grid, setup.sde);
  PecletRange all{INFINITY, 0};
  std::string text;
  for (int k = 0; k < setup.grid->dimension(); ++k) {
    const PecletRange range = peclets.range(k, 0, setup.initial.view());
    all = {std::min(all.least, range.least), std::max(all.largest, range.largest)};
    text +=
        fmt::format("{}{:.3g} .. {:.3g} along {}", k ? ", " : "", range.least, range.largest, setup.grid->axis(k).name);
  }
  return {"peclet",
          {all.least, all.largest},
          "cell Peclet",
          text + ", |f| h / D where the initial mass is" +
              (std::isinf(all.largest) ? " (inf: drift without diffusion)" : "")};
}

/// What correcting the steps will cost, and when, if at all, the flux will give way to the default one [t].
std::optional<double> add_rehearsal(const Setup& setup, std::vector<Finding>& all) {
  const auto found = rehearse(setup);
  if (!found) return {};
  const bool whole = found->until >= setup.config.time.end;
  std::string text = fmt::format("about {:.2g} products with the operator in all, {}", found->products,
                                 whole ? "tried until the end" : fmt::format("tried until t = {:.3g}", found->until));
  Json json = {{"products", found->products}, {"until", found->until}};
  if (found->gave_way) {
    text += fmt::format("; gives way to the default flux at t = {:.3g}, for correcting costs several times as much",
                        *found->gave_way);
    json["gave_way"] = *found->gave_way;
  }
  all.push_back({"positivity", json, "correction", text});
  return found->gave_way;
}

Finding diffusion_finding(const SchemeReport& report) {
  return {
      "diffusion.smallest_eigenvalue", report.smallest_eigenvalue, "diffusion",
      fmt::format(
          "smallest eigenvalue {:.4g}, anisotropy in cells up to {:.4g}, {} edge offset{}{}{}",
          report.smallest_eigenvalue, report.largest_anisotropy, report.offsets, report.offsets == 1 ? "" : "s",
          report.capped_cells > 0
              ? fmt::format(", D_xy reduced in {} cells (offsets end at {}{})", report.capped_cells,
                            report.cell_rates ? cell_offset_cap : offset_cap, report.cell_rates ? " and at walls" : "")
              : "",
          report.cell_rates ? "; cross terms by rates of cells, as D vanishes at a wall" : "")};
}

/// What faces do that have no fit, and how stiff all of it is.
void add_rates(const SchemeReport& report, double end, std::vector<Finding>& all) {
  if (report.limited_faces > 0)
    all.push_back({"limited_faces", report.limited_faces, "no diffusion",
                   fmt::format("{} faces carry drift that no diffusion goes with", report.limited_faces)});
  if (report.fallback_faces > 0)
    all.push_back(
        {"fallback_faces", report.fallback_faces, "stationary fit",
         fmt::format("{} face(s) use a h/D: the stationary weight is not integrable there", report.fallback_faces)});
  all.push_back({"stiffness", report.exit_rate_max * end, "stiffness",
                 fmt::format("largest exit rate {:.4g}, times the span {:.4g}", report.exit_rate_max,
                             report.exit_rate_max * end)});
}

/// What may end the run before time.end.
void add_stops(const Setup& setup, std::vector<Finding>& all) {
  std::vector<std::string> reasons;
  for (const CaseStop& stop : setup.config.stops) reasons.push_back(reason_of(stop));
  if (!reasons.empty()) all.push_back({"stops", reasons, "ends early", fmt::format("{}", fmt::join(reasons, "; or "))});
}

/// What was chosen: score, flux and stepper, and why.
void add_choices(const Setup& setup, std::vector<Finding>& all) {
  const CaseScheme& scheme = setup.config.scheme;
  if (setup.score != nullptr)
    all.push_back({"scheme.score", scheme.score, "effective drift",
                   setup.sde->traits().deterministic ? "F = f, no score is needed" : "score by " + scheme.score});
  all.push_back(
      {"scheme.flux", setup.flux->name, "flux", fmt::format("{}: {}", setup.flux->name, setup.flux->guarantee)});
  if (!setup.flux_reason.empty()) all.push_back({"scheme.why", setup.flux_reason, "", "auto: " + setup.flux_reason});
  all.push_back(
      {"time.stepper", setup.stepper_row->name, "stepper",
       std::string(setup.stepper_row->name) + (setup.stepper_reason.empty() ? "" : ": " + setup.stepper_reason)});
}

}  // namespace

CheckReport check_case(Setup& setup, Tries tries) {
  const SchemeReport report = setup.scheme->report(0);
  const double end = setup.config.time.end;
  const Eigen::VectorXd start = initial_state(setup);
  const std::span<const double> state(start.data(), static_cast<std::size_t>(start.size()));
  const double first = std::min(end, setup.stepper->first_step(0, state, setup.config.output.times[1]));
  std::vector<Finding> all;
  all.push_back(axes_finding(setup));
  all.push_back(box_finding(setup.config, {}));
  all.push_back(interpretation_finding(setup));
  all.push_back(traits_finding(setup));
  all.push_back(diffusion_finding(report));
  all.push_back(peclet_finding(setup));
  add_rates(report, end, all);
  add_choices(setup, all);
  add_stops(setup, all);
  const auto gives_way = add_rehearsal(setup, all);
  all.push_back({"time.first_step", first, "first step", fmt::format("{:.3g}", first)});
  all.push_back({"positive", setup.positive, "p >= 0",
                 setup.positive ? "promised and enforced" : "not promised; density.min is reported"});
  all.push_back(width_finding(setup));
  if (!setup.start_note.empty()) all.push_back({"initial.note", setup.start_note, "start", setup.start_note});
  const double walls = mass_at_walls(setup);
  all.push_back({"walls.initial_mass", walls, "mass at walls",
                 fmt::format("{:.2g} of the initial mass within two cells of a wall", walls)});
  std::vector<std::string> warnings = add_forecast(setup, gives_way, all);
  add_absorption(setup, all, warnings);
  add_particles(setup, all);
  const bool good = add_schedule(setup, all);
  if (tries != Tries::nothing) add_costs(try_costs(setup, tries == Tries::run_and_estimate), all);
  return {std::move(all), std::move(warnings), good};
}

Document document(const Setup& setup, const CheckReport& report) {
  DocumentSection section{.findings = report.findings, .label_width = 16};
  const std::vector<std::string> warnings = joined(setup.warnings, report.warnings);
  section.findings.push_back({"warnings", warnings});
  add_warnings(warnings, section.findings);
  return {setup.config.title, {std::move(section)}};
}

}  // namespace fokker
