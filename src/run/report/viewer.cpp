#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "fokker/output/html.hpp"
#include "fokker/output/markup.hpp"
#include "fokker/run/run_figure.hpp"
#include "parts.hpp"

/// Frames of p as codes of log10 p in 16 bits: 0 is p = 0 (or less, or below what is kept), 65535 no number, and code c
/// in between stands for low + (c - 1) step.
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

}  // namespace

std::string viewer_html(const RunRecord& record, std::size_t bytes) {
  const std::vector<Axis>& axes = record.axes();
  const bool plane = axes.size() > 1;
  const Part x = part_of(axes[0], plane ? most_cells_2d : most_cells_1d),
             y = plane ? part_of(axes[1], most_cells_2d) : Part{};
  const auto cells = static_cast<std::size_t>(x.cells * y.cells);
  const std::size_t codes = std::min(most_codes, bytes * 3 / 8);  // two bytes, at worst as long in base64
  const std::size_t of = record.frames().size();
  if (of == 0 || codes < 2 * cells) return "";
  std::vector<std::vector<double>> frames;
  Json t = Json::array();
  Range range;
  for (const std::size_t k : evenly_chosen(of, codes / cells)) {
    frames.push_back(averaged(record.density(k), x, y));
    t.push_back(record.frames()[k].t);
    range.take(frames.back());
  }
  if (!(range.high >= range.low)) return "";
  const double low = std::max(range.low, range.high - most_decades), step = (range.high - low) / (largest_code - 1);

  const std::string unit = density_unit(axes);
  Json all{{"axes", {axis_json(axes[0], x)}},
           {"title", unit.empty() ? "p" : "p [" + unit + "]"},
           {"t", t},
           {"low", low},
           {"step", step}};
  if (plane) all["axes"].push_back(axis_json(axes[1], y));
  all["bytes"] = packed(frames, low, step);
  std::string note = fmt::format("Values are kept as log10 p in 16 bits: off by at most {:.1g} of themselves",
                                 std::pow(10, step / 2) - 1);
  if (low > range.low) note += fmt::format("; what is below {:.1e} is kept as 0", std::pow(10, low));
  note += range.negative ? "; negative values are kept as 0." : ".";
  if (frames.size() < of) note += fmt::format(" {} of {} frames are here.", frames.size(), of);
  if (x.block > 1 || y.block > 1)
    note += plane ? fmt::format(" Averages over {} x {} cells are shown.", x.block, y.block)
                  : fmt::format(" Averages over {} cells are shown.", x.block);
  return fmt::format(
      "<section id=\"viewer-part\"><noscript><p class=\"soft\">With JavaScript there is a viewer of all frames "
      "here.</p></noscript>\n<div id=\"viewer\" hidden></div>\n<p class=\"soft\">{}</p>\n{}</section>\n",
      html_text(note), html_data("frames", all));
}

}  // namespace fokker
