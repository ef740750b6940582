#include "colours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/output/colour_map.hpp"

namespace fokker::figure {
namespace {

struct Row {
  const char* name;
  Rgb colour;
};
constexpr Row hues[] = {{"ink", {38, 38, 38}},     {"pale", {120, 120, 120}}, {"blue", {0, 114, 178}},
                        {"orange", {230, 135, 0}}, {"green", {0, 158, 115}},  {"purple", {170, 68, 153}},
                        {"sky", {86, 180, 233}},   {"red", {213, 62, 0}},     {"white", {255, 255, 255}}};

Rgb of_channels(const double (&v)[3]) {
  const auto byte = [](double x) { return static_cast<std::uint8_t>(std::lround(255 * std::clamp(x, 0.0, 1.0))); };
  return {byte(v[0]), byte(v[1]), byte(v[2])};
}

}  // namespace

Rgb sequential(double t) {
  constexpr double c[7][3] = {{0.2777273272234177, 0.005407344544966578, 0.3340998053353061},
                              {0.1050930431085774, 1.404613529898575, 1.384590162594685},
                              {-0.3308618287255563, 0.214847559468213, 0.09509516302823659},
                              {-4.634230498983486, -5.799100973351585, -19.33244095627987},
                              {6.228269936347081, 14.17993336680509, 56.69055260068105},
                              {4.776384997670288, -13.74514537774601, -65.35303263337234},
                              {-5.435455855934631, 4.645852612178535, 26.3124352495832}};
  t = std::clamp(t, 0.0, 1.0);
  double rgb[3];
  for (int k = 0; k < 3; ++k) {
    rgb[k] = c[6][k];
    for (int power = 5; power >= 0; --power) rgb[k] = rgb[k] * t + c[power][k];
  }
  return of_channels(rgb);
}

Rgb diverging(double t) {
  constexpr double ends[2][3] = {{0.05, 0.25, 0.55}, {0.55, 0.20, 0.02}},
                   middle[2][3] = {{0.45, 0.68, 0.86}, {0.93, 0.62, 0.36}};
  const double signed_t = 2 * std::clamp(t, 0.0, 1.0) - 1, s = std::abs(signed_t);
  const int side = signed_t < 0 ? 0 : 1;
  double rgb[3];
  for (int k = 0; k < 3; ++k)
    rgb[k] = s < 0.5 ? 0.97 + (middle[side][k] - 0.97) * 2 * s
                     : middle[side][k] + (ends[side][k] - middle[side][k]) * (2 * s - 1);
  return of_channels(rgb);
}

Rgb colour_of(const Paint& paint) {
  return paint.shade ? sequential(*paint.shade) : hues[static_cast<std::size_t>(paint.hue)].colour;
}

std::string name_of(const Paint& paint) {
  return paint.shade ? "shade" : hues[static_cast<std::size_t>(paint.hue)].name;
}

std::string hex(Rgb colour) { return fmt::format("#{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue); }

bool drawable(double value) { return std::abs(value) < 1e150; }

double position_on(const ColourScale& scale, double value) {
  if (!(scale.upper > scale.lower)) return 0;
  if (scale.log) {
    if (!(value > scale.lower)) return 0;
    return std::clamp(std::log(value / scale.lower) / std::log(scale.upper / scale.lower), 0.0, 1.0);
  }
  const double span = scale.upper - scale.lower;
  return std::clamp(value / span - scale.lower / span, 0.0, 1.0);
}

Rgb colour_on(const ColourScale& scale, double value) {
  const double t = position_on(scale, value);
  return scale.map == ColourMap::sequential ? sequential(t) : diverging(t);
}

std::array<std::uint8_t, 3> sequential_colour(double part) {
  const Rgb c = sequential(part);
  return {c.red, c.green, c.blue};
}

}  // namespace fokker::figure
