#include <fmt/format.h>

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "fokker/base/errors.hpp"
#include "formula.hpp"

namespace fokker {
namespace {

/// A stepper whose accepted steps pass through a flux correction. The inner one works on the recording operator; its
/// records start from 0 in every step, so that the memory is (t, dt, state) as ever.
class CorrectedSteps final : public TimeStepper {
 public:
  CorrectedSteps(std::unique_ptr<TimeStepper> inner, const Operator& op, FluxCorrection& correction)
      : inner_(std::move(inner)), op_(op), correction_(correction), next_(size_of(correction.recording())) {}

  StepResult step(const StepRequest& request, std::span<double> state) override {
    begin(state);
    const StepResult result = inner_->step(request, next_);
    correction_.correct(request.t, result.t, state, next_, account_);
    const auto cells = std::span(next_).first(static_cast<std::size_t>(op_.cells()));
    for (double& v : cells) {  // as every stepper does: below 2.2e-308 there are no digits (docs/steppers.md)
      underflows_ += static_cast<long>((v != 0) & (std::abs(v) < DBL_MIN));
      v = std::abs(v) < DBL_MIN ? 0 : v;
    }
    std::copy_n(next_.begin(), state.size(), state.begin());
    return result;
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
  void begin(std::span<const double> state) {
    std::copy(state.begin(), state.end(), next_.begin());
    std::fill(next_.begin() + static_cast<std::ptrdiff_t>(state.size()), next_.end(), 0.0);
  }

  std::unique_ptr<TimeStepper> inner_;
  const Operator& op_;
  FluxCorrection& correction_;
  Corrections account_;
  std::vector<double> next_;
  long underflows_ = 0;
};

}  // namespace

std::unique_ptr<TimeStepper> make_corrected_steps(std::unique_ptr<TimeStepper> inner, const Operator& op,
                                                  FluxCorrection& correction) {
  return std::make_unique<CorrectedSteps>(std::move(inner), op, correction);
}

}  // namespace fokker
