#include <fmt/format.h>

#include <cmath>

#include "fokker/analysis/norms.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/output/json_text.hpp"
#include "fokker/output/text_table.hpp"
#include "fokker/run/run.hpp"
#include "fokker/version.hpp"
#include "judgement_text.hpp"
#include "summary_parts.hpp"

namespace fokker {

std::vector<std::vector<double>> rows(const Eigen::MatrixXd& matrix) {
  std::vector<std::vector<double>> all;
  for (Index i = 0; i < matrix.rows(); ++i) {
    const Eigen::RowVectorXd row = matrix.row(i);
    all.emplace_back(row.begin(), row.end());
  }
  return all;
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json verdict_json(const Verdict& verdict) {
  Json json{{"t", verdict.t}, {"l1", number(verdict.norms.l1)}};
  if (verdict.agreement) {
    const Agreement& a = *verdict.agreement;
    json["l1_expected"] = number(a.l1_expected);
    if (a.z) json["z"] = number(*a.z);
    json["ks"] = number(a.ks);
    json["ks_p_value"] = number(a.ks_p_value);
    json["chi2"] = number(a.chi2);
    json["chi2_dof"] = number(a.chi2_dof);
    json["chi2_p_value"] = number(a.chi2_p_value);
    const JointVerdict joint = a.verdict();
    json["agrees"] = {{"p_value", number(joint.p_value)}, {"verdict", joint.word}, {"by", joint.spoke}};
  } else {
    json["ks"] = number(verdict.ks);
  }
  json["l2"] = number(verdict.norms.l2);
  json["linf"] = number(verdict.norms.linf);
  if (!verdict.agreement) {
    json["kl"] = number(verdict.norms.kl);
    if (const std::string note = kl_note(verdict.norms); !note.empty()) {
      json["kl_left_out"] = number(verdict.norms.kl_left_out);
      json["kl_note"] = note;
    }
  }
  json["mean_error"] = number(verdict.mean_error);
  json["covariance_error"] = number(verdict.covariance_error);
  if (verdict.w1) json["w1"] = number(*verdict.w1);
  for (const auto& [key, value] : verdict.more) json[key] = number(value);
  return json;
}

std::string grid_line(const Grid& grid) {
  std::string cells, ranges;
  for (int k = 0; k < grid.dimension(); ++k) {
    const Axis& axis = grid.axis(k);
    cells += (k ? " x " : "") + std::to_string(axis.cells);
    ranges += fmt::format("{}{} in [{:.6g}, {:.6g}]", k ? ", " : "", axis.name, axis.lower, axis.upper);
  }
  return cells + " cells, " + ranges;
}

Json checks_json(std::span<const CheckResult> checks) {
  Json all = Json::array();
  for (const CheckResult& done : checks) {
    Json json{{"quantity", done.check->quantity}};
    if (!done.check->against.empty()) json["against"] = done.check->against;
    if (done.check->of) json["of"] = done.check->of_text;
    if (!done.check->point.empty()) json["point"] = done.check->point;
    json["at"] = number(done.at);
    json["value"] = number(done.value);
    json["bound"] = done.bound();
    json["ok"] = done.ok;
    if (!done.note.empty()) json["note"] = done.note;
    all.push_back(std::move(json));
  }
  return all;
}

std::string checks_table(std::span<const CheckResult> results) {
  TextTable checks({"check", "at t", "value", "bound", ""});
  std::string notes;
  for (const CheckResult& done : results) {
    checks.add({done.label(), std::isinf(done.at) ? "rest" : fmt::format("{:.6g}", done.at),
                done.reached && !std::isnan(done.value) ? fmt::format("{:.6g}", done.value) : "-", done.bound(),
                done.reached ? done.ok ? "ok" : "FAILS" : "not reached"});
    if (!done.note.empty()) notes += fmt::format("  {}: {}\n", done.label(), done.note);
  }
  return checks.empty() ? "" : "\n" + checks.text() + notes;
}

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

std::string si(double value, const char* unit) {
  const char* prefixes[] = {"", "k", "M", "G", "T"};
  int k = 0;
  while (value >= 1000 && k < 4) {
    value /= 1000;
    ++k;
  }
  return fmt::format("{:.3g} {}{}", value, prefixes[k], unit);
}

double updates_per_second(const Setup& setup, const RunResult& result) {
  if (!(result.stepping_seconds > 0)) return 0;
  return static_cast<double>(setup.grid->cells()) * static_cast<double>(result.rhs_evaluations) /
         result.stepping_seconds;
}

std::string mass_line(const Setup& setup, const Ledger& ledger) {
  std::string line = fmt::format("{:.10g} on the grid", ledger.mass);
  const auto sides = setup.grid->absorbing_sides();
  for (std::size_t k = 0; k < sides.size(); ++k)
    line += fmt::format(", {:.6g} left at {}", ledger.outflow[k], sides[k]);
  return line + fmt::format("; never off by more than {:.1e}", ledger.mass_max_error);
}

std::string peclet_line(const Setup& setup, const RunResult& result) {
  if (setup.sde->traits().deterministic || result.peclet.empty()) return {};
  std::string values;
  for (std::size_t k = 0; k < result.peclet.size(); ++k)
    values +=
        fmt::format("{}{:.3g} along {}", k ? ", " : "", result.peclet[k], setup.grid->axis(static_cast<int>(k)).name);
  return fmt::format("  peclet   |f| h / D up to {}, where the mass is at the output times\n", values);
}

std::string score_words(const Setup& setup) {
  const CaseScheme& scheme = setup.config.scheme;
  if (setup.sde->traits().deterministic) return "F = f (nothing diffuses)";
  return "by " +
         (scheme.score == "log_difference" && scheme.score_order == 4 ? "log_difference of order 4" : scheme.score);
}

std::string likelihood_line(const LikelihoodVerdict& verdict, const Case& c) {
  return fmt::format(
      "  log p    carried along the flow by {} points: off by {:.1e} at most from the closed form, and the grid's from "
      "it by {:.1e} (mean {:.1e}){}\n",
      c.compare.log_likelihood->points, verdict.error, verdict.error_grid, verdict.error_grid_mean,
      verdict.unseen > 0 ? fmt::format("; {} where the grid has no p", verdict.unseen) : "");
}

std::string verdict_word(const Verdict& verdict, const WitnessFacts& facts) {
  for (const auto& [key, value] : verdict.more) {
    if (key == "identity_residual") return fmt::format("the other form; F = J/p holds to {:.1e}", value);
    if (key == "own_error")
      return fmt::format("{}own error about {:.1e}", facts.distrust.empty() ? "" : "NOT TRUSTED: ", value);
  }
  if (!verdict.agreement)
    return fmt::format("mean off {:.1e}, covariance off {:.1e}", verdict.mean_error, verdict.covariance_error);
  const Agreement& a = *verdict.agreement;
  const JointVerdict joint = a.verdict();
  return fmt::format("noise alone: l1 {:.2e}; z = {}, p = {:.2g}: {}{}{}", a.l1_expected,
                     a.z ? fmt::format("{:+.2f}", *a.z) : "-", joint.p_value, joint.word,
                     joint.spoke.empty() ? "" : fmt::format(" ({})", fmt::join(joint.spoke, ", ")),
                     facts.caution.empty() ? "" : ", with steps longer than they should be");
}

/// The divergence as text, with a mark where cells were left out of it. A spectral density is no reference for one: its
/// noise has both signs.
std::string kl_text(const Verdict& verdict) {
  const Norms& norms = verdict.norms;
  if (verdict.agreement || (verdict.both_signs && !std::isfinite(norms.kl))) return "";
  if (std::isinf(norms.kl)) return "infinite";
  return fmt::format("{:.1e}{}", norms.kl, norms.kl_left_out > 0 ? "*" : "");
}

/// What the last row of a witness leaves unsaid; often nothing.
std::string kl_footnote(const std::string& witness, const Verdict& verdict) {
  const std::string note = kl_note(verdict.norms);
  if (note.empty() || kl_text(verdict).empty()) return "";
  return fmt::format("  {}kl against {} is {}\n", std::isinf(verdict.norms.kl) ? "" : "* ", witness, note);
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

/// The table of the way back: what returns of the initial density.
std::string reverse_table(const Setup& setup, const ReverseResult& reverse) {
  std::string text = fmt::format(
      "  back from {} with the {} score{}\n",
      setup.config.reverse->start == "prior" ? fmt::format("the prior (l1 {:.2e} from p_end)", reverse.start_l1)
                                             : std::string("p_end"),
      reverse.score, reverse.score_kl ? fmt::format(" ({} snapshots)", reverse.snapshots) : "");
  TextTable table({"lambda", "l1", "kl", "w1", "error", "score costs", "steps", "stepper", "seconds"});
  for (const ReverseRow& row : reverse.rows)
    table.add({fmt::format("{:.4g}", row.lambda), fmt::format("{:.2e}", row.verdict.norms.l1),
               fmt::format("{:.1e}", row.verdict.norms.kl),
               row.verdict.w1 ? fmt::format("{:.1e}", *row.verdict.w1) : "",
               row.error ? fmt::format("{:.1e}", *row.error) : "",
               row.score_l1 ? fmt::format("l1 <= {:.1e}", *row.score_l1) : "", std::to_string(row.steps), row.stepper,
               fmt::format("{:.2g}", row.seconds)});
  text += table.text();
  if (reverse.rows.size() > 1) text += fmt::format("  the rows differ by l1 {:.2e} at most\n", reverse.spread);
  if (reverse.floored > 0)
    text += fmt::format("  {} of {} values of log p lay below the range of doubles: score 0 there\n", reverse.floored,
                        reverse.snapshots * setup.grid->cells());
  return text;
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
  json["time"] = {{"stepper", setup.stepper_row->name},
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
  if (result.corrections)
    json["positivity"] = {{"steps", result.corrections->steps}, {"cells", result.corrections->cells},
                          {"faces", result.corrections->faces}, {"moved", result.corrections->moved},
                          {"level", result.corrections->level}, {"substeps", result.corrections->substeps}};
  if (result.corrections && result.corrections->gave_way >= 0)
    json["positivity"]["gave_way"] = result.corrections->gave_way;
  json["seconds"] = {{"stepping", result.stepping_seconds},
                     {"witnesses", result.witness_seconds},
                     {"output", result.output_seconds},
                     {"total", result.total_seconds}};
  json["cell_updates_per_second"] = updates_per_second(setup, result);
  json["threads"] = thread_count();
  const Ledger& ledger = result.ledger;
  json["mass"] = {{"initial", ledger.mass_initial}, {"final", ledger.mass}, {"outflow", ledger.total_outflow()}};
  const auto sides = setup.grid->absorbing_sides();
  json["mass"]["outflow_per_side"] = Json::object();
  for (std::size_t k = 0; k < sides.size(); ++k) json["mass"]["outflow_per_side"][sides[k]] = ledger.outflow[k];
  json["mass"]["max_error"] = ledger.mass_max_error;
  json["self_check"] = judgement_json(result.judgement);
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

std::string summary_table(const Setup& setup, const RunResult& result,
                          const std::optional<std::filesystem::path>& folder) {
  const Case& c = setup.config;
  std::string text = fmt::format("{}\n", c.title.empty() ? c.file.stem().string() : c.title);
  text += fmt::format("  grid     {}\n", grid_line(*setup.grid));
  const bool advects = c.scheme.form == "effective_drift";
  text += fmt::format("  scheme   {}{} with {}{}\n", advects ? "effective drift " + score_words(setup) + ", " : "",
                      setup.flux->name, setup.stepper_row->name,
                      setup.positive ? ", p >= 0 kept" : ", p >= 0 not promised");
  if (!setup.flux_reason.empty()) text += fmt::format("           {}\n", setup.flux_reason);
  if (!setup.stepper_reason.empty()) text += fmt::format("           {}\n", setup.stepper_reason);
  text += peclet_line(setup, result);
  if (!setup.start_note.empty()) text += fmt::format("  start    {}\n", setup.start_note);
  text += fmt::format("  time     0 .. {:.6g} in {} steps ({} rejected), dt {:.2g} .. {:.2g}\n", result.t, result.steps,
                      result.rejected, result.dt_min, result.dt_max);
  if (const auto& done = result.corrections; done && done->steps > 0)
    text += fmt::format(
        "  p >= 0   {} of {} steps corrected, in {} cells on the average, where p is at most {:.2g} of its largest; "
        "{:.2g} of the mass moved\n",
        done->steps, result.steps, done->cells / done->steps, done->level, done->moved);
  text += fmt::format("  speed    {:.3g} s stepping, {}, {} thread{}; {:.3g} s in all\n", result.stepping_seconds,
                      si(updates_per_second(setup, result), "cell/s"), thread_count(), thread_count() == 1 ? "" : "s",
                      result.total_seconds);
  text += fmt::format("  mass     {}\n", mass_line(setup, result.ledger));
  text += fmt::format(
      "  density  {:.3g} .. {:.3g} over the run{}\n", result.ledger.run_min, result.ledger.run_max,
      result.ledger.run_min < 0 ? fmt::format(", up to {:.2g} of negative mass", result.ledger.negative_mass) : "");
  text += judgement_lines(result.judgement);
  if (result.capped_share > 0)
    text += fmt::format("  tensor   {:.2g} of the mass sat in cells whose D_xy was reduced to what offsets can carry\n",
                        result.capped_share);
  if (result.undefined_scores > 0)
    text +=
        fmt::format("  score    infinite on up to {} edges, between p > 0 and p = 0: the drift-diffusion flux there\n",
                    result.undefined_scores);
  for (const auto* warnings : {&setup.warnings, &result.warnings})
    for (const std::string& warning : *warnings) text += "  warning  " + warning + "\n";

  TextTable witnesses({"witness", "l1", "l2", "linf", "kl", "verdict"});
  std::string footnotes;
  for (std::size_t k = 0; k < result.verdicts.size(); ++k)
    if (const auto& [name, frames] = result.verdicts[k]; !frames.empty()) {
      const Verdict& v = frames.back();
      const WitnessFacts facts = k < result.facts.size() ? result.facts[k].second : WitnessFacts{};
      witnesses.add({name, fmt::format("{:.2e}", v.norms.l1), fmt::format("{:.2e}", v.norms.l2),
                     fmt::format("{:.2e}", v.norms.linf), kl_text(v), verdict_word(v, facts)});
      footnotes += kl_footnote(name, v);
    }
  if (!witnesses.empty()) text += "\n" + witnesses.text() + footnotes;
  if (!result.log_likelihood.empty()) text += "\n" + likelihood_line(result.log_likelihood.back(), c);
  if (result.reverse) text += "\n" + reverse_table(setup, *result.reverse);
  text += checks_table(result.checks);
  if (result.stop_reason != "end")
    text += "\n  stopped at t = " + fmt::format("{:.6g}", result.t) + ": " + result.stop_reason + "\n";
  if (folder)
    text += fmt::format("\n  {}: density.pvd for ParaView, density.png, series.csv, summary.json\n", folder->string());
  return text;
}

}  // namespace fokker
