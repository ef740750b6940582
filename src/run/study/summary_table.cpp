#include <fmt/format.h>

#include <cmath>

#include "fokker/base/parallel.hpp"
#include "fokker/output/text_table.hpp"
#include "fokker/run/run.hpp"
#include "judgement_text.hpp"
#include "summary_parts.hpp"

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
