#pragma once
#include "canvas.hpp"
#include "ticks.hpp"

namespace fokker::figure {

/// Where a panel's values stand.
struct Frame {
  Box box;
  Scale x, y;
};

/// A mark in the box of its panel, but for its label in the legend.
void draw_mark(const Mark& mark, const Frame& frame, const Figure& figure, Canvas& canvas);

/// How a mark shows itself in the legend, `width` pixels from `at`, which is the middle of its height.
void draw_sample(const Mark& mark, Pixel at, double width, Canvas& canvas);
[[nodiscard]] std::string label_of(const Mark& mark);

/// Cell averages as the pixels of a box, so many along one of its own.
[[nodiscard]] Raster raster_of(const CellImage& image, const ColourScale& scale, const Frame& frame, double pixels);

/// Lines where cell averages, taken at the middles of the cells, cross a level (marching squares); in units of the
/// axes.
struct Curve {
  std::vector<double> x, y;
};
[[nodiscard]] std::vector<Curve> level_lines(const std::vector<double>& x, const std::vector<double>& y,
                                             const std::vector<double>& values, double level);

}  // namespace fokker::figure
