#pragma once
#include <string>
#include <vector>

#include "fokker/case/case.hpp"
#include "fokker/output/document.hpp"
#include "fokker/run/run.hpp"

namespace fokker {

struct ConvergenceRow {
  std::string cells;
  double width = 0;             ///< of a cell along the first axis [x], or of the mean step [t]
  double error = 0, order = 0;  ///< NaN where there is none
  long steps = 0;
  double seconds = 0;  ///< stepping
  std::string stepper;
};

struct Convergence {
  std::string title;
  bool in_time = false;  ///< refined in time, not in space
  bool exact = false;    ///< error to the exact distribution; otherwise the distance to the next finer level
  std::vector<ConvergenceRow> rows;
  std::vector<CheckResult> checks;     ///< those of the order
  [[nodiscard]] double order() const;  ///< on the finest pair
  [[nodiscard]] bool ok() const;       ///< every check of the order holds
};

/// Solves a case `levels` times, each twice as fine as the one before in space (or in time). The checks refer to those
/// of the case.
[[nodiscard]] Convergence converge(const Case& config, int levels, bool in_time);

[[nodiscard]] Document document(const Convergence& found);
/// h (in time: dt), l1, order, steps, seconds: a row for each level.
[[nodiscard]] std::string csv_of(const Convergence& found);

}  // namespace fokker
