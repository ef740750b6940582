#pragma once
#include <vector>

namespace fokker {

/// Sums in place of the mean of a function over a distribution of one variable.
class NormalSums {
 public:
  std::vector<double> off;     ///< of the points from the mean
  std::vector<double> weight;  ///< of sum 1

  /// A normal distribution, by points of a lattice that stands still while the distribution moves, so that what jumps
  /// in space makes no jumps of sums in time. Its spacing is a power of two, a third to two thirds of a deviation, with
  /// which trapezoids are exact to rounding; no point is at 0. One point where there is no deviation, or none that
  /// doubles around the mean can tell.
  void set(double mean, double deviation);
  /// One that is uniform over `length` about its mean.
  void set_uniform(double length);
};

}  // namespace fokker
