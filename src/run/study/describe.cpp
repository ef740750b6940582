#include "describe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "../build/questions.hpp"
#include "fokker/analysis/norms.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/version.hpp"

namespace fokker {
namespace {

constexpr double negligible = 1e-6;

std::string width_text(const Judgement& judged) {
  std::string text;
  for (const double width : judged.width) text += fmt::format("{}{:.3g}", text.empty() ? "" : " x ", width);
  return text;
}

std::string cells_text(const Judgement& judged) {
  std::string text = fmt::format("p is {} cells wide where it is narrowest", width_text(judged));
  if (judged.flux_l1_worst > 0)
    text += fmt::format("; the flux costs about l1 {:.1e}{}", judged.flux_l1,
                        judged.flux_l1_worst > 1.5 * judged.flux_l1
                            ? fmt::format(", {:.1e} at t = {:.4g}", judged.flux_l1_worst, judged.flux_l1_worst_at)
                            : "");
  if (judged.step_l1 > 0) text += fmt::format("; time.dt about l1 {:.1e}", judged.step_l1);
  return text;
}

std::string walls_text(const Judgement& judged) {
  const auto least = [](const WallFinding& a, const WallFinding& b) {
    return (a.judged ? a.beyond : 0) < (b.judged ? b.beyond : 0);
  };
  const auto worst = std::max_element(judged.walls.begin(), judged.walls.end(), least);
  if (worst == judged.walls.end() || !worst->judged) return "";
  if (!(worst->beyond > negligible)) return fmt::format("less than {:.0e} of the mass beyond any wall", negligible);
  return fmt::format("up to {:.2g} of the mass beyond {}{}", worst->beyond, worst->side,
                     worst->at > 0 ? fmt::format(" (t = {:.4g})", worst->at) : "");
}

Json judgement_json(const Judgement& judged) {
  Json walls = Json::object(), widths = Json::array();
  for (const WallFinding& wall : judged.walls)
    walls[wall.side] = {{"mass", wall.mass},
                        {"beyond", number(wall.beyond)},
                        {"at", wall.at},
                        {"closed_form", wall.closed_form},
                        {"judged", wall.judged}};
  for (const double width : judged.width) widths.push_back(number(width));
  return {{"width", widths},
          {"width_at", judged.width_at},
          {"flux_l1", number(judged.flux_l1)},
          {"flux_l1_worst", number(judged.flux_l1_worst)},
          {"flux_l1_worst_at", judged.flux_l1_worst_at},
          {"step_l1", judged.step_l1},
          {"reduced_fraction", judged.reduced_fraction},
          {"reduced_l1", number(judged.reduced_l1)},
          {"walls", walls}};
}

/// How far particles agree beyond their noise.
void add_agreement(const Agreement& a, std::vector<Finding>& cells) {
  const JointVerdict joint = a.verdict();
  cells.push_back({"l1_expected", number(a.l1_expected)});
  if (a.z) cells.push_back({"z", number(*a.z)});
  cells.push_back({"ks", number(a.ks)});
  cells.push_back({"ks_p_value", number(a.ks_p_value)});
  cells.push_back({"chi2", number(a.chi2)});
  cells.push_back({"chi2_dof", number(a.chi2_dof)});
  cells.push_back({"chi2_p_value", number(a.chi2_p_value)});
  cells.push_back({"agrees", {{"p_value", number(joint.p_value)}, {"verdict", joint.word}, {"by", joint.spoke}}});
}

std::vector<Finding> check_cells(const CheckResult& done) {
  const CaseCheck& check = *done.check;
  const bool none = !done.reached || std::isnan(done.value);
  std::vector<Finding> cells{{"quantity", check.quantity, "check", done.label()}};
  if (!check.against.empty()) cells.push_back({"against", check.against});
  if (!check.of_text.empty()) cells.push_back({"of", check.of_text});
  if (!check.side.empty()) cells.push_back({"side", check.side});
  if (!check.point.empty()) cells.push_back({"point", check.point});
  cells.push_back({"at", number(done.at), "at t", std::isinf(done.at) ? "rest" : fmt::format("{:.6g}", done.at)});
  cells.push_back({"value", number(done.value), "value", none ? "-" : fmt::format("{:.6g}", done.value)});
  cells.push_back({"bound", done.bound(), "bound", done.bound()});
  cells.push_back({"ok", done.ok, "", done.reached ? done.ok ? "ok" : "FAILS" : "not reached"});
  if (!done.note.empty()) cells.push_back({"note", done.note});
  return cells;
}

Finding answer_finding(const CaseQuestion& asked, double value) {
  return {fmt::format("{}/{}", asked.condition ? "probabilities" : "expectations", asked.name), number(value)};
}

DocumentTable::Row answer_row(const std::string& what, const std::string& value) {
  return {"", {{"", {}, "asked", what}, {"", {}, "answer", value}}};
}

/// Rows of the passages through one side, or "" through all of them.
void add_passage_rows(const PassageRecord& record, const std::string& side, DocumentTable& table) {
  const Passages found = record.through(side);
  const std::string which = "passage" + (side.empty() ? "" : " through " + side);
  if (!found.any()) return table.rows.push_back(answer_row(which + ": nothing has left", "-"));
  table.rows.push_back(answer_row(fmt::format("{}: mean time of the {:.6g} that have left", which, found.left),
                                  fmt::format("{:.8g}", found.mean)));
  table.rows.push_back(answer_row(which + ": its variance", fmt::format("{:.8g}", found.variance)));
}

Json passage_json(const Passages& found) {
  return {{"left", number(found.left)},
          {"mean", number(found.mean)},
          {"variance", number(found.variance)},
          {"delay", number(found.delay)}};
}

void add_passage(const PassageRecord& record, DocumentSection& section) {
  Json json = passage_json(record.through(""));
  json.update({{"inside", number(record.inside())},
               {"lower_bound", record.lower_bound()},
               {"least_mean", number(record.least_mean())}});
  for (const std::string& side : record.sides()) {
    json["sides"][side] = passage_json(record.through(side));
    add_passage_rows(record, side, section.table);
  }
  if (record.sides().size() > 1) add_passage_rows(record, "", section.table);
  section.findings.push_back({"passage", json});
  if (const std::string note = record.note(""); !note.empty())
    section.notes.push_back({"", {}, "", "passage: " + note});
}

}  // namespace

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

std::vector<Finding> case_findings(const Case& c) {
  return {
      {"fokker", {{"version", FOKKER_VERSION}}},
      {"case",
       {{"title", c.title}, {"file", c.file.filename().string()}, {"sha256", c.sha256}, {"overrides", c.overrides}}}};
}

std::string frames_text(const Case& config) {
  const std::vector<std::string>& formats = config.output.formats;
  if (std::ranges::find(formats, "vti") != formats.end()) return "view.py for ParaView";
  return fmt::format("frames as {}", fmt::join(formats, " and "));
}

Finding grid_finding(const Grid& grid) {
  std::vector<Index> cells;
  std::string ranges;
  for (const Axis& axis : grid.axes()) {
    ranges += fmt::format(", {} in [{:.6g}, {:.6g}]", axis.name, axis.lower, axis.upper);
    cells.push_back(axis.cells);
  }
  return {"grid",
          {{"dimension", grid.dimension()}, {"cells", cells}},
          "grid",
          fmt::format("{} cells{}", fmt::join(cells, " x "), ranges)};
}

std::vector<Finding> density_findings(const Field& p, std::optional<double> entropy_production) {
  const Moments m = moments(*p.grid, p.view());
  Json covariance = Json::array();
  for (Index i = 0; i < m.covariance.rows(); ++i) {
    const Eigen::RowVectorXd row = m.covariance.row(i);
    covariance.push_back(std::vector<double>(row.begin(), row.end()));
  }
  std::vector<Finding> all{
      {"moments", {{"mean", std::vector<double>(m.mean.begin(), m.mean.end())}, {"covariance", covariance}}},
      {"entropy", number(entropy(*p.grid, p.view()))}};
  if (entropy_production) all.push_back({"entropy_production", number(*entropy_production)});
  return all;
}

std::vector<Finding> verdict_cells(const Verdict& verdict) {
  const Norms& norms = verdict.norms;
  std::vector<Finding> cells{{"l1", number(norms.l1), "l1", fmt::format("{:.2e}", norms.l1)}};
  if (verdict.agreement)
    add_agreement(*verdict.agreement, cells);
  else
    cells.push_back({"ks", number(verdict.ks)});
  cells.push_back({"l2", number(norms.l2), "l2", fmt::format("{:.2e}", norms.l2)});
  cells.push_back({"linf", number(norms.linf), "linf", fmt::format("{:.2e}", norms.linf)});
  if (!verdict.agreement) {
    cells.push_back({"kl", number(norms.kl), "kl", fmt::format("{:.1e}", norms.kl)});
    if (const std::string note = kl_note(norms); !note.empty())
      append({{"kl_left_out", number(norms.kl_left_out)}, {"kl_note", note}}, cells);
  }
  cells.push_back({"mean_error", number(verdict.mean_error), "mean off", fmt::format("{:.1e}", verdict.mean_error)});
  cells.push_back({"covariance_error", number(verdict.covariance_error), "covariance off",
                   fmt::format("{:.1e}", verdict.covariance_error)});
  if (verdict.w1) cells.push_back({"w1", number(*verdict.w1), "w1", fmt::format("{:.1e}", *verdict.w1)});
  for (const auto& [key, value] : verdict.more) cells.push_back({key, number(value)});
  return cells;
}

std::vector<Finding> judgement_findings(const Judgement& judged) {
  return {{"self_check", judgement_json(judged), "cells", cells_text(judged)}, {"", {}, "box", walls_text(judged)}};
}

DocumentSection answers_section(const Setup& setup, std::span<const double> answers, std::span<const double> velocity,
                                bool drifts, const PassageRecord* passage) {
  DocumentSection section{.table = {"", {"asked", "answer"}}, .heading = "Answers"};
  const std::vector<CaseQuestion>& asked = setup.questions->asked();
  for (std::size_t k = 0; k < answers.size(); ++k) {
    section.findings.push_back(answer_finding(asked[k], answers[k]));
    section.table.rows.push_back(answer_row(
        fmt::format("{}: {} of {}", asked[k].name, asked[k].condition ? "probability" : "expectation", asked[k].text),
        fmt::format("{:.8g}", answers[k])));
  }
  Json all = Json::array();
  for (std::size_t k = 0; k < velocity.size(); ++k) {
    all.push_back(number(velocity[k]));
    const std::string& axis = setup.grid->axis(static_cast<int>(k)).name;
    if (drifts)
      section.table.rows.push_back(
          answer_row(fmt::format("mean velocity along {}", axis), fmt::format("{:.8g}", velocity[k])));
  }
  section.findings.push_back({"mean_velocity", all});
  if (passage != nullptr) add_passage(*passage, section);
  return section;
}

DocumentSection checks_section(std::span<const CheckResult> checks) {
  DocumentSection section{.table = {"checks", {"check", "at t", "value", "bound", ""}}, .heading = "Checks"};
  for (const CheckResult& done : checks) {
    section.table.rows.push_back({"", check_cells(done)});
    if (!done.note.empty()) section.notes.push_back({"", {}, "", fmt::format("{}: {}", done.label(), done.note)});
  }
  return section;
}

void add_warnings(std::span<const std::string> warnings, std::vector<Finding>& findings) {
  for (const std::string& warning : warnings) findings.push_back({"", {}, "warning", warning});
}

std::string threads_text() { return fmt::format("{} thread{}", thread_count(), thread_count() == 1 ? "" : "s"); }

std::vector<std::string> joined(std::vector<std::string> some, const std::vector<std::string>& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}

void append(std::vector<Finding> more, std::vector<Finding>& findings) {
  findings.insert(findings.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace fokker
