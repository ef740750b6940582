#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "colours.hpp"
#include "marks.hpp"

namespace fokker::figure {
namespace {

constexpr double edge = 12, gap = 10;  // around the page, between panels
constexpr double title_size = 14, subtitle_size = 10.5, panel_size = 11, label_size = 10.5, number_size = 9.5;
constexpr double title_line = 19, subtitle_line = 15, panel_line = 17, legend_line = 15, label_line = 15;
constexpr double tick = 4, sample = 22, bar_gap = 10, bar_width = 11;

double widest(const Ticks& ticks) {
  double width = 0;
  for (const std::string& label : ticks.labels) width = std::max(width, text_width(label, number_size));
  return width;
}

/// Words in lines of a width, at most so many.
std::vector<std::string> wrapped(const std::string& text, double width, double size, bool bold, std::size_t most) {
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at), longer = line.empty() ? word : line + " " + word;
    at = end + 1;
    if (line.empty() || lines.size() + 1 == most || text_width(longer, size, bold) <= width) {
      line = longer;
      continue;
    }
    lines.push_back(line);
    line = word;
  }
  if (!line.empty()) lines.push_back(line);
  for (std::string& each : lines) each = fitted(each, width, size, bold);
  return lines;
}

struct LegendEntry {
  const Mark* mark;
  std::string label;
  double x = 0;  ///< from the left of the box
  int line = 0;
};

/// What a panel needs around its box, and what stands there.
struct Surroundings {
  double left = 0, right = 0, above = 0, below = 0;
  Ticks x, y, bar;
  std::vector<LegendEntry> legend;
  int legend_lines = 0;
  const ColourScale* scale = nullptr;  ///< with a bar
};

class Layout {
 public:
  explicit Layout(const Figure& figure) : figure_(figure) {
    const double room = figure.width - 2 * edge;
    title_ = wrapped(clean_text(figure.title), room, title_size, true, 2);
    subtitle_ = wrapped(clean_text(figure.subtitle), room, subtitle_size, false, 3);
    double top =
        edge + title_line * static_cast<double>(title_.size()) + subtitle_line * static_cast<double>(subtitle_.size());
    for (const PanelRow& row : figure.rows) top = place(row, top + gap / 2);
    height_ = top + edge;
  }

  [[nodiscard]] double height() const { return height_; }

  void draw(Canvas& canvas) const {
    canvas.paper({0, 0, figure_.width, height_});
    double base = edge;
    for (const std::string& line : title_) canvas.text({edge, (base += title_line) - 5}, line, {title_size, true}, {});
    for (const std::string& line : subtitle_)
      canvas.text({edge, (base += subtitle_line) - 4}, line, {subtitle_size}, {Hue::pale});
    for (const Placed& each : placed_) draw(each, canvas);
  }

 private:
  struct Placed {
    const Panel* panel;
    Surroundings around;
    Box box;
  };

  [[nodiscard]] const ColourScale* bar_of(const Panel& panel) const {
    if (!panel.colour_bar) return nullptr;
    for (const Mark& mark : panel.marks)
      if (const auto* image = std::get_if<CellImage>(&mark))
        return &figure_.scales.at(static_cast<std::size_t>(image->scale));
    return nullptr;
  }

  /// For a box that will be about so large.
  [[nodiscard]] Surroundings measure(const Panel& panel, double width, double height) const {
    Surroundings s;
    const auto wanted = [](double length, double each) { return std::clamp(static_cast<int>(length / each), 2, 8); };
    s.x = ticks_of(panel.x.lower, panel.x.upper, panel.x.log, wanted(width, 45));
    s.y = ticks_of(panel.y.lower, panel.y.upper, panel.y.log, wanted(height, 38));
    s.left = 4;
    if (panel.y.numbers)
      s.left = tick + 3 + widest(s.y) + (axis_title(panel.y.label, panel.y.unit, s.y).empty() ? 2 : label_line);
    if (panel.x.numbers) s.below = tick + 13 + (axis_title(panel.x.label, panel.x.unit, s.x).empty() ? 0 : label_line);
    s.right = panel.x.numbers && !s.x.labels.empty() ? text_width(s.x.labels.back(), number_size) / 2 : 4;
    s.scale = bar_of(panel);
    if (s.scale != nullptr) {
      s.bar = ticks_of(s.scale->lower, s.scale->upper, s.scale->log, wanted(height, 38));
      const double keys = s.scale->negative || s.scale->not_finite ? 50 : 0;
      s.right = bar_gap + bar_width + tick + std::max(keys, 3 + widest(s.bar) + label_line);
    }
    place_legend(panel, width, s);
    s.above = (panel.title.empty() ? 4 : panel_line) + legend_line * s.legend_lines;
    return s;
  }

  /// Histograms, which lie under lines, are named after them.
  static void place_legend(const Panel& panel, double width, Surroundings& s) {
    double x = 0;
    std::vector<const Mark*> order;
    for (const bool histograms : {false, true})
      for (const Mark& mark : panel.marks)
        if (std::holds_alternative<Histogram>(mark) == histograms) order.push_back(&mark);
    for (const Mark* const each : order) {
      const Mark& mark = *each;
      std::string label = label_of(mark);
      if (label.empty()) continue;
      if (s.legend_lines == 0) s.legend_lines = 1;
      label = fitted(label, std::max(30.0, width - sample - 6), number_size);
      const double needs = sample + 5 + text_width(label, number_size);
      if (x > 0 && x + needs > width) {
        ++s.legend_lines;
        x = 0;
      }
      s.legend.push_back({&mark, label, x, s.legend_lines - 1});
      x += needs + 12;
    }
  }

  /// Boxes of a row side by side, from `top` on. Returns where it ends.
  double place(const PanelRow& row, double top) {
    double parts = 0, above = 0, below = 0,
           room = figure_.width - 2 * edge - gap * static_cast<double>(row.panels.size() - 1);
    for (const Panel& panel : row.panels) parts += panel.width;
    std::vector<Surroundings> around;
    const double first_guess = room / parts * 0.8;
    for (const Panel& panel : row.panels) {
      around.push_back(measure(panel, first_guess * panel.width, row.height));
      room -= around.back().left + around.back().right;
    }
    const double per_part = std::max(room, 40.0) / parts;
    for (std::size_t k = 0; k < row.panels.size(); ++k) {
      const Panel& panel = row.panels[k];
      Surroundings better = measure(panel, per_part * panel.width, row.height);
      better.left = around[k].left;
      better.right = around[k].right;
      around[k] = std::move(better);
      above = std::max(above, around[k].above);
      below = std::max(below, around[k].below);
    }
    double left = edge;
    for (std::size_t k = 0; k < row.panels.size(); ++k) {
      left += around[k].left;
      const Box cell{left, top + above, per_part * row.panels[k].width, row.height};
      left = cell.right() + around[k].right + gap;
      placed_.push_back({&row.panels[k], around[k], shaped(row.panels[k], cell)});
    }
    return top + above + row.height + below;
  }

  /// As large as it can be where axes share a unit.
  static Box shaped(const Panel& panel, const Box& cell) {
    const double wide = panel.x.upper - panel.x.lower, high = panel.y.upper - panel.y.lower, ratio = high / wide;
    constexpr double most = 8;
    if (!panel.equal || panel.x.log || panel.y.log || !(ratio < most) || !(ratio > 1 / most)) return cell;
    const double width = std::min(cell.width, cell.height / ratio), height = width * ratio;
    return {cell.left, cell.top + (cell.height - height), width, height};
  }

  static Frame frame_of(const Placed& placed) {
    const Box& box = placed.box;
    const FigureAxis &x = placed.panel->x, &y = placed.panel->y;
    return {box, {x.lower, x.upper, box.left, box.right(), x.log}, {y.lower, y.upper, box.bottom(), box.top, y.log}};
  }

  void draw(const Placed& placed, Canvas& canvas) const {
    const Frame frame = frame_of(placed);
    const Box& box = placed.box;
    const Panel& panel = *placed.panel;
    const double legend_top = box.top - 4 - legend_line * placed.around.legend_lines;
    if (!panel.title.empty())
      canvas.text({box.left, legend_top - 1},
                  fitted(clean_text(panel.title), box.width + placed.around.right, panel_size), {panel_size}, {});
    for (const LegendEntry& entry : placed.around.legend) {
      const double middle = legend_top + legend_line * (entry.line + 0.5);
      draw_sample(*entry.mark, {box.left + entry.x, middle}, sample, canvas);
      canvas.text({box.left + entry.x + sample + 5, middle + 3.5}, entry.label, {number_size}, {});
    }
    canvas.clip(box);
    for (const Mark& mark : panel.marks) draw_mark(mark, frame, figure_, canvas);
    canvas.unclip();
    outline(box, canvas);
    draw_axes(placed, frame, canvas);
    if (placed.around.scale != nullptr) draw_bar(placed, canvas);
  }

  static void outline(const Box& box, Canvas& canvas) {
    canvas.stroke({{{box.left, box.top},
                    {box.right(), box.top},
                    {box.right(), box.bottom()},
                    {box.left, box.bottom()},
                    {box.left, box.top}}},
                  {}, 0.8, Dash::solid);
  }

  static void draw_axes(const Placed& placed, const Frame& frame, Canvas& canvas) {
    const Box& box = placed.box;
    std::vector<Polyline> ticks;
    const Ticks &x = placed.around.x, &y = placed.around.y;
    for (std::size_t k = 0; k < x.values.size(); ++k) {
      const double at = frame.x(x.values[k]);
      ticks.push_back({{at, box.bottom()}, {at, box.bottom() + tick}});
      if (placed.panel->x.numbers)
        canvas.text({at, box.bottom() + tick + 10}, x.labels[k], {number_size, false, Align::centre}, {});
    }
    for (std::size_t k = 0; k < y.values.size(); ++k) {
      const double at = frame.y(y.values[k]);
      ticks.push_back({{box.left - tick, at}, {box.left, at}});
      if (placed.panel->y.numbers)
        canvas.text({box.left - tick - 3, at + 3.5}, y.labels[k], {number_size, false, Align::right}, {});
    }
    canvas.stroke(ticks, {}, 0.8, Dash::solid);
    if (placed.panel->x.numbers)
      canvas.text(
          {box.left + box.width / 2, box.bottom() + tick + 13 + label_line - 4},
          fitted(clean_text(axis_title(placed.panel->x.label, placed.panel->x.unit, x)), box.width + 20, label_size),
          {label_size, false, Align::centre}, {});
    if (placed.panel->y.numbers)
      canvas.text(
          {box.left - tick - 3 - widest(y) - 5, box.top + box.height / 2},
          fitted(clean_text(axis_title(placed.panel->y.label, placed.panel->y.unit, y)), box.height + 20, label_size),
          {label_size, false, Align::centre, true}, {});
  }

  static void draw_bar(const Placed& placed, Canvas& canvas) {
    const ColourScale& scale = *placed.around.scale;
    const Ticks& ticks = placed.around.bar;
    Box bar{placed.box.right() + bar_gap, placed.box.top, bar_width, placed.box.height};
    const auto key = [&](Rgb colour, const char* word) {
      bar.height -= 14;
      canvas.image({bar.left, bar.bottom() + 3, 9, 9}, {1, 1, {colour.red, colour.green, colour.blue}});
      canvas.text({bar.left + 12, bar.bottom() + 11}, word, {number_size}, {});
    };
    if (scale.not_finite) key(not_finite_colour, "not finite");
    if (scale.negative) key(negative_colour, "negative");
    Raster ramp{1, std::max(2, static_cast<int>(bar.height)), {}};
    for (int y = 0; y < ramp.height; ++y) {
      const double t = 1 - (y + 0.5) / ramp.height;
      const Rgb c = scale.map == ColourMap::sequential ? sequential(t) : diverging(t);
      ramp.rgb.insert(ramp.rgb.end(), {c.red, c.green, c.blue});
    }
    canvas.image(bar, ramp);
    outline(bar, canvas);
    const Scale place{scale.lower, scale.upper, bar.bottom(), bar.top, scale.log};
    std::vector<Polyline> marks;
    for (std::size_t k = 0; k < ticks.values.size(); ++k) {
      const double at = place(ticks.values[k]);
      marks.push_back({{bar.right(), at}, {bar.right() + tick, at}});
      canvas.text({bar.right() + tick + 3, at + 3.5}, ticks.labels[k], {number_size}, {});
    }
    canvas.stroke(marks, {}, 0.8, Dash::solid);
    canvas.text({bar.right() + tick + 3 + widest(ticks) + label_line - 4, bar.top + bar.height / 2},
                fitted(clean_text(axis_title(scale.label, scale.unit, ticks)), bar.height + 20, label_size),
                {label_size, false, Align::centre, true}, {});
  }

  const Figure& figure_;
  std::vector<std::string> title_, subtitle_;
  std::vector<Placed> placed_;
  double height_ = 0;
};

}  // namespace

void draw(const Figure& figure, Canvas& canvas) { Layout(figure).draw(canvas); }

double height_of(const Figure& figure) { return Layout(figure).height(); }

}  // namespace fokker::figure
