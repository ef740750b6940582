#include <algorithm>
#include <cmath>

#include "colours.hpp"
#include "marks.hpp"

namespace fokker::figure {
namespace {

/// One axis of a resampling: a pixel is the weighted sum of the cells first, first + 1, ... Cells larger than a pixel
/// are interpolated between their middles, smaller ones averaged over the pixel; outside of all cells there is no
/// weight.
struct Taps {
  std::size_t first = 0;
  std::vector<double> weights;
};

Taps taps_of(const std::vector<double>& edges, double from, double to) {
  const std::size_t cells = edges.size() - 1;
  const double at = (from + to) / 2;
  if (!(at >= edges.front() && at <= edges.back())) return {};
  const auto above = std::upper_bound(edges.begin(), edges.end(), at);
  const std::size_t cell = std::min<std::size_t>(static_cast<std::size_t>(above - edges.begin()) - 1, cells - 1);
  const auto middle = [&](std::size_t k) { return (edges[k] + edges[k + 1]) / 2; };
  if (edges[cell + 1] - edges[cell] >= to - from) {
    const std::size_t left = at < middle(cell) ? (cell == 0 ? 0 : cell - 1) : std::min(cell, cells - 1);
    if (left + 1 >= cells || at <= middle(left)) return {left, {1}};
    const double fraction = std::min(1.0, (at - middle(left)) / (middle(left + 1) - middle(left)));
    return {left, {1 - fraction, fraction}};
  }
  Taps tap;
  tap.first = static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), from) - edges.begin());
  tap.first = tap.first == 0 ? 0 : std::min(tap.first - 1, cells - 1);
  double sum = 0;
  for (std::size_t k = tap.first; k < cells && edges[k] < to; ++k) {
    tap.weights.push_back(std::max(0.0, std::min(to, edges[k + 1]) - std::max(from, edges[k])));
    sum += tap.weights.back();
  }
  for (double& weight : tap.weights) weight /= sum > 0 ? sum : 1;
  return tap;
}

/// The cell that holds the middle of a pixel.
Taps block_of(const std::vector<double>& edges, const Scale& axis, double part) {
  const double at =
      axis.log ? axis.lower * std::pow(axis.upper / axis.lower, part) : axis.lower + part * (axis.upper - axis.lower);
  if (!(at >= edges.front() && at < edges.back())) return {};
  const auto above = std::upper_bound(edges.begin(), edges.end(), at);
  return {static_cast<std::size_t>(above - edges.begin()) - 1, {1}};
}

std::vector<Taps> taps(const std::vector<double>& edges, const Scale& axis, int pixels, bool blocks) {
  std::vector<Taps> all;
  const double step = (axis.upper - axis.lower) / pixels;
  for (int i = 0; i < pixels; ++i)
    all.push_back(blocks ? block_of(edges, axis, (i + 0.5) / pixels)
                         : taps_of(edges, axis.lower + i * step, axis.lower + (i + 1) * step));
  return all;
}

/// What a pixel is made of.
struct Sum {
  double value = 0, weight = 0, negative = 0, lost = 0;
};

Rgb colour_of(const Sum& sum, const ColourScale& scale) {
  // A mark counts where at least a quarter of a cell shows, however many share the pixel.
  constexpr double shows = 0.25;
  if (!(sum.weight > 0)) return {255, 255, 255};
  if (sum.lost > 0 && sum.lost >= shows * sum.weight) return not_finite_colour;
  if (sum.negative > 0 && sum.negative >= shows * sum.weight) return negative_colour;
  return colour_on(scale, sum.value / sum.weight);
}

}  // namespace

Raster raster_of(const CellImage& image, const ColourScale& scale, const Frame& frame, double pixels) {
  constexpr double most = 4000;
  Raster raster;
  raster.width = std::max(1, static_cast<int>(std::lround(std::min(most, pixels * frame.box.width))));
  raster.height = std::max(1, static_cast<int>(std::lround(std::min(most, pixels * frame.box.height))));
  const std::vector<Taps> across = taps(image.x_edges, frame.x, raster.width, image.blocks),
                          up = taps(image.y_edges, frame.y, raster.height, image.blocks);
  const std::size_t nx = image.x_edges.size() - 1;
  const double below = scale.negative ? -1e-6 * std::max(0.0, scale.upper) : -1e300;
  std::vector<Sum> row(static_cast<std::size_t>(raster.width));
  for (int y = 0; y < raster.height; ++y) {
    const Taps& vertical = up[static_cast<std::size_t>(raster.height - 1 - y)];
    std::fill(row.begin(), row.end(), Sum{});
    for (std::size_t k = 0; k < vertical.weights.size(); ++k) {
      const double* const cells = image.values.data() + (vertical.first + k) * nx;
      for (std::size_t x = 0; x < row.size(); ++x)
        for (std::size_t m = 0; m < across[x].weights.size(); ++m) {
          const double value = cells[across[x].first + m], weight = vertical.weights[k] * across[x].weights[m];
          Sum& sum = row[x];
          if (image.blocks && !drawable(value)) continue;
          sum.weight += weight;
          if (!drawable(value)) {
            sum.lost += weight > 0 ? std::max(weight, 0.25) : 0;
            continue;
          }
          sum.value += weight * value;
          if (value < below && weight > 0) sum.negative += std::max(weight, 0.25);
        }
    }
    for (const Sum& sum : row) {
      const Rgb c = colour_of(sum, scale);
      raster.rgb.insert(raster.rgb.end(), {c.red, c.green, c.blue});
    }
  }
  return raster;
}

}  // namespace fokker::figure
