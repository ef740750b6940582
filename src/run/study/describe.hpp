#pragma once
#include <Eigen/Core>
#include <span>
#include <string>
#include <vector>

#include "fokker/output/document.hpp"
#include "fokker/run/run.hpp"
#include "fokker/run/witness.hpp"

/// What the documents of several verbs have in common.
namespace fokker {

/// JSON has no infinities; a missing number is null.
[[nodiscard]] Json number(double value);
/// The program, the case and its overrides.
[[nodiscard]] std::vector<Finding> case_findings(const Case& config);
/// "view.py for ParaView", or the tables that the case asks for in place of it.
[[nodiscard]] std::string frames_text(const Case& config);
/// "256 x 256 cells, x in [-5, 5], y in [-5, 5]"
[[nodiscard]] Finding grid_finding(const Grid& grid);
/// Moments, entropy and its production, for programs.
[[nodiscard]] std::vector<Finding> density_findings(const Field& p, std::optional<double> entropy_production);
/// Cells of the table row of a verdict, without its time.
[[nodiscard]] std::vector<Finding> verdict_cells(const Verdict& verdict);
/// How wide p was in cells and what the flux costs; what lies beyond the walls.
[[nodiscard]] std::vector<Finding> judgement_findings(const Judgement& judged);
/// What the case asked of the last density, `answers` of Setup::questions; where the mass drifts its mean velocity; and
/// its passages through absorbing sides (null: there are none).
[[nodiscard]] DocumentSection answers_section(const Setup& setup, std::span<const double> answers,
                                              std::span<const double> velocity, bool drifts,
                                              const PassageRecord* passage);
/// The checks and, below them, what their values rest on.
[[nodiscard]] DocumentSection checks_section(std::span<const CheckResult> checks);
/// What the witnesses of a run say, a row each, and what points carried along the flow do.
void add_comparison(const Case& config, const RunResult& result, Document& document);
/// One line each for people.
void add_warnings(std::span<const std::string> warnings, std::vector<Finding>& findings);
/// "4 threads"
[[nodiscard]] std::string threads_text();

[[nodiscard]] std::vector<std::string> joined(std::vector<std::string> some, const std::vector<std::string>& more);
void append(std::vector<Finding> more, std::vector<Finding>& findings);

}  // namespace fokker
