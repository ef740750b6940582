#pragma once
#include <Eigen/Core>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/run/run.hpp"
#include "fokker/run/witness.hpp"

/// What the summaries of all verbs have in common.
namespace fokker {

using Json = nlohmann::ordered_json;

[[nodiscard]] std::vector<std::vector<double>> rows(const Eigen::MatrixXd& matrix);
/// JSON has no infinities; a missing number is null.
[[nodiscard]] Json number(double value);
[[nodiscard]] Json verdict_json(const Verdict& verdict);
[[nodiscard]] Json checks_json(std::span<const CheckResult> checks);
/// The checks and, below them, what their values rest on; empty without checks.
[[nodiscard]] std::string checks_table(std::span<const CheckResult> checks);
/// Cells times products with the operator per second of stepping; 0 before the first step.
[[nodiscard]] double updates_per_second(const Setup& setup, const RunResult& result);
/// "256 x 256 cells, x in [-5, 5], y in [-5, 5]"
[[nodiscard]] std::string grid_line(const Grid& grid);

}  // namespace fokker
