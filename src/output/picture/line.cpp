#include <algorithm>
#include <cmath>

#include "axes.hpp"
#include "pictures.hpp"

namespace fokker::picture {
namespace {

constexpr Color kLine{38, 108, 160};
constexpr Box kBox{84, kPictureTop, 790, 400};
constexpr int kWidth = 900, kHeight = kPictureTop + 400 + 56;

/// Through the cell centres, level from the outermost ones to the walls.
std::vector<Pixel> curve(const Axis& axis, std::span<const double> p, const Scale& x, const Scale& y) {
  const auto height = [&](double v) { return drawable(v) ? y(v) : std::nan(""); };
  std::vector<Pixel> vertices{{x(axis.lower), height(p.front())}};
  for (std::size_t i = 0; i < p.size(); ++i) vertices.push_back({x(axis.center(static_cast<Index>(i))), height(p[i])});
  vertices.push_back({x(axis.upper), height(p.back())});
  return vertices;
}

/// The area between the curve and zero, pixel column by pixel column, the last pixel shaded by its fraction.
void fill_under(Canvas& canvas, std::span<const Pixel> vertices, double zero) {
  std::size_t right = 1;
  for (int column = kBox.left; column < kBox.right(); ++column) {
    const double x = column + 0.5;
    while (right + 1 < vertices.size() && vertices[right].x < x) ++right;
    const Pixel a = vertices[right - 1], b = vertices[right];
    const double y = b.x > a.x ? a.y + (b.y - a.y) * std::clamp((x - a.x) / (b.x - a.x), 0.0, 1.0) : b.y;
    if (!std::isfinite(y)) continue;
    const double top = std::max(std::min(y, zero), double(kBox.top)),
                 bottom = std::min(std::max(y, zero), double(kBox.bottom()));
    for (int row = static_cast<int>(std::floor(top)); row < bottom; ++row) {
      const double fraction = std::min(row + 1.0, bottom) - std::max(double(row), top);
      canvas.blend(column, row, y > zero ? kNegative : kLine, 0.22 * fraction);
    }
  }
}

/// Cells that a height cannot show: a red mark on the line of zero below negative ones, a grey one below not finite
/// ones.
void mark_bad_cells(Canvas& canvas, const Axis& axis, std::span<const double> p, double below, const Scale& x,
                    double zero) {
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (drawable(p[i]) && p[i] >= below) continue;
    const int left = static_cast<int>(std::floor(x(axis.face(static_cast<Index>(i)))));
    const int right = static_cast<int>(std::ceil(x(axis.face(static_cast<Index>(i) + 1))));
    canvas.fill({left, static_cast<int>(zero) - 2, std::max(1, right - left), 5},
                drawable(p[i]) ? kNegative : kNotFinite);
  }
}

void draw_legend(Canvas& canvas, const Reference& reference) {
  const Font font = regular_font();
  const int middle = kSubtitleTop + font.height / 2;
  const Box swatch{kBox.left, middle - 8, 34, 17};
  canvas.fill({swatch.left, middle, swatch.width, 7}, kLine, 0.22);
  const auto stroke = [&](const Box& box, Color color, double thickness, double dash) {
    const std::vector<Pixel> ends{{box.left + 0.0, middle + 0.5}, {box.right() + 0.0, middle + 0.5}};
    canvas.polyline(ends, thickness, color, box, dash);
  };
  stroke(swatch, kLine, 2.4, 0);
  canvas.text(swatch.right() + 8, kSubtitleTop, "density", font, kInk);
  if (reference.values.empty()) return;
  const Box second{swatch.right() + 96, swatch.top, swatch.width, swatch.height};
  stroke(second, kExact, 1.6, 6);
  canvas.text(second.right() + 8, kSubtitleTop, reference.name, font, kInk);
}

}  // namespace

Canvas picture_of_line(const Grid& grid, std::span<const double> p, const Reference& reference,
                       const std::string& title, double time) {
  const Axis& axis = grid.axis(0);
  const Extremes seen = extremes(p), witness = extremes(reference.values);
  const double top = std::max({seen.highest, witness.highest, 0.0}), bottom = std::min(seen.lowest, 0.0);
  const double room = top > bottom ? 0.06 * (top - bottom) : 1.0;  // air above the curve; a flat zero gets [0, 1]
  const Scale x{axis.lower, axis.upper, double(kBox.left), double(kBox.right())};
  const Scale y{bottom < negative_below(seen) ? bottom - room : 0.0, top + room, double(kBox.bottom()),
                double(kBox.top)};
  const Ticks x_ticks = round_ticks(x.lower, x.upper, 8), y_ticks = round_ticks(y.lower, y.upper, 6);

  Canvas canvas(kWidth, kHeight);
  for (const double v : x_ticks.values) canvas.fill({static_cast<int>(x(v)), kBox.top, 1, kBox.height}, kGridLine);
  for (const double v : y_ticks.values) canvas.fill({kBox.left, static_cast<int>(y(v)), kBox.width, 1}, kGridLine);

  const std::vector<Pixel> line = curve(axis, p, x, y);
  fill_under(canvas, line, y(0.0));
  if (y.lower < 0) canvas.fill({kBox.left, static_cast<int>(y(0.0)), kBox.width, 1}, kPaleInk);
  canvas.polyline(line, 2.4, kLine, kBox);
  if (!reference.values.empty()) canvas.polyline(curve(axis, reference.values, x, y), 1.6, kExact, kBox, 6);
  mark_bad_cells(canvas, axis, p, negative_below(seen), x, std::min(y(0.0), kBox.bottom() - 3.0));

  canvas.outline(kBox, kPaleInk);
  draw_axis_below(canvas, kBox, x, x_ticks, axis.name);
  draw_axis_left(canvas, kBox, y, y_ticks, "density");
  draw_title(canvas, title, time, kBox.left, kBox.right());
  draw_legend(canvas, reference);
  draw_extremes(canvas, seen, kBox.right(), kSubtitleTop);
  return canvas;
}

}  // namespace fokker::picture
