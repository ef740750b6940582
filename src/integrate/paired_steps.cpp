#include <algorithm>
#include <cmath>

#include "fokker/base/parallel.hpp"
#include "fokker/base/step_factor.hpp"
#include "fokker/integrate/dyadic_steps.hpp"
#include "steps.hpp"

/// Steps in two halves, held against one step of the whole length where that is asked for.
namespace fokker {
namespace {

/// The halves are the result. Of order 2, the whole step is 4 times as wrong as they are together; it is taken when
/// somebody asks for the error, so that a step with a negative cell costs the halves alone.
class Halves final : public Method {
 public:
  Halves(std::unique_ptr<Method> method, const Operator& op)
      : method_(std::move(method)),
        op_(op),
        whole_(static_cast<std::size_t>(op.size())),
        half_(static_cast<std::size_t>(op.size())) {}

  void advance(const Advance& step) override {
    const double middle = step.t + step.h / 2;
    take({step.t, step.h / 2, middle, step.p, half_});
    take({middle, step.h / 2, step.end, half_, step.next});
  }
  double error(const Advance& step) override {
    take({step.t, step.h, step.end, step.p, whole_});
    parallel_for(0, op_.size(), 16384, [&](Index first, Index last) {
      for (std::size_t i = first; i < static_cast<std::size_t>(last); ++i) whole_[i] = (step.next[i] - whole_[i]) / 3;
    });
    constexpr double rounding = 1e-15;  // of a mass of 1: two ways of adding up the same small step
    const double difference = op_.norm_l1(whole_);
    return difference > rounding ? difference : 0;
  }

 private:
  void take(const Advance& step) {
    method_->advance(step);
    evaluations_ = method_->evaluations();
    factorisations_ = method_->factorisations();
  }

  std::unique_ptr<Method> method_;
  const Operator& op_;
  std::vector<double> whole_, half_;
};

/// Equal parts of the way to the limit, for a new length costs two factorisations, each of them about a step of the
/// method. So it is taken where it is a quarter longer; half as long again at most, for the shape of thin tails follows
/// the length of the steps, and a leap leaves cells there negative.
class PairedSteps final : public Steps {
 public:
  PairedSteps(std::unique_ptr<Method> method, StepBound bound, double tolerance)
      : Steps(std::move(method), bound), tolerance_(tolerance) {}

  StepResult take(const StepRequest& request, std::span<double> state) override {
    const double t = request.t;
    double h = fit_to_parts(t, request.dt, request.limit);
    for (; h > allowed(request, h); h /= 2) refuse_underflow(h, request, Short::by_bound);
    for (int rejected = 0;; ++rejected) {
      const double end = end_of_dyadic(t, h, request.limit);
      const Index cell = attempt(t, h, end, state);
      const bool asked = cell < 0 && (first_ || rejected > 0 || to_be_asked(h, request));
      const double error = asked ? this->error(t, h, end, state) : 0;
      if (cell < 0 && (error <= tolerance_ || sliver(h, request))) {
        accept(state);
        first_ = false;
        if (rejected > 0) return {end, h, rejected};
        return {end, asked ? proposal(h, error, request.dt) : std::max(h, request.dt), rejected};
      }
      h = fit_to_parts(t, h * (cell < 0 ? std::min(fraction(error), 0.9) : 0.5), request.limit);
      refuse_underflow(h, request, because_of(cell), cell);
    }
  }

  void keep(Archive& archive) override {
    Steps::keep(archive);
    archive(first_);
  }

  double first_step(double t, std::span<const double> state, double limit) override {
    first_ = true;
    return first_by_derivative(*bound_.op, t, state, tolerance_, order, limit - t);
  }

 private:
  static constexpr int order = 3;  // of the estimate

  /// Errors of one generator and one length hardly grow, for the l1 norm of every derivative of p in time falls. So
  /// every second of those steps is asked for its error, the last before the limit among them: a function of the
  /// request, so that a resumed run takes the same steps.
  [[nodiscard]] bool to_be_asked(double h, const StepRequest& request) const {
    if (!bound_.op->autonomous()) return true;
    return std::fmod(std::round((request.limit - request.t) / h), 2) == 1;
  }

  [[nodiscard]] double fraction(double error) const {
    constexpr double most = std::numeric_limits<double>::infinity();
    return error > 0 ? step_factor(tolerance_ / error, order, most) : most;
  }

  /// All the way back to what was asked for when only the limit had cut it.
  [[nodiscard]] double proposal(double h, double error, double asked) const {
    constexpr double least = 1.25, most = 1.5;
    const double factor = fraction(error), back = std::max(h, std::min(asked, factor * h));
    return factor < least ? back : std::max(back, std::min(factor, most) * h);
  }

  double tolerance_;
  bool first_ = false;  // the step at hand has a length that no step had before it
};

}  // namespace

std::unique_ptr<TimeStepper> make_paired_steps(std::unique_ptr<Method> method, StepBound bound, double tolerance) {
  auto halves = std::make_unique<Halves>(std::move(method), *bound.op);
  return std::make_unique<PairedSteps>(std::move(halves), bound, tolerance);
}

}  // namespace fokker
