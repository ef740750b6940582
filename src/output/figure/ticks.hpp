#pragma once
#include <string>
#include <vector>

#include "fokker/output/figure.hpp"

namespace fokker::figure {

struct Ticks {
  std::vector<double> values;
  std::vector<std::string> labels;  ///< empty where a line alone stands (between powers of ten)
  int power = 0;                    ///< labels are to be multiplied by this power of ten ...
  std::string offset = {};          ///< ... and added to this number
};
/// About `wanted` round values in [lower, upper]: steps of 1, 2 or 5 times a power of ten, or powers of ten where the
/// axis is logarithmic; labels as short as they are distinct.
[[nodiscard]] Ticks ticks_of(double lower, double upper, bool log, int wanted);

/// "position [um]", with what its ticks are to be multiplied by and added to: "density [10⁻⁵ 1/um]".
[[nodiscard]] std::string axis_title(const std::string& label, const std::string& unit, const Ticks& ticks);

/// Where a value stands along a side of a box.
struct Scale {
  double lower, upper;        ///< values
  double at_lower, at_upper;  ///< pixels
  bool log = false;
  /// NaN for what is not finite, or has no logarithm; far outside is far enough.
  [[nodiscard]] double operator()(double value) const;
};

}  // namespace fokker::figure
