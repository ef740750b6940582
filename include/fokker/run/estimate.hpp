#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fokker/analysis/grid_error.hpp"
#include "fokker/output/document.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// A case solved on one grid: its summary, its last density, and what carried it there (where grids differ in that, no
/// order holds them together).
struct GridSolution {
  Json summary;
  Field p;
  std::string carried_by;
};

/// The same case on half and a quarter of the cells along each axis.
struct CoarserGrids {
  std::vector<GridSolution> grids;  ///< two, the finer first; fewer where a run failed or 8 cells are the fewest
  std::optional<GridSolution> finer_steps;  ///< the last of them once more, in finer steps
  std::vector<std::string> failures;        ///< of runs that are not here
  std::string steps;                        ///< in words, what is known of the error of the steps in time
  double seconds = 0;
};

/// Throws CaseError where an axis has too few cells to be coarsened.
void require_cells_for_estimate(const Case& config);

/// Solves the case on coarser grids by `solve`: the same box, end, stepper, dt and tolerance, nothing to compare or to
/// check. `row`: of its stepper, null where nothing is stepped; what its steps cost is measured on the coarsest grid,
/// with half the dt or an eighth of the tolerance. What `solve` throws of std::exception is a failure in words.
[[nodiscard]] CoarserGrids solve_on_coarser_grids(const Case& config, const StepperRow* row,
                                                  const std::function<GridSolution(Case)>& solve);

/// A number of the summary with its grids.
struct EstimatedNumber {
  std::string path;  ///< in the summary: "moments/mean/0"
  double value = 0;  ///< on the grid of the case
  std::vector<double> coarser{};
  double steps = 0;  ///< what steps in time may cost it
  GridError error;   ///< its uncertainty with that of the steps
};

/// How far to believe a run, by three grids (docs/estimate.md).
struct Estimate {
  std::vector<std::vector<Index>> cells;  ///< of each grid, that of the case first
  int scheme_order = 2;                   ///< of the flux
  EstimatedNumber density;                ///< its l1 distance to the solution of the equation; no value of its own
  std::vector<EstimatedNumber> numbers;
  std::vector<std::string> failures;
  std::string steps;  ///< as in CoarserGrids
  double seconds = 0;
  [[nodiscard]] bool failed() const { return cells.size() < 2; }
};

/// Moments, answers, mean velocities, mass and passages of the summary, and p.
[[nodiscard]] Estimate estimate(const GridSolution& own, const CoarserGrids& coarser, int scheme_order);

/// One line for the density and a table of numbers; mean velocities that are only rounding are left to programs.
[[nodiscard]] DocumentSection estimate_section(const Estimate& found, bool drifts);

}  // namespace fokker
