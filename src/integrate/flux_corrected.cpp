#include <algorithm>
#include <cmath>
#include <limits>

#include "method.hpp"

namespace fokker {
namespace {

/// A stepper whose accepted steps pass through a flux correction. The inner one works on the recording operator; its
/// records start from 0 in every step. A step whose correction moves more
/// than the tolerance is too long for the low-order one it leans on: half of it is taken instead (unless, where that
/// flux persists, it moves as much in the same time: then what rings are the cells, and no step is short enough). Where
/// correcting goes on to cost a few times what the default flux would have, that one is the better for the same work
/// and goes on alone.
class CorrectedSteps final : public TimeStepper {
 public:
  CorrectedSteps(std::unique_ptr<TimeStepper> inner, const Operator& op, FluxCorrection& correction,
                 const StepperOptions& options)
      : inner_(std::move(inner)),
        op_(op),
        correction_(correction),
        simple_(correction.default_flux()),
        options_(options),
        tolerance_(options.dt ? std::nullopt : std::optional(options.tolerance)),
        next_(size_of(correction.recording())) {}

  StepResult step(const StepRequest& request, std::span<double> state) override {
    if (default_) return default_->step(request, state);
    double limit = request.limit, rejected_rate = infinite;
    for (int rejected = 0;; ++rejected) {
      begin(state);
      Corrections account = account_;
      const long before = inner_->rhs_evaluations();
      StepResult result = inner_->step({request.t, request.dt, limit}, next_);
      rejected += result.rejected;
      const double h = result.t - request.t;
      if (goes_negative() && too_dear(h, inner_->rhs_evaluations() - before, request)) return give_way(request, state);
      correction_.correct(request.t, result.t, state, next_, account);
      const double moved = account.moved - account_.moved;
      if (tolerance_ && moved > *tolerance_ && h > useless_) {
        if (!rings(h, request.t) || moved / h < helps * rejected_rate) {
          rejected_rate = moved / h;
          limit = request.t + h / 2;
          continue;
        }
        useless_ = landing * 2 * h;
      }
      account_ = account;
      accept(state);
      if (tolerance_ && moved > *tolerance_ / 8 && h > useless_) result.next_dt = std::min(result.next_dt, h);
      if (limit < request.limit) result.next_dt = std::min(result.next_dt, 2 * h);
      result.rejected = rejected;
      return result;
    }
  }

  double first_step(double t, std::span<const double> state, double limit) override {
    begin(state);
    return inner_->first_step(t, next_, limit);
  }

  /// The account of the cost, and what goes on alone since when.
  void keep(Archive& archive) override {
    std::string row = default_ ? std::string(choice_.row->name) : "";
    archive(work_, allowed_, asked_, account_, useless_, row);
    inner_->keep(archive);
    if (row.empty()) return;
    if (archive.reads()) {
      choice_.row = find_stepper(row);
      if (choice_.row == nullptr) throw ArchiveError("it names a stepper that there is not");
      default_ = make_stepper(*choice_.row, simple_, options_, account_.gave_way);
    }
    default_->keep(archive);
  }

  [[nodiscard]] long rhs_evaluations() const override {
    return inner_->rhs_evaluations() + (default_ ? default_->rhs_evaluations() : 0);
  }
  [[nodiscard]] long factorisations() const override {
    return inner_->factorisations() + (default_ ? default_->factorisations() : 0);
  }
  [[nodiscard]] long underflows() const override { return underflows_ + (default_ ? default_->underflows() : 0); }
  [[nodiscard]] const Corrections* corrections() const override { return &account_; }

 private:
  static constexpr double infinite = std::numeric_limits<double>::infinity();
  static constexpr double helps = 0.7;  // of the rate at which a step moves p, left by its half
  static constexpr double landing = 1 + 1e-10;

  static std::size_t size_of(const Operator& op) { return static_cast<std::size_t>(op.size()); }

  [[nodiscard]] bool goes_negative() const {
    const auto cells = next_.begin() + static_cast<std::ptrdiff_t>(op_.cells());
    return std::any_of(next_.begin(), cells, [](double p) { return p < 0; });
  }

  /// So short a step takes the low-order one few steps, which is then as good in time: what it moves is due to cells.
  [[nodiscard]] bool rings(double h, double t) const {
    constexpr double few = 4;
    return correction_.persists() && h < few * simple_.stable_step(t);
  }

  /// Have the steps that went negative, this one of h and `products` included, cost a few times what the default flux
  /// takes for the way? A product of the fourth-order flux is twice as dear as one of the default, and the correction
  /// takes one for each of its Euler steps. A start is free: some runs are corrected there and never again.
  bool too_dear(double h, long products, const StepRequest& request) {
    constexpr double twice = 2, start = 50, least = 1e-14;
    const double few = correction_.persists() ? 60 : 6;
    if (h < least * std::max(std::abs(request.t), std::abs(request.limit))) return true;
    if (!tolerance_) return false;  // a fixed step is the user's own
    if (request.limit != asked_) {
      choice_ = choose_stepper(simple_, correction_.dimension(), options_, request.t, request.limit - request.t);
      allowed_ += few * choice_.products;
      useless_ = 0;
      asked_ = request.limit;
    }
    work_ += twice * static_cast<double>(products) + h / simple_.stable_step(request.t);
    return work_ > start * few + allowed_;
  }

  StepResult give_way(const StepRequest& request, std::span<double> state) {
    if (choice_.row == nullptr)
      choice_ = choose_stepper(simple_, correction_.dimension(), options_, request.t, request.limit - request.t);
    default_ = make_stepper(*choice_.row, simple_, options_, request.t);
    account_.gave_way = request.t;
    const double first = default_->first_step(request.t, state, request.limit);
    return default_->step({request.t, first, request.limit}, state);
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
  const Operator& simple_;  // the default flux, made ahead: a step makes nothing
  StepperOptions options_;
  std::optional<double> tolerance_;
  Corrections account_;
  std::unique_ptr<TimeStepper> default_;  // from `gave_way` on
  StepperChoice choice_{};
  double work_ = 0, allowed_ = 0;                            // in products of the default flux
  double asked_ = std::numeric_limits<double>::quiet_NaN();  // the output up to which it is allowed
  double useless_ = 0;  // [t] shorter steps than this move as much in the same time
  std::vector<double> next_;
  long underflows_ = 0;
};

}  // namespace

std::unique_ptr<TimeStepper> make_corrected_steps(std::unique_ptr<TimeStepper> inner, const Operator& op,
                                                  FluxCorrection& correction, const StepperOptions& options) {
  return std::make_unique<CorrectedSteps>(std::move(inner), op, correction, options);
}

}  // namespace fokker
