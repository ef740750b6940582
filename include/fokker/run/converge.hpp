#pragma once
#include <string>
#include <vector>

#include "fokker/case/case.hpp"

namespace fokker {

struct ConvergenceRow {
  std::string cells;
  double error = 0, order = 0;  ///< NaN where there is none
  long steps = 0;
  double seconds = 0;  ///< stepping
  std::string stepper;
};

struct Convergence {
  bool exact = false;  ///< error to the exact law; otherwise the distance to the next finer level
  std::vector<ConvergenceRow> rows;
  [[nodiscard]] double order() const;  ///< on the finest pair
};

/// Solves a case `levels` times, each twice as fine as the one before in space (or in time).
[[nodiscard]] Convergence converge(Case base, int levels, bool in_time);

/// What `fokker converge` says of a case and its table, for people and as JSON.
struct ConvergenceReport {
  std::string text, json;
  bool ok = true;  ///< every check of the order holds
};
[[nodiscard]] ConvergenceReport report(const Case& base, const Convergence& table, bool in_time);

}  // namespace fokker
