#include "questions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/errors.hpp"

namespace fokker {
namespace {

bool is_column(const Case& config, const std::string& name) {
  const std::vector<std::string> usual = usual_columns(config.axes);
  return std::find(usual.begin(), usual.end(), name) != usual.end() || name == "kl_exact" ||
         name.starts_with("mean_velocity_") || name.starts_with("outflow_");
}

/// "x in [-6, 6]", and what to do about it where the program has chosen that.
std::string box_words(const Case& config) {
  std::string text;
  for (const Axis& axis : config.axes)
    text += fmt::format("{}{} in [{:.6g}, {:.6g}]", text.empty() ? "" : ", ", axis.name, axis.lower, axis.upper);
  if (config.infinite.empty()) return text;
  return text + fmt::format(", chosen for where the mass is; give axis.{}.range ends that hold what is asked",
                            config.axes[config.infinite.front().axis].name);
}

}  // namespace

std::vector<std::string> usual_columns(const std::vector<Axis>& axes) {
  std::vector<std::string> names{"t", "dt", "step", "mass", "mass_error", "min_p", "max_p"};
  for (const Axis& axis : axes) names.push_back("mean_" + axis.name);
  for (const Axis& axis : axes) names.push_back("variance_" + axis.name);
  if (axes.size() > 1) names.push_back("covariance_" + axes[0].name + "_" + axes[1].name);
  names.emplace_back("entropy");
  return names;
}

Questions::Questions(const Case& config, const std::shared_ptr<const Grid>& grid)
    : asked_(config.output.questions), box_(box_words(config)) {
  std::vector<std::string> variables;
  for (const Axis& axis : config.axes) variables.push_back(axis.name);
  variables.emplace_back("t");
  std::vector<Problem> problems;
  for (const CaseQuestion& asked : asked_) {
    const auto refuse = [&](const std::string& why) {
      problems.push_back({config.where(asked.key()), asked.key(), why});
    };
    if (is_column(config, asked.name)) refuse("is the name of a column of series.csv already; take another one");
    try {
      integrals_.emplace_back(grid, asked.formula, variables,
                              asked.condition ? FormulaIntegral::Of::probability : FormulaIntegral::Of::mean);
      for (const double t : {0.0, config.time.end})  // what does not move was looked at
        if (asked.formula.depends_on("t")) static_cast<void>(integrals_.back().of(t, Field(grid).view()));
    } catch (const NumericalError& error) {
      refuse(asked.formula.depends_on("t") ? fmt::format("{}, t = {:.6g}", error.what(), error.time()) : error.what());
    }
  }
  if (!problems.empty()) throw CaseError(std::move(problems));
}

double Questions::answer(std::size_t k, double t, const Field& p) const try {
  return integrals_[k].of(t, p.view());
} catch (const NumericalError& error) {
  throw NumericalError(fmt::format("{}: {}", asked_[k].key(), error.what()), t);
}

std::vector<double> Questions::answers(double t, const Field& p) const {
  std::vector<double> all;
  for (std::size_t k = 0; k < asked_.size(); ++k) all.push_back(answer(k, t, p));
  return all;
}

std::size_t Questions::number(std::string_view name) const {
  return static_cast<std::size_t>(
      std::find_if(asked_.begin(), asked_.end(), [&](const CaseQuestion& one) { return one.name == name; }) -
      asked_.begin());
}

double Questions::answer(std::string_view name, double t, const Field& p) const { return answer(number(name), t, p); }

std::vector<std::string> Questions::warnings() const {
  std::vector<std::string> all;
  for (std::size_t k = 0; k < asked_.size(); ++k) {
    if (integrals_[k].vanishes() && !asked_[k].formula.is_constant())
      all.push_back(fmt::format("{}: {} in the box: the answer is 0 whatever p is; {}", asked_[k].key(),
                                asked_[k].condition ? "holds nowhere" : "is 0 everywhere", box_));
    if (integrals_[k].coarse())
      all.push_back(fmt::format(
          "{}: the formula jumps or changes more often within cells than they are cut for: the answer is off "
          "by what is in parts of cells; take narrower cells",
          asked_[k].key()));
  }
  return all;
}

}  // namespace fokker
