#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/base/errors.hpp"
#include "fokker/run/run_figure.hpp"
#include "panels.hpp"

namespace fokker {

using namespace figure;

namespace {

/// Columns that say how, and not what.
bool is_counter(const std::string& name) {
  return name == "t" || name == "dt" || name == "step" || name == "mass_error";
}

/// Columns of one kind share a panel: mean_x and mean_y, density_x_lower and density_x_upper.
std::string kind_of(const std::string& name) { return name.substr(0, name.find('_')); }

Figure series_figure(const Csv& table, const std::filesystem::path& file, const std::vector<std::string>& columns,
                     bool log) {
  const std::vector<double>& t = *table.column("t");
  Panels panels;
  std::vector<std::string> kinds;
  for (std::size_t k = 0; k < table.names.size(); ++k) {
    const std::string& name = table.names[k];
    const bool wished = std::find(columns.begin(), columns.end(), name) != columns.end();
    const bool known =
        std::any_of(table.columns[k].begin(), table.columns[k].end(), [](double v) { return std::isfinite(v); });
    if (columns.empty() ? is_counter(name) || !known : !wished) continue;
    const std::string kind = columns.empty() ? kind_of(name) : name;
    auto place = std::find(kinds.begin(), kinds.end(), kind);
    if (place == kinds.end()) {
      kinds.push_back(kind);
      panels.push_back({.x = time_axis(t.empty() ? 0 : t.front(), t.empty() ? 1 : t.back()), .y = {.log = log}});
      place = kinds.end() - 1;
    }
    Panel& panel = panels[static_cast<std::size_t>(place - kinds.begin())];
    panel.marks.emplace_back(column_line(t, table.columns[k], paint_in_turn(panel.marks.size()), name));
  }
  for (Panel& panel : panels) fit_heights(panel);
  Figure figure{.title = file.string()};
  add_rows(std::move(panels), 110, figure);
  return figure;
}

}  // namespace

Figure convergence_figure(const std::string& title, const std::string& against, const std::vector<double>& h,
                          const std::vector<double>& error) {
  Panel panel{.x = {.label = against, .log = true}, .y = {.label = "l1 error", .log = true}};
  Line line{.x = h, .y = error, .paint = {Hue::blue}, .width = 2, .label = "measured"};
  Points points{.x = h, .y = error, .paint = {Hue::blue}, .radius = 3.5};
  double nearest = INFINITY, at = 0, least = INFINITY, most = 0, order = NAN;
  for (std::size_t k = 0; k < h.size(); ++k)
    if (error[k] > 0 && h[k] > 0 && std::isfinite(error[k])) {
      least = std::min(least, h[k]);
      most = std::max(most, h[k]);
      if (h[k] < at || at == 0) {
        if (at > 0) order = std::log(nearest / error[k]) / std::log(at / h[k]);
        at = h[k];
        nearest = error[k];
      }
    }
  if (most > 0) {
    panel.x.lower = least / 1.3;
    panel.x.upper = most * 1.3;
  }
  if (std::isfinite(order)) {
    const double slope = std::max(1.0, std::round(2 * order) / 2);
    Line guide{.paint = {Hue::pale}, .width = 1.2, .dash = Dash::dashed, .label = fmt::format("slope {:g}", slope)};
    for (const double x : {least, most}) {
      guide.x.push_back(x);
      guide.y.push_back(1.7 * nearest * std::pow(x / at, slope));
    }
    line.label = fmt::format("measured, order {:.2f} on the finest pair", order);
    panel.marks.emplace_back(std::move(guide));
  }
  panel.marks.emplace_back(std::move(line));
  fit_heights(panel);
  panel.marks.emplace_back(std::move(points));
  return {.title = title, .rows = {{300, {panel}}}};
}

Figure figure_of_table(const std::filesystem::path& file, const std::vector<std::string>& columns, bool log) {
  const Csv table = read_table(file);
  for (const std::string& name : columns)
    if (table.column(name) == nullptr)
      throw UsageError(
          fmt::format("{} has no column {}, it has {}", file.string(), name, fmt::join(table.names, ", ")));
  const std::vector<double>*h = table.column("h"), *error = table.column("l1");
  if (h == nullptr) h = table.column("dt");
  if (table.column("t") != nullptr) return series_figure(table, file, columns, log);
  if (h == nullptr || error == nullptr)
    throw UsageError(fmt::format("{} has neither a column t (a series) nor h and l1 (a convergence table), it has {}",
                                 file.string(), fmt::join(table.names, ", ")));
  return convergence_figure(file.string(), table.column("h") != nullptr ? "h" : "dt", *h, *error);
}

}  // namespace fokker
