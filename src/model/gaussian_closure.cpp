#include "fokker/model/gaussian_closure.hpp"

#include <fmt/format.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "closure/closure_rates.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/step_factor.hpp"
#include "fokker/base/stop.hpp"

namespace fokker {
namespace {

using State = ClosureState;
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

/// Rounding and steps leave a V that is hardly one. Where one variance is behind the covariance, as along a position
/// whose velocity alone is kicked, it is that variance which is raised: without a covariance it would not grow.
void make_semidefinite(State& y) {
  for (int k = 0; k < (on_plane(y) ? 2 : 1); ++k) {
    double& variance = y[variance_slot(y, k)];
    variance = std::max(0.0, variance);
  }
  if (!on_plane(y)) return;
  const double larger = std::max(y[2], y[4]), least = larger > 0 ? std::abs(y[3]) / larger * std::abs(y[3]) : 0;
  if (larger == 0) y[3] = 0;
  double& smaller = y[2] < y[4] ? y[2] : y[4];
  smaller = std::max(smaller, least);
}

/// Of a distribution that is uniform around a ring all that matters is that it is.
void stop_growth(State& y, const Space& space) {
  for (int k = 0; k < space.dimension; ++k) {
    if (!is_uniform(y, k, space)) continue;
    const double length = space.upper[k] - space.lower[k];
    y[k] = space.lower[k] + 0.5 * length;
    y[variance_slot(y, k)] = length * length;
    if (on_plane(y)) y[3] = 0;
  }
}

/// Steps of the method ROS2, L-stable and of second order for any Jacobian (Verwer, Spee, Blom, Hundsdorfer, SIAM J.
/// Sci. Comput. 20 (1999) 1456), so that fast rates cost no steps once they are over.
class ClosureWalk {
 public:
  ClosureWalk(const Sde& sde, const Space& space, const Gaussian& start)
      : rates_(sde, space), space_(space), y_(state_of(start)) {
    rate_ = finite_rates();
  }

  [[nodiscard]] const State& state() const { return y_; }
  [[nodiscard]] double t() const { return t_; }
  /// What its rates would do in as long again is little, or they are rounding of terms that cancel. Around a ring a
  /// distribution at rest may go on turning and spreading.
  [[nodiscard]] bool rests() {
    constexpr double at_rest = 1e-6, rounding = 1e-12;
    const Square& J = jacobian();
    for (int k = 0; k < y_.size(); ++k) {
      if (is_around(k)) continue;
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
    const Square& J = jacobian();
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
        stop_growth(y_, space_);
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

  /// An entry that speaks of a ring.
  [[nodiscard]] bool is_around(int k) const {
    if (!on_plane(y_)) return false;  // a ring by itself has no end to look for
    return k == 3 ? space_.periodic[0] || space_.periodic[1] : space_.periodic[k < 2 ? k : k / 2 - 1];
  }

  /// Beside which an entry need not be told from 0: the first trace of a pulse of noise is 1e-300 of it, and to follow
  /// that costs hundreds of steps that nobody sees. Lengths are 1e-30 in no unit.
  [[nodiscard]] static double least(const State& y, int k) { return k < (on_plane(y) ? 2 : 1) ? 1e-30 : 1e-60; }

  State finite_rates() {
    jacobian_.reset();
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

  /// Once for every state: it costs more than all else. Without what is rounding of rates.
  const Square& jacobian() {
    constexpr double rounding = 1e-13;
    if (jacobian_) return *jacobian_;
    Square& J = jacobian_.emplace(Square::Zero(y_.size(), y_.size()));
    for (int k = 0; k < y_.size(); ++k) {
      const double own = std::max({scale(y_, k), h_ * std::abs(rate_[k]), least(y_, k)});
      const double little = 1e-3 * own;  // far above rounding of rates; ROS2 asks no more of J
      if (!(little > 0) || y_[k] + little == y_[k]) continue;
      State moved = y_;
      moved[k] += little;
      const State there = rates_(t_, moved);
      if (!there.allFinite()) continue;
      for (int j = 0; j < y_.size(); ++j)
        if (std::abs(there[j] - rate_[j]) > rounding * rates_.size()[j])
          J(j, k) = (there[j] - rate_[j]) / (moved[k] - y_[k]);
    }
    return J;
  }

  /// Sets next_; the estimated error against what is allowed.
  double attempt(const Square& J, double h) {
    constexpr double gamma = 0.29289321881345254, tolerance = 1e-3, rounding = 1e-13;
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
      const double allowed =
          tolerance * (size + std::abs(next_[k] - y_[k]) + least(y_, k)) + rounding * std::abs(y_[k]);
      if (error > 0) worst = std::max(worst, error / allowed);
    }
    return std::isfinite(worst) ? worst : infinity;
  }

  ClosureRates rates_;
  Space space_;
  State y_, rate_, next_;
  std::optional<Square> jacobian_;
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
      if (!space.periodic[k] && !(deviation(y, k) > 1e-150))
        throw NumericalError("its width shrinks to nothing", way.t());
    if (steps > fewest && way.rests()) return gaussian_of(y);
  }
}

}  // namespace fokker
