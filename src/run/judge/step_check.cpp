#include "step_check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fokker {
namespace {

constexpr int looks = 4;

}  // namespace

StepCheck::StepCheck(const Setup& setup) : setup_(setup) {
  const CaseTime& time = setup.config.time;
  const bool exact = setup.stepper_row->order == 0;
  if (!time.dt || exact) return;
  StepperOptions options = stepper_options(setup);
  options.dt = *time.dt / 2;
  options.keep_positive = false;
  halves_ = make_stepper(*setup.stepper_row, setup.scheme->op(), options, 0);
  next_ = may_stop() ? 0 : time.end / (2 * looks);
}

void StepCheck::begin(double before, std::span<const double> state) {
  looks_ = halves_ != nullptr && before >= next_;  // a step that is abandoned begins once more
  if (!looks_) return;
  state_ = Eigen::Map<const Eigen::VectorXd>(state.data(), static_cast<Index>(state.size()));
  if (!setup_.stepper_row->kinetic) return;
  Archive memory;
  setup_.stepper->keep(memory);
  Archive same(memory.bytes());
  halves_->keep(same);
}

void StepCheck::end(double before, double after, std::span<const double> state, double contraction) {
  if (!looks_) return;
  const double all = setup_.config.time.end;
  // What this step stands for; where the run may end any time, what doubles its age.
  const double span = may_stop() ? std::max(after - before, before) : all / looks;
  next_ = (may_stop() ? before : next_) + span;
  if (next_ > all) next_ = std::numeric_limits<double>::infinity();
  const double middle = 0.5 * (before + after);
  if (!(before < middle && middle < after)) return;
  const std::span<double> view(state_.data(), static_cast<std::size_t>(state_.size()));
  try {
    double t = before;
    for (const double limit : {middle, after})
      while (t < limit) t = halves_->step({t, limit - t, limit}, view).t;
  } catch (const NumericalError&) {
    return;  // the run itself will say what is wrong
  }
  const Operator& op = setup_.scheme->op();
  Field whole(setup_.grid), parts(setup_.grid);
  setup_.stepper->averages(state, whole.view());
  halves_->averages(view, parts.view());
  const double difference = (whole.values - parts.values).lpNorm<1>() * op.cell_volume();
  const double rate = difference / (1 - std::exp2(-setup_.stepper_row->order)) / (after - before);
  add(rate, span, contraction);
  if (!(error_ > worst_ || may_stop())) return;
  worst_ = std::min(2.0, error_);
  worst_at_ = after;
}

/// As the first look of a run to `time.end` comes after an eighth of it, those before an eighth of the age count no
/// more.
void StepCheck::add(double rate, double span, double contraction) {
  const double forgotten = std::max(0.0, contraction) * span;
  const double kept = std::exp(-forgotten);
  const double added = rate * span * (forgotten > 1e-6 ? (1 - kept) / forgotten : 1);
  recent_ = {recent_[1], recent_[2], added};
  error_ = may_stop() ? recent_[0] + recent_[1] + recent_[2] : kept * error_ + added;
}

}  // namespace fokker
