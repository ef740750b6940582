#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "fokker/base/errors.hpp"
#include "fokker/base/large_array.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/integrate/dyadic_steps.hpp"
#include "method.hpp"

/// How large a step is: three answers (fixed, free, dyadic) around one way of looking at what came out.
namespace fokker {

long flush_subnormal(std::span<double> cells) {
  long count = 0;
  for (const double v : cells) count += static_cast<long>((v != 0) & (std::abs(v) < DBL_MIN));
  if (count > 0)
    for (double& v : cells) v = std::abs(v) < DBL_MIN ? 0 : v;
  return count;
}

double StepBound::at(double t) const { return std::isinf(factor) ? factor : factor * op->stable_step(t); }

double StepBound::limit(double t, double dt, double end) const {
  if (std::isinf(factor)) return dt;
  const double h = std::min(dt, at(t));
  if (op->autonomous() || factor >= rounding) return h;
  return std::min({h, at(std::min(t + h / 2, end)), at(std::min(t + h, end))});
}

namespace {

/// Shorter steps than this share of the times involved do not move t; only what is left of the way may be shorter.
constexpr double smallest_share = 1e-14;
/// What is left of the way, where it is longer than a step by less than this, is one step and no sliver behind it.
constexpr double landing = 1 + 1e-10;
constexpr Index grain = 32768;

/// Every piece of [0, n) satisfies holds(first, last); looked at concurrently.
template <class Holds>
bool everywhere(Index n, const Holds& holds) {
  std::atomic<bool> found{false};
  parallel_for(0, n, grain, [&](Index first, Index last) {
    if (!holds(first, last)) found.store(true, std::memory_order_relaxed);
  });
  return !found.load();
}

class Steps : public TimeStepper {
 public:
  Steps(std::unique_ptr<Method> method, StepBound bound)
      : method_(std::move(method)), bound_(bound), next_(static_cast<std::size_t>(bound.op->size())) {}
  StepResult step(const StepRequest& request, std::span<double> state) final {
    if (!(request.limit > request.t && request.dt > 0)) throw std::logic_error("a step needs dt > 0 and t < limit");
    start_ = Start::fresh;
    if (method_->keeps_rates() && request.t == end_ && kept_ && equals_next(state)) start_ = Start::follows;
    const StepResult done = take(request, state);
    if (!(done.t > request.t)) refuse_underflow(0, request, Short::by_tolerance);
    return done;
  }
  [[nodiscard]] long rhs_evaluations() const override { return method_->evaluations(); }
  [[nodiscard]] long factorisations() const override { return method_->factorisations(); }
  [[nodiscard]] long underflows() const override { return underflows_; }

 protected:
  virtual StepResult take(const StepRequest& request, std::span<double> state) = 0;

  /// Puts a trial step into next_; -1, or the first negative cell where p >= 0 is asked for. Throws for anything that
  /// is not finite, and for a negative cell where none can be.
  Index attempt(double t, double h, double end, std::span<const double> p) {
    poll_stop();
    end_ = end;
    kept_ = false;
    method_->advance({t, h, end, p, next_, std::exchange(start_, Start::again)});
    const auto cells = std::span(next_).first(static_cast<std::size_t>(bound_.op->cells()));
    const auto ledgers = std::span(next_).subspan(cells.size());
    if (look_over(cells) && all_within(-DBL_MAX, ledgers)) return -1;
    for (std::size_t i = 0; i < next_.size(); ++i) {
      if (!std::isfinite(next_[i])) {
        throw NumericalError(fmt::format("non-finite value {} at t = {:.9g} (dt = {:.3g})", next_[i], end, h), end,
                             static_cast<Index>(i));
      }
    }
    const auto negative = std::find_if(cells.begin(), cells.end(), [](double v) { return v < 0; });
    const Index cell = negative - cells.begin();
    // The bound was looked at for a longer step where rates vary in time; what goes beyond it is halved.
    if (bound_.promised && h <= bound_.limit(t, h, end)) {
      throw NumericalError(fmt::format("negative density {:.3g} at t = {:.9g} (dt = {:.3g}) where flux and stepper "
                                       "promise p >= 0",
                                       *negative, end, h),
                           end, cell);
    }
    return cell;
  }

  /// Of the step that `attempt` has just tried.
  double error(double t, double h, double end, std::span<const double> p) {
    return method_->error({t, h, end, p, next_});
  }

  void accept(std::span<double> state) {
    parallel_for(0, static_cast<Index>(next_.size()), grain, [&](Index first, Index last) {
      std::copy(next_.begin() + first, next_.begin() + last, state.begin() + first);
    });
    underflows_ += flushed_;
    kept_ = flushed_ == 0;
    start_ = kept_ ? Start::follows : Start::fresh;
  }

  /// What keeps steps short.
  enum class Short { by_bound, by_tolerance, by_sign };
  static Short because_of(Index cell) { return cell < 0 ? Short::by_tolerance : Short::by_sign; }
  static double shortest(const StepRequest& request) {
    return smallest_share * std::max({std::abs(request.t), std::abs(request.limit), request.limit - request.t});
  }
  /// What is left of the way is so short that an estimate of its error is rounding.
  static bool sliver(double h, const StepRequest& request) {
    return h == request.limit - request.t && h < shortest(request);
  }

  /// A step so short that it does not move t, unless it is all that is left of the way.
  static void refuse_underflow(double h, const StepRequest& request, Short why, Index cell = -1) {
    if (h == request.limit - request.t || h >= shortest(request)) return;
    throw NumericalError(
        fmt::format("the step shrank to {:.3g} at t = {:.9g}: {}", h, request.t,
                    why == Short::by_bound ? "the rates leave no longer one; an implicit stepper or another flux may"
                    : why == Short::by_tolerance ? "the tolerance cannot be met"
                                                 : "the density stays negative"),
        request.t, cell);
  }

  /// The length to try for a step of about `asked` (as long as the bound allows, or up to the limit, and longer only
  /// where the way is shorter), so that no sliver of the way is left for the last one.
  [[nodiscard]] double first_piece(const StepRequest& request, double asked) const {
    const double way = request.limit - request.t;
    if (way <= asked || (way <= asked * landing && way <= allowed(request, way))) return way;
    return way < 2 * asked ? way / 2 : asked;
  }
  /// As much of dt as the bound allows; rates are looked at on the way to the limit only. All of dt, be it longer than
  /// the way, where all of the way is allowed.
  [[nodiscard]] double asked_of(const StepRequest& request) const {
    const double way = request.limit - request.t, near = allowed(request, std::min(request.dt, way));
    return near == way ? request.dt : near;
  }
  [[nodiscard]] double allowed(const StepRequest& request, double dt) const {
    return bound_.limit(request.t, dt, request.limit);
  }

  std::unique_ptr<Method> method_;
  StepBound bound_;
  LargeArray next_;

 private:
  /// True when all cells are finite, and nonnegative where that is watched; what is subnormal is flushed first.
  bool look_over(std::span<double> cells) {
    const double least = bound_.watched ? 0 : -DBL_MAX;
    std::atomic<long> flushed{0};
    const bool sound = everywhere(static_cast<Index>(cells.size()), [&](Index first, Index last) {
      const auto piece = cells.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
      if (const long count = flush_subnormal(piece); count > 0) flushed += count;
      return all_within(least, piece);
    });
    flushed_ = flushed;
    return sound;
  }

  static bool all_within(double least, std::span<const double> values) {
    int outside = 0;  // counted rather than searched for: one vector loop
    for (const double v : values) outside |= static_cast<int>(!(v >= least)) | static_cast<int>(!(v <= DBL_MAX));
    return outside == 0;
  }

  [[nodiscard]] bool equals_next(std::span<const double> state) const {
    return everywhere(static_cast<Index>(state.size()), [&](Index first, Index last) {
      return std::memcmp(state.data() + first, next_.data() + first,
                         sizeof(double) * static_cast<std::size_t>(last - first)) == 0;
    });
  }

  Start start_ = Start::fresh;  // of the next attempt
  double end_ = std::numeric_limits<double>::quiet_NaN();
  bool kept_ = false;  // next_ was accepted as the method computed it for end_
  long flushed_ = 0, underflows_ = 0;
};

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

/// The share of a step that would meet the tolerance, with a margin. Where nothing moves, and rates that vary in time
/// may wake it, steps grow slowly.
double wanted_share(double error, double tolerance, int order, bool autonomous) {
  constexpr double margin = 0.9, most = 5, least = 0.2, at_rest = 2;
  if (error <= 0) return autonomous ? most : at_rest;
  return std::clamp(margin * std::pow(tolerance / error, 1.0 / order), least, most);
}

class FreeSteps final : public Steps {
 public:
  FreeSteps(std::unique_ptr<Method> method, StepBound bound, double tolerance, int order)
      : Steps(std::move(method), bound), tolerance_(tolerance), order_(order) {}

  StepResult take(const StepRequest& request, std::span<double> state) override {
    const double t = request.t, way = request.limit - t, asked = asked_of(request);
    double h = first_piece(request, asked);
    refuse_underflow(h, request, Short::by_bound);
    for (int rejected = 0;; ++rejected) {
      const double end = h == way ? request.limit : t + h;
      const Index cell = attempt(t, h, end, state);
      const double error = cell < 0 ? this->error(t, h, end, state) : 0;
      const double share = cell < 0 ? wanted_share(error, tolerance_, order_, bound_.op->autonomous()) : 0.5;
      if (cell < 0 && (error <= tolerance_ || sliver(h, request))) {
        accept(state);
        const double proposal = rejected > 0 ? h * std::min(share, 1.0) : std::max(h * share, h < asked ? asked : 0);
        return {end, std::min(proposal, bound_.at(end)), rejected};
      }
      h *= std::min(share, 0.9);
      refuse_underflow(h, request, because_of(cell), cell);
    }
  }

  /// A hundredth of the time in which the density changes by itself; the controller finds the rest.
  double first_step(double t, std::span<const double> state, double limit) override {
    std::vector<double> rate(state.size());
    bound_.op->apply(t, state, rate);
    const double change = bound_.op->norm_l1(rate), size = bound_.op->norm_l1(state);
    const double dt = change > 0 ? 0.01 * size / change : limit - t;
    return std::min({dt, bound_.at(t), limit - t});
  }

 private:
  double tolerance_;
  int order_;
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

  /// From the third derivative: the step whose leading error term C dt^3 |A^3 p| is the tolerance.
  double first_step(double t, std::span<const double> state, double limit) override {
    constexpr double C = 0.04;  // of tr_bdf2
    std::vector<double> a(state.begin(), state.end()), b(state.size());
    for (int derivative = 0; derivative < order_; ++derivative) {
      bound_.op->apply(t, a, b);
      std::swap(a, b);
    }
    const double size = C * bound_.op->norm_l1(a);
    const double dt = size > 0 ? std::pow(tolerance_ / size, 1.0 / order_) : limit - t;
    return std::min(dt, limit - t);
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
      const auto k = static_cast<std::size_t>(i);
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
                                             int order) {
  return std::make_unique<FreeSteps>(std::move(method), bound, tolerance, order);
}

std::unique_ptr<TimeStepper> make_dyadic_steps(std::unique_ptr<Method> method, StepBound bound, double tolerance,
                                               int order) {
  return std::make_unique<DyadicSteps>(std::move(method), bound, tolerance, order);
}

}  // namespace fokker
