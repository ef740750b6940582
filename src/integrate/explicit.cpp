#include <algorithm>
#include <boost/numeric/odeint/algebra/range_algebra.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta_dopri5.hpp>
#include <limits>

#include "fokker/base/parallel.hpp"
#include "formula.hpp"

namespace fokker {
namespace {

constexpr Index grain = 32768;
std::size_t at(Index i) { return static_cast<std::size_t>(i); }

class ExplicitFormula : public Formula {
 protected:
  explicit ExplicitFormula(const Operator& op) : op_(op), rate_(at(op.size())) {}

  /// The rate at (t, p); valid until the next call.
  const std::vector<double>& rate(double t, std::span<const double> p) {
    op_.apply(t, p, rate_);
    ++evaluations_;
    return rate_;
  }
  /// target[i] = value(i) for every unknown
  template <class Value>
  void fill(std::span<double> target, const Value& value) const {
    parallel_for(0, op_.size(), grain, [&](Index first, Index last) {
      for (Index i = first; i < last; ++i) target[at(i)] = value(at(i));
    });
  }

  const Operator& op_;

 private:
  std::vector<double> rate_;
};

///    0 | 0
///   ---+---
///      | 1
class Euler final : public ExplicitFormula {
 public:
  explicit Euler(const Operator& op) : ExplicitFormula(op) {}

  void advance(double t, double h, double, std::span<const double> p, std::span<double> next) override {
    const auto& f = rate(t, p);
    fill(next, [&](std::size_t i) { return p[i] + h * f[i]; });
  }
};

///    0  |  0    0    0
///    1  |  1    0    0        averages of forward Euler steps (Shu and Osher 1988, eq. 2.18), so whatever
///   1/2 | 1/4  1/4   0        convex property Euler keeps up to some h is kept up to the same h
///   ----+---------------
///       | 1/6  1/6  2/3
class SspRk3 final : public ExplicitFormula {
 public:
  explicit SspRk3(const Operator& op) : ExplicitFormula(op) {}

  void advance(double t, double h, double end, std::span<const double> p, std::span<double> u) override {
    const auto& f = rate(t, p);
    fill(u, [&](std::size_t i) { return p[i] + h * f[i]; });
    rate(end, u);
    fill(u, [&](std::size_t i) { return 0.75 * p[i] + 0.25 * (u[i] + h * f[i]); });
    rate(t + h / 2, u);
    fill(u, [&](std::size_t i) { return (p[i] + 2 * (u[i] + h * f[i])) / 3; });
  }
};

///    0  |  0    0    0    0
///   1/2 | 1/2   0    0    0
///   1/2 |  0   1/2   0    0        Kutta 1901
///    1  |  0    0    1    0
///   ----+--------------------
///       | 1/6  1/3  1/3  1/6
class Rk4 final : public ExplicitFormula {
 public:
  explicit Rk4(const Operator& op) : ExplicitFormula(op), stage_(at(op.size())), sum_(at(op.size())) {}

  void advance(double t, double h, double end, std::span<const double> p, std::span<double> next) override {
    const auto& f = rate(t, p);
    fill(sum_, [&](std::size_t i) { return f[i]; });
    for (const double c : {0.5, 0.5, 1.0}) {
      fill(stage_, [&](std::size_t i) { return p[i] + c * h * f[i]; });
      rate(c == 1.0 ? end : t + c * h, stage_);
      const double weight = c == 1.0 ? 1 : 2;
      fill(sum_, [&](std::size_t i) { return sum_[i] + weight * f[i]; });
    }
    fill(next, [&](std::size_t i) { return p[i] + h / 6 * sum_[i]; });
  }

 private:
  std::vector<double> stage_, sum_;
};

/// Dormand and Prince 1980: order 5, embedded order 4, seven stages of which the last is the first of the next step.
/// That rate is used again only for the very (t, p) it was computed for, as is the first one after a rejection, so that
/// it is no memory: a fresh stepper computes the same bits.
class Dopri5 final : public ExplicitFormula {
 public:
  explicit Dopri5(const Operator& op) : ExplicitFormula(op) {
    for (State* v : {&p_, &next_, &first_rate_, &last_rate_, &error_}) v->resize(at(op.size()));
  }

  void advance(double t, double h, double, std::span<const double> p, std::span<double> next) override {
    if (t == t_next_ && std::equal(p.begin(), p.end(), next_.begin())) {
      std::swap(first_rate_, last_rate_);
      std::swap(p_, next_);
    } else if (t != t_ || !std::equal(p.begin(), p.end(), p_.begin())) {
      std::copy(p.begin(), p.end(), p_.begin());
      derivative(p_, first_rate_, t);
    }
    t_ = t;
    t_next_ = t + h;
    stepper_.do_step([this](const State& x, State& dxdt, double s) { derivative(x, dxdt, s); }, p_, first_rate_, t,
                     next_, last_rate_, h, error_);
    std::copy(next_.begin(), next_.end(), next.begin());
  }

  double error() override { return op_.norm_l1(error_); }

 private:
  using State = std::vector<double>;
  void derivative(const State& x, State& dxdt, double t) {
    op_.apply(t, x, dxdt);
    ++evaluations_;
  }

  boost::numeric::odeint::runge_kutta_dopri5<State, double, State, double, boost::numeric::odeint::range_algebra>
      stepper_;
  State p_, next_, first_rate_, last_rate_, error_;
  double t_ = std::numeric_limits<double>::quiet_NaN(), t_next_ = t_;
};

}  // namespace

std::unique_ptr<Formula> make_euler(const Operator& op) { return std::make_unique<Euler>(op); }
std::unique_ptr<Formula> make_ssprk3(const Operator& op) { return std::make_unique<SspRk3>(op); }
std::unique_ptr<Formula> make_rk4(const Operator& op) { return std::make_unique<Rk4>(op); }
std::unique_ptr<Formula> make_dopri5(const Operator& op) { return std::make_unique<Dopri5>(op); }

}  // namespace fokker
