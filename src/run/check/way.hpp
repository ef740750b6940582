#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace fokker {

/// What had been spent by the times of a run as far as it was tried.
class Way {
 public:
  /// In ascending t.
  void add(double t, double spent) { points_.emplace_back(t, spent); }
  /// By `end`: from where the way ends each doubling of t multiplies what was spent in the one before, twice where
  /// steps stay as they are, once where they grow as t does. NaN for an empty way.
  [[nodiscard]] double until(double end) const {
    if (points_.empty()) return std::numeric_limits<double>::quiet_NaN();
    const auto [t, spent] = points_.back();
    if (!(t < end)) return spent;
    const double doublings = std::log2(end / t), last = spent - by(t / 2), before = by(t / 2) - by(t / 4);
    const double ratio = before > 0 ? std::clamp(last / before, 1 + 1e-9, 2.0) : 2;
    return spent + last * ratio * (std::pow(ratio, doublings) - 1) / (ratio - 1);
  }

 private:
  [[nodiscard]] double by(double t) const {
    const auto after = std::lower_bound(points_.begin(), points_.end(), t,
                                        [](const auto& at, double then) { return at.first < then; });
    if (after == points_.end()) return points_.back().second;
    if (after == points_.begin()) return after->second;  // the first step waits for much that comes once
    const auto [t0, n0] = *(after - 1);
    return n0 + (t - t0) / (after->first - t0) * (after->second - n0);
  }

  std::vector<std::pair<double, double>> points_;
};

}  // namespace fokker
