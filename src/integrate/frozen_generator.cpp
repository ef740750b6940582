#include <numbers>
#include <vector>

#include "fokker/base/parallel.hpp"
#include "fokker/operator/axis_splitting.hpp"
#include "fokker/operator/frozen_form.hpp"
#include "fokker/solve/line_solver.hpp"
#include "method.hpp"

/// Forms that are not linear in p but generators A(t; p) at a density that is held (docs/decisions/0023). With A in the
/// middle of the step, at a density that half a step of backward Euler has found there,
///
///     p*    = (I - h/2 A(t; p))^-1 p                          >= 0 for any h
///     p_new = one step of order 2 over h with A(t + h/2; p*)
///
/// of order 2 where J / J_fitted is smooth in p. All solves are along lines and in flux form (line_solver.hpp): mass
/// and outflow balance to rounding.
///
/// Where somebody looks at the error every step is taken in two halves, and for comparison whole, with A at the density
/// after the first of them. Their difference is the estimate as it is, not a third of it: near balance, and from a
/// point, the order falls.
namespace fokker {
namespace {

constexpr Index grain = 32768;

class FrozenGenerator final : public Method {
 public:
  explicit FrozenGenerator(const Operator& op)
      : op_(op),
        linear_(op.linear()),
        form_(op.freezing().form),
        follows_(linear_ == nullptr && form_->depends_on_p()),
        nothing_(scratch()),
        middle_(scratch()),
        stage_(scratch()) {}

  void aim(const Aim& aim) override {
    halves_ = aim.controlled;
    if (halves_) half_ = scratch(), whole_ = scratch();
  }

  void advance(const Advance& step) override {
    if (!halves_) return one(step.t, step.h, step.p, step.next);
    const double h = step.h / 2, t = step.t + h;
    one(step.t, h, step.p, half_);
    const Split held = hold(t, half_);
    over(held, t, step.h, step.p, whole_);
    if (follows_) {
      to_the_middle(held, t, h, half_);
      over(hold(t + h / 2, middle_), t + h / 2, h, half_, step.next);
    } else {
      over(hold(t + h / 2, half_), t + h / 2, h, half_, step.next);
    }
  }

  double error(const Advance& step) override {
    fill(whole_, [&](std::size_t i) { return step.next[i] - whole_[i]; });
    constexpr double rounding = 1e-15;  // of a mass of 1: two ways of adding up the same small step
    const double difference = op_.norm_l1(whole_);
    return difference > rounding ? difference : 0;
  }

 private:
  [[nodiscard]] std::vector<double> scratch() const { return std::vector<double>(op_.size()); }
  /// target[i] = value(i) for every unknown
  template <class Value>
  void fill(std::span<double> target, const Value& value) const {
    parallel_for(0, op_.size(), grain, [&](Index first, Index last) {
      for (std::size_t i = first; i < static_cast<std::size_t>(last); ++i) target[i] = value(i);
    });
  }

  /// The step as it stands above.
  void one(double t, double h, std::span<const double> p, std::span<double> next) {
    if (follows_) to_the_middle(hold(t, p), t, h, p);
    over(hold(t + h / 2, follows_ ? std::span<const double>(middle_) : p), t + h / 2, h, p, next);
  }

  /// A(t; p), along the axes.
  Split hold(double t, std::span<const double> p) {
    const LinearOperator& A = linear_ != nullptr ? *linear_ : form_->freeze(t, p);
    ++evaluations_;
    const Split split = A.on_edges()->split(t);
    refuse_cross_terms(split, t, "frozen_generator", "another stepper");
    return split;
  }

  void prepare(const Split& A, double gamma, double t) {
    lines_.prepare(*A.parts, gamma * A.factor, t);
    factorisations_ = lines_.factorisations();
  }
  /// x = (I - gamma A_y)^-1 (I - gamma A_x)^-1 b
  void solve(std::span<const double> b, std::span<double> x) {
    lines_.solve(b, nothing_, x);
    ++evaluations_;
  }

  void to_the_middle(const Split& A, double t, double h, std::span<const double> p) {
    prepare(A, h / 2, t);
    solve(p, middle_);
  }

  /// One step of order 2 over h with A as it is.
  void over(const Split& A, double t, double h, std::span<const double> p, std::span<double> next) {
    if (A.parts->lines(0) == 1)
      along_a_line(A, t, h, p, next);
    else
      alternately(A, t, h, p, next);
  }

  /// One dimension: with S = (I - k h A)^-1, k = 1 - 1/sqrt 2, the two stages
  ///
  ///     u     = S p
  ///     p_new = S (u + sqrt(2) (u - p))
  ///
  /// are the L-stable SDIRK of order 2 (Alexander 1977), whose stability function is that of tr_bdf2. u and p have one
  /// mass, so has the second right side, whatever sqrt(2) rounds to.
  void along_a_line(const Split& A, double t, double h, std::span<const double> p, std::span<double> next) {
    constexpr double root2 = std::numbers::sqrt2, k = 1 - root2 / 2;
    prepare(A, k * h, t);
    solve(p, stage_);
    fill(stage_, [&](std::size_t i) { return stage_[i] + root2 * (stage_[i] - p[i]); });
    solve(stage_, next);
  }

  /// Two dimensions: Peaceman and Rachford.
  void alternately(const Split& A, double t, double h, std::span<const double> p, std::span<double> next) {
    prepare(A, h / 2, t);
    lines_.alternate(p, next);
    evaluations_ += 2;
  }

  const Operator& op_;
  const LinearOperator* linear_;  // null: `form_` is held
  const FrozenForm* form_;
  bool follows_;  // A depends on p
  bool halves_ = false;
  LineSolver lines_;
  std::vector<double> nothing_, middle_, stage_, half_, whole_;
};

}  // namespace

std::unique_ptr<Method> make_frozen_generator(const Operator& op) { return std::make_unique<FrozenGenerator>(op); }

}  // namespace fokker
