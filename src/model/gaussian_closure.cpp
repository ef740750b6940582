#include "fokker/model/gaussian_closure.hpp"

#include <fmt/format.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "fokker/base/errors.hpp"
#include "fokker/base/step_factor.hpp"
#include "fokker/base/stop.hpp"

namespace fokker {
namespace {

/// m and V: x, xx on a line, else x, y, xx, xy, yy.
using State = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, 5, 1>;
using Square = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, 5, 5>;

constexpr double infinity = std::numeric_limits<double>::infinity();

State state_of(const Gaussian& g) {
  State y(g.mean.size() == 1 ? 2 : 5);
  if (g.mean.size() == 1)
    y << g.mean[0], g.covariance(0, 0);
  else
    y << g.mean[0], g.mean[1], g.covariance(0, 0), g.covariance(0, 1), g.covariance(1, 1);
  return y;
}

bool on_plane(const State& y) { return y.size() == 5; }
int variance_slot(const State& y, int k) { return on_plane(y) ? 2 + 2 * k : 1; }
double deviation(const State& y, int k) { return std::sqrt(std::max(0.0, y[variance_slot(y, k)])); }

Gaussian gaussian_of(const State& y) {
  Gaussian g;
  g.mean = y.head(on_plane(y) ? 2 : 1);
  g.covariance.resize(g.mean.size(), g.mean.size());
  if (on_plane(y))
    g.covariance << y[2], y[3], y[3], y[4];
  else
    g.covariance << y[1];
  return g;
}

/// Rounding and steps leave a V that is hardly one.
void make_semidefinite(State& y) {
  for (int k = 0; k < (on_plane(y) ? 2 : 1); ++k) {
    double& variance = y[variance_slot(y, k)];
    variance = std::max(0.0, variance);
  }
  if (!on_plane(y)) return;
  const double most = std::sqrt(y[2]) * std::sqrt(y[4]);
  y[3] = std::clamp(y[3], -most, most);
}

/// Sums of a normal distribution: points of a lattice that stands still while the distribution moves, so that what
/// jumps in space makes no jumps of sums in time. Its spacing is a power of two, a third to two thirds of a deviation,
/// with which trapezoids are exact to rounding; no point is at 0.
class NormalSums {
 public:
  std::vector<double> off, weight;  // from the mean; of sum 1

  void set(double mean, double deviation) {
    off.assign(1, 0.0);
    weight.assign(1, 1.0);
    if (!(deviation > 0) || !std::isfinite(deviation)) return;
    const double spacing = std::exp2(std::floor(std::log2(deviation / 1.5)));
    const double first = std::ceil((mean - reach * deviation) / spacing - 0.5),
                 last = std::floor((mean + reach * deviation) / spacing - 0.5);
    constexpr double most = 4503599627370496;  // 2^52: k + 1/2 is a double
    if (!(last - first < 64) || !(last > first) || !(std::max(-first, last) < most)) return;  // too narrow for one
    off.clear();
    weight.clear();
    double sum = 0;
    for (double k = first; k <= last; ++k) {
      off.push_back((k + 0.5) * spacing - mean);
      weight.push_back(std::exp(-0.5 * std::pow(off.back() / deviation, 2)));
      sum += weight.back();
    }
    double middle = 0;
    for (std::size_t i = 0; i < off.size(); ++i) middle += (weight[i] /= sum) * off[i];
    for (double& each : off) each -= middle;  // what the ends of the lattice leave
  }

 private:
  static constexpr double reach = 7;
};

/// The right side of the moment equations.
class ClosureRates {
 public:
  ClosureRates(const Sde& sde, const Space& space) : sde_(sde), space_(space) {}

  State operator()(double t, const State& y) {
    set_points(y);
    const bool plane = on_plane(y);
    for (auto& column : f_) column.resize(weight_.size());
    for (auto& column : D_) column.resize(weight_.size());
    const PointsIn points{
        static_cast<Index>(weight_.size()), plane ? 2 : 1, {x_[0].data(), plane ? x_[1].data() : nullptr}};
    sde_.drift(points, t, {{f_[0].data(), plane ? f_[1].data() : nullptr}});
    sde_.diffusion(points, t, {D_[0].data(), plane ? D_[1].data() : nullptr, plane ? D_[2].data() : nullptr});
    State rate = State::Zero(y.size());
    for (std::size_t i = 0; i < weight_.size(); ++i) add(i, rate);
    return rate;
  }

 private:
  void set_points(const State& y) {
    weight_.clear();
    for (int k = 0; k < 2; ++k) {
      off_[k].clear();
      x_[k].clear();
      sign_[k].clear();
    }
    const double s = deviation(y, 0);
    first_.set(y[0], s);
    const double lean = on_plane(y) && s > 0 ? y[3] / (s * s) : 0;
    const double rest = on_plane(y) ? std::sqrt(std::max(0.0, y[4] - lean * lean * s * s)) : 0;
    for (std::size_t i = 0; i < first_.off.size(); ++i) {
      if (!on_plane(y)) {
        place(0, y[0], first_.off[i]);
        weight_.push_back(first_.weight[i]);
        continue;
      }
      const double shift = lean * first_.off[i];
      second_.set(y[1] + shift, rest);
      for (std::size_t j = 0; j < second_.off.size(); ++j) {
        place(0, y[0], first_.off[i]);
        place(1, y[1], shift + second_.off[j]);
        weight_.push_back(first_.weight[i] * second_.weight[j]);
      }
    }
  }

  /// Ends are mirrors: |Y| is reflected where Y has the odd drift and the even diffusion.
  void place(int k, double mean, double off) {
    const double a = space_.lower[k], b = space_.upper[k];
    double x = mean + off, sign = 1;
    if (space_.periodic[k]) {
      x -= (b - a) * std::floor((x - a) / (b - a));
    } else if (std::isfinite(a) && std::isfinite(b)) {
      const double round = 2 * (b - a), along = x - a - round * std::floor((x - a) / round);
      sign = along > b - a ? -1 : 1;
      x = a + (along > b - a ? round - along : along);
    } else if (x < a || x > b) {
      sign = -1;
      x = 2 * (x < a ? a : b) - x;
    }
    off_[k].push_back(off);
    x_[k].push_back(x);
    sign_[k].push_back(sign);
  }

  void add(std::size_t i, State& rate) const {
    const double weight = weight_[i], fx = sign_[0][i] * f_[0][i], dx = off_[0][i];
    rate[0] += weight * fx;
    if (space_.dimension == 1) {
      rate[1] += weight * 2 * (dx * fx + D_[0][i]);
      return;
    }
    const double fy = sign_[1][i] * f_[1][i], dy = off_[1][i];
    rate[1] += weight * fy;
    rate[2] += weight * 2 * (dx * fx + D_[0][i]);
    rate[3] += weight * (dx * fy + dy * fx + 2 * sign_[0][i] * sign_[1][i] * D_[1][i]);
    rate[4] += weight * 2 * (dy * fy + D_[2][i]);
  }

  const Sde& sde_;
  Space space_;
  NormalSums first_, second_;
  std::vector<double> weight_;
  std::array<std::vector<double>, 2> off_, x_, sign_, f_;
  std::array<std::vector<double>, 3> D_;
};

/// Steps of the method ROS2, L-stable and of second order for any Jacobian (Verwer, Spee, Blom, Hundsdorfer, SIAM J.
/// Sci. Comput. 20 (1999) 1456), so that fast rates cost no steps once they are over.
class ClosureWalk {
 public:
  ClosureWalk(const Sde& sde, const Space& space, const Gaussian& start) : rates_(sde, space), y_(state_of(start)) {
    rate_ = finite_rates();
  }

  [[nodiscard]] const State& state() const { return y_; }
  [[nodiscard]] double t() const { return t_; }
  /// What its rates would do in as long again is little, or they are rounding of terms that cancel.
  [[nodiscard]] bool rests() {
    constexpr double at_rest = 1e-6, rounding = 1e-12;
    const Square J = jacobian();
    for (int k = 0; k < y_.size(); ++k) {
      double terms = 0;
      for (int j = 0; j < y_.size(); ++j) terms += std::abs(J(k, j)) * scale(y_, j);
      const double rate = std::abs(rate_[k]);
      if (rate * t_ > at_rest * scale(y_, k) && rate > rounding * terms) return false;
    }
    return true;
  }
  /// Lets time pass without a step, across a switch.
  void pass_to(double t) {
    if (t <= t_) return;
    t_ = t;
    rate_ = finite_rates();
  }

  /// One accepted step of at most `most`.
  void step(double most) {
    constexpr double least = 1e-14;
    if (++steps_ > most_steps)
      throw NumericalError(
          fmt::format("its moments could not be followed farther in {} steps ({})", most_steps, text()), t_);
    poll_stop();
    const Square J = jacobian();
    h_ = std::min(h_ > 0 ? h_ : first(), most);
    if (!std::isfinite(h_)) h_ = 1;  // at rest from the first
    for (;;) {
      const bool forced = h_ <= least * (std::isfinite(most) ? std::max(t_, most) : t_);
      const double off = attempt(J, h_);
      if (off <= 1 || (forced && std::isfinite(off))) {
        const bool last = h_ >= most;
        t_ += h_;
        y_ = next_;
        make_semidefinite(y_);
        rate_ = finite_rates();
        const double longer = h_ * step_factor(1 / std::max(off, 1e-9), 2, 5);
        h_ = last ? std::max(longer, h_) : longer;
        return;
      }
      if (forced) throw NumericalError("its moments grow beyond all numbers", t_);
      h_ *= step_factor(1 / off, 2, 1);
    }
  }

  /// What an entry is to be compared with.
  [[nodiscard]] static double scale(const State& y, int k) {
    if (!on_plane(y)) return k == 0 ? deviation(y, 0) : y[1];
    return k < 2 ? deviation(y, k) : k == 3 ? deviation(y, 0) * deviation(y, 1) : y[k];
  }

 private:
  static constexpr int most_steps = 200'000;

  State finite_rates() {
    State rate = rates_(t_, y_);
    if (!y_.allFinite()) throw NumericalError("its moments grow beyond all numbers", t_);
    if (!rate.allFinite())
      throw NumericalError(fmt::format("drift or diffusion has no finite mean over it ({})", text()), t_);
    return rate;
  }

  [[nodiscard]] std::string text() const {
    std::string all;
    for (int k = 0; k < (on_plane(y_) ? 2 : 1); ++k)
      all += fmt::format("{}mean {:.4g}, deviation {:.4g}", k > 0 ? "; " : "", y_[k], deviation(y_, k));
    return all;
  }

  [[nodiscard]] double first() const {
    double h = infinity;
    for (int k = 0; k < y_.size(); ++k) {
      const double own = scale(y_, k), rate = std::abs(rate_[k]);
      if (own > 0 && rate > 0) h = std::min(h, 1e-3 * own / rate);
    }
    return h;
  }

  Square jacobian() {
    Square J = Square::Zero(y_.size(), y_.size());
    for (int k = 0; k < y_.size(); ++k) {
      const double own = std::max(scale(y_, k), h_ * std::abs(rate_[k]));
      const double little = 1e-6 * own;
      if (!(little > 0) || y_[k] + little == y_[k]) continue;
      State moved = y_;
      moved[k] += little;
      const State there = rates_(t_, moved);
      if (there.allFinite()) J.col(k) = (there - rate_) / (moved[k] - y_[k]);
    }
    return J;
  }

  /// Sets next_; the estimated error against what is allowed.
  double attempt(const Square& J, double h) {
    constexpr double gamma = 0.29289321881345254, tolerance = 1e-4, rounding = 1e-13;
    const Eigen::PartialPivLU<Square> solve(Square::Identity(y_.size(), y_.size()) - gamma * h * J);
    const State k1 = solve.solve(h * rate_);
    State middle = y_ + k1;
    make_semidefinite(middle);
    if (!middle.allFinite()) return infinity;
    const State k2 = solve.solve(h * rates_(t_ + h, middle) - 2 * k1);
    next_ = y_ + 1.5 * k1 + 0.5 * k2;
    if (!next_.allFinite()) return infinity;
    double worst = 0;
    for (int k = 0; k < y_.size(); ++k) {
      const double error = 0.5 * std::abs(k1[k] + k2[k]), size = std::max(scale(next_, k), scale(y_, k));
      const double allowed = tolerance * (size + std::abs(next_[k] - y_[k])) + rounding * std::abs(y_[k]);
      if (error > 0) worst = std::max(worst, error / allowed);
    }
    return std::isfinite(worst) ? worst : infinity;
  }

  ClosureRates rates_;
  State y_, rate_, next_;
  double t_ = 0, h_ = 0;
  long steps_ = 0;
};

void widen(ClosureReach& reach, const State& y, const Space& space, double deviations) {
  for (int k = 0; k < space.dimension; ++k) {
    const double s = deviations * deviation(y, k), from = y[k] - s, to = y[k] + s;
    reach.lower[k] = std::min(reach.lower[k], from);
    reach.upper[k] = std::max(reach.upper[k], to);
    if (space.periodic[k]) continue;
    if (std::isfinite(space.lower[k])) reach.upper[k] = std::max(reach.upper[k], 2 * space.lower[k] - from);
    if (std::isfinite(space.upper[k])) reach.lower[k] = std::min(reach.lower[k], 2 * space.upper[k] - to);
  }
}

ClosureReach walk(const Sde& sde, std::span<const Gaussian> start, double end, const Space& space, double deviations,
                  const Timeline& timeline) {
  constexpr double at_least = 200;  // steps, for the extremes between them
  ClosureReach reach{{infinity, infinity}, {-infinity, -infinity}};
  for (const Gaussian& component : start) {
    ClosureWalk way(sde, space, component);
    widen(reach, way.state(), space, deviations);
    while (way.t() < end) {
      const double wanted = timeline.limit(way.t(), end);
      const double most = std::min({wanted - way.t(), end / at_least, timeline.longest_step(way.t())});
      way.step(most);
      widen(reach, way.state(), space, deviations);
      if (wanted - way.t() <= 1e-14 * end) way.pass_to(wanted < end ? timeline.resume(wanted) : end);
    }
  }
  return reach;
}

/// Where coefficients are looked at in time.
Box box_of(const ClosureReach& reach, const Space& space) {
  constexpr double cells = 256;
  Box box{.dimension = space.dimension};
  for (int k = 0; k < space.dimension; ++k) {
    box.lower[k] = std::max(reach.lower[k], space.lower[k]);
    box.upper[k] = std::min(reach.upper[k], space.upper[k]);
    double width = box.upper[k] - box.lower[k];
    if (!(width > 0)) width = box.lower[k] != 0 ? 1e-3 * std::abs(box.lower[k]) : 1;
    box.upper[k] = box.lower[k] + width;
    box.cell[k] = width / cells;
  }
  return box;
}

bool holds(const ClosureReach& outer, const ClosureReach& inner, int dimension) {
  for (int k = 0; k < dimension; ++k) {
    const double slack = 1e-3 * (outer.upper[k] - outer.lower[k]);
    if (inner.lower[k] < outer.lower[k] - slack || inner.upper[k] > outer.upper[k] + slack) return false;
  }
  return true;
}

}  // namespace

ClosureReach reach_of_closure(const Sde& sde, std::span<const Gaussian> start, double end, const Space& space,
                              double deviations) {
  constexpr int rounds = 10;
  // What time does to coefficients is asked where the distribution goes, which hangs on what time does.
  ClosureReach reach = walk(sde, start, end, space, deviations, {});
  if (sde.traits().autonomous) return reach;
  for (int round = 0; round < rounds; ++round) {
    const ClosureReach next = walk(sde, start, end, space, deviations, sde.timeline({0, end}, box_of(reach, space)));
    if (holds(reach, next, space.dimension)) return next;
    reach = next;
  }
  return reach;
}

Gaussian closure_at_rest(const Sde& sde, const Gaussian& start, const Space& space) {
  constexpr int fewest = 10;
  ClosureWalk way(sde, space, start);
  for (int steps = 1;; ++steps) {
    way.step(infinity);
    const State& y = way.state();
    for (int k = 0; k < space.dimension; ++k)
      if (!(deviation(y, k) > 1e-150)) throw NumericalError("its width shrinks to nothing", way.t());
    if (steps > fewest && way.rests()) return gaussian_of(y);
  }
}

}  // namespace fokker
