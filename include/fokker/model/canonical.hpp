#pragma once
#include <string>

#include "fokker/base/expression.hpp"

namespace fokker {

/// What formulas of two axes were proved to be: `velocity` is the axis of v, and
///
///     dx = v dt,   dv = (force - friction v) dt + sqrt(2 diffusion) dW
///
/// with formulas of x and t alone. Where `why_not` is not empty they were not: words that go on from "this case".
struct CanonicalFormulas {
  std::string why_not;
  int velocity = 1;
  Expression force, friction, diffusion;
};

}  // namespace fokker
