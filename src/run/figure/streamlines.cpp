#include <algorithm>
#include <cmath>
#include <numeric>

#include "panels.hpp"

namespace fokker {

namespace {

struct Point {
  double x = 0, y = 0;  // parts of the view, in [0, 1]
};

/// A field of vectors in parts of the view per time, bilinear between the middles of cells.
class Flow {
 public:
  Flow(const Grid& grid, const FieldValues& field, const std::vector<bool>& shown,
       const std::vector<figure::FigureAxis>& axes)
      : grid_(grid), field_(field), shown_(shown), axes_(axes) {
    for (Index cell = 0; cell < grid.cells(); ++cell)
      if (const Point v = scaled(cell);
          shown[static_cast<std::size_t>(cell)] && std::isfinite(v.x) && std::isfinite(v.y))
        most_ = std::max(most_, std::hypot(v.x, v.y));
  }

  [[nodiscard]] double most() const { return most_; }
  [[nodiscard]] Point middle(Index cell) const {
    return {to_view(0, grid_.axis(0).center(cell % grid_.nx())), to_view(1, grid_.axis(1).center(cell / grid_.nx()))};
  }
  [[nodiscard]] double x(Point at) const { return axes_[0].lower + at.x * (axes_[0].upper - axes_[0].lower); }
  [[nodiscard]] double y(Point at) const { return axes_[1].lower + at.y * (axes_[1].upper - axes_[1].lower); }
  [[nodiscard]] double strength(Index cell) const {
    const Point v = scaled(cell);
    return shown_[static_cast<std::size_t>(cell)] ? std::hypot(v.x, v.y) : 0;
  }

  /// (0, 0) where nothing is shown.
  [[nodiscard]] Point at(Point place) const {
    const double i = position(0, x(place)), j = position(1, y(place));
    if (!(i > -0.5 && j > -0.5)) return {};
    const auto left = static_cast<Index>(std::clamp(std::floor(i), 0.0, static_cast<double>(grid_.nx() - 2)));
    const auto low = static_cast<Index>(std::clamp(std::floor(j), 0.0, static_cast<double>(grid_.ny() - 2)));
    const double fx = std::clamp(i - static_cast<double>(left), 0.0, 1.0),
                 fy = std::clamp(j - static_cast<double>(low), 0.0, 1.0);
    Point sum;
    for (int corner = 0; corner < 4; ++corner) {
      const Index cell = left + corner % 2 + grid_.nx() * (low + corner / 2);
      const Point v = scaled(cell);
      if (!shown_[static_cast<std::size_t>(cell)] || !std::isfinite(v.x) || !std::isfinite(v.y)) return {};
      const double weight = (corner % 2 != 0 ? fx : 1 - fx) * (corner / 2 != 0 ? fy : 1 - fy);
      sum.x += weight * v.x;
      sum.y += weight * v.y;
    }
    return sum;
  }

 private:
  [[nodiscard]] Point scaled(Index cell) const {
    const auto k = static_cast<std::size_t>(cell);
    return {field_.x[k] / (axes_[0].upper - axes_[0].lower), field_.y[k] / (axes_[1].upper - axes_[1].lower)};
  }
  [[nodiscard]] double to_view(int k, double value) const {
    const figure::FigureAxis& axis = axes_[static_cast<std::size_t>(k)];
    return (value - axis.lower) / (axis.upper - axis.lower);
  }
  [[nodiscard]] double position(int k, double value) const {
    return (value - grid_.axis(k).lower) / grid_.axis(k).width() - 0.5;
  }

  const Grid& grid_;
  const FieldValues& field_;
  const std::vector<bool>& shown_;
  const std::vector<figure::FigureAxis>& axes_;
  double most_ = 0;
};

/// Which parts of the view have a line already.
class Taken {
 public:
  [[nodiscard]] bool near(Point p, int owner) const {
    const int i = cell(p.x), j = cell(p.y);
    for (int b = std::max(0, j - 1); b <= std::min(across - 1, j + 1); ++b)
      for (int a = std::max(0, i - 1); a <= std::min(across - 1, i + 1); ++a)
        if (const int other = owners_[static_cast<std::size_t>(a + across * b)]; other >= 0 && other != owner)
          return true;
    return false;
  }
  /// Has the line itself been here, some steps ago?
  [[nodiscard]] bool again(Point p, int owner, int step) const {
    const auto k = static_cast<std::size_t>(cell(p.x) + across * cell(p.y));
    return owners_[k] == owner && step - steps_[k] > 12;
  }
  void take(Point p, int owner, int step) {
    const auto k = static_cast<std::size_t>(cell(p.x) + across * cell(p.y));
    if (owners_[k] >= 0) return;
    owners_[k] = owner;
    steps_[k] = step;
  }

 private:
  static constexpr int across = 22;
  static int cell(double part) { return std::clamp(static_cast<int>(part * across), 0, across - 1); }
  std::vector<int> owners_ = std::vector<int>(across * across, -1), steps_ = std::vector<int>(across * across, 0);
};

/// From a seed on, downstream (1) or upstream (-1), until it gets to another line, to where little flows, or round.
std::vector<Point> followed(const Flow& flow, const Taken& taken, Taken& own, Point at, int owner, double sign) {
  constexpr double step = 0.006;
  constexpr int most_steps = 220;
  const double least = 0.02 * flow.most();
  std::vector<Point> line;
  for (int k = 0; k < most_steps; ++k) {
    const Point v = flow.at(at);
    const double length = std::hypot(v.x, v.y);
    if (!(length > least)) break;
    const Point half{at.x + sign * step / 2 * v.x / length, at.y + sign * step / 2 * v.y / length}, w = flow.at(half);
    const double middle = std::hypot(w.x, w.y);
    if (!(middle > least)) break;
    at = {at.x + sign * step * w.x / middle, at.y + sign * step * w.y / middle};
    if (!(at.x > 0 && at.x < 1 && at.y > 0 && at.y < 1) || taken.near(at, owner) || own.again(at, owner, k)) break;
    own.take(at, owner, k);
    line.push_back(at);
  }
  return line;
}

}  // namespace

std::vector<figure::Line> streamlines(const Grid& grid, const FieldValues& field, const std::vector<bool>& shown,
                                      const std::vector<figure::FigureAxis>& axes, figure::Paint paint) {
  const Flow flow(grid, field, shown, axes);
  std::vector<figure::Line> lines;
  if (!(flow.most() > 0) || grid.nx() < 2 || grid.ny() < 2) return lines;
  std::vector<Index> seeds(static_cast<std::size_t>(grid.cells()));
  std::iota(seeds.begin(), seeds.end(), Index{0});
  std::erase_if(seeds, [&](Index cell) { return !(flow.strength(cell) > 0.04 * flow.most()); });
  std::stable_sort(seeds.begin(), seeds.end(), [&](Index a, Index b) { return flow.strength(a) > flow.strength(b); });
  Taken taken;
  for (const Index seed : seeds) {
    constexpr std::size_t most_lines = 60, fewest_points = 10;
    const Point start = flow.middle(seed);
    if (lines.size() >= most_lines) break;
    const int owner = static_cast<int>(lines.size());
    if (!(start.x > 0 && start.x < 1 && start.y > 0 && start.y < 1) || taken.near(start, -1)) continue;
    Taken own = taken;
    std::vector<Point> back = followed(flow, taken, own, start, owner, -1),
                       on = followed(flow, taken, own, start, owner, 1);
    if (back.size() + on.size() < fewest_points) continue;
    std::reverse(back.begin(), back.end());
    back.push_back(start);
    back.insert(back.end(), on.begin(), on.end());
    figure::Line line{.paint = paint, .arrow = true};
    double sum = 0;
    for (const Point& p : back) {
      line.x.push_back(flow.x(p));
      line.y.push_back(flow.y(p));
      const Point v = flow.at(p);
      sum += std::hypot(v.x, v.y);
      taken.take(p, owner, 0);
    }
    line.width = 0.6 + 1.1 * std::sqrt(sum / static_cast<double>(back.size()) / flow.most());
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace fokker
