#include "scale_split.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace fokker {
namespace {

constexpr int panels = 64;        // between two breakpoints, by the midpoint rule
constexpr double beside = 1e-9;   // of a cell
constexpr double noticed = 1e-6;  // of D

struct Coefficients {
  double f = 0, D = 0;
};

Coefficients at(const Sde& line, double x) {
  Coefficients found;
  const PointsIn point{1, 1, {&x, nullptr}};
  line.written_drift(point, 0, {{&found.f, nullptr}});
  line.diffusion(point, 0, {&found.D, nullptr, nullptr});
  return found;
}

bool jumps(const Sde& line, double point, double step) {
  const double before = at(line, point - step).D, after = at(line, point + step).D;
  return std::abs(before - after) > noticed * std::max(std::abs(before), std::abs(after));
}

/// s from the first place on, summed up panel by panel.
class Scale {
 public:
  explicit Scale(const Sde& line) : line_(line), a_(line.reading()) {}

  /// To `upper`, through a stretch without a breakpoint inside. False where D vanishes.
  bool go(double lower, double upper) {
    const double dx = (upper - lower) / panels;
    for (int k = 0; k < panels; ++k) {
      const Coefficients here = at(line_, lower + (k + 0.5) * dx);
      if (!(here.D > 0) || !std::isfinite(here.f)) return false;
      const double half = 0.5 * dx * here.f / here.D, steep = std::pow(here.D, -a_);
      const double step = steep * std::exp(-(force_ + half)) * dx;
      const double weight = std::exp(force_ + half) / (here.D * steep) * dx;
      mean_ += weight * (s_ + 0.5 * step);
      mass_ += weight;
      s_ += step;
      force_ += 2 * half;
    }
    return true;
  }
  [[nodiscard]] double s() const { return s_; }
  /// The mean over what was gone through since the last call.
  double mean() {
    const double found = mean_ / mass_;
    mean_ = mass_ = 0;
    return found;
  }

 private:
  const Sde& line_;
  double a_;
  double s_ = 0, force_ = 0, mean_ = 0, mass_ = 0;
};

}  // namespace

std::optional<AxisSplit> split_by_scale(const Axis& axis, double point, const Sde& line) {
  const double h = axis.width();
  const auto i = static_cast<Index>(std::floor((point - axis.lower) / h));
  if (i < 1 || i + 1 >= axis.cells) return std::nullopt;
  const double first = axis.lower + static_cast<double>(i - 1) * h;
  std::vector<double> points;
  line.breakpoints({0, 0, first, first + 3 * h, 3}, 0, points);
  const auto inside = [&](double x) { return x > first + beside * h && x < first + (3 - beside) * h; };
  std::erase_if(points, [&](double x) { return !inside(x); });
  if (std::none_of(points.begin(), points.end(), [&](double x) { return jumps(line, x, beside * h); }))
    return std::nullopt;
  Scale scale(line);
  std::array<double, 3> mean{};
  double s = 0, from = first;
  points.push_back(point);
  std::sort(points.begin(), points.end());
  for (int k = 0; k < 3; ++k) {
    const double end = first + (k + 1) * h;
    for (const double x : points) {
      if (x <= from || x > end) continue;
      if (!scale.go(from, x)) return std::nullopt;
      from = x;
      if (x == point) s = scale.s();
    }
    if (from < end && !scale.go(from, end)) return std::nullopt;
    from = end;
    mean[k] = scale.mean();
  }
  const Index lower = s < mean[1] ? i - 1 : i;
  const std::size_t k = lower - i + 1;
  const double fraction = std::clamp((s - mean[k]) / (mean[k + 1] - mean[k]), 0.0, 1.0);
  return AxisSplit{{lower, lower + 1}, {1 - fraction, fraction}};
}

}  // namespace fokker
