#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "fokker/base/errors.hpp"
#include "fokker/base/large_array.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/integrate/ladder.hpp"
#include "formula.hpp"

/// How large a step is: three answers (fixed, free, on a ladder) around one way of looking at what came out.
namespace fokker {

long flush_subnormal(std::span<double> cells) {
  long count = 0;
  for (const double v : cells) count += static_cast<long>((v != 0) & (std::abs(v) < DBL_MIN));
  if (count > 0)
    for (double& v : cells) v = std::abs(v) < DBL_MIN ? 0 : v;
  return count;
}

double StepBound::at(double t) const { return std::isinf(factor) ? factor : factor * op->stable_step(t); }

double StepBound::limit(double t, double dt) const {
  if (std::isinf(factor)) return dt;
  const double h = std::min(dt, at(t));
  if (op->autonomous() || factor >= rounding) return h;
  return std::min({h, at(t + h / 2), at(t + h)});
}

namespace {

/// Shorter steps than this share of the times involved do not move t.
constexpr double smallest_share = 1e-14;
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
  Steps(std::unique_ptr<Formula> formula, StepBound bound)
      : formula_(std::move(formula)), bound_(bound), next_(static_cast<std::size_t>(bound.op->size())) {}
  StepResult step(const StepRequest& request, std::span<double> state) final {
    if (!(request.limit > request.t && request.dt > 0)) throw std::logic_error("a step needs dt > 0 and t < limit");
    start_ = Start::fresh;
    if (formula_->keeps_rates() && request.t == end_ && kept_ && equals_next(state)) start_ = Start::follows;
    return take(request, state);
  }
  [[nodiscard]] long rhs_evaluations() const override { return formula_->evaluations(); }
  [[nodiscard]] long factorisations() const override { return formula_->factorisations(); }
  [[nodiscard]] long underflows() const override { return underflows_; }

 protected:
  virtual StepResult take(const StepRequest& request, std::span<double> state) = 0;

  /// Puts a trial step into next_; -1, or the first negative cell where p >= 0 is asked for. Throws for anything that
  /// is not finite, and for a negative cell where none can be.
  Index attempt(double t, double h, double end, std::span<const double> p) {
    formula_->start_from(start_);
    start_ = Start::again;
    end_ = end;
    kept_ = false;
    formula_->advance(t, h, end, p, next_);
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
    if (bound_.promised) {
      throw NumericalError(fmt::format("negative density {:.3g} at t = {:.9g} (dt = {:.3g}) where flux and stepper "
                                       "promise p >= 0",
                                       *negative, end, h),
                           end, cell);
    }
    return cell;
  }

  void accept(std::span<double> state) {
    parallel_for(0, static_cast<Index>(next_.size()), grain, [&](Index first, Index last) {
      std::copy(next_.begin() + first, next_.begin() + last, state.begin() + first);
    });
    underflows_ += flushed_;
    kept_ = flushed_ == 0;
    start_ = kept_ ? Start::follows : Start::fresh;
  }

  static void refuse_underflow(double h, const StepRequest& request, Index cell) {
    const double scale = std::max({std::abs(request.t), std::abs(request.limit), request.limit - request.t});
    if (h >= smallest_share * scale) return;
    throw NumericalError(fmt::format("the step shrank to {:.3g} at t = {:.9g}: {}", h, request.t,
                                     cell < 0 ? "the tolerance cannot be met" : "the density stays negative"),
                         request.t, cell);
  }

  std::unique_ptr<Formula> formula_;
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
  bool kept_ = false;  // next_ was accepted as the formula computed it for end_
  long flushed_ = 0, underflows_ = 0;
};

class FixedSteps final : public Steps {
 public:
  FixedSteps(std::unique_ptr<Formula> formula, StepBound bound, std::optional<double> dt)
      : Steps(std::move(formula), bound), dt_(dt) {}

  StepResult take(const StepRequest& request, std::span<double> state) override {
    const double way = request.limit - request.t;
    const double h = dt_ ? request.dt : bound_.limit(request.t, std::min(request.dt, way));
    const bool lands = way <= h * landing;
    const double end = lands ? request.limit : request.t + h;
    const bool allowed = !dt_ || h <= bound_.limit(request.t, h);
    const int rejected = divide(request.t, lands ? way : h, end, request, state, allowed);
    return {end, dt_ ? request.dt : bound_.at(end), rejected};
  }

  double first_step(double t, std::span<const double>, double) override { return dt_ ? *dt_ : bound_.at(t); }

 private:
  /// One step of h where that is allowed and stays nonnegative, else two of h/2; returns the number of tries thrown
  /// away.
  int divide(double t, double h, double end, const StepRequest& request, std::span<double> state, bool allowed,
             Index cell = -1) {
    refuse_underflow(h, request, cell);
    if (allowed) {
      cell = attempt(t, h, end, state);
      if (cell < 0) {
        accept(state);
        return 0;
      }
    }
    int rejected = 1;
    for (const double start : {t, t + h / 2}) {
      const double stop = start == t ? t + h / 2 : end;
      rejected += divide(start, h / 2, stop, request, state, h / 2 <= bound_.limit(start, h / 2), cell);
    }
    return rejected;
  }

  std::optional<double> dt_;
};

/// The share of a step that would meet the tolerance, with a margin.
double wanted_share(double error, double tolerance, int order) {
  constexpr double margin = 0.9, most = 5, least = 0.2;
  if (error <= 0) return most;
  return std::clamp(margin * std::pow(tolerance / error, 1.0 / order), least, most);
}

/// A step of about `asked`, cut so that no sliver of the way is left for the last one.
double first_piece(double way, double asked) {
  if (way <= asked * landing) return way;
  return way < 2 * asked ? way / 2 : asked;
}

class FreeSteps final : public Steps {
 public:
  FreeSteps(std::unique_ptr<Formula> formula, StepBound bound, double tolerance, int order)
      : Steps(std::move(formula), bound), tolerance_(tolerance), order_(order) {}

  StepResult take(const StepRequest& request, std::span<double> state) override {
    const double t = request.t, way = request.limit - t, asked = bound_.limit(t, request.dt);
    double h = first_piece(way, asked);
    for (int rejected = 0;; ++rejected) {
      const double end = h == way ? request.limit : t + h;
      const Index cell = attempt(t, h, end, state);
      const double error = cell < 0 ? formula_->error() : 0;
      const double share = cell < 0 ? wanted_share(error, tolerance_, order_) : 0.5;
      if (cell < 0 && error <= tolerance_) {
        accept(state);
        const double proposal = rejected > 0 ? h * std::min(share, 1.0) : std::max(h * share, h < asked ? asked : 0);
        return {end, std::min(proposal, bound_.at(end)), rejected};
      }
      h *= std::min(share, 0.9);
      refuse_underflow(h, request, cell);
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

class LadderSteps final : public Steps {
 public:
  LadderSteps(std::unique_ptr<Formula> formula, StepBound bound, double tolerance, int order)
      : Steps(std::move(formula), bound), tolerance_(tolerance), order_(order) {}

  StepResult take(const StepRequest& request, std::span<double> state) override {
    const double t = request.t;
    double h = fit_to_ladder(t, request.dt, request.limit);
    while (h > bound_.limit(t, h)) h /= 2;
    for (int rejected = 0;; ++rejected) {
      const double end = end_of_rung(t, h, request.limit);
      const Index cell = attempt(t, h, end, state);
      const double error = cell < 0 ? formula_->error() : 0;
      if (cell < 0 && error <= tolerance_) {
        const int growth = std::min(rungs(error), bound_.watched ? positive_rungs(state) : rungs(error));
        accept(state);
        return {end, rejected > 0 ? h : proposal(h, request.dt, growth), rejected};
      }
      h = std::ldexp(h, cell < 0 ? std::clamp(rungs(error), -10, -1) : -1);
      refuse_underflow(h, request, cell);
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
  [[nodiscard]] int rungs(double error) const {
    constexpr double margin = 0.5;
    constexpr int most = 60;
    if (error <= 0) return most;
    return std::clamp(static_cast<int>(std::floor(std::log2(margin * tolerance_ / error) / order_)), -most, most);
  }

  /// By how many powers of two the next step may be longer before some cell would go negative. Where p falls without
  /// help from its neighbours it falls by R(-z), and R < 0 from z = 2.41 on; z is read off the fall just taken.
  [[nodiscard]] int positive_rungs(std::span<const double> before) const {
    constexpr double most = 2.2;
    double ratio = 1;
    for (Index i = 0; i < bound_.op->cells(); ++i) {
      const auto k = static_cast<std::size_t>(i);
      if (before[k] > 0) ratio = std::min(ratio, next_[k] / before[k]);
    }
    if (ratio <= 0 || ratio >= 1) return ratio >= 1 ? 60 : 0;
    return std::max(0, static_cast<int>(std::floor(std::log2(most / -std::log(ratio)))));
  }

  /// Up to three rungs up; all the way back to what was asked for when only the limit had cut it.
  [[nodiscard]] static double proposal(double h, double asked, int rungs) {
    const double back = std::min(largest_rung(h, asked), std::ldexp(h, std::max(rungs, 0)));
    return std::max(back, std::ldexp(h, std::clamp(rungs, 0, 3)));
  }

  double tolerance_;
  int order_;
};

class LeapSteps final : public Steps {
 public:
  LeapSteps(std::unique_ptr<Formula> formula, StepBound bound, double tolerance)
      : Steps(std::move(formula), bound), tolerance_(tolerance) {}

  StepResult take(const StepRequest& request, std::span<double> state) override {
    const double t = request.t, way = request.limit - t, asked = bound_.limit(t, request.dt);
    double h = first_piece(way, asked);
    for (int rejected = 0;; ++rejected) {
      const double end = h == way ? request.limit : t + h;
      const Index cell = attempt(t, h, end, state);
      if (cell < 0 && formula_->error() <= tolerance_) {
        accept(state);
        // A step that was cut by the limit alone says nothing against the longer one that was asked for.
        return {end, rejected > 0 ? h : std::max(2 * h, request.dt), rejected};
      }
      h /= 2;
      refuse_underflow(h, request, cell);
    }
  }
  double first_step(double t, std::span<const double>, double limit) override { return limit - t; }

 private:
  double tolerance_;
};

}  // namespace

std::unique_ptr<TimeStepper> make_leap_steps(std::unique_ptr<Formula> formula, StepBound bound, double tolerance) {
  return std::make_unique<LeapSteps>(std::move(formula), bound, tolerance);
}

std::unique_ptr<TimeStepper> make_fixed_steps(std::unique_ptr<Formula> formula, StepBound bound,
                                              std::optional<double> dt) {
  return std::make_unique<FixedSteps>(std::move(formula), bound, dt);
}

std::unique_ptr<TimeStepper> make_free_steps(std::unique_ptr<Formula> formula, StepBound bound, double tolerance,
                                             int order) {
  return std::make_unique<FreeSteps>(std::move(formula), bound, tolerance, order);
}

std::unique_ptr<TimeStepper> make_ladder_steps(std::unique_ptr<Formula> formula, StepBound bound, double tolerance,
                                               int order) {
  return std::make_unique<LadderSteps>(std::move(formula), bound, tolerance, order);
}

}  // namespace fokker
