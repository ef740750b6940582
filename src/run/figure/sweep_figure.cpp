#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "fokker/base/errors.hpp"
#include "fokker/run/run_figure.hpp"
#include "panels.hpp"

namespace fokker {

using namespace figure;

namespace {

constexpr std::size_t most_panels = 6, most_lines = 8, most_members = 500;
constexpr double wide = 100;  // from the least to the largest: logarithmic heights

/// Quantities of a sweep over the keys that it varies.
class SweepDrawing {
 public:
  SweepDrawing(const SweepTable& table, bool log) : all_(table), table_(table), log_(log), axes_(swept_axes(table)) {
    if (!is_image() && table.members.size() > most_members) {
      table_ = thinned(table, most_members);
      axes_ = swept_axes(table_);
    }
    const auto seed = std::find_if(axes_.begin(), axes_.end(), [&](const SweptAxis& axis) {
      return table_.keys[axis.key].ends_with("seed") && axes_.size() > 1;
    });
    if (seed == axes_.end()) return;
    repeated_ = table_.keys[seed->key];
    axes_.erase(seed);
  }

  Figure draw(const std::vector<std::string>& wanted) {
    const std::vector<std::size_t> quantities = choose(wanted);
    Figure figure{.title = title(), .subtitle = subtitle(), .rows = {}, .scales = {}};
    Panels panels;
    const SweptAxis* const across = axis_across();
    if (repeated_.empty() && is_image()) {
      for (const std::size_t q : quantities) panels.push_back(image_panel(q, figure));
    } else if (across != nullptr) {
      for (const std::size_t q : quantities) panels.push_back(line_panel(q, *across));
    } else {
      for (const std::size_t q : quantities)
        for (std::size_t k = 0; k < std::min<std::size_t>(3, axes_.size()); ++k)
          panels.push_back(scatter_panel(q, axes_[k]));
    }
    if (panels.size() == 1) panels.front().width = 1;
    add_rows(std::move(panels), quantities.size() > 1 ? 170 : 260, figure);
    return figure;
  }

 private:
  [[nodiscard]] double value(std::size_t member, std::size_t quantity) const {
    return number_of(table_.members[member].quantities[quantity]);
  }

  [[nodiscard]] bool has_numbers(std::size_t quantity) const {
    return std::any_of(table_.members.begin(), table_.members.end(),
                       [&](const auto& member) { return std::isfinite(number_of(member.quantities[quantity])); });
  }
  /// A check has the value of what it checks.
  [[nodiscard]] bool equal(std::size_t a, std::size_t b) const {
    return std::all_of(table_.members.begin(), table_.members.end(),
                       [&](const auto& member) { return member.quantities[a] == member.quantities[b]; });
  }

  std::vector<std::size_t> choose(const std::vector<std::string>& wanted) {
    std::vector<std::size_t> chosen;
    for (const std::string& name : wanted) {
      const auto found = std::find(table_.quantities.begin(), table_.quantities.end(), name);
      if (found == table_.quantities.end())
        throw UsageError(fmt::format("{} has no column {}, it has {}", (table_.folder / sweep_table_name).string(),
                                     name, fmt::join(table_.quantities, ", ")));
      chosen.push_back(static_cast<std::size_t>(found - table_.quantities.begin()));
    }
    for (std::size_t q = 0; wanted.empty() && q < table_.quantities.size(); ++q)
      if (has_numbers(q) && std::none_of(chosen.begin(), chosen.end(), [&](std::size_t c) { return equal(c, q); }))
        chosen.push_back(q);
    if (axes_.empty()) throw UsageError("its members do not differ: there is nothing to draw over");
    if (chosen.empty()) throw UsageError(fmt::format("no member has a number to draw ({})", counts_text(table_)));
    if (wanted.empty())  // what was asked comes first
      std::stable_partition(chosen.begin(), chosen.end(),
                            [&](std::size_t q) { return !table_.quantities[q].starts_with("moments."); });
    if (wanted.empty() && chosen.size() > most_panels) {
      left_out_ = chosen.size() - most_panels;
      chosen.resize(most_panels);
    }
    return chosen;
  }

  [[nodiscard]] std::string title() const {
    const Json of_case = summary_.is_object() ? summary_.value("case", Json::object()) : Json::object();
    const std::string title = of_case.value("title", std::string());
    return title.empty() ? all_.folder.filename().string() : title;
  }

  [[nodiscard]] std::string subtitle() const {
    std::string text = counts_text(all_);
    if (table_.members.size() < all_.members.size()) text += fmt::format("; {} are drawn", table_.members.size());
    if (ends_apart()) text += "; a [[stop]] has ended some: numbers are of the times that they came to (time.reached)";
    if (left_out_ > 0) text += fmt::format("; {} more quantities in {}", left_out_, sweep_table_name);
    if (all_.outdated) text += fmt::format("; {} is older than the sweep's last change", sweep_table_name);
    return text;
  }

  [[nodiscard]] bool ends_apart() const {
    const auto found = std::find(all_.quantities.begin(), all_.quantities.end(), "stop_reason");
    const auto q = static_cast<std::size_t>(found - all_.quantities.begin());
    return found != all_.quantities.end() && std::any_of(all_.members.begin(), all_.members.end(), [&](const auto& m) {
             return !m.quantities[q].empty() && m.quantities[q] != "end";
           });
  }

  /// Of an entry of `checks` what it checks, of anything else its name.
  [[nodiscard]] std::string title_of(std::size_t q) const {
    const std::string& name = table_.quantities[q];
    if (!name.starts_with("checks.") || !summary_.is_object()) return name;
    const Json checks = summary_.value("checks", Json::array());
    const std::size_t number = std::strtoul(name.c_str() + 7, nullptr, 10);
    if (!name.ends_with(".value") || number >= checks.size()) return name;
    const auto word = [&](const char* key) {
      const Json& check = checks[number];
      return check.contains(key) && check[key].is_string() ? check[key].get<std::string>() : std::string();
    };
    return fmt::format("check: {}{}", word("quantity"), word("against").empty() ? "" : " against " + word("against"));
  }

  // --- What lies where
  [[nodiscard]] bool is_image() const {
    return axes_.size() == 2 && is_product(table_, axes_) &&
           std::all_of(axes_.begin(), axes_.end(), [](const SweptAxis& axis) { return axis.numbers.size() > 2; });
  }

  /// The axis that lines run along, one for each combination of the others; null where these are too many.
  [[nodiscard]] const SweptAxis* axis_across() const {
    const SweptAxis* longest = nullptr;
    const auto rank = [](const SweptAxis& axis) { return std::pair(!axis.numbers.empty(), axis.values.size()); };
    for (const SweptAxis& axis : axes_)
      if (longest == nullptr || rank(axis) > rank(*longest)) longest = &axis;
    return longest != nullptr && families(*longest).size() <= most_lines ? longest : nullptr;
  }

  [[nodiscard]] std::map<std::string, std::vector<std::size_t>> families(const SweptAxis& across) const {
    std::map<std::string, std::vector<std::size_t>> found;
    for (std::size_t k = 0; k < table_.members.size(); ++k) {
      std::string name;
      for (const SweptAxis& axis : axes_)
        if (&axis != &across)
          name += fmt::format("{}{} = {}", name.empty() ? "" : ", ", table_.keys[axis.key], axis.values[axis.at[k]]);
      found[name].push_back(k);
    }
    return found;
  }

  [[nodiscard]] static double place(const SweptAxis& axis, std::size_t value) {
    return axis.numbers.empty() ? static_cast<double>(value) : axis.numbers[value];
  }

  [[nodiscard]] FigureAxis figure_axis(const SweptAxis& axis) const {
    FigureAxis made{.label = table_.keys[axis.key], .log = axis.log};
    if (axis.numbers.empty()) {
      std::string names;
      for (std::size_t k = 0; k < std::min<std::size_t>(4, axis.values.size()); ++k)
        names += fmt::format("{}{}: {}", k == 0 ? "" : ", ", k, axis.values[k]);
      made.label += fmt::format(" ({}{})", names, axis.values.size() > 4 ? ", ..." : "");
    }
    const double first = place(axis, 0), last = place(axis, axis.values.size() - 1);
    constexpr double air = 0.04;
    made.lower = axis.log ? first * std::pow(last / first, -air) : first - air * (last - first);
    made.upper = axis.log ? last * std::pow(last / first, air) : last + air * (last - first);
    return made;
  }

  [[nodiscard]] bool log_heights(std::size_t quantity) const {
    double low = INFINITY, high = 0;
    for (std::size_t k = 0; k < table_.members.size(); ++k)
      if (const double v = value(k, quantity); std::isfinite(v)) {
        low = std::min(low, v);
        high = std::max(high, v);
      }
    return low > 0 && (log_ || high > wide * low);
  }

  // --- Panels
  /// The mean at each value of the axis and, where there are several members, their deviation.
  void add_line(const std::string& name, const std::vector<std::size_t>& members, std::size_t quantity,
                const SweptAxis& across, std::size_t number, Panel& panel) const {
    std::map<std::size_t, std::vector<double>> at;
    for (const std::size_t k : members)
      if (const double v = value(k, quantity); std::isfinite(v)) at[across.at[k]].push_back(v);
    const Paint paint = paint_in_turn(number);
    Line line{.x = {}, .y = {}, .paint = paint, .width = 1.8, .label = name};
    Band band{.x = {},
              .lower = {},
              .upper = {},
              .paint = {paint.hue, 0.25},
              .label = number > 0 ? "" : "± deviation over " + repeated_};
    for (const auto& [index, values] : at) {
      double sum = 0, squares = 0;
      for (const double v : values) sum += v;
      const double n = static_cast<double>(values.size()), mean = sum / n;
      for (const double v : values) squares += (v - mean) * (v - mean);
      const double deviation = n > 1 ? std::sqrt(squares / (n - 1)) : 0;
      line.x.push_back(place(across, index));
      line.y.push_back(mean);
      band.lower.push_back(panel.y.log ? std::max(mean - deviation, mean / 10) : mean - deviation);
      band.upper.push_back(mean + deviation);
    }
    band.x = line.x;
    Points points{.x = line.x, .y = line.y, .paint = paint, .radius = line.x.size() > 60 ? 1.6 : 2.6};
    if (!repeated_.empty()) panel.marks.emplace_back(std::move(band));
    panel.marks.emplace_back(std::move(line));
    panel.marks.emplace_back(std::move(points));
  }

  [[nodiscard]] Panel line_panel(std::size_t quantity, const SweptAxis& across) const {
    Panel panel{.title = title_of(quantity), .x = figure_axis(across), .y = {.log = log_heights(quantity)}};
    std::size_t number = 0;
    for (const auto& [name, members] : families(across)) add_line(name, members, quantity, across, number++, panel);
    fit(panel);
    add_states(
        quantity, [&](std::size_t k) { return place(across, across.at[k]); }, panel);
    return panel;
  }

  [[nodiscard]] Panel scatter_panel(std::size_t quantity, const SweptAxis& axis) const {
    Panel panel{.title = title_of(quantity), .x = figure_axis(axis), .y = {.log = log_heights(quantity)}};
    Line heights;  // for their range alone
    for (std::size_t k = 0; k < table_.members.size(); ++k)
      if (const double v = value(k, quantity); std::isfinite(v)) {
        heights.x.push_back(place(axis, axis.at[k]));
        heights.y.push_back(v);
      }
    Points points{.x = heights.x, .y = heights.y, .paint = {Hue::blue, 0.8}, .radius = 2.2};
    panel.marks.emplace_back(std::move(heights));
    fit(panel);
    panel.marks = {std::move(points)};
    add_states(
        quantity, [&](std::size_t k) { return place(axis, axis.at[k]); }, panel);
    return panel;
  }

  static void fit(Panel& panel) {
    fit_heights(panel);
    constexpr double air = 0.03;
    for (const Mark& mark : panel.marks)
      if (const auto* band = std::get_if<Band>(&mark))
        for (std::size_t k = 0; k < band->x.size(); ++k) {
          const double beyond = panel.y.log ? 0 : air * (band->upper[k] - band->lower[k]);
          panel.y.lower = std::min(panel.y.lower, band->lower[k] - beyond);
          panel.y.upper = std::max(panel.y.upper, band->upper[k] + beyond);
        }
  }

  /// Members that fell short of a check at their values, those without a value at the lower edge.
  template <class Place>
  void add_states(std::size_t quantity, const Place& x, Panel& panel) const {
    const double low = panel.y.lower, high = panel.y.upper;
    constexpr double above = 0.03;
    const double edge = panel.y.log ? low * std::pow(high / low, above) : low + above * (high - low);
    add_state_marks(
        [&](std::size_t k) {
          return Pair{x(k), value(k, quantity)};
        },
        [&](std::size_t k) {
          return Pair{x(k), edge};
        },
        panel);
  }

  struct Pair {
    double x = 0, y = 0;
  };
  template <class AtValue, class AtEdge>
  void add_state_marks(const AtValue& at_value, const AtEdge& at_edge, Panel& panel) const {
    Points fell{.paint = {Hue::red, 0.35}, .radius = 5, .label = "short of a check"};
    Points failed{.paint = {Hue::red}, .radius = 3.4, .label = "failed"};
    Points open{.paint = {Hue::pale}, .radius = 3.4, .label = "not finished"};
    for (std::size_t k = 0; k < table_.members.size(); ++k) {
      const std::string& status = table_.members[k].status;
      Points& points = status == "short" ? fell : status == "failed" ? failed : open;
      if (status == "done") continue;
      const Pair at = status == "short" ? at_value(k) : at_edge(k);
      points.x.push_back(at.x);
      points.y.push_back(at.y);
    }
    for (Points* points : {&fell, &failed, &open})
      if (!points->x.empty()) panel.marks.emplace_back(std::move(*points));
  }

  /// Half way to its neighbours, as the axis goes.
  [[nodiscard]] static std::vector<double> edges_of(const SweptAxis& axis) {
    const auto to = [&](double x) { return axis.log ? std::log(x) : x; };
    const auto from = [&](double x) { return axis.log ? std::exp(x) : x; };
    std::vector<double> x, edges;
    for (const double number : axis.numbers) x.push_back(to(number));
    edges.push_back(from(x[0] - (x[1] - x[0]) / 2));
    for (std::size_t k = 0; k + 1 < x.size(); ++k) edges.push_back(from((x[k] + x[k + 1]) / 2));
    edges.push_back(from(x.back() + (x.back() - x[x.size() - 2]) / 2));
    return edges;
  }

  [[nodiscard]] Panel image_panel(std::size_t quantity, Figure& figure) const {
    const SweptAxis &across = axes_[0], &up = axes_[1];
    Panel panel{.title = title_of(quantity), .x = figure_axis(across), .y = figure_axis(up)};
    CellImage image{.x_edges = edges_of(across), .y_edges = edges_of(up), .values = {}, .scale = 0, .blocks = true};
    panel.x.lower = image.x_edges.front();
    panel.x.upper = image.x_edges.back();
    panel.y.lower = image.y_edges.front();
    panel.y.upper = image.y_edges.back();
    image.values.assign(across.values.size() * up.values.size(), NAN);
    ColourScale scale{.lower = INFINITY, .upper = -INFINITY, .log = log_heights(quantity)};
    for (std::size_t k = 0; k < table_.members.size(); ++k) {
      const double v = value(k, quantity);
      image.values[across.at[k] + across.values.size() * up.at[k]] = v;
      if (!std::isfinite(v)) continue;
      scale.lower = std::min(scale.lower, v);
      scale.upper = std::max(scale.upper, v);
    }
    if (!(scale.lower < scale.upper)) {  // one value has a colour too
      const double size = std::isfinite(scale.lower) && scale.lower != 0 ? 0.1 * std::abs(scale.lower) : 1;
      const double middle = std::isfinite(scale.lower) ? scale.lower : 0;
      scale.lower = middle - size;
      scale.upper = middle + size;
    }
    image.scale = static_cast<int>(figure.scales.size());
    figure.scales.push_back(std::move(scale));
    panel.marks.emplace_back(std::move(image));
    panel.colour_bar = true;
    const auto at = [&](std::size_t k) { return Pair{across.numbers[across.at[k]], up.numbers[up.at[k]]}; };
    add_state_marks(at, at, panel);
    return panel;
  }

  const SweepTable& all_;
  SweepTable table_;  // what is drawn of it
  bool log_;
  std::vector<SweptAxis> axes_;
  std::string repeated_;  // the key of seeds, over which means are taken
  std::size_t left_out_ = 0;
  Json summary_ = first_summary(all_);
};

}  // namespace

Figure figure_of_sweep(const SweepTable& table, const std::vector<std::string>& quantities, bool log) {
  SweepDrawing drawing(table, log);
  return drawing.draw(quantities);
}

}  // namespace fokker
