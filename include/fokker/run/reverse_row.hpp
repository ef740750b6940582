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
  /// What the l1 error of the whole way, forward and back, should not exceed: the uncertainty (grid_error.hpp) by the
  /// same way on cells twice and four times as wide, the tolerances of all steps forward and back, and the distance of
  /// the start from the forward run's last density. Absent for fewer than 16 cells along an axis.
  std::optional<double> error;
  /// Measured. Absent where the cells cannot be widened twice, or the distances do not shrink.
  std::optional<double> order;
  /// What the error of the score can cost: l1 <= sqrt(2 KL), KL = (1 + lambda^2)^2/(4 lambda^2) int E[ds . D ds] dt
  /// (Girsanov and Pinsker); no bound for lambda = 0, no error for an exact score.
  std::optional<double> score_l1;
};

}  // namespace fokker
