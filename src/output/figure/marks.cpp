#include "marks.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "colours.hpp"

namespace fokker::figure {
namespace {

constexpr double note_size = 10, head_length = 6.5, head_width = 2.7;

bool is_finite(Pixel p) { return std::isfinite(p.x) && std::isfinite(p.y); }

/// Of the points that share a column of half a pixel, the first, the lowest, the highest and the last.
Polyline thinned(const Polyline& line) {
  constexpr std::size_t few = 1500;
  if (line.size() <= few) return line;
  Polyline kept;
  for (std::size_t start = 0; start < line.size();) {
    const auto column = [&](std::size_t k) { return std::floor(2 * line[k].x); };
    std::size_t end = start, low = start, high = start;
    for (; end < line.size() && column(end) == column(start); ++end) {
      if (line[end].y < line[low].y) low = end;
      if (line[end].y > line[high].y) high = end;
    }
    std::size_t chosen[] = {start, std::min(low, high), std::max(low, high), end - 1};
    for (std::size_t k = 0; k < 4; ++k)
      if (k == 0 || chosen[k] != chosen[k - 1]) kept.push_back(line[chosen[k]]);
    start = end;
  }
  return kept;
}

/// The finite stretches of a curve, in pixels.
std::vector<Polyline> stretches(const std::vector<double>& x, const std::vector<double>& y, const Frame& frame) {
  if (x.size() != y.size()) throw std::logic_error("a line has as many x as y");
  std::vector<Polyline> all(1);
  for (std::size_t k = 0; k < x.size(); ++k) {
    const bool below = frame.y.log && y[k] < frame.y.lower;  // what has no logarithm lies at the bottom
    const Pixel p{frame.x(x[k]), frame.y(below ? frame.y.lower : y[k])};
    if (is_finite(p))
      all.back().push_back(p);
    else if (!all.back().empty())
      all.emplace_back();
  }
  for (Polyline& line : all) line = thinned(line);
  std::erase_if(all, [](const Polyline& line) { return line.size() < 2; });
  return all;
}

/// A triangle whose tip is at `tip`, along a direction.
Polyline head(Pixel tip, double dx, double dy) {
  const double length = std::hypot(dx, dy);
  if (!(length > 0)) return {};
  const double ux = dx / length, uy = dy / length;
  const Pixel foot{tip.x - head_length * ux, tip.y - head_length * uy};
  return {
      tip, {foot.x - head_width * uy, foot.y + head_width * ux}, {foot.x + head_width * uy, foot.y - head_width * ux}};
}

void put(const Line& line, const Frame& frame, const Figure&, Canvas& canvas) {
  const std::vector<Polyline> lines = stretches(line.x, line.y, frame);
  canvas.stroke(lines, line.paint, line.width, line.dash);
  if (!line.arrow) return;
  std::vector<Polyline> heads;
  for (const Polyline& each : lines) {
    const Pixel a = each[(each.size() - 1) / 2], b = each[(each.size() - 1) / 2 + 1];
    heads.push_back(head(b, b.x - a.x, b.y - a.y));
  }
  canvas.fill(heads, line.paint);
}

void fill_between(const std::vector<double>& x, const std::vector<double>& lower, const std::vector<double>& upper,
                  const Paint& paint, const Frame& frame, Canvas& canvas) {
  std::vector<Polyline> areas;
  Polyline below, above;
  const auto close = [&] {
    if (above.size() > 1) {
      above = thinned(above);
      below = thinned(below);
      above.insert(above.end(), below.rbegin(), below.rend());
      areas.push_back(above);
    }
    above.clear();
    below.clear();
  };
  const double floor = frame.y.log ? frame.y.lower : -INFINITY;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const Pixel low{frame.x(x[k]), frame.y(std::max(lower[k], floor))},
        high{frame.x(x[k]), frame.y(std::max(upper[k], floor))};
    if (!is_finite(low) || !is_finite(high)) {
      close();
      continue;
    }
    below.push_back(low);
    above.push_back(high);
  }
  close();
  canvas.fill(areas, paint);
}

void put(const Band& band, const Frame& frame, const Figure&, Canvas& canvas) {
  fill_between(band.x, band.lower, band.upper, band.paint, frame, canvas);
}

void put(const Histogram& h, const Frame& frame, const Figure&, Canvas& canvas) {
  if (h.edges.size() != h.heights.size() + 1) throw std::logic_error("a histogram has one edge more than heights");
  std::vector<double> x, y, lower, upper;
  for (std::size_t k = 0; k < h.heights.size(); ++k)
    for (const double edge : {h.edges[k], h.edges[k + 1]}) {
      const double spread = h.deviation.empty() ? 0 : h.deviation[k];
      x.push_back(edge);
      y.push_back(h.heights[k]);
      lower.push_back(h.heights[k] - spread);
      upper.push_back(h.heights[k] + spread);
    }
  Paint area = h.paint, band = h.paint;
  area.opacity *= 0.16;
  band.opacity *= 0.45;
  if (!frame.y.log) fill_between(x, std::vector<double>(x.size()), y, area, frame, canvas);
  if (!h.deviation.empty()) fill_between(x, lower, upper, band, frame, canvas);
  canvas.stroke(stretches(x, y, frame), h.paint, 0.8, Dash::solid);
}

void put(const CellImage& image, const Frame& frame, const Figure& figure, Canvas& canvas) {
  if (image.values.size() != (image.x_edges.size() - 1) * (image.y_edges.size() - 1))
    throw std::logic_error("an image has one value per cell");
  canvas.image(frame.box,
               raster_of(image, figure.scales.at(static_cast<std::size_t>(image.scale)), frame, canvas.pixels()));
}

std::vector<double> middles(const std::vector<double>& edges) {
  std::vector<double> all;
  for (std::size_t k = 0; k + 1 < edges.size(); ++k) all.push_back((edges[k] + edges[k + 1]) / 2);
  return all;
}

void put(const Contours& contours, const Frame& frame, const Figure&, Canvas& canvas) {
  const std::vector<double> x = middles(contours.x_edges), y = middles(contours.y_edges);
  if (contours.values.size() != x.size() * y.size()) throw std::logic_error("contours have one value per cell");
  std::vector<Polyline> all;
  for (const double level : contours.levels)
    for (const Curve& curve : level_lines(x, y, contours.values, level))
      for (Polyline& line : stretches(curve.x, curve.y, frame)) all.push_back(std::move(line));
  canvas.stroke(all, contours.paint, contours.width, contours.dash);
}

void put(const Arrows& arrows, const Frame& frame, const Figure&, Canvas& canvas) {
  const std::size_t n = arrows.x.size();
  if (arrows.y.size() != n || arrows.u.size() != n || arrows.v.size() != n)
    throw std::logic_error("arrows have as many x as y, u and v");
  // Directions as they are seen in the box.
  const double per_x = frame.box.width / (frame.x.upper - frame.x.lower),
               per_y = frame.box.height / (frame.y.upper - frame.y.lower);
  double most = 0;
  for (std::size_t k = 0; k < n; ++k)
    if (const double length = std::hypot(arrows.u[k] * per_x, arrows.v[k] * per_y); drawable(length))
      most = std::max(most, length);
  std::vector<Polyline> shafts, heads;
  for (std::size_t k = 0; k < n && most > 0; ++k) {
    const double dx = arrows.u[k] * per_x / most * arrows.longest, dy = -arrows.v[k] * per_y / most * arrows.longest;
    const Pixel from{frame.x(arrows.x[k]) - dx / 2, frame.y(arrows.y[k]) - dy / 2}, to{from.x + dx, from.y + dy};
    if (!is_finite(from) || !is_finite(to) || std::hypot(dx, dy) < 0.04 * arrows.longest) continue;
    shafts.push_back({from, to});
    heads.push_back(head(to, dx, dy));
  }
  canvas.stroke(shafts, arrows.paint, 1.3, Dash::solid);
  canvas.fill(heads, arrows.paint);
}

Polyline disc(Pixel middle, double radius) {
  Polyline around;
  constexpr int corners = 12;
  for (int k = 0; k < corners; ++k) {
    const double angle = 2 * 3.14159265358979 * k / corners;
    around.push_back({middle.x + radius * std::cos(angle), middle.y + radius * std::sin(angle)});
  }
  return around;
}

void put(const Points& points, const Frame& frame, const Figure&, Canvas& canvas) {
  std::vector<Polyline> discs;
  for (std::size_t k = 0; k < points.x.size() && k < points.y.size(); ++k)
    if (const Pixel p{frame.x(points.x[k]), frame.y(points.y[k])}; is_finite(p))
      discs.push_back(disc(p, points.radius));
  canvas.fill(discs, points.paint);
}

void put(const Rule& rule, const Frame& frame, const Figure&, Canvas& canvas) {
  const Box& box = frame.box;
  const double at = rule.vertical ? frame.x(rule.at) : frame.y(rule.at);
  if (!std::isfinite(at)) return;
  canvas.stroke(
      {rule.vertical ? Polyline{{at, box.top}, {at, box.bottom()}} : Polyline{{box.left, at}, {box.right(), at}}},
      rule.paint, 1, rule.dash);
}

void put(const Note& note, const Frame& frame, const Figure&, Canvas& canvas) {
  constexpr double gap = 5;
  const Pixel at{note.right ? frame.box.right() - gap : frame.box.left + gap,
                 note.bottom ? frame.box.bottom() - gap : frame.box.top + gap + note_size};
  canvas.text(at, fitted(clean_text(note.text), frame.box.width - 2 * gap, note_size),
              {note_size, false, note.right ? Align::right : Align::left}, note.paint);
}

}  // namespace

void draw_mark(const Mark& mark, const Frame& frame, const Figure& figure, Canvas& canvas) {
  std::visit([&](const auto& each) { put(each, frame, figure, canvas); }, mark);
}

std::string label_of(const Mark& mark) {
  return std::visit(
      [](const auto& each) {
        if constexpr (requires { each.paint.hue, each.label; })
          return clean_text(each.label);
        else
          return std::string();
      },
      mark);
}

void draw_sample(const Mark& mark, Pixel at, double width, Canvas& canvas) {
  const Polyline across{at, {at.x + width, at.y}};
  const auto area = [&](double half) {
    return Polyline{{at.x, at.y - half}, {at.x + width, at.y - half}, {at.x + width, at.y + half}, {at.x, at.y + half}};
  };
  if (const auto* line = std::get_if<Line>(&mark)) {
    canvas.stroke({across}, line->paint, line->width, line->dash);
    if (line->arrow) canvas.fill({head({at.x + width / 2 + head_length / 2, at.y}, 1, 0)}, line->paint);
  } else if (const auto* contours = std::get_if<Contours>(&mark)) {
    canvas.stroke({across}, contours->paint, contours->width, contours->dash);
  } else if (const auto* band = std::get_if<Band>(&mark)) {
    canvas.fill({area(4)}, band->paint);
  } else if (const auto* h = std::get_if<Histogram>(&mark)) {
    Paint pale = h->paint;
    pale.opacity *= 0.35;
    canvas.fill({area(4)}, pale);
    canvas.stroke({across}, h->paint, 0.8, Dash::solid);
  } else if (const auto* arrows = std::get_if<Arrows>(&mark)) {
    canvas.stroke({across}, arrows->paint, 1.3, Dash::solid);
    canvas.fill({head({at.x + width, at.y}, 1, 0)}, arrows->paint);
  } else if (const auto* points = std::get_if<Points>(&mark)) {
    canvas.fill({disc({at.x + width / 2, at.y}, points->radius)}, points->paint);
  } else if (const auto* rule = std::get_if<Rule>(&mark)) {
    canvas.stroke({across}, rule->paint, 1, rule->dash);
  }
}

}  // namespace fokker::figure
