#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/base/errors.hpp"
#include "formula.hpp"

namespace fokker {
namespace {

/// A stepper whose accepted steps pass through a flux correction. The inner one works on the recording operator; its
/// records start from 0 in every step, so that the memory is (t, dt, state) as ever. A step whose correction moves more
/// than the tolerance is too long for the low-order one it leans on: half of it is taken instead.
class CorrectedSteps final : public TimeStepper {
 public:
  CorrectedSteps(std::unique_ptr<TimeStepper> inner, const Operator& op, FluxCorrection& correction,
                 std::optional<double> tolerance)
      : inner_(std::move(inner)),
        op_(op),
        correction_(correction),
        tolerance_(tolerance),
        next_(size_of(correction.recording())) {}

  StepResult step(const StepRequest& request, std::span<double> state) override {
    double limit = request.limit;
    for (int rejected = 0;; ++rejected) {
      begin(state);
      Corrections account = account_;
      StepResult result = inner_->step({request.t, request.dt, limit}, next_);
      rejected += result.rejected;
      correction_.correct(request.t, result.t, state, next_, account);
      const double moved = account.moved - account_.moved, h = result.t - request.t;
      if (tolerance_ && moved > *tolerance_) {
        refuse_underflow(h, request);
        limit = request.t + h / 2;
        continue;
      }
      account_ = account;
      accept(state);
      if (tolerance_ && moved > *tolerance_ / 8) result.next_dt = std::min(result.next_dt, h);
      if (limit < request.limit) result.next_dt = std::min(result.next_dt, 2 * h);
      result.rejected = rejected;
      return result;
    }
  }

  double first_step(double t, std::span<const double> state, double limit) override {
    begin(state);
    return inner_->first_step(t, next_, limit);
  }

  [[nodiscard]] long rhs_evaluations() const override { return inner_->rhs_evaluations(); }
  [[nodiscard]] long factorisations() const override { return inner_->factorisations(); }
  [[nodiscard]] long underflows() const override { return underflows_; }
  [[nodiscard]] const Corrections* corrections() const override { return &account_; }

 private:
  static std::size_t size_of(const Operator& op) { return static_cast<std::size_t>(op.size()); }
  static void refuse_underflow(double h, const StepRequest& request) {
    if (h >= 1e-14 * std::max(std::abs(request.t), std::abs(request.limit))) return;
    throw NumericalError(fmt::format("the step shrank to {:.3g} at t = {:.9g}: what keeps p >= 0 moves more than the "
                                     "tolerance",
                                     h, request.t),
                         request.t);
  }
  void accept(std::span<double> state) {
    underflows_ += flush_subnormal(std::span(next_).first(static_cast<std::size_t>(op_.cells())));
    std::copy_n(next_.begin(), state.size(), state.begin());
  }
  void begin(std::span<const double> state) {
    std::copy(state.begin(), state.end(), next_.begin());
    std::fill(next_.begin() + static_cast<std::ptrdiff_t>(state.size()), next_.end(), 0.0);
  }

  std::unique_ptr<TimeStepper> inner_;
  const Operator& op_;
  FluxCorrection& correction_;
  std::optional<double> tolerance_;
  Corrections account_;
  std::vector<double> next_;
  long underflows_ = 0;
};

}  // namespace

std::unique_ptr<TimeStepper> make_corrected_steps(std::unique_ptr<TimeStepper> inner, const Operator& op,
                                                  FluxCorrection& correction, std::optional<double> tolerance) {
  return std::make_unique<CorrectedSteps>(std::move(inner), op, correction, tolerance);
}

}  // namespace fokker
