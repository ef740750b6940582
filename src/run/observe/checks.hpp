#pragma once
#include <span>
#include <vector>

#include "fokker/output/json_text.hpp"
#include "fokker/run/check_result.hpp"
#include "fokker/run/quantities.hpp"
#include "fokker/run/reverse_row.hpp"

namespace fokker {

/// p against point values of a table: the cells are de-averaged at its points, and norms are trapezoidal integrals over
/// them.
struct PointNorms {
  Norms norms;
  double seen = 0;  ///< the mass of p by the same trapezoids
  /// Where the points cannot see the mass of p, neither can the norms.
  [[nodiscard]] bool sees(const Field& p) const;
};
[[nodiscard]] PointNorms norms_over(const PointTable& table, const Field& p);

/// Evaluates the checks whose time is that of `now`, the last ones included where it is the end, and appends their
/// results.
void check_frame(const Evidence& now, std::span<const Comparison> comparisons, std::vector<CheckResult>& results);
/// Evaluates the checks that hold for a stationary density too: numbers of p that speak of no time.
void check_steady(const Setup& setup, const Field& p, std::vector<CheckResult>& results);
/// Evaluates the checks of what `summary` says of the end `t`, under any of its names.
void check_summary(const Setup& setup, double t, const Json& summary, std::vector<CheckResult>& results);
/// Evaluates the checks against what came back.
void check_reverse(const Setup& setup, std::span<const ReverseRow> back, std::vector<CheckResult>& results);
/// Checks whose time was never reached fail with a NaN; `order` checks belong to `converge` and are left out.
void add_unreached(const Setup& setup, std::vector<CheckResult>& results);

/// Results by the numbers of their checks. What is read of checks that have another time now is left out, unless the
/// run has `ended`.
void keep_checks(const Setup& setup, bool ended, Archive& archive, std::vector<CheckResult>& results);

}  // namespace fokker
