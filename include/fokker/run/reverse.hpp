#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fokker/analysis/score_table.hpp"
#include "fokker/run/setup.hpp"
#include "fokker/run/witness.hpp"

namespace fokker {

/// One way back, held against the initial density.
struct ReverseRow {
  double lambda = 1;
  Verdict verdict;  ///< at t = 0
  Field p;          ///< what came back
  std::string stepper;
  long steps = 0, rejected = 0, rhs_evaluations = 0;
  double seconds = 0, mass_error = 0;
  double error_in_time = 0;  ///< the tolerance of every step; 0 for a fixed dt
  /// What the l1 error of the whole way, forward and back, should not exceed: the distance d to the same way on cells
  /// twice as wide, as 1.25 d/(2^order - 1) (Roache 1994), the tolerances of all steps forward and back, and the
  /// distance of the start from the forward run's last density. Absent where an axis has an odd number of cells, or
  /// fewer than 16.
  std::optional<double> error;
  /// Measured: log2 of d between cells four and two times as wide over d; it counts between 1/2 and 2. Absent where the
  /// cells cannot be widened twice: then 1 is assumed.
  std::optional<double> order;
  /// What the error of the score can cost: l1 <= sqrt(2 KL), KL = (1 + lambda^2)^2/(4 lambda^2) int E[ds . D ds] dt
  /// (Girsanov and Pinsker); no bound for lambda = 0, no error for an exact score.
  std::optional<double> score_l1;
};

/// The way back of a run from its end to 0 (theory section 3).
struct ReverseResult {
  std::string score;    ///< exact or forward
  double start_l1 = 0;  ///< from the start taken to the run's last density; 0 unless it starts from the prior
  std::optional<double> score_kl;  ///< int E[ds . D ds] dt from leaving out every second snapshot; forward score only
  Index snapshots = 0, floored = 0;
  double spread = 0;         ///< largest l1 between two rows
  bool interrupted = false;  ///< rows that are missing were not finished
  std::vector<ReverseRow> rows;
};

/// Runs back from `last`, the density at the end; `snapshots` is null for an exact score. Throws NumericalError with
/// its time in tau.
[[nodiscard]] ReverseResult run_back(const Setup& setup, const Field& last,
                                     const std::shared_ptr<const LogSnapshots>& snapshots);

/// Fills in `error` and `order` of the rows, by runs forward and back on cells twice and four times as wide;
/// `time_error`: of the forward run in l1. Their snapshots wait in `scratch`, or among temporary files.
void estimate_errors(const Setup& setup, ReverseResult& result, double time_error,
                     const std::optional<std::filesystem::path>& scratch);

/// reverse_000000.vti: p, the initial density, and p_reverse_LAMBDA for each row.
void write_reverse(const Setup& setup, const ReverseResult& result, const std::filesystem::path& folder);

}  // namespace fokker
