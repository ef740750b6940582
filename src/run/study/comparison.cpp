#include <fmt/format.h>

#include <cmath>

#include "describe.hpp"

namespace fokker {
namespace {

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
  return fmt::format("{}kl against {} is {}", std::isinf(verdict.norms.kl) ? "" : "* ", witness, note);
}

/// What a witness says of itself, of the last frame, and of each.
std::vector<Finding> witness_cells(const std::string& name, const WitnessFacts& facts,
                                   const std::vector<Verdict>& frames) {
  std::vector<Finding> cells{{"", {}, "witness", name}};
  if (!facts.stepper.empty()) cells.push_back({"stepper", facts.stepper});
  for (const auto& [key, value] : facts.numbers) cells.push_back({key, number(value)});
  if (!facts.distrust.empty()) cells.push_back({"distrust", facts.distrust});
  if (!facts.caution.empty()) cells.push_back({"caution", facts.caution});
  for (Finding& cell : verdict_cells(frames.back())) {
    if (cell.label == "kl") cell.text = kl_text(frames.back());
    cells.push_back(std::move(cell));
  }
  cells.push_back({"", {}, "verdict", verdict_word(frames.back(), facts)});
  Json all = Json::array();
  for (const Verdict& frame : frames) {
    all.push_back({{"t", frame.t}});
    all.back().update(json_of(verdict_cells(frame)));
  }
  cells.push_back({"frames", std::move(all)});
  return cells;
}

Json likelihood_json(const LikelihoodVerdict& verdict) {
  return {{"error", number(verdict.error)},
          {"error_grid", number(verdict.error_grid)},
          {"error_grid_mean", number(verdict.error_grid_mean)},
          {"mean", number(verdict.mean)},
          {"unseen", verdict.unseen}};
}

Finding likelihood_finding(const CaseLogLikelihood& asked, const RunResult& result) {
  const LikelihoodVerdict& last = result.log_likelihood.back();
  Json json{{"points", asked.points}, {"tolerance", asked.tolerance}, {"steps", result.log_likelihood_steps}};
  json.update(likelihood_json(last));
  for (const LikelihoodVerdict& frame : result.log_likelihood) {
    json["frames"].push_back({{"t", frame.t}});
    json["frames"].back().update(likelihood_json(frame));
  }
  return {"compare/log_likelihood", json, "log p",
          fmt::format("carried along the flow by {} points: off by {:.1e} at most from the closed form, and the grid's "
                      "from it by {:.1e} (mean {:.1e}){}",
                      asked.points, last.error, last.error_grid, last.error_grid_mean,
                      last.unseen > 0 ? fmt::format("; {} where the grid has no p", last.unseen) : "")};
}

}  // namespace

void add_comparison(const Case& config, const RunResult& result, Document& document) {
  DocumentTable table{.columns = {"witness", "l1", "l2", "linf", "kl", "verdict"}, .by_name = true};
  std::vector<Finding> footnotes;
  for (std::size_t k = 0; k < result.verdicts.size(); ++k)
    if (const auto& [name, frames] = result.verdicts[k]; !frames.empty()) {
      const WitnessFacts facts = k < result.facts.size() ? result.facts[k].second : WitnessFacts{};
      table.rows.push_back({name, witness_cells(name, facts, frames)});
      footnotes.push_back({"", {}, "", kl_footnote(name, frames.back())});
    }
  if (!result.verdicts.empty()) table.key = "compare";
  document.sections.push_back({.table = std::move(table), .notes = std::move(footnotes), .heading = "Witnesses"});
  if (!result.log_likelihood.empty())
    document.sections.push_back({.findings = {likelihood_finding(*config.compare.log_likelihood, result)}});
}

}  // namespace fokker
