#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "fokker/base/parallel.hpp"
#include "fokker/base/quadrature.hpp"
#include "fokker/scheme/stationary_weights.hpp"

namespace fokker {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// A cell or half of a box.
struct Box {
  std::array<double, 2> lower{}, upper{};
  Index cell = 0;
  int depth = 0;
  double log_mean = 0, error = 0;  ///< by the finer rule; and how far the coarser one is off
  std::size_t steep = 0;           ///< the axis along which the exponent varies most
};

/// The boxes of a few neighbouring cells. A box is done when two rules agree on its fraction of the cell; the rest are
/// bisected along their steeper axis, level by level, so that the exponent is asked for whole columns.
class GibbsBoxes {
 public:
  GibbsBoxes(const Grid& grid, const Sde& sde, Index first, Index last)
      : grid_(grid), sde_(sde), first_(first), sums_(static_cast<std::size_t>(last - first)) {
    for (Index cell = first; cell < last; ++cell) {
      Box box{.cell = cell};
      for (int k = 0; k < grid.dimension(); ++k) {
        const Index i = k == 0 ? cell % grid.nx() : cell / grid.nx();
        box.lower[k] = grid.axis(k).face(i);
        box.upper[k] = grid.axis(k).face(i + 1);
      }
      open_.push_back(box);
    }
    for (int depth = 0; !open_.empty(); ++depth) {
      evaluate();
      close_converged(depth);
    }
  }

  [[nodiscard]] double log_average(Index cell) const { return sums_[cell - first_].log(); }

 private:
  /// sum of e^v, kept as a logarithm.
  struct LogSum {
    double top = -std::numeric_limits<double>::infinity(), sum = 0;
    void add(double v) {
      if (v > top) {
        sum = sum * std::exp(top - v) + 1;
        top = v;
      } else if (v > -std::numeric_limits<double>::infinity()) {
        sum += std::exp(v - top);
      } else if (std::isnan(v)) {
        sum = v;
      }
    }
    [[nodiscard]] double log() const { return sum == 0 ? top : top + std::log(sum); }
  };
  static constexpr std::size_t fine = 6, coarse = 5;
  static constexpr int deepest = 60;
  static constexpr Index most_open = 256;  // per cell and level

  LogSum& sum_of(const Box& box) { return sums_[box.cell - first_]; }
  /// log of a box's part of the cell average
  [[nodiscard]] double part(const Box& box) const { return box.log_mean - std::log(2.0) * box.depth; }

  void close_converged(int depth) {
    std::vector<LogSum> totals = sums_;
    std::vector<Index> count(sums_.size(), 0);
    for (const Box& box : open_) {
      const std::size_t i = box.cell - first_;
      totals[i].add(part(box));
      ++count[i];
    }
    std::vector<Box> next;
    for (const Box& box : open_) {
      const std::size_t i = box.cell - first_;
      const double fraction = std::exp(part(box) - totals[i].log());
      if (fraction * box.error > 1e-13 && depth < deepest && count[i] < most_open)
        split(box, next);
      else
        sum_of(box).add(part(box));
    }
    open_ = std::move(next);
  }

  static void split(Box box, std::vector<Box>& halves) {
    const double lower = box.lower[box.steep], middle = (lower + box.upper[box.steep]) / 2;
    ++box.depth;
    box.lower[box.steep] = middle;
    halves.push_back(box);
    box.lower[box.steep] = lower;
    box.upper[box.steep] = middle;
    halves.push_back(box);
  }

  void evaluate() {
    const auto points = [&](std::size_t n) { return grid_.dimension() == 1 ? n : n * n; };
    const std::size_t per_box = points(fine) + points(coarse), count = open_.size() * per_box;
    for (auto& column : x_) column.resize(count);
    exponent_.resize(count);
    for (std::size_t b = 0; b < open_.size(); ++b) {
      place_nodes<fine>(open_[b], b * per_box);
      place_nodes<coarse>(open_[b], b * per_box + points(fine));
    }
    sde_.log_gibbs({static_cast<Index>(count), grid_.dimension(), {x_[0].data(), x_[1].data()}}, exponent_.data());
    for (std::size_t b = 0; b < open_.size(); ++b) {
      double size = 0;  // rounding of large exponents is not an error that bisection mends
      open_[b].log_mean = log_mean<fine>(&exponent_[b * per_box], size);
      const double other = log_mean<coarse>(&exponent_[b * per_box + points(fine)], size);
      open_[b].steep = steeper_axis(&exponent_[b * per_box]);
      open_[b].error =
          other == open_[b].log_mean ? 0 : std::max(0.0, std::abs(other - open_[b].log_mean) - 16 * eps * size);
    }
  }

  [[nodiscard]] std::size_t steeper_axis(const double* v) const {
    if (grid_.dimension() == 1) return 0;
    std::array<double, 2> range{};
    for (std::size_t j = 0; j < fine; ++j)
      for (std::size_t i = 1; i < fine; ++i) {
        range[0] += std::abs(v[fine * j + i] - v[fine * j + i - 1]);
        range[1] += std::abs(v[fine * i + j] - v[fine * (i - 1) + j]);
      }
    return range[1] > range[0] ? 1 : 0;
  }

  template <std::size_t n>
  void place_nodes(const Box& box, std::size_t at) {
    const auto node = [&](std::size_t k, std::size_t j) {
      return (box.lower[k] + box.upper[k]) / 2 + GaussRule<n>::node[j] * ((box.upper[k] - box.lower[k]) / 2);
    };
    for (std::size_t j = 0; j < (grid_.dimension() == 1 ? 1 : n); ++j)
      for (std::size_t i = 0; i < n; ++i, ++at) {
        x_[0][at] = node(0, i);
        if (grid_.dimension() > 1) x_[1][at] = node(1, j);
      }
  }

  template <std::size_t n>
  [[nodiscard]] double log_mean(const double* v, double& size) const {
    const std::size_t rows = grid_.dimension() == 1 ? 1 : n;
    double top = v[0];
    for (std::size_t i = 0; i < n * rows; ++i) {
      top = std::max(top, v[i]);
      size = std::max(size, std::abs(v[i]));
    }
    if (!std::isfinite(top)) return top;
    const auto along_row = [&](std::size_t j) {
      return paired_mean<n>([&](std::size_t i) { return std::exp(v[n * j + i] - top); });
    };
    return top + std::log(rows == 1 ? along_row(0) : paired_mean<n>(along_row));
  }

  /// Mirrored nodes are added to each other first: a mirrored exponent gives the same bits.
  template <std::size_t n, class Value>
  [[nodiscard]] static double paired_mean(const Value& value) {
    constexpr auto& weight = GaussRule<n>::weight;  // sum to 2
    double sum = n % 2 == 1 ? weight[n / 2] / 2 * value(n / 2) : 0;
    for (std::size_t j = (n + 1) / 2; j < n; ++j) sum += weight[j] / 2 * (value(j) + value(n - 1 - j));
    return sum;
  }

  const Grid& grid_;
  const Sde& sde_;
  Index first_;
  std::vector<LogSum> sums_;  // of the boxes that are done
  std::vector<Box> open_;
  std::array<std::vector<double>, 2> x_;
  std::vector<double> exponent_;
};

}  // namespace

std::vector<double> log_gibbs_averages(const Grid& grid, const Sde& sde) {
  std::vector<double> averages(grid.cells());
  constexpr Index chunk = 64;  // cells whose boxes are in memory at once, per thread
  parallel_for(0, (grid.cells() + chunk - 1) / chunk, 1, [&](Index begin, Index end) {
    for (Index k = begin; k < end; ++k) {
      const Index first = k * chunk, last = std::min(first + chunk, grid.cells());
      const GibbsBoxes boxes(grid, sde, first, last);
      for (Index cell = first; cell < last; ++cell) averages[cell] = boxes.log_average(cell);
    }
  });
  return averages;
}

}  // namespace fokker
