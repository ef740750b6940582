#include "panels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "../observe/picture_words.hpp"
#include "fokker/run/run_figure.hpp"

namespace fokker {

using namespace figure;

namespace {

constexpr std::size_t most_bars = 90;

/// Particles in bars of some cells, with the deviation that counting has: sqrt(p / (N V)).
Histogram bars(const RunRecord& record, const std::vector<double>& faces, const std::vector<double>& density,
               std::pair<double, double> view) {
  std::size_t inside = 0;
  for (const double face : faces) inside += face >= view.first && face <= view.second ? 1 : 0;
  const std::size_t together = std::max<std::size_t>(1, (inside + most_bars - 1) / most_bars);
  const double particles =
      record.config().compare.monte_carlo ? static_cast<double>(record.config().compare.monte_carlo->particles) : 0;
  Histogram h{.edges = {faces.front()}, .heights = {}, .paint = {Hue::orange}};
  for (std::size_t start = 0; start < density.size(); start += together) {
    const std::size_t end = std::min(start + together, density.size());
    double sum = 0;
    for (std::size_t k = start; k < end; ++k) sum += density[k];
    const double mean = sum / static_cast<double>(end - start), width = faces[end] - faces[start];
    h.edges.push_back(faces[end]);
    h.heights.push_back(mean);
    h.deviation.push_back(particles > 0 ? std::sqrt(std::max(mean, 0.0) / (particles * width)) : 0);
  }
  return h;
}

}  // namespace

Paint paint_of(const std::string& witness) {
  if (witness == "monte_carlo") return {Hue::orange};
  if (witness == "spectral") return {Hue::purple};
  if (witness == "twin") return {Hue::red};
  return {Hue::ink};
}

Paint paint_in_turn(std::size_t k) {
  constexpr std::array hues{Hue::blue, Hue::orange, Hue::green, Hue::purple, Hue::sky, Hue::red};
  return {hues[k % hues.size()]};
}

Dash dash_of(const std::string& witness) {
  return witness == "spectral" || witness == "twin" ? Dash::dotted : Dash::dashed;
}

std::string words_of(const std::string& witness) {
  if (witness == "monte_carlo") return "particles ±1σ";
  if (witness == "twin") return "companion run";
  return witness;
}

ColourScale density_scale(const Story& story, double top) {
  ColourScale scale{.lower = 0, .upper = top, .label = "density", .unit = density_unit(story.record->axes())};
  for (const Field& p : story.shown)
    for (const double value : p.view()) {
      scale.negative = scale.negative || value < -1e-6 * top;
      scale.not_finite = scale.not_finite || !(std::abs(value) < 1e150);
    }
  if (story.wishes.log) {
    scale.log = true;
    scale.lower = 1e-6 * top;
  }
  return scale;
}

Line curve(const std::vector<double>& faces, std::span<const double> values, Paint paint, std::string label) {
  Line line{.x = {}, .y = {values.begin(), values.end()}, .paint = paint, .label = std::move(label)};
  for (std::size_t k = 0; k + 1 < faces.size(); ++k) line.x.push_back((faces[k] + faces[k + 1]) / 2);
  return line;
}

Mark witness_mark(const RunRecord& record, const std::string& name, const std::vector<double>& faces,
                  const std::vector<double>& density, std::pair<double, double> view) {
  if (name == "monte_carlo") {
    Histogram h = bars(record, faces, density, view);
    h.label = words_of(name);
    return h;
  }
  Line line = curve(faces, density, paint_of(name), words_of(name));
  line.dash = dash_of(name);
  line.width = 1.3;
  return line;
}

Line column_line(const std::vector<double>& t, const std::vector<double>& values, Paint paint, std::string label) {
  Line line{.x = {}, .y = {}, .paint = paint, .label = std::move(label)};
  for (std::size_t k = 0; k < t.size(); ++k) {
    if (!std::isfinite(values[k])) continue;
    line.x.push_back(t[k]);
    line.y.push_back(values[k]);
  }
  return line;
}

void fit_heights(Panel& panel) {
  double low = INFINITY, high = -INFINITY;
  for (const Mark& mark : panel.marks)
    if (const auto* line = std::get_if<Line>(&mark))
      for (std::size_t k = 0; k < line->y.size(); ++k) {
        const double y = line->y[k];
        if (!(std::abs(y) < 1e150) || line->x[k] < panel.x.lower || line->x[k] > panel.x.upper) continue;
        if (panel.y.log && !(y > 0)) continue;
        low = std::min(low, y);
        high = std::max(high, y);
      }
  if (!(low <= high)) {
    panel.y.lower = panel.y.log ? 0.1 : 0;
    panel.y.upper = 1;
  } else if (panel.y.log) {
    panel.y.lower = low / 2;
    panel.y.upper = high * 2;
  } else {
    constexpr double rounding = 1e-9;
    const double size = std::max(std::abs(low), std::abs(high));
    const double air = high - low > rounding * size ? 0.06 * (high - low) : size > 0 ? 0.1 * size : 1;
    panel.y.lower = low - air;
    panel.y.upper = high + air;
  }
}

std::optional<Panel> passage_panel(const RunRecord& record) {
  const auto table = record.table("passage.csv");
  if (!table || table->column("t") == nullptr) return std::nullopt;
  const std::vector<double>& t = *table->column("t");
  if (t.size() < 3) return std::nullopt;
  Panel panel{.title = "first passages: density of the times",
              .x = time_axis(t.front(), t.back()),
              .y = {.label = "per unit of t"}};
  constexpr double negligible = 1e-6;  // of the mass
  std::size_t k = 0;
  for (std::size_t column = 0; column < table->names.size(); ++column) {
    const std::string& name = table->names[column];
    if (!name.starts_with("density_")) continue;
    const std::vector<double>* const gone = table->column("cumulative_" + name.substr(8));
    if (gone != nullptr && !gone->empty() && gone->back() < negligible) continue;
    panel.marks.emplace_back(
        Line{.x = t, .y = table->columns[column], .paint = paint_in_turn(k++), .label = name.substr(8)});
  }
  if (panel.marks.empty()) return std::nullopt;
  fit_heights(panel);
  panel.y.lower = std::min(panel.y.lower, 0.0);
  constexpr double tail = 2e-3;
  double end = t.front();
  for (const Mark& mark : panel.marks)
    for (std::size_t j = 0; j < t.size(); ++j)
      if (std::get<Line>(mark).y[j] > tail * panel.y.upper) end = std::max(end, t[j]);
  if (end > t.front()) panel.x.upper = std::min(t.back(), t.front() + 1.1 * (end - t.front()));
  return panel;
}

std::optional<Panel> questions_panel(const RunRecord& record) {
  const auto table = record.table("series.csv");
  if (!table || table->column("t") == nullptr) return std::nullopt;
  const std::vector<double>& t = *table->column("t");
  if (t.size() < 3) return std::nullopt;
  Panel panel{.title = "answers over time", .x = time_axis(t.front(), t.back()), .y = {}};
  std::size_t k = 0;
  for (const CaseQuestion& asked : record.config().output.questions)
    if (const std::vector<double>* values = table->column(asked.name); values != nullptr)
      panel.marks.emplace_back(Line{.x = t,
                                    .y = *values,
                                    .paint = paint_in_turn(k++),
                                    .label = (asked.condition ? "P of " : "E of ") + asked.name});
  for (const Axis& axis : record.axes()) {
    constexpr double rounding = 1e-9;  // of the box in the time of the run
    const std::vector<double>* const values = table->column("mean_velocity_" + axis.name);
    if (!axis.periodic() || values == nullptr || !panel.marks.empty()) continue;
    const double least = rounding * (axis.upper - axis.lower) / std::max(t.back() - t.front(), 1e-300);
    if (std::none_of(values->begin(), values->end(), [&](double v) { return std::abs(v) > least; })) continue;
    panel.title = "mean velocity over time";
    panel.marks.emplace_back(column_line(t, *values, {Hue::blue}, "of " + axis.name));
  }
  if (panel.marks.empty()) return std::nullopt;
  fit_heights(panel);
  return panel;
}

std::optional<Panel> distance_panel(const Story& story) {
  const Json& summary = story.record->summary();
  if (!summary.is_object() || !summary.contains("compare")) return std::nullopt;
  Panel panel{.title = "distance from witnesses",
              .x = time_axis(0, story.record->frames().back().t),
              .y = {.label = "l1 distance", .log = true}};
  for (const auto& [name, witness] : summary["compare"].items()) {
    if (!witness.is_object() || !witness.contains("frames") || witness["frames"].size() < 4) continue;
    Line line{.paint = paint_of(name), .dash = dash_of(name), .label = words_of(name)},
        noise{.paint = paint_of(name), .width = 1.1, .dash = Dash::dotted, .label = "noise alone"};
    for (const Json& frame : witness["frames"]) {
      if (!(frame.value("t", NAN) > 0)) continue;  // there is nothing but rounding yet
      const double l1 = frame.value("l1", NAN), expected = frame.value("l1_expected", NAN);
      line.x.push_back(frame.value("t", NAN));
      line.y.push_back(l1 > 1e-17 ? l1 : NAN);
      noise.x.push_back(line.x.back());
      noise.y.push_back(expected > 0 ? expected : NAN);
    }
    if (name == "monte_carlo") {
      line.dash = Dash::solid;
      line.label = "particles";
    }
    if (std::none_of(line.y.begin(), line.y.end(), [](double y) { return y > 0; })) continue;
    panel.marks.emplace_back(std::move(line));
    if (std::any_of(noise.y.begin(), noise.y.end(), [](double y) { return y > 0; }))
      panel.marks.emplace_back(std::move(noise));
  }
  if (panel.marks.empty()) return std::nullopt;
  fit_heights(panel);
  return panel;
}

void add_rows(Panels panels, double height, figure::Figure& figure) {
  const std::size_t across = panels.size() % 2 == 1 && panels.size() > 1 ? 3 : 2;
  for (std::size_t k = 0; k < panels.size(); k += across) {
    PanelRow row{.height = height, .panels = {}};
    for (std::size_t j = k; j < std::min(k + across, panels.size()); ++j) row.panels.push_back(std::move(panels[j]));
    figure.rows.push_back(std::move(row));
  }
}

}  // namespace fokker
