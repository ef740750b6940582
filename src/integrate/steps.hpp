#pragma once
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
#include "method.hpp"

/// The one way of looking at what came out of a step, around which step_control.cpp has its answers to how large it is.
namespace fokker {

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
  /// Rates too, where the next step would begin with them.
  void keep(Archive& archive) override {
    archive(end_, kept_);
    if (!kept_ || !method_->keeps_rates()) return;
    const std::size_t size = next_.size();
    archive(next_);
    if (next_.size() != size) throw ArchiveError("it holds a state of another length");
    method_->keep_rates(archive);
  }
  [[nodiscard]] long rhs_evaluations() const override { return method_->evaluations(); }
  [[nodiscard]] long factorisations() const override { return method_->factorisations(); }
  [[nodiscard]] long underflows() const override { return underflows_; }

 protected:
  virtual StepResult take(const StepRequest& request, std::span<double> state) = 0;

  /// Shorter steps than this fraction of the times involved do not move t; only what is left of the way may be shorter.
  static constexpr double smallest_fraction = 1e-14;
  /// What is left of the way, where it is longer than a step by less than this, is one step and no sliver behind it.
  static constexpr double landing = 1 + 1e-10;
  static constexpr Index grain = 32768;

  /// Puts a trial step into next_; -1, or the first negative cell where p >= 0 is asked for. Throws for anything that
  /// is not finite, and for a negative cell where none can be.
  Index attempt(double t, double h, double end, std::span<const double> p) {
    poll_stop();
    end_ = end;
    kept_ = false;
    method_->advance({t, h, end, p, next_, std::exchange(start_, Start::again)});
    const auto cells = std::span(next_).first(static_cast<std::size_t>(bound_.op->cells()));
    const auto outflows = std::span(next_).subspan(cells.size());
    if (look_over(cells) && all_within(-DBL_MAX, outflows)) return -1;
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
    return smallest_fraction * std::max({std::abs(request.t), std::abs(request.limit), request.limit - request.t});
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
  /// Every piece of [0, n) satisfies holds(first, last); looked at concurrently.
  template <class Holds>
  static bool everywhere(Index n, const Holds& holds) {
    std::atomic<bool> found{false};
    parallel_for(0, n, grain, [&](Index first, Index last) {
      if (!holds(first, last)) found.store(true, std::memory_order_relaxed);
    });
    return !found.load();
  }

  /// True when all cells are finite, and nonnegative where that is watched; what is subnormal is flushed first.
  bool look_over(std::span<double> cells) {
    const double least = bound_.watched ? 0 : -DBL_MAX;
    std::atomic<long> flushed{0};
    const bool valid = everywhere(static_cast<Index>(cells.size()), [&](Index first, Index last) {
      const auto piece = cells.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
      if (const long count = flush_subnormal(piece); count > 0) flushed += count;
      return all_within(least, piece);
    });
    flushed_ = flushed;
    return valid;
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

}  // namespace fokker
