#include "fokker/run/converge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/analysis/other_cells.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/quantities.hpp"

namespace fokker {

namespace {

double nan() { return std::numeric_limits<double>::quiet_NaN(); }

/// The case on level k: 2^k times the cells, and a time error that falls faster than the space error (both adaptive
/// second-order steppers have a global error ~ tolerance^(2/3)); or the same grid and a finer step.
Case refined(const Case& base, int level, bool in_time) {
  const double factor = std::ldexp(1.0, level);
  Case c = on_cells(base, in_time ? 1 : factor);
  choose_anew(c);
  c.compare = base.compare;
  c.compare.monte_carlo.reset();
  c.compare.log_likelihood.reset();
  c.reverse = base.reverse;  // its snapshots are stepped to
  c.infinite = base.infinite;
  if (c.time.dt)
    *c.time.dt /= factor;
  else if (const StepperRow* row = find_stepper(c.time.stepper); !row || row->adaptive)
    c.time.tolerance = c.time.tolerance.value_or(1e-6) / std::pow(factor, 3);
  return c;
}

/// On the box that the case was given.
Convergence converge_on(const Case& config, int levels, bool in_time) {
  Case base = config;
  if (base.scheme.flux == "auto") base.scheme.flux = build(base).flux->name;  // one flux for all levels
  Convergence table;
  table.title = base.title;
  if (!base.stops.empty()) table.title += fmt::format(" (to time.end = {:.6g}, without its [[stop]])", base.time.end);
  table.in_time = in_time;
  table.exact = !in_time && (base.compare.exact_closed_form || base.compare.exact_formula);
  std::vector<Field> solutions;
  for (int level = 0; level < levels; ++level) {
    Setup setup = build(refined(base, level, in_time));
    const RunResult result = run(setup, {});
    if (result.stop_reason == stop_cause()) throw Stopped();
    if (result.numerical_failure)
      throw NumericalError(fmt::format("level {}: {}", level, result.stop_reason), result.t);
    ConvergenceRow row;
    for (const Axis& axis : setup.config.axes)
      row.cells += (row.cells.empty() ? "" : " x ") + std::to_string(axis.cells);
    row.error = table.exact ? result.verdicts[0].second.back().norms.l1 : nan();
    row.order = nan();
    row.width =
        in_time ? setup.config.time.end / static_cast<double>(std::max(1L, result.steps)) : setup.grid->axis(0).width();
    row.steps = result.steps;
    row.seconds = result.stepping_seconds;
    row.stepper = setup.stepper_row->name;
    table.rows.push_back(row);
    solutions.push_back(result.p);
  }
  // Without a closed form the distance to the next finer level stands for the error (Richardson).
  if (!table.exact)
    for (std::size_t k = 0; k + 1 < solutions.size(); ++k)
      table.rows[k].error = distance_of_averages(solutions[k + 1], solutions[k]);
  for (std::size_t k = 1; k < table.rows.size(); ++k)
    table.rows[k].order = std::log2(table.rows[k - 1].error / table.rows[k].error);
  return table;
}

}  // namespace

Convergence converge(const Case& config, int levels, bool in_time) {
  Case base = config;
  if (!base.infinite.empty()) choose_box(base, *make_formulas(base), false);
  Convergence table = in_wide_box(
      std::move(base), [&](const Case& boxed) { return converge_on(boxed, levels, in_time); },
      [](const std::string&) {});
  for (const CaseCheck& check : config.checks)
    if (!quantity_row(check.quantity).of_one_run())
      table.checks.push_back({&check, config.time.end, table.order(), holds(check, table.order())});
  return table;
}

double Convergence::order() const {
  for (auto row = rows.rbegin(); row != rows.rend(); ++row)
    if (std::isfinite(row->order)) return row->order;
  return nan();
}

bool Convergence::ok() const {
  return std::all_of(checks.begin(), checks.end(), [](const CheckResult& done) { return done.ok; });
}

std::string csv_of(const Convergence& found) {
  std::string text = fmt::format("{},l1,order,steps,seconds\n", found.in_time ? "dt" : "h");
  for (const ConvergenceRow& row : found.rows)
    text += fmt::format("{},{},{},{},{}\n", row.width, row.error, row.order, row.steps, row.seconds);
  return text;
}

Document document(const Convergence& found) {
  const char* const in = found.in_time ? "time" : "space";
  Document all{fmt::format("{}, refined in {}", found.title, in), {{.label_width = 0}}};
  DocumentSection& section = all.sections[0];
  section.findings = {{"case", found.title}, {"in", in}, {"reference", found.exact ? "exact" : "richardson"}};
  const char* const error = found.exact ? "l1 to exact" : "l1 to the next level";
  section.table = {"levels", {"cells", error, "order", "steps", "seconds", "stepper"}};
  for (const ConvergenceRow& row : found.rows) {
    std::vector<Finding> cells{{"cells", row.cells, "cells", row.cells},
                               {"steps", row.steps, "steps", std::to_string(row.steps)},
                               {"seconds", row.seconds, "seconds", fmt::format("{:.3g}", row.seconds)},
                               {"", {}, "stepper", row.stepper}};
    const auto add = [&](const char* key, const char* label, double value, const char* format) {
      const bool known = std::isfinite(value);
      cells.push_back({known ? key : "", value, label, known ? fmt::format(fmt::runtime(format), value) : "-"});
    };
    add("l1", error, row.error, "{:.3e}");
    add("order", "order", row.order, "{:.2f}");
    section.table.rows.push_back({"", std::move(cells)});
  }
  for (const CheckResult& done : found.checks)
    section.notes.push_back(
        {"", {}, "", fmt::format("order {:.3f}, asked {}: {}", done.value, done.bound(), done.ok ? "ok" : "FAILS")});
  section.notes.push_back({"ok", found.ok()});
  return all;
}

}  // namespace fokker
