#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fokker/run/witness.hpp"

namespace fokker {

/// One time reversal, held against the initial density.
struct ReverseRow {
  double lambda = 1;
  Verdict verdict;           ///< at t = 0
  Field p;                   ///< what came back
  std::vector<Field> way{};  ///< p at the output times, ascending from 0: the last is what the way back began with
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

}  // namespace fokker
