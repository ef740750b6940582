#pragma once
#include <algorithm>
#include <cmath>

namespace fokker {

/// What the length of the next step is to this one's when the estimated error, which goes as dt^order, is 1 / `room` of
/// the tolerance: a tenth less than would meet it, within `least` and `most` (Hairer, Norsett, Wanner, Solving ODEs I,
/// II.4). An error that is no number gives `least`.
[[nodiscard]] inline double step_factor(double room, int order, double most) {
  constexpr double margin = 0.9, least = 0.2;
  const double factor = margin * std::pow(room, 1.0 / order);
  return factor > least ? std::min(factor, most) : least;
}

}  // namespace fokker
