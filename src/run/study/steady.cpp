#include "fokker/run/steady.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../build/questions.hpp"
#include "../judge/self_check.hpp"
#include "../observe/checks.hpp"
#include "../observe/picture_words.hpp"
#include "describe.hpp"
#include "fokker/analysis/norms.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/stopwatch.hpp"
#include "fokker/model/linear_gaussian.hpp"
#include "fokker/output/paraview.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/end_warnings.hpp"
#include "fokker/run/fields.hpp"
#include "fokker/run/observers.hpp"
#include "fokker/scheme/drift_diffusion.hpp"

namespace fokker {
namespace {

/// One problem for every formula of the case in which t stands.
void require_autonomous(const Setup& setup) {
  if (setup.sde->traits().autonomous) return;
  const SdeFormulas& sde = setup.config.sde;
  std::vector<Problem> problems;
  const auto look = [&](const Expression& formula, const std::string& key) {
    if (formula.depends_on("t"))
      problems.push_back({setup.config.where(key), key,
                          "depends on t: there is no stationary density (fokker run follows the density in time)"});
  };
  const auto look_at_rows = [&](const std::vector<std::vector<Expression>>& rows, const std::string& key) {
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < rows[i].size(); ++j) look(rows[i][j], fmt::format("{}.{}.{}", key, i, j));
  };
  if (setup.config.model.empty()) {
    for (std::size_t k = 0; k < sde.drift.size(); ++k) look(sde.drift[k], fmt::format("sde.drift.{}", k));
    look_at_rows(sde.noise, "sde.noise");
    look_at_rows(sde.diffusion, "sde.diffusion");
    if (sde.potential) look(*sde.potential, "sde.potential");
    if (sde.temperature) look(*sde.temperature, "sde.temperature");
  }
  if (problems.empty())
    refuse(setup.config, "sde",
           fmt::format("{} depends on t: there is no stationary density",
                       setup.config.model.empty() ? "the SDE" : fmt::format("model '{}'", setup.config.model)));
  throw CaseError(std::move(problems));
}

void require_matrix(const Setup& setup) {
  if (setup.score != nullptr)
    refuse(setup.config, "scheme.form", "steady solves the drift_diffusion form: its matrix is that of a Markov chain");
  if (setup.flux->corrected)
    refuse(setup.config, "scheme.flux",
           fmt::format("'{0}' keeps p >= 0 by correcting steps, and steady takes none; take '{1}', which says how much "
                       "negative mass is left, or scharfetter_gummel",
                       setup.flux->name, counterpart(*setup.flux)->name));
}

/// That mass has one place to go, which fluxes over many cells do not show: the edges of an upwind flux do.
void require_one_law(const Setup& setup) {
  const auto form = make_drift_diffusion(setup.grid, setup.sde, *find_flux("upwind"), 0);
  StationarySolver(*form->op().linear(), 0);
}

/// Solves for the null vector of the setup's form.
void solve_form(const Setup& setup, SteadyResult& result) {
  const auto start = Clock::now();
  try {
    if (setup.flux->wide) require_one_law(setup);
    StationarySolver solver(*setup.scheme->op().linear(), 0);
    result.set_up_seconds += seconds_since(start);
    const auto begin = Clock::now();
    result.found = solver.solve();
    result.solve_seconds += seconds_since(begin);
    result.residual = solver.residual(result.found.p);
  } catch (const UsageError& error) {
    refuse(setup.config, setup.grid->outflows() > 0 ? "axis" : "sde", error.what());
  }
  result.p = Field(setup.grid);
  std::copy(result.found.p.begin(), result.found.p.end(), result.p.values.begin());
  std::vector<double>().swap(result.found.p);
  result.negative_mass = setup.grid->volume() * (-result.p.values).cwiseMax(0.0).sum();
}

/// Around a ring of an even number of cells central differences do not see what alternates from cell to cell.
std::string odd_cells_hint(const Grid& grid) {
  for (const Axis& axis : grid.axes())
    if (axis.periodic() && axis.cells % 2 == 0)
      return fmt::format("; with an odd axis.{}.cells no density that alternates from cell to cell is at rest",
                         axis.name);
  return "";
}

void take_flux(Setup& setup, const FluxScheme& row) {
  setup.stepper.reset();
  setup.flux = &row;
  setup.scheme = make_drift_diffusion(setup.grid, setup.sde, row, 0);
}

/// Where drift runs along an axis without diffusion the limited flux of a run is not linear in p. Central differences
/// are, of second order, and smooth where noise on the other axis makes p smooth; they do not keep p >= 0. Where what
/// they lose by that is not negligible: upwind along axes without noise, fitted along the others
/// (docs/decisions/0016-steady-with-inertia.md).
void solve_without_limiter(Setup& setup, SteadyResult& result) {
  constexpr double negligible = 1e-5;
  const char* const why = "drift runs along an axis without diffusion, where the limited flux of a run is not linear";
  const FluxScheme& limited = *setup.flux;
  std::string instead = "p >= 0 is asked for";
  if (!setup.config.scheme.positive.value_or(false)) {
    try {
      take_flux(setup, *find_flux("central"));
      solve_form(setup, result);
      if (result.negative_mass <= negligible) {
        setup.positive = false;
        setup.flux_reason = fmt::format("{}: central differences, of second order, with a negative mass of {:.2g}", why,
                                        result.negative_mass);
        return;
      }
      instead = fmt::format("central differences would hold a negative mass of {:.2g}", result.negative_mass);
    } catch (const NumericalError& error) {
      instead = fmt::format("central differences failed ({}){}", error.what(), odd_cells_hint(*setup.grid));
    }
  }
  setup.own_flux = std::make_unique<FluxScheme>(limited);
  setup.own_flux->limited_velocity = false;
  take_flux(setup, *setup.own_flux);
  solve_form(setup, result);
  setup.flux_reason = fmt::format("{}, and {}: upwind along that axis, of first order in its cells", why, instead);
}

/// A distribution that does not move: a stationary Gaussian.
class StationaryClosedForm final : public Witness {
 public:
  StationaryClosedForm(std::shared_ptr<const Grid> grid, const Gaussian& distribution)
      : grid_(std::move(grid)), distribution_({distribution}) {}
  const char* name() const override { return "exact"; }
  Field advance(double) override {
    Field own(grid_);
    distribution_.cell_averages(GridFaces(*grid_).faces, own.view());
    return own;
  }

 private:
  std::shared_ptr<const Grid> grid_;
  GaussianMixture distribution_;
};

/// The exact witness of the case, where it has a stationary distribution; else null.
std::unique_ptr<Witness> stationary_witness(const Setup& setup) {
  const CaseCompare& asked = setup.config.compare;
  if (asked.exact_formula && !asked.exact_formula->depends_on("t")) return witness_row("exact").make(setup);
  const auto linear = setup.formulas->linear();
  if (!asked.exact_closed_form || !linear) return nullptr;
  for (const Axis& axis : setup.grid->axes())
    if (axis.periodic()) return nullptr;
  const auto distribution = LinearGaussian(*linear).stationary();
  return distribution ? std::make_unique<StationaryClosedForm>(setup.grid, *distribution) : nullptr;
}

double largest_current(const Setup& setup, const Field& p) {
  const std::size_t cells = setup.grid->cells();
  std::vector<double> Jx(cells), Jy(setup.grid->dimension() > 1 ? cells : 0);
  setup.scheme->current(0, p.view(), Jx.data(), Jy.empty() ? nullptr : Jy.data());
  double most = 0;
  for (std::size_t i = 0; i < cells; ++i) most = std::max(most, std::hypot(Jx[i], Jy.empty() ? 0 : Jy[i]));
  return most;
}

/// The same case on coarser grids.
Estimate estimate_of(const Setup& setup, const SteadyResult& result) {
  const auto solution = [](const Setup& on, const SteadyResult& found) {
    return GridSolution{json_of(document(on, found, {})), found.p, std::string(on.flux->name)};
  };
  const CoarserGrids coarser = solve_on_coarser_grids(setup.config, nullptr, [&](Case config) {
    Setup other = build_steady(std::move(config));
    const SteadyResult found = solve_steady(other);
    return solution(other, found);
  });
  return estimate(solution(setup, result), coarser, setup.flux->order);
}

}  // namespace

Setup build_steady(Case config) {
  if (config.scheme.flux == "auto") config.scheme.flux = "scharfetter_gummel";
  const bool moves = config.compare.exact_formula && config.compare.exact_formula->depends_on("t");
  if (moves) config.compare.exact_formula.reset();
  std::vector<std::string> timed;
  std::erase_if(config.output.questions, [&](const CaseQuestion& asked) {
    if (asked.formula.depends_on("t")) timed.push_back(asked.key());
    return asked.formula.depends_on("t");
  });
  std::erase_if(config.checks, [&](const CaseCheck& check) {
    return std::any_of(timed.begin(), timed.end(), [&](const std::string& key) {
      return key.ends_with("." + check.of_text) && !check.of_text.empty() && !check.of;
    });
  });
  if (!config.infinite.empty()) choose_box(config, *make_formulas(config), true);
  Setup setup = build(std::move(config));
  for (const std::string& key : timed)
    setup.warnings.push_back(fmt::format("{} depends on t: it is not asked of the stationary density", key));
  if (moves) setup.warnings.emplace_back("compare.exact depends on t: it is not compared with the stationary density");
  return setup;
}

SteadyResult solve_steady(Setup& setup, bool estimates) {
  require_autonomous(setup);
  require_matrix(setup);
  const auto start = Clock::now();
  SteadyResult result;
  if (setup.scheme->op().linear() != nullptr)
    solve_form(setup, result);
  else
    solve_without_limiter(setup, result);
  require_mass(result.p.mass(), 1, 0);
  feel_sides(setup, 0, result.p, result.felt);
  feel_questions(setup, 0, result.p, result.missed);
  if (setup.positive)
    for (Index cell = 0; cell < setup.grid->cells(); ++cell)
      if (result.p.values[cell] < 0)
        throw NumericalError(fmt::format("p = {:.3g} < 0 in {} although p >= 0 was promised", result.p.values[cell],
                                         setup.grid->describe(cell)),
                             0, cell);
  result.largest_current = largest_current(setup, result.p);
  check_steady(setup, result.p, result.checks);
  result.answers = setup.questions->answers(0, result.p);
  result.mean_velocity = mean_velocity(setup, 0, result.p);
  result.drifts = exceeds_rounding(setup, 0, result.p, result.mean_velocity);
  if (const auto rate = dissipation(setup, 0, result.p))
    result.entropy_production = setup.grid->volume() * std::accumulate(rate->begin(), rate->end(), 0.0);
  if (const auto witness = stationary_witness(setup)) {
    result.exact_density =
        witness->advance(setup.config.time.end);  // not 0: there the distribution is that of the start
    result.exact = witness->judge(0, result.p, result.exact_density);
  }
  result.judgement = SelfCheck(setup, true).judge(result.p);
  for (std::string& warning : warnings_of(setup.config, result.felt))
    result.judgement.warnings.push_back(std::move(warning));
  for (std::string& warning : warnings_of(setup.config, result.missed))
    result.judgement.warnings.push_back(std::move(warning));
  for (std::string& warning : end_warnings(setup, result.p)) result.judgement.warnings.push_back(std::move(warning));
  if (estimates) {
    result.estimate = estimate_of(setup, result);
    for (const std::string& failure : result.estimate->failures)
      result.judgement.warnings.push_back("estimate: " + failure);
  }
  result.total_seconds = seconds_since(start);
  check_summary(setup, setup.config.time.end, json_of(document(setup, result, {})), result.checks);
  return result;
}

void write_steady(Setup& setup, const SteadyResult& result, const std::filesystem::path& folder) {
  std::vector<std::string>& fields = setup.config.output.fields;
  if (std::find(fields.begin(), fields.end(), "current") == fields.end()) fields.emplace_back("current");
  std::vector<Comparison> comparisons;
  if (result.exact) comparisons.push_back({"exact", result.exact_density, *result.exact});
  make_frames(setup, folder)->frame({.p = &result.p, .last = true}, comparisons);
  const auto tables = make_tables(setup, folder);
  tables->frame({.p = &result.p}, {});
  tables->end({.p = &result.p});
}

namespace {

std::vector<Finding> solution_findings(const Setup& setup, const SteadyResult& result) {
  const CaseScheme& scheme = setup.config.scheme;
  const Stationary& found = result.found;
  const double lowest = result.p.values.minCoeff(), highest = result.p.values.maxCoeff();
  std::vector<Finding> all = case_findings(setup.config);
  append(
      {grid_finding(*setup.grid),
       {"scheme",
        {{"form", scheme.form}, {"flux", setup.flux->name}, {"why", setup.flux_reason}, {"positive", setup.positive}},
        "scheme",
        fmt::format("{}{}", setup.flux->name, setup.positive ? ", p >= 0 kept" : ", p >= 0 not promised")},
       {"", {}, "", setup.flux_reason},
       box_finding(setup.config, result.felt),
       {"steady",
        {{"method", found.method},
         {"why", found.reason},
         {"detailed_balance", found.method == "detailed balance"},
         {"cycles", found.cycles},
         {"residual", number(result.residual)},
         {"correction", number(found.correction)},
         {"largest_current", number(result.largest_current)}},
        "solved",
        fmt::format("by {}{}{}", found.method, found.cycles > 0 ? fmt::format(", {} cycles", found.cycles) : "",
                    found.reason.empty() ? "" : " (" + found.reason + ")")},
       {"seconds",
        {{"set_up", result.set_up_seconds}, {"stepping", result.solve_seconds}, {"total", result.total_seconds}},
        "speed",
        fmt::format("{:.3g} s solving, {:.3g} s set-up, {}; {:.3g} s in all", result.solve_seconds,
                    result.set_up_seconds, threads_text(), result.total_seconds)},
       {"threads", thread_count()},
       {"", {}, "residual", fmt::format("{:.1e} of the mass would move per unit of time", result.residual)},
       {"mass", {{"final", result.p.mass()}}, "mass", fmt::format("{:.10g} on the grid", result.p.mass())},
       {"density",
        {{"min", lowest}, {"max", highest}, {"negative_mass", result.negative_mass}},
        "density",
        fmt::format("{:.3g} .. {:.3g}{}", lowest, highest,
                    result.negative_mass > 0 ? fmt::format(", {:.2g} of negative mass", result.negative_mass) : "")},
       {"",
        {},
        "current",
        fmt::format("up to {:.3g}{}", result.largest_current,
                    result.entropy_production
                        ? fmt::format("; entropy production {:.6g} per unit of time", *result.entropy_production)
                        : "")}},
      all);
  append(density_findings(result.p, result.entropy_production), all);
  return all;
}

DocumentTable moments_table(const Grid& grid, const Moments& m) {
  DocumentTable table{.columns = {"", "mean", "variance"}};
  for (int k = 0; k < grid.dimension(); ++k)
    table.rows.push_back({"",
                          {{"", {}, "", grid.axis(k).name},
                           {"", {}, "mean", fmt::format("{:.8g}", m.mean[k])},
                           {"", {}, "variance", fmt::format("{:.8g}", m.covariance(k, k))}}});
  return table;
}

DocumentTable exact_table(const Verdict& verdict) {
  std::vector<Finding> cells{{"", {}, "witness", "exact"}};
  append(verdict_cells(verdict), cells);
  return {"compare", {"witness", "l1", "l2", "linf", "kl", "mean off", "covariance off"}, {{"exact", cells}}, true};
}

}  // namespace

Document document(const Setup& setup, const SteadyResult& result, const std::filesystem::path& folder) {
  Document all{title_of(setup.config) + ": stationary density",
               {{.findings = solution_findings(setup, result), .heading = "How it was solved"},
                {.table = moments_table(*setup.grid, moments(*setup.grid, result.p.view())), .heading = "Moments"}}};
  all.sections.push_back(answers_section(setup, result.answers, result.mean_velocity, result.drifts, nullptr));
  if (result.estimate) all.sections.push_back(estimate_section(*result.estimate, result.drifts));
  if (result.exact) all.sections.push_back({.table = exact_table(*result.exact), .heading = "Witnesses"});
  all.sections.push_back(checks_section(result.checks));
  const std::vector<std::string> warnings = joined(setup.warnings, result.judgement.warnings);
  std::vector<Finding> judged = judgement_findings(result.judgement);
  add_warnings(warnings, judged);
  append({{"warnings", warnings}, {"stop_reason", "end"}}, judged);
  all.sections.push_back({.findings = std::move(judged), .heading = "Its own judgement"});
  all.sections.push_back({.findings = {{"",
                                        {},
                                        "",
                                        fmt::format("{}: report.html to read, {}, figure.png, summary.json",
                                                    folder.string(), frames_text(setup.config))}},
                          .label_width = 0,
                          .heading = "Files"});
  return all;
}

}  // namespace fokker
