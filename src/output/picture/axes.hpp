#pragma once
#include <string>
#include <vector>

#include "canvas.hpp"

namespace fokker::picture {

constexpr Color kInk{38, 38, 38}, kPaleInk{96, 96, 96}, kGridLine{232, 232, 232};
constexpr Color kNegative{214, 39, 40}, kNotFinite{150, 150, 150}, kExact{240, 120, 20};

struct Ticks {
  std::vector<double> values;
  std::vector<std::string> labels;
};
/// About `wanted` round values in [lower, upper] (steps of 1, 2 or 5 times a power of ten), written as short as they
/// are distinct.
[[nodiscard]] Ticks round_ticks(double lower, double upper, int wanted);

/// Four significant digits: "0.3989", "-1.2e-5".
[[nodiscard]] std::string short_number(double value);

/// A straight map from values to pixels along one side of a box.
struct Scale {
  double lower, upper;        ///< values
  double at_lower, at_upper;  ///< pixels
  [[nodiscard]] double operator()(double value) const;
};

/// Ticks with numbers below and left of the box, and the names of the axes.
void draw_axis_below(Canvas& canvas, const Box& box, const Scale& scale, const Ticks& ticks, const std::string& name);
void draw_axis_left(Canvas& canvas, const Box& box, const Scale& scale, const Ticks& ticks, const std::string& name);

/// Title on the left, time on the right of the first line; the title is cut where it would run into the time.
void draw_title(Canvas& canvas, const std::string& title, double time, int left, int right);
constexpr int kTitleTop = 14, kSubtitleTop = 38, kPictureTop = 66;  // rows of every picture

}  // namespace fokker::picture
