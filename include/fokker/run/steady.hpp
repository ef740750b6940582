#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "fokker/output/document.hpp"
#include "fokker/run/judgement.hpp"
#include "fokker/run/run.hpp"
#include "fokker/run/witness.hpp"
#include "fokker/solve/stationary.hpp"

namespace fokker {

/// The stationary density of a case and what can be said about it.
struct SteadyResult {
  double negative_mass = 0;                  ///< of p
  Stationary found;                          ///< without p, which is here:
  Field p;                                   ///< cell averages, mass 1
  double residual = 0;                       ///< int |A p| dx [1/t]
  double largest_current = 0;                ///< max |J| over the cells [p x/t]
  std::optional<double> entropy_production;  ///< int J . D^-1 J / p [1/t]; absent for a singular D
  std::vector<double> answers;               ///< of Setup::questions
  std::vector<double> mean_velocity;         ///< per axis [x/t]
  bool drifts = false;                       ///< that is more than rounding
  std::vector<CheckResult> checks;           ///< expectations that speak of no time
  std::optional<Verdict> exact;              ///< against the closed form or the formula, where it is stationary itself
  Field exact_density;                       ///< of that witness; no grid when there is none
  double set_up_seconds = 0;                 ///< copying the edges (the operator itself was built before)
  std::vector<FeltSide> felt;                ///< one per Case::infinite
  std::vector<FeltQuestion> missed;          ///< one per question, where a side is infinite
  Judgement judgement;                       ///< of its box and grid
  double solve_seconds = 0, total_seconds = 0;
  std::optional<Estimate> estimate{};
};

/// Objects for the case as far as a stationary density is concerned: `auto` is a flux whose null vector can be solved
/// for, and a distribution that moves is not compared with.
[[nodiscard]] Setup build_steady(Case config);

/// Throws CaseError, naming the formulas or the key, where a case has no stationary density that this solver can find:
/// coefficients that depend on t, absorbing sides, fluxes of four cells, several closed parts. Where the flux of the
/// case is not linear in p, another row takes its place in `setup` (flux, flux_reason, scheme; the stepper, which would
/// refer to the old one, goes). The checks refer to those of `setup`. `estimates`: how far to believe it, by coarser
/// grids.
[[nodiscard]] SteadyResult solve_steady(Setup& setup, bool estimates = false);

/// The files of a run, one frame of them: density.pvd with one .vti (the fields asked for, and always the current).
void write_steady(Setup& setup, const SteadyResult& result, const std::filesystem::path& folder);

[[nodiscard]] Document document(const Setup& setup, const SteadyResult& result, const std::filesystem::path& folder);

}  // namespace fokker
