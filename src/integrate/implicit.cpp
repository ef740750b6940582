#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numbers>

#include "fokker/base/parallel.hpp"
#include "fokker/solve/shifted_solver.hpp"
#include "method.hpp"

/// All of them close with p_new = p + h * sum b_i A stage_i, whatever the solver left as a residual: the closing update
/// is in flux form, so mass and outflow balance to rounding.
namespace fokker {
namespace {

constexpr Index grain = 32768;
/// The factorisations of the step lengths in use, least recently used last. A factorisation is used again only for the
/// very same bits of gamma (and of t unless the operator is autonomous), so a resumed run computes the same numbers.
class Factors {
 public:
  explicit Factors(const LinearOperator& op) : op_(op) { kept_.reserve(capacity); }

  const ShiftedSolver& get(double t, double gamma) {
    const Key key{op_.autonomous() ? 0 : std::bit_cast<std::uint64_t>(t), std::bit_cast<std::uint64_t>(gamma)};
    auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.key == key; });
    if (found == kept_.end()) {
      if (kept_.size() == capacity) kept_.pop_back();
      kept_.push_back({key, factor_shifted(op_, t, gamma, accuracy)});
      found = kept_.end() - 1;
      ++made_;
    }
    std::rotate(kept_.begin(), found, found + 1);
    return *kept_.front().solver;
  }
  [[nodiscard]] long made() const { return made_; }
  Accuracy accuracy = Accuracy::of_each_cell;

 private:
  static constexpr std::size_t capacity = 8;
  struct Key {
    std::uint64_t t, gamma;
    bool operator==(const Key&) const = default;
  };
  struct Kept {
    Key key;
    std::unique_ptr<ShiftedSolver> solver;
  };
  const LinearOperator& op_;
  std::vector<Kept> kept_;
  long made_ = 0;
};

class ImplicitMethod : public Method {
 public:
  void aim(const Aim& aim) override {
    if (!aim.positive) factors_.accuracy = Accuracy::of_the_whole;
  }

 protected:
  explicit ImplicitMethod(const LinearOperator& op) : op_(op), factors_(op) {}

  void apply(double t, std::span<const double> p, std::span<double> rate) {
    op_.apply(t, p, rate);
    ++evaluations_;
  }
  /// x = (I - gamma A(t))^-1 b
  void solve(double t, double gamma, std::span<const double> b, std::span<double> x) {
    factors_.get(t, gamma).solve(b, x);
    ++evaluations_;
    factorisations_ = factors_.made();
  }
  /// target[i] = value(i) for every unknown
  template <class Value>
  void fill(std::span<double> target, const Value& value) const {
    parallel_for(0, op_.size(), grain, [&](Index first, Index last) {
      for (Index i = first; i < last; ++i) target[i] = value(static_cast<std::size_t>(i));
    });
  }
  [[nodiscard]] std::vector<double> scratch() const { return std::vector<double>(op_.size()); }

  const LinearOperator& op_;

 private:
  Factors factors_;
};

///    1 | 1
///   ---+---      x = p + h A(t + h) x
///      | 1
class BackwardEuler final : public ImplicitMethod {
 public:
  explicit BackwardEuler(const LinearOperator& op) : ImplicitMethod(op), x_(scratch()), rate_(scratch()) {}

  void advance(const Advance& step) override {
    solve(step.end, step.h, step.p, x_);
    apply(step.end, x_, rate_);
    fill(step.next, [&](std::size_t i) { return step.p[i] + step.h * rate_[i]; });
  }

 private:
  std::vector<double> x_, rate_;
};

///    0 |  0    0
///    1 | 1/2  1/2      x = p + h/2 (A(t) p + A(t + h) x)
///   ---+---------
///      | 1/2  1/2
///
/// Without a time dependence x = 2 S p - p, S = (I - h/2 A)^-1, and the closing update needs (p + x)/2 = S p alone: no
/// cancellation.
class CrankNicolson final : public ImplicitMethod {
 public:
  explicit CrankNicolson(const LinearOperator& op)
      : ImplicitMethod(op), x_(scratch()), first_(scratch()), last_(scratch()) {}

  void advance(const Advance& step) override {
    if (op_.autonomous()) {
      solve(step.end, step.h / 2, step.p, x_);
      apply(step.end, x_, last_);
      fill(step.next, [&](std::size_t i) { return step.p[i] + step.h * last_[i]; });
      return;
    }
    apply(step.t, step.p, first_);
    fill(x_, [&](std::size_t i) { return step.p[i] + step.h / 2 * first_[i]; });
    solve(step.end, step.h / 2, x_, x_);
    apply(step.end, x_, last_);
    fill(step.next, [&](std::size_t i) { return step.p[i] + step.h / 2 * (first_[i] + last_[i]); });
  }

 private:
  std::vector<double> x_, first_, last_;
};

/// Trapezium to t + g h, then BDF2 to t + h, with g = 2 - sqrt 2 so that both stages share I - k h A, k = g/2:
///
///    0 |  0  0  0
///    g |  k  k  0        w = sqrt(2)/4
///    1 |  w  w  k
///   ---+-----------------------------------
///      |    w          w         k
///      | (1-w)/3   (3w+1)/3     k/3          embedded, order 3 (Hosea and Shampine 1996)
///
/// The estimate is h sum (b - b^) A u_i, filtered by (I - k h A)^-1 as they advise, so that modes which have died do
/// not hold the step. Without a time dependence, with S = (I - k h A)^-1 and u_1 = 2 S p - p, everything is S alone:
///     u_2          = S ((1 + sqrt 2) S p - sqrt 2 p)
///     p_new        = p + h A (sqrt(2)/2 S p + k u_2)
///     k * estimate = (S - I) c,   c = (sqrt 2 p - 2 S p + (2 - sqrt 2) u_2) / 3
/// three solves and one product; no difference of large terms enters the tails of p.
class TrBdf2 final : public ImplicitMethod {
 public:
  explicit TrBdf2(const LinearOperator& op)
      : ImplicitMethod(op), u1_(scratch()), u2_(scratch()), estimate_(scratch()), rate_(scratch()) {
    if (!op.autonomous()) rates_ = {scratch(), scratch()};
  }

  void advance(const Advance& step) override {
    if (op_.autonomous()) {
      advance_autonomous(step);
    } else {
      advance_general(step);
    }
  }

  double error(const Advance& step) override {
    const double gamma = k * step.h;
    if (op_.autonomous()) {
      solve(step.end, gamma, estimate_, rate_);
      fill(estimate_, [&](std::size_t i) { return (rate_[i] - estimate_[i]) / k; });
    } else {
      solve(step.end, gamma, estimate_, estimate_);
    }
    return op_.norm_l1(estimate_);
  }

 private:
  static constexpr double root2 = std::numbers::sqrt2, g = 2 - root2, k = g / 2, w = root2 / 4;

  void advance_autonomous(const Advance& step) {
    const std::span<const double> p = step.p;
    const double gamma = k * step.h;
    std::vector<double>& sp = u1_;
    solve(step.end, gamma, p, sp);
    fill(u2_, [&](std::size_t i) { return (1 + root2) * sp[i] - root2 * p[i]; });
    solve(step.end, gamma, u2_, u2_);
    fill(estimate_, [&](std::size_t i) { return root2 / 2 * sp[i] + k * u2_[i]; });
    apply(step.end, estimate_, rate_);
    fill(step.next, [&](std::size_t i) { return p[i] + step.h * rate_[i]; });
    fill(estimate_, [&](std::size_t i) { return (root2 * p[i] - 2 * sp[i] + (2 - root2) * u2_[i]) / 3; });
  }

  void advance_general(const Advance& step) {
    const std::span<const double> p = step.p;
    const double h = step.h, gamma = k * h, middle = step.t + g * h;
    std::vector<double>&rate0 = rates_[0], &rate1 = rates_[1];
    apply(step.t, p, rate0);
    fill(u1_, [&](std::size_t i) { return p[i] + gamma * rate0[i]; });
    solve(middle, gamma, u1_, u1_);
    apply(middle, u1_, rate1);
    fill(u2_, [&](std::size_t i) { return p[i] + w / k * (u1_[i] - p[i]); });  // BDF2
    solve(step.end, gamma, u2_, u2_);
    apply(step.end, u2_, rate_);
    fill(step.next, [&](std::size_t i) { return p[i] + h * (w * (rate0[i] + rate1[i]) + k * rate_[i]); });
    fill(estimate_, [&](std::size_t i) { return h / 3 * ((4 * w - 1) * rate0[i] - rate1[i] + 2 * k * rate_[i]); });
  }

  std::vector<double> u1_, u2_, estimate_, rate_;
  std::array<std::vector<double>, 2> rates_;
};

}  // namespace

std::unique_ptr<Method> make_backward_euler(const Operator& op) {
  return std::make_unique<BackwardEuler>(*op.linear());
}
std::unique_ptr<Method> make_crank_nicolson(const Operator& op) {
  return std::make_unique<CrankNicolson>(*op.linear());
}
std::unique_ptr<Method> make_tr_bdf2(const Operator& op) { return std::make_unique<TrBdf2>(*op.linear()); }

}  // namespace fokker
