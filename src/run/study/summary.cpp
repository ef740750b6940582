#include <fmt/format.h>

#include <cmath>

#include "../observe/picture_words.hpp"
#include "describe.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/run/run.hpp"
#include "fokker/run/stop_reason.hpp"

namespace fokker {
namespace {

std::string si(double value, const char* unit) {
  const char* prefixes[] = {"", "k", "M", "G", "T"};
  int k = 0;
  while (value >= 1000 && k < 4) {
    value /= 1000;
    ++k;
  }
  return fmt::format("{:.3g} {}{}", value, prefixes[k], unit);
}

std::string score_words(const Setup& setup) {
  const CaseScheme& scheme = setup.config.scheme;
  if (setup.sde->traits().deterministic) return "F = f (nothing diffuses)";
  return "by " + scheme.score + (scheme.score_order == 4 ? " of order 4" : "");
}

std::string peclet_text(const Setup& setup, const RunResult& result) {
  if (setup.sde->traits().deterministic || result.peclet.empty()) return {};
  std::string values;
  for (std::size_t k = 0; k < result.peclet.size(); ++k)
    values +=
        fmt::format("{}{:.3g} along {}", k ? ", " : "", result.peclet[k], setup.grid->axis(static_cast<int>(k)).name);
  return fmt::format("|f| h / D up to {}, where the mass is at the output times", values);
}

/// Form, flux and how they were chosen; what the flux met on the way is said below.
void add_scheme(const Setup& setup, const RunResult& result, std::vector<Finding>& all) {
  const CaseScheme& scheme = setup.config.scheme;
  const bool advects = setup.score != nullptr;
  Json json{{"form", scheme.form},
            {"flux", setup.flux->name},
            {"why", setup.flux_reason},
            {"positive", setup.positive},
            {"capped_fraction", result.capped_fraction}};
  for (const double peclet : result.peclet) json["peclet"].push_back(number(peclet));
  if (advects) json.update({{"score", scheme.score}, {"undefined_scores", result.undefined_scores}});
  all.push_back(
      {"scheme", json, "scheme",
       fmt::format("{}{} with {}{}", advects ? "effective drift " + score_words(setup) + ", " : "", setup.flux->name,
                   setup.stepper_row->name, setup.positive ? ", p >= 0 kept" : ", p >= 0 not promised")});
  for (const std::string& why : {setup.flux_reason, setup.stepper_reason}) all.push_back({"", {}, "", why});
  all.push_back({"", {}, "peclet", peclet_text(setup, result)});
}

Finding time_finding(const Setup& setup, const RunResult& result) {
  return {"time",
          {{"stepper", setup.stepper_row->name},
           {"why", setup.stepper_reason},
           {"end", setup.config.time.end},
           {"reached", result.t},
           {"steps", result.steps},
           {"rejected", result.rejected},
           {"dt_min", result.dt_min},
           {"dt_max", result.dt_max},
           {"rhs_evaluations", result.rhs_evaluations},
           {"factorisations", result.factorisations},
           {"underflows", result.underflows}},
          "time",
          fmt::format("0 .. {:.6g} in {} steps ({} rejected), dt {:.2g} .. {:.2g}", result.t, result.steps,
                      result.rejected, result.dt_min, result.dt_max)};
}

Finding positivity_finding(const Corrections& done, long steps) {
  Json json{{"steps", done.steps}, {"cells", done.cells}, {"faces", done.faces},
            {"moved", done.moved}, {"level", done.level}, {"substeps", done.substeps}};
  if (done.gave_way >= 0) json["gave_way"] = done.gave_way;
  std::string text;
  if (done.steps > 0)
    text = fmt::format(
        "{} of {} steps corrected, in {} cells on the average, where p is at most {:.2g} of its largest; {:.2g} of the "
        "mass moved",
        done.steps, steps, done.cells / done.steps, done.level, done.moved);
  return {"positivity", json, "p >= 0", text};
}

void add_speed(const Setup& setup, const RunResult& result, std::vector<Finding>& all) {
  const double products = static_cast<double>(setup.grid->cells()) * static_cast<double>(result.rhs_evaluations);
  const double rate = result.stepping_seconds > 0 ? products / result.stepping_seconds : 0;
  Json by_witness = Json::object();
  double witnesses = 0;
  std::string parts = fmt::format("{:.3g} stepping", result.stepping_seconds);
  for (const auto& [name, seconds] : result.witness_seconds) {
    by_witness[name] = seconds;
    witnesses += seconds;
    parts += fmt::format(", {:.2g} {}", seconds, name);
  }
  if (result.output_seconds > 0) parts += fmt::format(", {:.2g} output", result.output_seconds);
  all.push_back({"seconds",
                 {{"stepping", result.stepping_seconds},
                  {"witnesses", witnesses},
                  {"by_witness", by_witness},
                  {"output", result.output_seconds},
                  {"total", result.total_seconds}},
                 "seconds",
                 fmt::format("{:.3g} in all: {}", result.total_seconds, parts)});
  all.push_back({"", {}, "speed", fmt::format("{} while stepping, {}", si(rate, "cell/s"), threads_text())});
  all.push_back({"cell_updates_per_second", rate});
  all.push_back({"threads", thread_count()});
}

Finding mass_finding(const Setup& setup, const MassBalance& balance) {
  Json left = Json::object();
  std::string text = fmt::format("{:.10g} on the grid", balance.mass);
  const auto sides = setup.grid->absorbing_sides();
  for (std::size_t k = 0; k < sides.size(); ++k) {
    left[sides[k]] = balance.outflow[k];
    text += fmt::format(", {:.6g} left at {}", balance.outflow[k], sides[k]);
  }
  return {"mass",
          {{"initial", balance.mass_initial},
           {"final", balance.mass},
           {"outflow", balance.total_outflow()},
           {"outflow_per_side", left},
           {"max_error", balance.mass_max_error}},
          "mass",
          text + fmt::format("; never off by more than {:.1e}", balance.mass_max_error)};
}

Finding range_finding(const MassBalance& balance) {
  return {
      "density",
      {{"min", balance.run_min}, {"max", balance.run_max}, {"negative_mass", balance.negative_mass}},
      "density",
      fmt::format("{:.3g} .. {:.3g} over the run{}", balance.run_min, balance.run_max,
                  balance.run_min < 0 ? fmt::format(", up to {:.2g} of negative mass", balance.negative_mass) : "")};
}

/// The files that a case read.
void add_inputs(const Case& config, std::vector<Finding>& all) {
  Json inputs;
  for (const CaseInput& input : config.inputs) inputs.push_back({{"file", input.text()}, {"sha256", input.sha256}});
  if (!inputs.empty()) all.push_back({"case/inputs", inputs});
}

DocumentSection findings_section(const Setup& setup, const RunResult& result) {
  DocumentSection section{.findings = case_findings(setup.config), .heading = "How it was solved"};
  std::vector<Finding>& all = section.findings;
  add_inputs(setup.config, all);
  all.push_back({"initial", {{"factor", setup.initial_factor}, {"clock", setup.clock}}});
  if (!setup.start_note.empty()) all.push_back({"initial/note", setup.start_note});
  all.push_back(grid_finding(*setup.grid));
  all.push_back(box_finding(setup.config, result.felt));
  add_scheme(setup, result, all);
  all.push_back({"", {}, "start", setup.start_note});
  all.push_back(time_finding(setup, result));
  if (result.corrections) all.push_back(positivity_finding(*result.corrections, result.steps));
  add_speed(setup, result, all);
  all.push_back(mass_finding(setup, result.balance));
  all.push_back({"self_check"});  // where JSON has it; people read of it below
  all.push_back(range_finding(result.balance));
  append(judgement_findings(result.judgement), all);
  append(density_findings(result.p, result.entropy_production), all);
  if (const auto& rate = result.rate_of_change)
    all.push_back({"time/rate_of_change", number(*rate), "at rest",
                   fmt::format("int |dp/dt| dx is {:.3g} of the mass per unit of t", *rate)});
  if (result.reverse) all.push_back({"reverse"});
  if (result.capped_fraction > 0)
    all.push_back({"",
                   {},
                   "tensor",
                   fmt::format("{:.2g} of the mass sat in cells whose D_xy was reduced to what offsets can carry",
                               result.capped_fraction)});
  if (result.undefined_scores > 0)
    all.push_back({"",
                   {},
                   "score",
                   fmt::format("infinite on up to {} edges, between p > 0 and p = 0: the drift-diffusion flux there",
                               result.undefined_scores)});
  add_warnings(joined(setup.warnings, result.warnings), all);
  return section;
}

/// The table of the time reversal: what returns of the initial density.
DocumentSection reverse_section(const Setup& setup, const ReverseResult& reverse) {
  const std::string& start = setup.config.reverse->start;
  Json json{{"score", reverse.score}, {"start", start}, {"start_l1", reverse.start_l1}};
  if (reverse.score_kl)
    json.update({{"snapshots", reverse.snapshots},
                 {"underflowed", reverse.underflowed},
                 {"score_kl", number(*reverse.score_kl)}});
  json["spread"] = reverse.spread;
  DocumentSection section{.label_width = 0, .heading = "The way back"};
  section.findings.push_back(
      {"reverse", json, "",
       fmt::format("back from {} with the {} score{}",
                   start == "prior" ? fmt::format("the prior (l1 {:.2e} from p_end)", reverse.start_l1) : "p_end",
                   reverse.score, reverse.score_kl ? fmt::format(" ({} snapshots)", reverse.snapshots) : "")});
  section.table = {"reverse/lambda",
                   {"lambda", "l1", "kl", "w1", "error", "score costs", "steps", "stepper", "seconds"}};
  for (const ReverseRow& row : reverse.rows) {
    std::vector<Finding> cells{{"lambda", row.lambda, "lambda", fmt::format("{:.4g}", row.lambda)}};
    append(verdict_cells(row.verdict), cells);
    if (row.error) cells.push_back({"error", number(*row.error), "error", fmt::format("{:.1e}", *row.error)});
    if (row.order) cells.push_back({"error_order", number(*row.order)});
    if (row.score_l1)
      cells.push_back({"score_l1", number(*row.score_l1), "score costs", fmt::format("l1 <= {:.1e}", *row.score_l1)});
    append({{"mass_error", row.mass_error},
            {"stepper", row.stepper, "stepper", row.stepper},
            {"steps", row.steps, "steps", std::to_string(row.steps)},
            {"rejected", row.rejected},
            {"rhs_evaluations", row.rhs_evaluations},
            {"seconds", row.seconds, "seconds", fmt::format("{:.2g}", row.seconds)}},
           cells);
    section.table.rows.push_back({"", std::move(cells)});
  }
  if (reverse.rows.size() > 1)
    section.notes.push_back({"", {}, "", fmt::format("the rows differ by l1 {:.2e} at most", reverse.spread)});
  if (reverse.underflowed > 0)
    section.notes.push_back({"",
                             {},
                             "",
                             fmt::format("{} of {} values of log p lay below the range of doubles: score 0 there",
                                         reverse.underflowed, reverse.snapshots * setup.grid->cells())});
  return section;
}

/// One that is to go on is not shown yet.
bool has_page(const RunResult& result) { return is_final(result.stop_reason) || result.numerical_failure; }

std::string where_it_stopped(const Setup& setup, const RunResult& result) {
  if (result.stop_reason == "end") return "";
  if (!is_final(result.stop_reason)) return fmt::format("stopped at t = {:.6g}: {}", result.t, result.stop_reason);
  const double end = setup.config.time.end;
  return fmt::format("ended at t = {:.10g}{}, by its [[stop]]: {}", result.t,
                     result.t < end ? fmt::format(", before time.end = {:.6g}", end) : "", result.stop_reason);
}

}  // namespace

Document document(const Setup& setup, const RunResult& result, const std::optional<std::filesystem::path>& folder) {
  Document all{title_of(setup.config), {findings_section(setup, result)}};
  add_comparison(setup.config, result, all);
  all.sections.push_back(
      answers_section(setup, result.answers, result.mean_velocity, result.drifts, result.passage.get()));
  if (result.estimate) all.sections.push_back(estimate_section(*result.estimate, result.drifts));
  if (result.reverse) all.sections.push_back(reverse_section(setup, *result.reverse));
  all.sections.push_back(checks_section(result.checks));
  all.sections.push_back({.findings = {{"warnings", joined(setup.warnings, result.warnings)},
                                       {"stop_reason", result.stop_reason, "", where_it_stopped(setup, result)}},
                          .label_width = 0,
                          .heading = "Where it stopped"});
  if (folder)
    all.sections.push_back(
        {.findings = {{"",
                       {},
                       "",
                       fmt::format("{}: {}{}, figure.png, series.csv, summary.json", folder->string(),
                                   has_page(result) ? "report.html to read, " : "", frames_text(setup.config))}},
         .label_width = 0,
         .heading = "Files"});
  return all;
}

std::string last_words(const RunResult& result) {
  std::string text;
  for (const std::string& warning : result.warnings) text += fmt::format("warning: {}\n", warning);
  for (const CheckResult& check : result.checks)
    if (!check.ok)
      text += check.reached ? fmt::format("check fails: {} at t = {:.6g} is {:.6g}, asked {}\n", check.label(),
                                          check.at, check.value, check.bound())
                            : fmt::format("check fails: {}: t = {:.6g} was not reached\n", check.label(), check.at);
  return text;
}

}  // namespace fokker
