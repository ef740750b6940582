#pragma once
#include <vector>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// Mass per cell of an axis, of |p|.
[[nodiscard]] std::vector<double> masses_along(const Grid& grid, std::size_t axis, const Field& p);

/// How p ends at a side of an axis, by layers that are a share of its distance from the mean (a 32nd, at most a 64th of
/// the box), not of its cells: how far a tail reaches does not hang on how finely it is cut. Beyond, p is taken to go
/// on as the power of the distance from the mean with which it falls near the side; a wall that sends mass back
/// flattens p close to it, so that the steeper one of two pairs of layers counts.
///
///     side |  A  |  A  |  B  |  B  |  C  |  C  |  D  |  D  |      A to B, C to D
///          0     1     2     3     4     5     6     7     8   layers
class Ending {
 public:
  /// Of the power of a tail over that at which its integral diverges.
  static constexpr double least_excess = 0.125;

  Ending(const Axis& axis, int side, const std::vector<double>& masses);

  Index layer = 0;   ///< cells of the first, at least two
  double mass = 0;   ///< in them [1]
  double power = 0;  ///< p falls like distance^-power

  /// int |x - mean|^k p dx beyond [x^k].
  [[nodiscard]] double moment(int k) const;
  /// int (x - mean)^2 p dx beyond, over the variance.
  [[nodiscard]] double variance() const;
  /// The same over half the box more.
  [[nodiscard]] double added() const;
  /// -d ln p / dx outwards at the side [1/x].
  [[nodiscard]] double rate() const { return power / distance_; }

 private:
  double distance_ = 0, density_ = 0, variance_ = 0, half_ = 0;
};

}  // namespace fokker
