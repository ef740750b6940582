#include <algorithm>
#include <cfloat>
#include <cmath>
#include <utility>

#include "fokker/base/step_factor.hpp"
#include "fokker/integrate/dyadic_steps.hpp"
#include "steps.hpp"

/// How large a step is: three answers (fixed, free, dyadic) around one way of looking at what came out.
namespace fokker {

long flush_subnormal(std::span<double> cells) {
  long count = 0;
  for (const double v : cells) count += static_cast<long>((v != 0) & (std::abs(v) < DBL_MIN));
  if (count > 0)
    for (double& v : cells) v = std::abs(v) < DBL_MIN ? 0 : v;
  return count;
}

double first_by_derivative(const Operator& op, double t, std::span<const double> state, double tolerance, int order,
                           double most) {
  constexpr double C = 0.04;  // of tr_bdf2
  std::vector<double> a(state.begin(), state.end()), b(state.size());
  for (int derivative = 0; derivative < order; ++derivative) {
    op.apply(t, a, b);
    std::swap(a, b);
  }
  const double size = C * op.norm_l1(a);
  return std::min(size > 0 ? std::pow(tolerance / size, 1.0 / order) : most, most);
}

double StepBound::at(double t) const {
  if (std::isinf(factor)) return factor;
  const double by_rate = factor * op->stable_step(t);
  if (!(reach.imaginary > 0)) return by_rate;
  const SpectralBound bound = op->spectral_bound(t);
  return std::max(by_rate, 1 / (bound.real / reach.real + bound.imaginary / reach.imaginary));
}

double StepBound::limit(double t, double dt, double end) const {
  if (std::isinf(factor)) return dt;
  double h = std::min(dt, at(t));
  if (op->autonomous() || factor >= rounding) return h;
  constexpr double far_less = 8;
  for (;; h /= 2) {
    const double least = std::min({h, at(std::min(t + h / 2, end)), at(std::min(t + h, end))});
    if (least * far_less >= h) return least;
  }
}

namespace {

class FixedSteps final : public Steps {
 public:
  FixedSteps(std::unique_ptr<Method> method, StepBound bound, std::optional<double> dt)
      : Steps(std::move(method), bound), dt_(dt) {}

  StepResult take(const StepRequest& request, std::span<double> state) override try {
    halved_ = false;
    const double way = request.limit - request.t;
    if (!dt_) {
      const double asked = asked_of(request), h = way <= asked * landing ? first_piece(request, asked) : asked;
      const double end = h == way ? request.limit : request.t + h;
      const int rejected = divide(request.t, h, end, request, state, true);
      return {end, bound_.at(end), rejected};
    }
    const bool lands = way <= request.dt * landing;
    const double h = lands ? way : request.dt, end = lands ? request.limit : request.t + h;
    return {end, *dt_, divide(request.t, h, end, request, state, h <= bound_.limit(request.t, h, end))};
  } catch (...) {
    if (halved_) std::copy(before_.begin(), before_.end(), state.begin());
    throw;
  }

  double first_step(double t, std::span<const double>, double) override { return dt_ ? *dt_ : bound_.at(t); }

 private:
  /// One step of h where that is allowed and stays nonnegative, else two of h/2; returns the number of tries thrown
  /// away.
  int divide(double t, double h, double end, const StepRequest& request, std::span<double> state, bool allowed,
             Index cell = -1) {
    refuse_underflow(h, request, cell < 0 ? Short::by_bound : Short::by_sign, cell);
    if (allowed) {
      cell = attempt(t, h, end, state);
      if (cell < 0) {
        accept(state);
        return 0;
      }
    }
    if (!std::exchange(halved_, true)) before_.assign(state.begin(), state.end());
    int rejected = 1;
    for (const double start : {t, t + h / 2}) {
      const double stop = start == t ? t + h / 2 : end;
      rejected += divide(start, h / 2, stop, request, state, h / 2 <= bound_.limit(start, h / 2, stop), cell);
    }
    return rejected;
  }

  std::optional<double> dt_;
  bool halved_ = false;         // the step at hand, so that `state` may be somewhere within it
  std::vector<double> before_;  // the state it began with
};

/// The fraction of a step that would meet the tolerance, with a margin, and at most `most`. Where nothing moves, and
/// rates that vary in time may wake it, steps grow slowly.
double wanted_fraction(double error, double tolerance, int order, double most, bool autonomous) {
  constexpr double at_rest = 2;
  if (error <= 0) return autonomous ? most : at_rest;
  return step_factor(tolerance / error, order, most);
}

/// The largest log(before / after) of a cell that is not empty; one that sank below the smallest double tells nothing.
double deepest_fall(std::span<const double> before, std::span<const double> after, Index cells) {
  double ratio = 1;
  for (std::size_t k = 0; k < static_cast<std::size_t>(cells); ++k)
    if (before[k] > 0 && after[k] > 0) ratio = std::min(ratio, after[k] / before[k]);
  return -std::log(ratio);
}

class FreeSteps final : public Steps {
 public:
  FreeSteps(std::unique_ptr<Method> method, StepBound bound, double tolerance, int order, const Pace& pace)
      : Steps(std::move(method), bound), tolerance_(tolerance), order_(order), pace_(pace) {}

  StepResult take(const StepRequest& request, std::span<double> state) override {
    const double t = request.t, way = request.limit - t, asked = asked_of(request);
    double h = first_piece(request, asked);
    refuse_underflow(h, request, Short::by_bound);
    for (int rejected = 0;; ++rejected) {
      const double end = h == way ? request.limit : t + h;
      const Index cell = attempt(t, h, end, state);
      const double error = cell < 0 ? this->error(t, h, end, state) : 0;
      double fraction = cell < 0 ? wanted(error) : 0.5;
      if (cell < 0 && (error <= tolerance_ || sliver(h, request))) {
        if (bound_.watched && pace_.fall > 0) fraction = std::min(fraction, fraction_by_fall(state));
        accept(state);
        const double proposal =
            rejected > 0 ? h * std::min(fraction, 1.0) : std::max(h * fraction, h < asked ? asked : 0);
        return {end, std::min(proposal, bound_.at(end)), rejected};
      }
      h *= std::min(fraction, 0.9);
      refuse_underflow(h, request, because_of(cell), cell);
    }
  }

  /// A hundredth of the time in which the density changes by itself; the controller finds the rest.
  double first_step(double t, std::span<const double> state, double limit) override {
    std::vector<double> rate(state.size());
    bound_.op->apply(t, state, rate);
    const double change = bound_.op->norm_l1(rate), size = bound_.op->norm_l1(state);
    double dt = change > 0 ? 0.01 * size / change : limit - t;
    if (pace_.least_first > 0) dt = std::max(dt, pace_.least_first * bound_.op->stable_step(t));
    return std::min({dt, bound_.at(t), limit - t});
  }

 private:
  [[nodiscard]] double wanted(double error) const {
    return wanted_fraction(error, tolerance_, order_, pace_.growth, bound_.op->autonomous());
  }
  /// Never so small that steps which cells empty in, as they may, come to a halt.
  [[nodiscard]] double fraction_by_fall(std::span<const double> before) const {
    constexpr double least = 0.5;
    const double fall = deepest_fall(before, next_, bound_.op->cells());
    return fall > 0 ? std::max(pace_.fall / fall, least) : pace_.growth;
  }

  double tolerance_;
  int order_;
  Pace pace_;
};

class DyadicSteps final : public Steps {
 public:
  DyadicSteps(std::unique_ptr<Method> method, StepBound bound, double tolerance, int order)
      : Steps(std::move(method), bound), tolerance_(tolerance), order_(order) {}

  StepResult take(const StepRequest& request, std::span<double> state) override {
    const double t = request.t;
    double h = fit_to_dyadic(t, request.dt, request.limit);
    for (; h > allowed(request, h); h /= 2) refuse_underflow(h, request, Short::by_bound);
    for (int rejected = 0;; ++rejected) {
      const double end = end_of_dyadic(t, h, request.limit);
      const Index cell = attempt(t, h, end, state);
      const double error = cell < 0 ? this->error(t, h, end, state) : 0;
      if (cell < 0 && (error <= tolerance_ || sliver(h, request))) {
        const int growth = std::min(doublings(error), bound_.watched ? positive_doublings(state) : doublings(error));
        accept(state);
        const bool at_rest = error <= 0 && !bound_.op->autonomous();
        return {end, rejected > 0 ? h : proposal(h, request.dt, growth, at_rest ? 1 : 3), rejected};
      }
      h = std::ldexp(h, cell < 0 ? std::clamp(doublings(error), -10, -1) : -1);
      refuse_underflow(h, request, because_of(cell), cell);
    }
  }

  double first_step(double t, std::span<const double> state, double limit) override {
    return first_by_derivative(*bound_.op, t, state, tolerance_, order_, limit - t);
  }

 private:
  /// By how many powers of two the step may change, with half the tolerance as margin.
  [[nodiscard]] int doublings(double error) const {
    constexpr double margin = 0.5;
    constexpr int most = 60;
    if (error <= 0) return most;
    return std::clamp(static_cast<int>(std::floor(std::log2(margin * tolerance_ / error) / order_)), -most, most);
  }

  /// By how many powers of two the next step may be longer before some cell would go negative. Where p falls without
  /// help from its neighbours it falls by R(-z), and R < 0 from z = 2.41 on; z is read off the fall just taken.
  [[nodiscard]] int positive_doublings(std::span<const double> before) const {
    constexpr double most = 2.2;
    double ratio = 1;
    for (Index i = 0; i < bound_.op->cells(); ++i) {
      const std::size_t k = i;
      if (before[k] > 0) ratio = std::min(ratio, next_[k] / before[k]);
    }
    if (ratio <= 0 || ratio >= 1) return ratio >= 1 ? 60 : 0;
    return std::max(0, static_cast<int>(std::floor(std::log2(most / -std::log(ratio)))));
  }

  /// Up to `most` doublings; all the way back to what was asked for when only the limit had cut it.
  [[nodiscard]] static double proposal(double h, double asked, int doublings, int most) {
    const double back = std::min(largest_dyadic(h, asked), std::ldexp(h, std::max(doublings, 0)));
    return std::max(back, std::ldexp(h, std::clamp(doublings, 0, most)));
  }

  double tolerance_;
  int order_;
};

class LeapSteps final : public Steps {
 public:
  LeapSteps(std::unique_ptr<Method> method, StepBound bound, double tolerance)
      : Steps(std::move(method), bound), tolerance_(tolerance) {}

  StepResult take(const StepRequest& request, std::span<double> state) override {
    const double t = request.t, way = request.limit - t, asked = asked_of(request);
    double h = first_piece(request, asked);
    for (int rejected = 0;; ++rejected) {
      const double end = h == way ? request.limit : t + h;
      const Index cell = attempt(t, h, end, state);
      if (cell < 0 && (error(t, h, end, state) <= tolerance_ || sliver(h, request))) {
        accept(state);
        // A step that was cut by the limit alone says nothing against the longer one that was asked for.
        return {end, rejected > 0 ? h : std::max(2 * h, request.dt), rejected};
      }
      h /= 2;
      refuse_underflow(h, request, because_of(cell), cell);
    }
  }
  double first_step(double t, std::span<const double>, double limit) override { return limit - t; }

 private:
  double tolerance_;
};

}  // namespace

std::unique_ptr<TimeStepper> make_leap_steps(std::unique_ptr<Method> method, StepBound bound, double tolerance) {
  return std::make_unique<LeapSteps>(std::move(method), bound, tolerance);
}

std::unique_ptr<TimeStepper> make_fixed_steps(std::unique_ptr<Method> method, StepBound bound,
                                              std::optional<double> dt) {
  return std::make_unique<FixedSteps>(std::move(method), bound, dt);
}

std::unique_ptr<TimeStepper> make_free_steps(std::unique_ptr<Method> method, StepBound bound, double tolerance,
                                             int order, const Pace& pace) {
  return std::make_unique<FreeSteps>(std::move(method), bound, tolerance, order, pace);
}

std::unique_ptr<TimeStepper> make_dyadic_steps(std::unique_ptr<Method> method, StepBound bound, double tolerance,
                                               int order) {
  return std::make_unique<DyadicSteps>(std::move(method), bound, tolerance, order);
}

}  // namespace fokker
