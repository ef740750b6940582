#include "fokker/run/judge/felt_questions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "ending.hpp"
#include "fokker/base/tape.hpp"
#include "fokker/run/build/infinite_range.hpp"

namespace fokker {
namespace {

constexpr double too_much = 1e-5;  // of int |g| p dx, beyond

bool is_felt(const CaseQuestion& asked, double beyond, double all) {
  constexpr double nothing = 1e-15;  // of the mass: rounding
  return beyond > too_much * all && (!asked.condition || beyond > nothing);
}

/// Points with what p dx is there.
struct Weights {
  std::array<std::vector<double>, 2> x;
  std::vector<double> weight;
};

Weights box_of(const Grid& grid, const Field& p) {
  Weights all;
  const PointsIn centers = grid.centers();
  for (int k = 0; k < grid.dimension(); ++k)
    all.x[static_cast<std::size_t>(k)].assign(centers.axis[k], centers.axis[k] + grid.cells());
  for (Index cell = 0; cell < grid.cells(); ++cell) all.weight.push_back(std::abs(p.values[cell]) * grid.volume());
  return all;
}

/// Half the box more at a side; points close to it lie close together.
Weights beyond(const Grid& grid, const InfiniteSide& side, const Field& p) {
  constexpr int points = 64;
  const bool across_x = side.axis == 0;
  const Axis& axis = grid.axis(static_cast<int>(side.axis));
  const Ending end(axis, side.side, masses_along(grid, side.axis, p));
  const double half = 0.5 * (axis.upper - axis.lower), depth = 0.5 * static_cast<double>(end.layer) * axis.width();
  Weights all;
  for (Index j = 0; j < (across_x ? grid.ny() : grid.nx()); ++j) {
    double row = 0;
    for (Index n = 0; n < end.layer; ++n) {
      const Index i = side.side == 0 ? n : axis.cells - 1 - n;
      row += std::abs(p.values[across_x ? i + grid.nx() * j : j + grid.nx() * i]) * grid.volume();
    }
    if (!(row > 0)) continue;
    for (int k = 0; k < points; ++k) {
      const double share = (k + 0.5) / points, off = half * share * share;
      all.x[side.axis].push_back(side.side == 0 ? axis.lower - off : axis.upper + off);
      if (grid.dimension() > 1) all.x[1 - side.axis].push_back(grid.axis(across_x ? 1 : 0).center(j));
      all.weight.push_back(row / (2 * depth) * std::exp(-end.rate() * (depth + off)) * half * 2 * share / points);
    }
  }
  return all;
}

/// Sum of |g| where it is finite, and whether it is everywhere.
std::pair<double, bool> sum_of(const Tape& g, double t, const Weights& over) {
  std::vector<TapeInput> inputs;
  for (const std::vector<double>& column : over.x)
    if (!column.empty()) inputs.push_back(TapeInput::of(column.data()));
  if (inputs.empty()) return {0, true};
  inputs.push_back(TapeInput::of(t));
  std::vector<double> values(over.weight.size());
  double* const out = values.data();
  g.evaluate(inputs, static_cast<Index>(values.size()), {&out, 1});
  double sum = 0;
  bool finite = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    finite = finite && std::isfinite(values[i]);
    if (std::isfinite(values[i])) sum += std::abs(values[i]) * over.weight[i];
  }
  return {sum, finite};
}

std::string text_of(const Case& config, const CaseQuestion& asked, std::size_t n, double missing, double all) {
  return fmt::format("{}: about {:.2g} beyond {}, beside {:.3g} in the box", asked.key(), missing,
                     name_of(config, config.infinite[n]), all);
}

}  // namespace

void feel_questions(const Setup& setup, double t, const Field& p, std::vector<FeltQuestion>& felt) {
  const Case& config = setup.config;
  const std::vector<CaseQuestion>& questions = config.output.questions;
  if (config.infinite.empty() || questions.empty()) return;
  felt.resize(questions.size());
  std::vector<std::string> variables;
  for (const Axis& axis : config.axes) variables.push_back(axis.name);
  variables.emplace_back("t");
  const Weights inside = box_of(*setup.grid, p);
  std::vector<Weights> outside;
  for (const InfiniteSide& side : config.infinite) outside.push_back(beyond(*setup.grid, side, p));
  std::vector<bool> asks(outside.size(), false), may(outside.size(), true);
  std::string why;
  for (std::size_t k = 0; k < questions.size(); ++k) {
    const Tape g({&questions[k].formula, 1}, variables);
    FeltQuestion& most = felt[k];
    most.asked = std::max(most.asked, sum_of(g, t, inside).first);
    for (std::size_t n = 0; n < outside.size(); ++n) {
      const auto [missing, finite] = sum_of(g, t, outside[n]);
      may[n] = may[n] && finite && may_widen(config, config.infinite[n]);
      if (missing > most.beyond) most = {most.asked, missing, t, n};
      if (!is_felt(questions[k], missing, most.asked)) continue;
      asks[n] = true;
      why += (why.empty() ? "" : ", ") + text_of(config, questions[k], n, missing, most.asked);
    }
  }
  std::vector<std::size_t> outgrown;
  for (std::size_t n = 0; n < outside.size(); ++n)
    if (asks[n] && may[n]) outgrown.push_back(n);
  if (!outgrown.empty()) outgrow(config, outgrown, why, t);
}

std::vector<std::string> warnings_of(const Case& config, const std::vector<FeltQuestion>& felt) {
  std::vector<std::string> warnings;
  for (std::size_t k = 0; k < felt.size(); ++k) {
    const CaseQuestion& asked = config.output.questions[k];
    if (!is_felt(asked, felt[k].beyond, felt[k].asked)) continue;
    const InfiniteSide& side = config.infinite[felt[k].side];
    const Axis& axis = config.axes[side.axis];
    warnings.push_back(
        fmt::format("{} (t = {:.4g}), a side at {:.6g} that is none: half as much again there would hold so much, and "
                    "it is missing from the answer; {}: give axis.{}.range an end farther out",
                    text_of(config, asked, felt[k].side, felt[k].beyond, felt[k].asked), felt[k].at,
                    side.side == 0 ? axis.lower : axis.upper, why_kept(side), axis.name));
  }
  return warnings;
}

}  // namespace fokker
