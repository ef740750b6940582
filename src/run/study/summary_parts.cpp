#include "summary_parts.hpp"

#include <fmt/format.h>

#include <cmath>

#include "fokker/output/text_table.hpp"

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

double updates_per_second(const Setup& setup, const RunResult& result) {
  if (!(result.stepping_seconds > 0)) return 0;
  return static_cast<double>(setup.grid->cells()) * static_cast<double>(result.rhs_evaluations) /
         result.stepping_seconds;
}

}  // namespace fokker
