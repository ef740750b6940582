#include "fokker/analysis/norms.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/output/json_text.hpp"
#include "fokker/run/run.hpp"
#include "fokker/version.hpp"
#include "judgement_text.hpp"
#include "summary_parts.hpp"

namespace fokker {
namespace {

void add_facts(const WitnessFacts& facts, Json& json) {
  if (!facts.stepper.empty()) json["stepper"] = facts.stepper;
  for (const auto& [key, value] : facts.numbers) json[key] = number(value);
  if (!facts.distrust.empty()) json["distrust"] = facts.distrust;
  if (!facts.caution.empty()) json["caution"] = facts.caution;
}

Json likelihood_json(const LikelihoodVerdict& verdict) {
  return {{"t", verdict.t},
          {"error", number(verdict.error)},
          {"error_grid", number(verdict.error_grid)},
          {"error_grid_mean", number(verdict.error_grid_mean)},
          {"mean", number(verdict.mean)},
          {"unseen", verdict.unseen}};
}

Json likelihood_json(const CaseLogLikelihood& asked, const RunResult& result) {
  Json json{{"points", asked.points}, {"tolerance", asked.tolerance}, {"steps", result.log_likelihood_steps}};
  Json last = likelihood_json(result.log_likelihood.back());
  last.erase("t");
  json.update(last);
  for (const LikelihoodVerdict& verdict : result.log_likelihood) json["frames"].push_back(likelihood_json(verdict));
  return json;
}

Json compare_json(const Case& c, const RunResult& result) {
  Json all = Json::object();
  for (std::size_t k = 0; k < result.verdicts.size(); ++k) {
    const auto& [name, frames] = result.verdicts[k];
    if (frames.empty()) continue;
    Json json = Json::object();
    if (k < result.facts.size()) add_facts(result.facts[k].second, json);
    Json last = verdict_json(frames.back());
    last.erase("t");
    json.update(last);
    for (const Verdict& verdict : frames) json["frames"].push_back(verdict_json(verdict));
    all[name] = std::move(json);
  }
  if (!result.log_likelihood.empty()) all["log_likelihood"] = likelihood_json(*c.compare.log_likelihood, result);
  return all;
}

Json inputs_json(const Case& c) {
  Json all = Json::array();
  for (const CaseInput& input : c.inputs) all.push_back({{"file", input.file}, {"sha256", input.sha256}});
  return all;
}

Json reverse_json(const Setup& setup, const ReverseResult& reverse) {
  Json json{{"score", reverse.score}, {"start", setup.config.reverse->start}, {"start_l1", reverse.start_l1}};
  if (reverse.score_kl) {
    json["snapshots"] = reverse.snapshots;
    json["floored"] = reverse.floored;
    json["score_kl"] = number(*reverse.score_kl);
  }
  json["spread"] = reverse.spread;
  json["lambda"] = Json::array();
  for (const ReverseRow& row : reverse.rows) {
    Json entry{{"lambda", row.lambda}};
    Json verdict = verdict_json(row.verdict);
    verdict.erase("t");
    entry.update(verdict);
    if (row.error) entry["error"] = number(*row.error);
    if (row.order) entry["error_order"] = number(*row.order);
    if (row.score_l1) entry["score_l1"] = number(*row.score_l1);
    entry.update(Json{{"mass_error", row.mass_error},
                      {"stepper", row.stepper},
                      {"steps", row.steps},
                      {"rejected", row.rejected},
                      {"rhs_evaluations", row.rhs_evaluations},
                      {"seconds", row.seconds}});
    json["lambda"].push_back(std::move(entry));
  }
  return json;
}

Json time_json(const Setup& setup, const RunResult& result) {
  const Case& c = setup.config;
  return {{"stepper", setup.stepper_row->name},
          {"why", setup.stepper_reason},
          {"end", c.time.end},
          {"reached", result.t},
          {"steps", result.steps},
          {"rejected", result.rejected},
          {"dt_min", result.dt_min},
          {"dt_max", result.dt_max},
          {"rhs_evaluations", result.rhs_evaluations},
          {"factorisations", result.factorisations},
          {"underflows", result.underflows}};
}

Json positivity_json(const Corrections& done) {
  Json json{{"steps", done.steps}, {"cells", done.cells}, {"faces", done.faces},
            {"moved", done.moved}, {"level", done.level}, {"substeps", done.substeps}};
  if (done.gave_way >= 0) json["gave_way"] = done.gave_way;
  return json;
}

Json mass_json(const Setup& setup, const Ledger& ledger) {
  Json json{{"initial", ledger.mass_initial}, {"final", ledger.mass}, {"outflow", ledger.total_outflow()}};
  const auto sides = setup.grid->absorbing_sides();
  json["outflow_per_side"] = Json::object();
  for (std::size_t k = 0; k < sides.size(); ++k) json["outflow_per_side"][sides[k]] = ledger.outflow[k];
  json["max_error"] = ledger.mass_max_error;
  return json;
}

}  // namespace

std::string summary_json(const Setup& setup, const RunResult& result) {
  const Case& c = setup.config;
  Json json;
  json["fokker"] = {{"version", FOKKER_VERSION}};
  json["case"] = {
      {"title", c.title}, {"file", c.file.filename().string()}, {"sha256", c.sha256}, {"overrides", c.overrides}};
  if (!c.inputs.empty()) json["case"]["inputs"] = inputs_json(c);
  json["initial"] = {{"factor", setup.initial_factor}, {"clock", setup.clock}};
  if (!setup.start_note.empty()) json["initial"]["note"] = setup.start_note;
  std::vector<Index> cells;
  for (const Axis& axis : c.axes) cells.push_back(axis.cells);
  json["grid"] = {{"dimension", setup.grid->dimension()}, {"cells", cells}};
  json["scheme"] = {{"form", c.scheme.form},
                    {"flux", setup.flux->name},
                    {"why", setup.flux_reason},
                    {"positive", setup.positive},
                    {"capped_share", result.capped_share}};
  for (const double peclet : result.peclet) json["scheme"]["peclet"].push_back(number(peclet));
  if (c.scheme.form == "effective_drift") {
    json["scheme"]["score"] = c.scheme.score;
    json["scheme"]["undefined_scores"] = result.undefined_scores;
  }
  json["time"] = time_json(setup, result);
  if (result.corrections) json["positivity"] = positivity_json(*result.corrections);
  json["seconds"] = {{"stepping", result.stepping_seconds},
                     {"witnesses", result.witness_seconds},
                     {"output", result.output_seconds},
                     {"total", result.total_seconds}};
  json["cell_updates_per_second"] = updates_per_second(setup, result);
  json["threads"] = thread_count();
  json["mass"] = mass_json(setup, result.ledger);
  json["self_check"] = judgement_json(result.judgement);
  const Ledger& ledger = result.ledger;
  json["density"] = {{"min", ledger.run_min}, {"max", ledger.run_max}, {"negative_mass", ledger.negative_mass}};
  const Moments m = moments(*setup.grid, result.p.view());
  json["moments"] = {{"mean", std::vector<double>(m.mean.begin(), m.mean.end())}, {"covariance", rows(m.covariance)}};
  json["entropy"] = number(entropy(*setup.grid, result.p.view()));
  if (result.entropy_production) json["entropy_production"] = number(*result.entropy_production);
  if (result.reverse) json["reverse"] = reverse_json(setup, *result.reverse);
  if (!result.verdicts.empty() || !result.log_likelihood.empty()) json["compare"] = compare_json(c, result);
  json["checks"] = checks_json(result.checks);
  json["warnings"] = setup.warnings;
  for (const std::string& warning : result.warnings) json["warnings"].push_back(warning);
  json["stop_reason"] = result.stop_reason;
  return json_text(json);
}

}  // namespace fokker
