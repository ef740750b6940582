#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "../observe/picture_words.hpp"
#include "fokker/run/run_figure.hpp"
#include "panels.hpp"

namespace fokker {

using namespace figure;

namespace {

constexpr std::size_t fewest_rows = 6;  // of an image of space and time
constexpr double decades = 1e-8;

std::pair<double, double> view_of(const Story& story) { return {story.axes[0].lower, story.axes[0].upper}; }

FigureAxis density_axis(const Story& story, double top, double bottom) {
  FigureAxis axis{.label = "density", .unit = density_unit(story.record->axes()), .lower = bottom, .upper = 1.06 * top};
  if (story.wishes.log) {
    axis.log = true;
    axis.lower = decades * top;
    axis.upper = 3 * top;
  }
  return axis;
}

/// p at the chosen times from dark to light, and at the last of them what the witnesses say.
Panel density_panel(Story& story) {
  const RunRecord& record = *story.record;
  const std::vector<double> faces = faces_of(record.axes()[0]);
  double top = scale_end(story), bottom = 0;
  std::size_t negative = 0;
  for (const Field& p : story.shown)
    for (const double value : p.view())
      if (value < -1e-6 * top) {
        ++negative;
        bottom = std::min(bottom, std::max(1.1 * value, -top));
      }
  Panel panel{.x = story.axes[0], .y = density_axis(story, top, bottom), .width = 1.5};
  for (const std::string& name : record.witnesses(story.chosen.back()))
    if (name == "monte_carlo")
      panel.marks.push_back(
          witness_mark(record, name, faces, record.array(story.chosen.back(), "p_" + name), view_of(story)));
  for (std::size_t k = 0; k < story.shown.size(); ++k) {
    const bool last = k + 1 == story.shown.size();
    Line line = curve(faces, story.shown[k].view(), shade(k, story.shown.size()),
                      record.steady() ? "stationary" : time_text(story.time(k)));
    line.width = last ? 2.2 : 1.5;
    panel.marks.emplace_back(std::move(line));
  }
  for (const std::string& name : record.witnesses(story.chosen.back()))
    if (name != "monte_carlo")
      panel.marks.push_back(
          witness_mark(record, name, faces, record.array(story.chosen.back(), "p_" + name), view_of(story)));
  if (negative > 0) {
    panel.marks.emplace_back(Rule{.vertical = false, .at = 0, .paint = {Hue::pale}, .dash = Dash::solid});
    Line below{.x = {}, .y = {}, .paint = {Hue::red}, .width = 2.4, .label = "negative"};
    for (const Field& p : story.shown)
      for (std::size_t i = 0; i < p.view().size(); ++i) {
        below.x.push_back((faces[i] + faces[i + 1]) / 2);
        below.y.push_back(p.view()[i] < -1e-6 * top ? p.view()[i] : NAN);
      }
    panel.marks.emplace_back(std::move(below));
  }
  return panel;
}

/// Edges of rows between times, half way from one to the next.
std::vector<double> row_edges(const std::vector<double>& t) {
  std::vector<double> edges{t.front() - (t[1] - t[0]) / 2};
  for (std::size_t k = 0; k + 1 < t.size(); ++k) edges.push_back((t[k] + t[k + 1]) / 2);
  edges.push_back(t.back() + (t.back() - t[t.size() - 2]) / 2);
  return edges;
}

/// p over space and time; `rows` ascend in t. What is beyond the scale ends there: between rows it would outshine them.
Panel image_panel(const Story& story, const std::vector<double>& t, const std::vector<std::vector<double>>& rows,
                  double top) {
  CellImage image{.x_edges = faces_of(story.record->axes()[0]), .y_edges = row_edges(t), .values = {}, .scale = 0};
  for (const std::vector<double>& row : rows)
    for (const double value : row) image.values.push_back(value > top && value < 1e150 ? top : value);
  return {.x = story.axes[0], .y = time_axis(t.front(), t.back()), .marks = {std::move(image)}};
}

/// A field at the chosen times, where there is some p.
Panel field_panel(const Story& story, const std::string& name) {
  const RunRecord& record = *story.record;
  const std::vector<double> faces = faces_of(record.axes()[0]);
  Panel panel{.title = std::string(field_row(name).name), .x = story.axes[0]};
  std::replace(panel.title.begin(), panel.title.end(), '_', ' ');
  const bool of_mass = name != "current" && name != "p" && name != "drift";
  for (std::size_t k = 0; k < story.chosen.size(); ++k) {
    std::vector<double> values = record.field(story.chosen[k], name).x;
    const double least = 1e-4 * highest(story.shown[k].view());
    for (std::size_t i = 0; of_mass && i < values.size(); ++i)
      if (!(story.shown[k].view()[i] > least)) values[i] = NAN;
    panel.marks.emplace_back(curve(faces, values, shade(k, story.chosen.size()), ""));
  }
  if (name == "current" && panel.marks.size() > 1) {  // that of a narrow start would hide all others
    Panel later = panel;
    later.marks.erase(later.marks.begin());
    fit_heights(later);
    fit_heights(panel);
    if (panel.y.upper - panel.y.lower > 3 * (later.y.upper - later.y.lower)) panel = later;
  } else {
    fit_heights(panel);
  }
  return panel;
}

/// What the case is about beside p.
std::vector<std::string> fields_of(const Story& story) {
  if (!story.wishes.fields.empty()) return story.wishes.fields;
  const Case& config = story.record->config();
  std::vector<std::string> fields;
  if (config.scheme.form == "effective_drift" || config.compare.twin) fields.emplace_back("effective_drift");
  for (const std::string& name : config.output.fields)
    if (name != "p" && name != "log_p" && std::find(fields.begin(), fields.end(), name) == fields.end())
      fields.push_back(name);
  if (story.record->steady() && std::find(fields.begin(), fields.end(), "current") == fields.end())
    fields.emplace_back("current");
  return fields;
}

/// What returned of the initial density for each lambda.
Panel returned_panel(const Story& story) {
  const RunRecord& record = *story.record;
  const std::vector<double> faces = faces_of(record.axes()[0]);
  Panel panel{.title = "what came back to t = 0",
              .x = story.axes[0],
              .y = {.label = "density", .unit = density_unit(record.axes())}};
  std::size_t k = 0;
  std::vector<Mark> lines;
  for (const std::string& name : record.ways_back(0))
    if (const std::vector<double> values = record.reverse_array(0, name); values.size() + 1 == faces.size()) {
      Line line = curve(faces, values, paint_in_turn(k), "λ = " + name.substr(10));
      line.width = 3 - 0.7 * static_cast<double>(std::min<std::size_t>(k, 3));
      ++k;
      lines.emplace_back(std::move(line));
    }
  panel.marks = std::move(lines);
  Line start = curve(faces, story.history.front(), {Hue::ink}, "initial density");
  start.dash = Dash::dashed;
  start.width = 1.2;
  panel.marks.emplace_back(std::move(start));
  fit_heights(panel);
  panel.y.lower = std::min(panel.y.lower, 0.0);
  return panel;
}

/// p on its way back for one lambda, from frames that hold it.
struct WayBack {
  std::vector<double> t;
  std::vector<std::vector<double>> p;
};
WayBack way_back(const RunRecord& record, const std::string& array) {
  WayBack way;
  for (std::size_t k = 0; k < record.reverse_frames().size(); ++k)
    if (std::vector<double> values = record.reverse_array(k, array);
        static_cast<Index>(values.size()) == record.axes()[0].cells) {
      way.t.push_back(record.reverse_frames()[k].t);
      way.p.push_back(std::move(values));
    }
  return way;
}

/// The way there and the ways back side by side, with one scale and one axis of time.
void add_reversal(Story& story, const Panel& there, Figure& figure) {
  const RunRecord& record = *story.record;
  PanelRow images{.height = 190, .panels = {there}};
  images.panels[0].title = "there";
  images.panels[0].width = 1;
  for (const std::string& name : record.ways_back(0)) {
    const WayBack way = way_back(record, name);
    if (way.t.size() < fewest_rows || images.panels.size() > 3) continue;
    Panel back = image_panel(story, way.t, way.p, figure.scales[0].upper);
    back.title = "back, λ = " + name.substr(10);
    back.y = images.panels[0].y;
    back.y.numbers = false;
    images.panels.push_back(std::move(back));
  }
  for (Panel& panel : images.panels) panel.colour_bar = &panel == &images.panels.back();
  figure.rows.push_back(std::move(images));
}

}  // namespace

Figure line_figure(Story story) {
  const RunRecord& record = *story.record;
  Figure figure{.title = record.config().title};
  Panel density = density_panel(story);
  const double top = density.y.log ? density.y.upper / 3 : density.y.upper / 1.06;
  figure.scales = {density_scale(story, top)};
  std::optional<Panel> image;
  if (story.history.size() >= fewest_rows && story.looked_at.size() >= fewest_rows) {
    image = image_panel(story, story.t, story.history, top);
    image->colour_bar = true;
  }
  Panels further;
  if (const auto passages = passage_panel(record)) further.push_back(*passages);
  if (const auto answers = questions_panel(record)) further.push_back(*answers);
  if (!record.reverse_frames().empty()) {
    if (image) add_reversal(story, *image, figure);
    figure.rows.push_back({.height = 190, .panels = {density, returned_panel(story)}});
    figure.rows.back().panels[0].width = 1;
  } else {
    PanelRow first{.height = 230, .panels = {density}};
    if (image) {
      first.panels.push_back(*image);
    } else if (further.size() == 1) {
      first.panels.front().width = 1;  // it is what the case asks
      first.panels.push_back(further.front());
      further.clear();
    }
    figure.rows.push_back(std::move(first));
  }
  for (const std::string& name : fields_of(story)) further.push_back(field_panel(story, name));
  if (const auto distance = distance_panel(story)) further.push_back(*distance);
  add_rows(std::move(further), 150, figure);
  figure.subtitle = fmt::format("{}", fmt::join(story.notes, "; "));
  return figure;
}

}  // namespace fokker
