#include "fokker/run/converge.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "fokker/base/stop.hpp"
#include "fokker/output/json_text.hpp"
#include "fokker/output/text_table.hpp"
#include "fokker/run/run.hpp"

namespace fokker {

namespace {

double nan() { return std::numeric_limits<double>::quiet_NaN(); }

/// The case on level k: 2^k times the cells, and a time error that falls faster than the space error (both adaptive
/// second-order steppers have a global error ~ tolerance^(2/3)); or the same grid and a finer step.
Case refined(const Case& base, int level, bool in_time) {
  Case c = base;
  const double factor = std::ldexp(1.0, level);
  if (!in_time)
    for (Axis& axis : c.axes) axis.cells = static_cast<Index>(static_cast<double>(axis.cells) * factor);
  if (c.time.dt)
    *c.time.dt /= factor;
  else if (const StepperRow* row = find_stepper(c.time.stepper); !row || row->adaptive)
    c.time.tolerance = c.time.tolerance.value_or(1e-6) / std::pow(factor, 3);
  c.output.times = {0, base.time.end};
  c.compare.monte_carlo.reset();
  c.compare.log_likelihood.reset();
  c.checks.clear();
  return c;
}

/// int |fine - coarse| on the coarse grid, the fine averages averaged over each coarse cell.
double distance(const Field& coarse, const Field& fine) {
  const Grid &g = *coarse.grid, &f = *fine.grid;
  const Index rx = f.nx() / g.nx(), ry = f.ny() / g.ny();
  double sum = 0;
  for (Index j = 0; j < g.ny(); ++j)
    for (Index i = 0; i < g.nx(); ++i) {
      double average = 0;
      for (Index b = 0; b < ry; ++b)
        for (Index a = 0; a < rx; ++a) average += fine.values[rx * i + a + f.nx() * (ry * j + b)];
      sum += std::abs(average / static_cast<double>(rx * ry) - coarse.values[i + g.nx() * j]);
    }
  return sum * g.volume();
}

}  // namespace

Convergence converge(Case base, int levels, bool in_time) {
  if (base.scheme.flux == "auto") base.scheme.flux = build(base).flux->name;  // one flux for all levels
  Convergence table;
  table.exact = !in_time && (base.compare.exact_closed_form || base.compare.exact_formula);
  std::vector<Field> solutions;
  for (int level = 0; level < levels; ++level) {
    Setup setup = build(refined(base, level, in_time));
    const RunResult result = run(setup, {});
    if (result.stop_reason == "interrupted") throw Stopped();
    if (result.numerical_failure)
      throw NumericalError(fmt::format("level {}: {}", level, result.stop_reason), result.t);
    ConvergenceRow row;
    for (const Axis& axis : setup.config.axes)
      row.cells += (row.cells.empty() ? "" : " x ") + std::to_string(axis.cells);
    row.error = table.exact ? result.verdicts[0].second.back().norms.l1 : nan();
    row.order = nan();
    row.steps = result.steps;
    row.seconds = result.stepping_seconds;
    row.stepper = setup.stepper_row->name;
    table.rows.push_back(row);
    solutions.push_back(result.p);
  }
  // Without a closed form the distance to the next finer level stands for the error (Richardson).
  if (!table.exact)
    for (std::size_t k = 0; k + 1 < solutions.size(); ++k)
      table.rows[k].error = distance(solutions[k], solutions[k + 1]);
  for (std::size_t k = 1; k < table.rows.size(); ++k)
    table.rows[k].order = std::log2(table.rows[k - 1].error / table.rows[k].error);
  return table;
}

double Convergence::order() const {
  for (auto row = rows.rbegin(); row != rows.rend(); ++row)
    if (std::isfinite(row->order)) return row->order;
  return nan();
}

namespace {

std::string convergence_json(const Case& base, const Convergence& table, const char* in, bool ok) {
  nlohmann::ordered_json json{{"case", base.title}, {"in", in}, {"reference", table.exact ? "exact" : "richardson"}};
  for (const ConvergenceRow& row : table.rows) {
    nlohmann::ordered_json level{{"cells", row.cells}, {"steps", row.steps}, {"seconds", row.seconds}};
    if (std::isfinite(row.error)) level["l1"] = row.error;
    if (std::isfinite(row.order)) level["order"] = row.order;
    json["levels"].push_back(level);
  }
  json["ok"] = ok;
  return json_text(json);
}

std::string convergence_table(const Convergence& table) {
  TextTable text(
      {"cells", table.exact ? "l1 to exact" : "l1 to the next level", "order", "steps", "seconds", "stepper"});
  for (const ConvergenceRow& row : table.rows)
    text.add({row.cells, std::isfinite(row.error) ? fmt::format("{:.3e}", row.error) : "-",
              std::isfinite(row.order) ? fmt::format("{:.2f}", row.order) : "-", std::to_string(row.steps),
              fmt::format("{:.3g}", row.seconds), row.stepper});
  return text.text();
}

}  // namespace

ConvergenceReport report(const Case& base, const Convergence& table, bool in_time) {
  const char* const in = in_time ? "time" : "space";
  bool ok = true;
  std::string verdicts;
  for (const CaseCheck& check : base.checks) {
    if (check.quantity != "order") continue;
    const bool kept = holds(check, table.order());
    ok = ok && kept;
    verdicts += fmt::format("  order {:.3f}, asked {}: {}\n", table.order(), CheckResult{&check, 0, 0, false}.bound(),
                            kept ? "ok" : "FAILS");
  }
  return {fmt::format("{}, refined in {}\n{}{}", base.title, in, convergence_table(table), verdicts),
          convergence_json(base, table, in, ok), ok};
}

}  // namespace fokker
