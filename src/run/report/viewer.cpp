#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "../observe/picture_words.hpp"
#include "fokker/output/html.hpp"
#include "fokker/output/markup.hpp"
#include "fokker/run/records/sweep_table.hpp"
#include "fokker/run/run_figure.hpp"
#include "parts.hpp"

/// Frames of p of one run, or of the members of a sweep, as codes of log10 p in 16 bits: 0 is p = 0 (or less, or below
/// what is kept), 65535 no number, and code c in between stands for low + (c - 1) step.
namespace fokker {
namespace {

constexpr std::size_t most_codes = 600'000;
constexpr Index most_cells_1d = 2048, most_cells_2d = 128;
constexpr double most_decades = 20, largest_code = 65534, not_a_number = 65535;

struct Part {
  Index of = 1, block = 1, cells = 1;  ///< so many cells, averaged over blocks
};

Part part_of(const Axis& axis, Index most) {
  const Index block = (axis.cells + most - 1) / most;
  return {axis.cells, block, (axis.cells + block - 1) / block};
}

/// Averages over blocks of cells; the last one of a row may be smaller.
std::vector<double> averaged(const Field& p, const Part& x, const Part& y) {
  std::vector<double> out;
  out.reserve(static_cast<std::size_t>(x.cells * y.cells));
  for (Index j = 0; j < y.cells; ++j)
    for (Index i = 0; i < x.cells; ++i) {
      const Index right = std::min((i + 1) * x.block, x.of), up = std::min((j + 1) * y.block, y.of);
      double sum = 0;
      for (Index b = j * y.block; b < up; ++b)
        for (Index a = i * x.block; a < right; ++a) sum += p.values[a + x.of * b];
      out.push_back(sum / static_cast<double>((right - i * x.block) * (up - j * y.block)));
    }
  return out;
}

struct Range {
  double low = INFINITY, high = -INFINITY;  ///< of log10 p
  bool negative = false;
  void take(const std::vector<double>& values) {
    for (const double p : values) {
      negative = negative || p < 0;
      if (!(p > 0) || !std::isfinite(p)) continue;
      low = std::min(low, std::log10(p));
      high = std::max(high, std::log10(p));
    }
  }
};

std::string packed(const std::vector<std::vector<double>>& frames, double low, double step) {
  std::string high_bytes, low_bytes;
  for (const std::vector<double>& frame : frames) {
    std::uint16_t last = 0;
    for (const double p : frame) {
      const double code = !std::isfinite(p) ? not_a_number
                          : !(p > 0)        ? 0
                          : step > 0        ? std::round((std::log10(p) - low) / step) + 1
                                            : 1;
      const auto now =
          static_cast<std::uint16_t>(code < 1 ? 0 : std::min(code, code == not_a_number ? code : largest_code));
      const auto difference = static_cast<std::uint16_t>(now - last);
      last = now;
      high_bytes += static_cast<char>(difference >> 8);
      low_bytes += static_cast<char>(difference & 255);
    }
  }
  return base64(deflated(high_bytes + low_bytes));
}

Json axis_json(const Axis& axis, const Part& part) {
  return {{"name", axis.name},   {"title", axis.title_with_unit()},
          {"unit", axis.unit},   {"lower", axis.lower},
          {"upper", axis.upper}, {"of", part.of},
          {"block", part.block}, {"cells", part.cells}};
}

/// Frames of runs on one scale, as far as there is room for them.
class Frames {
 public:
  /// At most so many values of each of the runs.
  explicit Frames(std::size_t share) : share_(share) {}

  /// The run as the viewer knows it: axes and times. Without frames: no times.
  Json add(const RunRecord& record) {
    const std::vector<Axis>& axes = record.axes();
    const bool plane = axes.size() > 1;
    const std::size_t of = record.frames().size();
    const auto most = static_cast<Index>(
        plane ? std::clamp(std::sqrt(static_cast<double>(share_) / few_frames), 16.0, double{most_cells_2d})
              : std::clamp(static_cast<double>(share_) / few_frames, 64.0, double{most_cells_1d}));
    const Part x = part_of(axes[0], most), y = plane ? part_of(axes[1], most) : Part{};
    const std::size_t room = share_ / static_cast<std::size_t>(x.cells * y.cells);
    Json run{{"axes", {axis_json(axes[0], x)}}, {"t", Json::array()}};
    if (plane) run["axes"].push_back(axis_json(axes[1], y));
    if (of == 0 || room == 0) return run;
    const std::vector<std::size_t> chosen = room == 1 ? std::vector<std::size_t>{of - 1} : evenly_chosen(of, room);
    for (const std::size_t k : chosen) {
      frames_.push_back(averaged(record.density(k), x, y));
      run["t"].push_back(record.frames()[k].t);
      range_.take(frames_.back());
    }
    widest_x_ = std::max(widest_x_, x.block);
    widest_y_ = std::max(widest_y_, y.block);
    plane_ = plane;
    shown_ += chosen.size();
    of_ += of;
    unit_ = density_unit(axes);
    return run;
  }

  [[nodiscard]] bool any() const { return range_.high >= range_.low; }

  /// Scale and bytes, and in words what was left out.
  [[nodiscard]] std::string pack(Json& all) const {
    const double low = std::max(range_.low, range_.high - most_decades),
                 step = (range_.high - low) / (largest_code - 1);
    all["title"] = unit_.empty() ? "p" : "p [" + unit_ + "]";
    all["low"] = low;
    all["step"] = step;
    all["bytes"] = packed(frames_, low, step);
    std::string note = fmt::format("Values are kept as log10 p in 16 bits: off by at most {:.1g} of themselves",
                                   std::pow(10, step / 2) - 1);
    if (low > range_.low) note += fmt::format("; what is below {:.1e} is kept as 0", std::pow(10, low));
    note += range_.negative ? "; negative values are kept as 0." : ".";
    if (shown_ < of_) note += fmt::format(" {} of {} frames are here.", shown_, of_);
    const bool runs = all["runs"].size() > 1;
    if (widest_x_ > 1 || widest_y_ > 1)
      note += fmt::format(" Averages over {}{} cells are shown.", runs ? "up to " : "",
                          plane_ ? fmt::format("{} x {}", widest_x_, widest_y_) : fmt::format("{}", widest_x_));
    return note;
  }

 private:
  static constexpr double few_frames = 4;
  std::size_t share_;
  std::vector<std::vector<double>> frames_;
  Range range_;
  Index widest_x_ = 1, widest_y_ = 1;
  std::size_t shown_ = 0, of_ = 0;
  bool plane_ = false;
  std::string unit_;
};

std::size_t codes_in(std::size_t bytes) {
  return std::min(most_codes, bytes * 3 / 8);  // two bytes, at worst as long in base64
}

std::string viewer_part(const std::string& without, const std::string& note, const Json& all) {
  return fmt::format(
      "<section id=\"viewer-part\"><noscript><p class=\"soft\">{}</p></noscript>\n<div id=\"viewer\" "
      "hidden></div>\n<p class=\"soft\">{}</p>\n{}</section>\n",
      html_text(without), html_text(note), html_data("frames", all));
}

}  // namespace

std::string viewer_html(const RunRecord& record, std::size_t bytes) {
  Frames frames(codes_in(bytes));
  Json all{{"runs", {frames.add(record)}}};
  if (!frames.any()) return "";
  const std::string note = frames.pack(all);
  return viewer_part("With JavaScript there is a viewer of all frames here.", note, all);
}

std::string sweep_viewer_html(const SweepTable& table, const std::vector<SweptAxis>& axes, std::size_t bytes) {
  const bool product = is_product(table, axes);
  Json all{{"runs", Json::array()}, {"keys", Json::array()}, {"columns", columns_of(table)}};
  for (const SweptAxis& axis : axes) all["keys"].push_back({{"name", table.keys[axis.key]}, {"values", axis.values}});
  if (!product || axes.empty()) all["keys"] = Json::array();
  Frames frames(codes_in(bytes) / std::max<std::size_t>(1, table.members.size()));
  std::size_t without = 0;
  for (std::size_t k = 0; k < table.members.size(); ++k) {
    const SweepTable::Member& member = table.members[k];
    Json run{{"axes", Json::array()}, {"t", Json::array()}};
    try {
      run = frames.add(RunRecord(table.folder_of(member)));
    } catch (const std::runtime_error& error) {  // it has not begun, or was refused
      run["why"] = error.what();
    }
    if (run["t"].empty()) ++without;
    run["number"] = member.number;
    run["status"] = member.status;
    run["row"] = cells_of(member);
    run["at"] = Json::array();
    for (const SweptAxis& axis : axes)
      if (product) run["at"].push_back(axis.at[k]);
    all["runs"].push_back(std::move(run));
  }
  if (!frames.any()) return "<p class=\"soft\">No member has a density to show.</p>\n";
  std::string note = frames.pack(all);
  if (without > 0) note += fmt::format(" {} of {} members have no density here.", without, table.members.size());
  return viewer_part(
      "With JavaScript there is a slider over the swept parameters here, with the density of each member.", note, all);
}

}  // namespace fokker
