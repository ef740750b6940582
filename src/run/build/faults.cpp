#include "faults.hpp"

#include <fmt/format.h>

#include <optional>

#include "fokker/scheme/coefficients.hpp"

namespace fokker {
namespace {

/// What is wrong with the coefficients of the case at time t; nothing where they are valid.
std::optional<Problem> coefficient_fault(const Setup& setup, double t) {
  if (!(t >= 0 && t <= setup.config.time.end)) return std::nullopt;
  try {
    check_coefficients(*setup.grid, *setup.sde, t);
  } catch (const CaseError& error) {
    return placed(setup.config, error).problems().front();
  }
  return std::nullopt;
}

std::string where_and_when(const Setup& setup, const NumericalError& error) {
  std::string where;
  if (error.index() >= 0 && error.index() < setup.grid->cells()) where = " in " + setup.grid->describe(error.index());
  return fmt::format("{} at t = {:.6g}", where, error.time());
}

}  // namespace

std::string describe(const Setup& setup, const NumericalError& error) {
  const auto fault = coefficient_fault(setup, error.time());
  if (fault) return fmt::format("{}: {}: {}", fault->where, fault->key, fault->text);
  return error.what() + where_and_when(setup, error);
}

CaseError as_case_error(const Setup& setup, const NumericalError& error) {
  if (const auto fault = coefficient_fault(setup, error.time())) return CaseError({*fault});
  return CaseError({Problem{setup.config.where("sde"), "sde", error.what() + where_and_when(setup, error)}});
}

CaseError placed(const Case& config, const CaseError& error) {
  std::vector<Problem> problems = error.problems();
  for (Problem& problem : problems) {
    if (!config.model.empty() && problem.key.starts_with("sde.")) problem.key = "sde.model";
    problem.where = config.where(problem.key);
  }
  return CaseError(std::move(problems));
}

}  // namespace fokker
