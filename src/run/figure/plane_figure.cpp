#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "../observe/picture_words.hpp"
#include "fokker/run/run_figure.hpp"
#include "panels.hpp"

namespace fokker {

using namespace figure;

namespace {

constexpr std::size_t most_across = 3, finest = 200;  // panels in a row; cells along an axis that contours are made of

/// Cells along both axes, averaged to at most `finest`.
struct Coarse {
  std::vector<double> x, y, values;
};
Coarse coarse(const Grid& grid, std::span<const double> p) {
  const auto together = [](Index cells) { return std::max<Index>(1, (cells + finest - 1) / finest); };
  const Index bx = together(grid.nx()), by = together(grid.ny()), nx = (grid.nx() + bx - 1) / bx,
              ny = (grid.ny() + by - 1) / by;
  Coarse made;
  for (Index i = 0; i <= nx; ++i) made.x.push_back(grid.axis(0).face(std::min(i * bx, grid.nx())));
  for (Index j = 0; j <= ny; ++j) made.y.push_back(grid.axis(1).face(std::min(j * by, grid.ny())));
  std::vector<double> counts(static_cast<std::size_t>(nx * ny));
  made.values.resize(counts.size());
  for (Index cell = 0; cell < grid.cells(); ++cell) {
    const auto k = static_cast<std::size_t>(cell % grid.nx() / bx + nx * (cell / grid.nx() / by));
    made.values[k] += p[static_cast<std::size_t>(cell)];
    ++counts[k];
  }
  for (std::size_t k = 0; k < counts.size(); ++k) made.values[k] /= counts[k];
  return made;
}

Contours mass_contours(const Grid& grid, std::span<const double> p, Paint paint, double width) {
  Coarse made = coarse(grid, p);
  std::vector<double> levels = levels_of_mass(made.values, {0.5, 0.9, 0.99});
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  return {.x_edges = std::move(made.x),
          .y_edges = std::move(made.y),
          .values = std::move(made.values),
          .levels = std::move(levels),
          .paint = paint,
          .width = width};
}

CellImage image_of(const Grid& grid, std::span<const double> p, int scale) {
  return {.x_edges = faces_of(grid.axis(0)),
          .y_edges = faces_of(grid.axis(1)),
          .values = {p.begin(), p.end()},
          .scale = scale};
}

bool equal_axes(const Story& story) { return equal_axes(story.record->config(), story.wishes); }

/// Of the row: so high that a panel of a third is about square, or as its axes ask where they share a unit.
double height_of(const Story& story, std::size_t across) {
  const double width = across == 1 ? 470 : across == 2 ? 225 : 165;
  if (!equal_axes(story)) return width;
  const double ratio = (story.axes[1].upper - story.axes[1].lower) / (story.axes[0].upper - story.axes[0].lower);
  return std::clamp(width * ratio, 0.4 * width, 1.8 * width);
}

/// The vectors that the case is about: what a wish names, its effective drift or its current.
std::string arrows_of(const Story& story) {
  for (const std::string& name : story.wishes.fields)
    if (field_row(name).vector) return name;
  if (!story.wishes.fields.empty()) return "";
  const Case& config = story.record->config();
  const auto asked = [&](const char* name) {
    return std::find(config.output.fields.begin(), config.output.fields.end(), name) != config.output.fields.end();
  };
  return !asked("current") && (config.scheme.form == "effective_drift" || asked("effective_drift")) ? "effective_drift"
                                                                                                    : "current";
}

struct Flows {
  std::string name;
  std::vector<FieldValues> values;  ///< per frame that is shown
  std::vector<bool> drawn;          ///< where it is more than a small part of the largest
};
Flows flows_of(const Story& story) {
  Flows flows{.name = arrows_of(story), .values = {}, .drawn = {}};
  if (flows.name.empty()) return flows;
  std::vector<double> sizes;
  double drift = 0;  // that is there to be balanced, in the same units
  for (std::size_t k = 0; k < story.chosen.size(); ++k) {
    flows.values.push_back(story.record->field(story.chosen[k], flows.name));
    double sum = 0;
    for (std::size_t i = 0; i < flows.values.back().x.size(); ++i) {
      const double weight = flows.name == "current" ? 1 : story.shown[k].view()[i];
      const double length = std::hypot(flows.values.back().x[i], flows.values.back().y[i]) * weight;
      if (length < 1e150) sum += length;
    }
    sizes.push_back(sum);
    const FieldValues f = story.record->field(story.chosen[k], "drift");
    double all = 0;
    for (std::size_t i = 0; i < f.x.size(); ++i)
      if (const double length = std::hypot(f.x[i], f.y[i]) * story.shown[k].view()[i]; length < 1e150) all += length;
    drift = std::max(drift, all);
  }
  constexpr double small = 0.02;
  double most = balanced_part * drift / small;
  for (const double size : sizes) most = std::max(most, size);
  for (const double size : sizes) flows.drawn.push_back(size > small * most);
  return flows;
}

std::vector<bool> where_mass_is(const Field& p) {
  const std::vector<double> levels = levels_of_mass({p.values.begin(), p.values.end()}, {0.99});
  const double least = levels.empty() ? INFINITY : levels[0];
  std::vector<bool> there;
  for (const double value : p.view()) there.push_back(value >= least);
  return there;
}

Panel frame_panel(const Story& story, std::size_t k, const Flows& flows) {
  const Field& p = story.shown[k];
  Panel panel{.title = story.record->steady() ? "stationary" : time_text(story.time(k)),
              .x = story.axes[0],
              .y = story.axes[1],
              .equal = equal_axes(story)};
  panel.marks.emplace_back(image_of(story.grid(), p.view(), 0));
  const bool last = k + 1 == story.shown.size();
  for (const std::string& name : story.record->witnesses(story.chosen[k]))
    if (last && (name == "exact" || name == "twin" || name == "spectral")) {
      Contours theirs =
          mass_contours(story.grid(), story.record->array(story.chosen[k], "p_" + name), {Hue::orange}, 3.4);
      theirs.label = words_of(name);
      panel.marks.emplace_back(std::move(theirs));
      break;
    }
  Contours own = mass_contours(story.grid(), p.view(), {.hue = Hue::white, .opacity = 0.9}, 0.9);
  panel.marks.emplace_back(std::move(own));
  if (k < flows.values.size() && flows.drawn[k])
    for (Line& line : streamlines(story.grid(), flows.values[k], where_mass_is(p), story.axes, {Hue::red}))
      panel.marks.emplace_back(std::move(line));
  return panel;
}

/// p over one axis alone.
std::vector<double> marginal(const Grid& grid, std::span<const double> p, int axis) {
  std::vector<double> along(static_cast<std::size_t>(grid.axis(axis).cells));
  for (Index cell = 0; cell < grid.cells(); ++cell)
    along[static_cast<std::size_t>(axis == 0 ? cell % grid.nx() : cell / grid.nx())] +=
        p[static_cast<std::size_t>(cell)] * grid.axis(1 - axis).width();
  return along;
}

Panel marginal_panel(const Story& story, int axis) {
  const Grid& grid = story.grid();
  const RunRecord& record = *story.record;
  const std::vector<double> faces = faces_of(grid.axis(axis));
  const FigureAxis& x = story.axes[static_cast<std::size_t>(axis)];
  Panel panel{.title = fmt::format("over {} alone", x.label),
              .x = x,
              .y = {.label = "density", .unit = density_unit({&grid.axis(axis), 1})}};
  double top = 0, later = 0;
  for (std::size_t k = 0; k < story.shown.size(); ++k) {
    const std::vector<double> p = marginal(grid, story.shown[k].view(), axis);
    top = std::max(top, highest(p));
    if (k > 0) later = std::max(later, highest(p));
    Line line = curve(faces, p, shade(k, story.shown.size()), "");
    line.width = k + 1 == story.shown.size() ? 2.4 : 1.3;
    if (k + 1 == story.shown.size() || k == 0) line.label = record.steady() ? "stationary" : time_text(story.time(k));
    panel.marks.emplace_back(std::move(line));
  }
  for (const std::string& name : record.witnesses(story.chosen.back())) {
    Mark mark = witness_mark(record, name, faces, marginal(grid, record.array(story.chosen.back(), "p_" + name), axis),
                             {x.lower, x.upper});
    if (axis == 1)
      std::visit(
          [](auto& each) {
            if constexpr (requires { each.label; }) each.label.clear();
          },
          mark);
    panel.marks.insert(name == "monte_carlo" ? panel.marks.begin() : panel.marks.end(), std::move(mark));
  }
  panel.y.upper = 1.06 * (later > 0 ? std::min(top, 3 * later) : top);
  if (!(panel.y.upper > 0)) panel.y.upper = 1;
  return panel;
}

/// What returned of the initial density, for each lambda, on the scale of the others.
void add_reversal(const Story& story, Figure& figure) {
  const RunRecord& record = *story.record;
  if (record.reverse_frames().empty()) return;
  PanelRow row;
  Field start = record.density(0);
  const auto add = [&](const std::string& title, std::span<const double> p) {
    Panel panel{.title = title, .x = story.axes[0], .y = story.axes[1], .equal = equal_axes(story)};
    panel.marks.emplace_back(image_of(story.grid(), p, 0));
    Contours before = mass_contours(story.grid(), start.view(), {Hue::orange}, 3);
    before.levels.resize(std::min<std::size_t>(before.levels.size(), 2));
    if (before.levels.size() > 1) before.levels.erase(before.levels.begin());  // what holds 90 % alone
    if (row.panels.empty()) before.label = "90 % of the initial mass";
    panel.marks.emplace_back(std::move(before));
    panel.marks.emplace_back(mass_contours(story.grid(), p, {.hue = Hue::white, .opacity = 0.9}, 0.9));
    row.panels.push_back(std::move(panel));
  };
  add("initial density", start.view());
  for (const std::string& name : record.ways_back(0))
    if (const std::vector<double> values = record.reverse_array(0, name);
        static_cast<Index>(values.size()) == story.grid().cells() && row.panels.size() < most_across)
      add("came back, λ = " + name.substr(10), values);
  for (std::size_t k = 1; k < row.panels.size(); ++k) row.panels[k].y.numbers = false;
  row.panels.back().colour_bar = true;
  row.height = height_of(story, row.panels.size());
  figure.rows.push_back(std::move(row));
}

}  // namespace

Figure plane_figure(Story story) {
  const RunRecord& record = *story.record;
  Figure figure{.title = record.config().title};
  figure.scales = {density_scale(story, scale_end(story))};
  const Flows flows = flows_of(story);
  const std::size_t count = story.shown.size(), across = count == 4 ? 2 : std::min(count, most_across);
  for (std::size_t k = 0; k < count; k += across) {
    PanelRow row{.height = height_of(story, across), .panels = {}};
    for (std::size_t j = k; j < std::min(k + across, count); ++j) {
      row.panels.push_back(frame_panel(story, j, flows));
      row.panels.back().y.numbers = j == k;
      row.panels.back().x.numbers = j + across >= count;
    }
    row.panels.back().colour_bar = true;
    figure.rows.push_back(std::move(row));
  }
  add_reversal(story, figure);
  Panels further{marginal_panel(story, 0), marginal_panel(story, 1)};
  if (const auto passages = passage_panel(record)) further.push_back(*passages);
  if (const auto answers = questions_panel(record)) further.push_back(*answers);
  if (const auto distance = distance_panel(story)) further.push_back(*distance);
  add_rows(std::move(further), 120, figure);
  std::string what = "contours hold 50, 90, 99 % of the mass";
  if (std::find(flows.drawn.begin(), flows.drawn.end(), true) != flows.drawn.end()) {
    std::string name = flows.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    what += fmt::format("; red lines follow the {}", name);
  }
  story.notes.insert(story.notes.begin(), what);
  figure.subtitle = fmt::format("{}", fmt::join(story.notes, "; "));
  return figure;
}

}  // namespace fokker
