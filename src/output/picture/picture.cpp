#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "axes.hpp"
#include "pictures.hpp"

namespace fokker::picture {

Extremes extremes(std::span<const double> values) {
  Extremes seen;
  bool first = true;
  for (const double v : values) {
    if (!drawable(v)) {
      ++seen.not_finite;
    } else {
      seen.lowest = first ? v : std::min(seen.lowest, v);
      seen.highest = first ? v : std::max(seen.highest, v);
      first = false;
    }
  }
  return seen;
}

void draw_extremes(Canvas& canvas, const Extremes& seen, int right, int top) {
  const auto say = [&](const std::string& text, Color color) {
    canvas.text(right, top, text, regular_font(), color, Align::right);
    right -= (static_cast<int>(text.size()) + 3) * regular_font().width;
  };
  say("max " + short_number(seen.highest), kPaleInk);
  if (seen.lowest < 0) say("min " + short_number(seen.lowest), kNegative);
  if (seen.not_finite > 0)
    say(fmt::format("{} cell{} not finite", seen.not_finite, seen.not_finite == 1 ? "" : "s"), kNegative);
}

}  // namespace fokker::picture

namespace fokker {

void write_density_png(const std::filesystem::path& path, const Grid& grid, std::span<const double> p,
                       const Reference& reference, const std::string& title, double time) {
  const std::size_t cells = grid.cells();
  if (p.size() != cells || (!reference.values.empty() && reference.values.size() != cells)) {
    throw std::logic_error("a density does not fit the grid");
  }
  const auto draw = grid.dimension() == 1 ? picture::picture_of_line : picture::picture_of_plane;
  draw(grid, p, reference, title, time).write_png(path);
}

}  // namespace fokker
