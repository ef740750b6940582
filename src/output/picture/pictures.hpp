#pragma once
#include <cmath>
#include <span>
#include <string>

#include "canvas.hpp"
#include "fokker/grid/grid.hpp"
#include "fokker/output/picture.hpp"

namespace fokker::picture {

/// The two pictures behind write_density_png; the reference has no values or one per cell.
[[nodiscard]] Canvas picture_of_line(const Grid& grid, std::span<const double> p, const Reference& reference,
                                     const std::string& title, double time);
[[nodiscard]] Canvas picture_of_plane(const Grid& grid, std::span<const double> p, const Reference& reference,
                                      const std::string& title, double time);

/// Can the value be drawn? Not finite, or so large that differences overflow, counts as "not finite".
[[nodiscard]] inline bool drawable(double value) { return std::abs(value) < 1e150; }

/// What both pictures say about the values.
struct Extremes {
  double lowest = 0, highest = 0;  ///< of the drawable values; 0 when there is none
  Index not_finite = 0;
};
[[nodiscard]] Extremes extremes(std::span<const double> values);

/// Below this a value is drawn as negative: a millionth of the peak, which no picture could show as a height.
[[nodiscard]] inline double negative_below(const Extremes& seen) {
  return -1e-6 * (seen.highest > 0 ? seen.highest : 0.0);
}

/// "max 0.3989", and in the colour of what it says "min -1.2e-5" and "3 cells not finite"; right-aligned.
void draw_extremes(Canvas& canvas, const Extremes& seen, int right, int top);

}  // namespace fokker::picture
