#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <unordered_map>

#include "colours.hpp"
#include "marks.hpp"

namespace fokker::figure {
namespace {

/// Squares between four middles; an edge of the lattice is numbered 2 * node (to the right) or 2 * node + 1 (upwards).
class Squares {
 public:
  Squares(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& values, double level)
      : x_(x), y_(y), values_(values), level_(level) {}

  std::vector<Curve> lines() {
    for (std::size_t j = 0; j + 1 < y_.size(); ++j)
      for (std::size_t i = 0; i + 1 < x_.size(); ++i) cross(i, j);
    return joined();
  }

 private:
  struct Ends {
    std::int64_t to[2] = {-1, -1};  // edges that an edge is joined with
  };

  [[nodiscard]] double at(std::size_t i, std::size_t j) const {
    const double value = values_[i + j * x_.size()];
    return drawable(value) ? value : 0;
  }
  [[nodiscard]] bool above(std::size_t i, std::size_t j) const { return at(i, j) > level_; }
  [[nodiscard]] std::int64_t edge(std::size_t i, std::size_t j, bool upwards) const {
    return static_cast<std::int64_t>(2 * (i + j * x_.size()) + (upwards ? 1 : 0));
  }

  void join(std::int64_t a, std::int64_t b) {
    for (const auto& [one, other] : {std::pair(a, b), std::pair(b, a)}) {
      const auto [place, fresh] = ends_.try_emplace(one);
      place->second.to[fresh ? 0 : 1] = other;
      if (fresh) order_.push_back(one);
    }
  }

  /// Where four middles are above by turns, the mean of all says which two belong together.
  void cross(std::size_t i, std::size_t j) {
    const bool a = above(i, j), b = above(i + 1, j), c = above(i + 1, j + 1), d = above(i, j + 1);
    const std::int64_t below = edge(i, j, false), right = edge(i + 1, j, true), top = edge(i, j + 1, false),
                       left = edge(i, j, true);
    std::int64_t hit[4];
    int hits = 0;
    if (a != b) hit[hits++] = below;
    if (b != c) hit[hits++] = right;
    if (c != d) hit[hits++] = top;
    if (d != a) hit[hits++] = left;
    if (hits == 2) join(hit[0], hit[1]);
    if (hits != 4) return;
    const bool middle = (at(i, j) + at(i + 1, j) + at(i + 1, j + 1) + at(i, j + 1)) / 4 > level_;
    if (middle == a) {  // a and c are one region: b and d are cut off
      join(below, right);
      join(top, left);
    } else {
      join(below, left);
      join(right, top);
    }
  }

  void add_point(std::int64_t number, Curve& line) const {
    const auto node = static_cast<std::size_t>(number / 2), i = node % x_.size(), j = node / x_.size();
    const bool upwards = number % 2 != 0;
    const double from = at(i, j), to = upwards ? at(i, j + 1) : at(i + 1, j);
    const double part = std::clamp((level_ - from) / (to - from), 0.0, 1.0);
    line.x.push_back(upwards ? x_[i] : x_[i] + part * (x_[i + 1] - x_[i]));
    line.y.push_back(upwards ? y_[j] + part * (y_[j + 1] - y_[j]) : y_[j]);
  }

  std::vector<Curve> joined() {
    std::vector<Curve> lines;
    std::unordered_map<std::int64_t, bool> done;
    const auto follow = [&](std::int64_t start) {
      Curve line;
      std::int64_t now = start, before = -1;
      while (now >= 0 && !done[now]) {
        done[now] = true;
        add_point(now, line);
        const Ends& ends = ends_[now];
        const std::int64_t next = ends.to[0] == before ? ends.to[1] : ends.to[0];
        before = now;
        now = next;
      }
      if (now == start) add_point(start, line);  // closed
      lines.push_back(std::move(line));
    };
    for (const std::int64_t start : order_)  // those that end at the border first, from their ends
      if (ends_[start].to[1] < 0 && !done[start]) follow(start);
    for (const std::int64_t start : order_)
      if (!done[start]) follow(start);
    return lines;
  }

  const std::vector<double>&x_, &y_, &values_;
  double level_;
  std::unordered_map<std::int64_t, Ends> ends_;
  std::vector<std::int64_t> order_;
};

}  // namespace

std::vector<Curve> level_lines(const std::vector<double>& x, const std::vector<double>& y,
                               const std::vector<double>& values, double level) {
  return Squares(x, y, values, level).lines();
}

std::vector<double> levels_of_mass(const std::vector<double>& values, const std::vector<double>& fractions) {
  std::vector<double> sorted;
  for (const double v : values)
    if (drawable(v) && v > 0) sorted.push_back(v);
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const double total = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  std::vector<double> levels;
  for (const double fraction : fractions) {
    double below = 0;
    for (const double v : sorted)
      if ((below += v) >= fraction * total) {
        levels.push_back(v);
        break;
      }
  }
  return levels;
}

}  // namespace fokker::figure
