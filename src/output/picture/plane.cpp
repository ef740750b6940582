#include <algorithm>
#include <cmath>
#include <numeric>

#include "axes.hpp"
#include "pictures.hpp"

namespace fokker::picture {
namespace {

constexpr int kLeft = 84, kBelow = 56, kBarGap = 22, kBarWidth = 20, kBarText = 106;
constexpr Color kContour{255, 255, 255};

/// The colour map viridis, as the sixth-degree fit to it by M. Zucker (public domain), t in [0, 1].
Color viridis(double t) {
  constexpr double c[7][3] = {{0.2777273272234177, 0.005407344544966578, 0.3340998053353061},
                              {0.1050930431085774, 1.404613529898575, 1.384590162594685},
                              {-0.3308618287255563, 0.214847559468213, 0.09509516302823659},
                              {-4.634230498983486, -5.799100973351585, -19.33244095627987},
                              {6.228269936347081, 14.17993336680509, 56.69055260068105},
                              {4.776384997670288, -13.74514537774601, -65.35303263337234},
                              {-5.435455855934631, 4.645852612178535, 26.3124352495832}};
  t = std::clamp(t, 0.0, 1.0);
  std::uint8_t rgb[3];
  for (int k = 0; k < 3; ++k) {
    double v = c[6][k];
    for (int power = 5; power >= 0; --power) v = v * t + c[power][k];
    rgb[k] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(v, 0.0, 1.0)));
  }
  return {rgb[0], rgb[1], rgb[2]};
}

/// One axis of a resampling: pixel i is the weighted sum of the cells first, first + 1, ... Cells larger than a pixel
/// are interpolated between their centres, smaller ones averaged over the pixel.
struct Taps {
  Index first = 0;
  std::vector<double> weights;
};
std::vector<Taps> taps(Index cells, int pixels) {
  std::vector<Taps> all;
  const double per_pixel = static_cast<double>(cells) / pixels;
  for (int i = 0; i < pixels; ++i) {
    Taps tap;
    if (per_pixel <= 1) {
      const double at = std::clamp((i + 0.5) * per_pixel - 0.5, 0.0, static_cast<double>(cells - 1));
      tap.first = std::min(static_cast<Index>(at), std::max<Index>(cells - 2, 0));
      const double fraction = at - static_cast<double>(tap.first);
      tap.weights = {1 - fraction};
      if (fraction > 0) tap.weights.push_back(fraction);
    } else {
      const double from = i * per_pixel, to = (i + 1) * per_pixel;
      tap.first = static_cast<Index>(from);
      for (Index cell = tap.first; cell < cells && static_cast<double>(cell) < to; ++cell) {
        const double inside = std::min(to, static_cast<double>(cell + 1)) - std::max(from, static_cast<double>(cell));
        tap.weights.push_back(inside / per_pixel);
      }
    }
    all.push_back(std::move(tap));
  }
  return all;
}

/// The density at the pixels of a box, rows from top to bottom.
struct Raster {
  int width = 0, height = 0;
  std::vector<double> values;
  [[nodiscard]] double at(int x, int y) const { return values[static_cast<std::size_t>(y) * width + x]; }
};

template <class Value>
Raster resample(const Grid& grid, const Box& box, const Value& value_of_cell) {
  const std::vector<Taps> across = taps(grid.nx(), box.width), up = taps(grid.ny(), box.height);
  std::vector<double> row(box.width);
  Raster raster{box.width, box.height, std::vector<double>(row.size() * box.height, 0.0)};
  for (int y = 0; y < box.height; ++y) {
    const Taps& vertical = up[box.height - 1 - y];
    for (std::size_t k = 0; k < vertical.weights.size(); ++k) {
      const Index start = (vertical.first + static_cast<Index>(k)) * grid.nx();
      for (int x = 0; x < box.width; ++x) {
        double sum = 0;
        for (std::size_t m = 0; m < across[x].weights.size(); ++m) {
          sum += across[x].weights[m] * value_of_cell(start + across[x].first + static_cast<Index>(m));
        }
        raster.values[static_cast<std::size_t>(y) * box.width + x] += vertical.weights[k] * sum;
      }
    }
  }
  return raster;
}

Raster resample(const Grid& grid, const Box& box, std::span<const double> p) {
  return resample(grid, box, [&](Index cell) { return drawable(p[cell]) ? p[cell] : 0.0; });
}

/// Levels of p whose superlevel sets hold these fractions of the mass.
std::vector<double> levels_of_mass(std::span<const double> p) {
  std::vector<double> sorted;
  for (const double v : p) {
    if (drawable(v) && v > 0) sorted.push_back(v);
  }
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const double total = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  std::vector<double> levels;
  double below = 0;
  for (const double v : sorted) {
    constexpr double fractions[] = {0.5, 0.9, 0.99};
    below += v;
    while (levels.size() < std::size(fractions) && below >= fractions[levels.size()] * total) levels.push_back(v);
  }
  return levels;
}

/// A line of given thickness where the raster crosses a level, from the distance |v - level| / |grad v| in pixels.
void draw_contour(Canvas& canvas, const Box& box, const Raster& raster, double level, double thickness, Color color,
                  double opacity) {
  for (int y = 1; y + 1 < raster.height; ++y) {
    for (int x = 1; x + 1 < raster.width; ++x) {
      const double dx = (raster.at(x + 1, y) - raster.at(x - 1, y)) / 2;
      const double dy = (raster.at(x, y + 1) - raster.at(x, y - 1)) / 2;
      const double steepness = std::hypot(dx, dy);
      if (!(steepness > 1e-6 * level)) continue;  // a plateau has no contour
      const double distance = std::abs(raster.at(x, y) - level) / steepness;
      const double coverage = std::clamp(thickness / 2 + 0.5 - distance, 0.0, 1.0);
      if (coverage > 0) canvas.blend(box.left + x, box.top + y, color, opacity * coverage);
    }
  }
}

/// The aspect of the axes is kept while the picture stays between a strip and a tower.
Box map_box(const Grid& grid) {
  constexpr double most = 700, least = 200;
  const double x = grid.axis(0).upper - grid.axis(0).lower, y = grid.axis(1).upper - grid.axis(1).lower;
  const double width = x >= y ? most : std::max(least, most * x / y);
  const double height = x >= y ? std::max(least, most * y / x) : most;
  return {kLeft, kPictureTop, static_cast<int>(width), static_cast<int>(height)};
}

void draw_map(Canvas& canvas, const Grid& grid, std::span<const double> p, const Extremes& seen, const Box& box,
              const Raster& density) {
  // A mark counts where at least a quarter of one cell shows, however many cells share a pixel.
  const double cells_per_pixel =
      static_cast<double>(grid.nx()) / box.width * static_cast<double>(grid.ny()) / box.height;
  const double shows = 0.25 / std::max(1.0, cells_per_pixel);
  const double below = negative_below(seen);
  const bool bad = seen.not_finite > 0, negative = seen.lowest < below;
  const auto is_bad = [&](Index cell) { return drawable(p[cell]) ? 0.0 : 1.0; };
  const auto is_negative = [&](Index cell) { return p[cell] < below ? 1.0 : 0.0; };
  const Raster holes = bad ? resample(grid, box, is_bad) : Raster{};
  const Raster dips = negative ? resample(grid, box, is_negative) : Raster{};
  const double top = seen.highest > 0 ? seen.highest : 1.0;
  for (int y = 0; y < box.height; ++y) {
    for (int x = 0; x < box.width; ++x) {
      const Color color = bad && holes.at(x, y) > shows       ? kNotFinite
                          : negative && dips.at(x, y) > shows ? kNegative
                                                              : viridis(density.at(x, y) / top);
      canvas.blend(box.left + x, box.top + y, color);
    }
  }
}

void draw_color_bar(Canvas& canvas, const Box& map, const Extremes& seen) {
  const Font font = regular_font();
  Box bar{map.right() + kBarGap, map.top, kBarWidth, map.height};
  int key = map.bottom();  // keys to the special colours stand at the foot of the bar, as far as they are needed
  const auto add_key = [&](Color color, const char* text) {
    key -= 18;
    canvas.fill({bar.left, key + 2, 14, 14}, color);
    canvas.text(bar.left + 20, key + 3, text, font, kInk);
  };
  if (seen.not_finite > 0) add_key(kNotFinite, "not finite");
  if (seen.lowest < negative_below(seen)) add_key(kNegative, "negative");
  if (key < map.bottom()) bar.height = key - 12 - bar.top;

  for (int y = 0; y < bar.height; ++y)
    canvas.fill({bar.left, bar.top + y, bar.width, 1}, viridis(1 - (y + 0.5) / bar.height));
  canvas.outline(bar, kPaleInk);
  const double highest = seen.highest > 0 ? seen.highest : 1.0;
  const Scale scale{0, highest, double(bar.bottom()), double(bar.top)};
  const Ticks ticks = round_ticks(0, highest, std::clamp(bar.height / 70, 2, 6));
  for (std::size_t k = 0; k < ticks.values.size(); ++k) {
    const int y = static_cast<int>(std::floor(std::min(scale(ticks.values[k]), bar.bottom() - 1.0)));
    canvas.fill({bar.right() + 1, y, 5, 1}, kInk);
    canvas.text(bar.right() + 10, y - font.height / 2, ticks.labels[k], font, kInk);
  }
  canvas.text_upwards(bar.right() + kBarText - 20, bar.top + bar.height / 2, "density", font, kInk);
}

void draw_legend(Canvas& canvas, int left, const Reference& reference) {
  const Font font = regular_font();
  const int middle = kSubtitleTop + font.height / 2;
  const auto sample = [&](int x) {
    canvas.fill({x, middle - 8, 34, 17}, viridis(0.35));
    if (!reference.values.empty()) canvas.fill({x, middle - 2, 34, 5}, kExact, 0.75);
  };
  sample(left);
  canvas.fill({left, middle, 34, 1}, kContour);
  canvas.text(left + 42, kSubtitleTop,
              reference.values.empty()
                  ? "50, 90, 99 % of the mass"
                  : "50, 90, 99 % of the mass (white), of the " + reference.name + " distribution (orange)",
              font, kInk);
}

}  // namespace

Canvas picture_of_plane(const Grid& grid, std::span<const double> p, const Reference& reference,
                        const std::string& title, double time) {
  const Extremes seen = extremes(p);
  const Box box = map_box(grid);
  const Axis &across = grid.axis(0), &up = grid.axis(1);
  const int right = std::max(box.right() + kBarGap + kBarWidth + kBarText, 560);
  Canvas canvas(right, box.bottom() + kBelow);

  const Raster density = resample(grid, box, p);
  draw_map(canvas, grid, p, seen, box, density);
  if (!reference.values.empty()) {
    const Raster truth = resample(grid, box, reference.values);
    for (const double level : levels_of_mass(reference.values))
      draw_contour(canvas, box, truth, level, 4.5, kExact, 0.75);
  }
  for (const double level : levels_of_mass(p)) draw_contour(canvas, box, density, level, 1.2, kContour, 0.9);

  canvas.outline(box, kPaleInk);
  const Scale x{across.lower, across.upper, double(box.left), double(box.right())};
  const Scale y{up.lower, up.upper, double(box.bottom()), double(box.top)};
  draw_axis_below(canvas, box, x, round_ticks(x.lower, x.upper, std::clamp(box.width / 90, 2, 8)), across.name);
  draw_axis_left(canvas, box, y, round_ticks(y.lower, y.upper, std::clamp(box.height / 70, 2, 8)), up.name);
  draw_color_bar(canvas, box, seen);
  draw_title(canvas, title, time, box.left, right - 24);
  draw_legend(canvas, box.left, reference);
  draw_extremes(canvas, seen, right - 24, kSubtitleTop);
  return canvas;
}

}  // namespace fokker::picture
