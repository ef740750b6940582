#pragma once
#include <span>
#include <string>

#include "fokker/base/expression.hpp"

namespace fokker {

/// A formula at one point, and how far off double precision may be there.
struct Rounded {
  double value = 0;
  double error = 0;  ///< >= 0; infinite or nan where no bound is known
};

/// The value with a running bound on its rounding error (Higham 2002, section 3.3): every input and every operation is
/// off by a few units in its last place, and what cancels leaves the errors of what it was the difference of. So a
/// negative `value` is what rounding made of 0 only if `value + error >= 0`. Recursive and slow: for the few points
/// that ask. Throws std::invalid_argument for a variable that is not among the names.
[[nodiscard]] Rounded evaluate_with_rounding(const Expression& expression, std::span<const std::string> variables,
                                             std::span<const double> values);

}  // namespace fokker
