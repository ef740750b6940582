#include <array>
#include <span>

#include "fokker/base/dormand_prince.hpp"
#include "fokker/base/large_array.hpp"
#include "fokker/base/parallel.hpp"
#include "method.hpp"

/// Runge-Kutta formulas as stages of the operator: every product A u is combined with what is there already in the same
/// pass over memory. All of them end with p plus rates, so mass and outflow balance to rounding.
namespace fokker {
namespace {

class ExplicitMethod : public Method {
 protected:
  explicit ExplicitMethod(const Operator& op) : op_(op) {}

  void stages(double t, std::span<const double> u, std::initializer_list<Stage> stages) {
    op_.apply_stages(t, u, {stages.begin(), stages.size()});
    ++evaluations_;
  }
  static void combine(std::span<const Term> terms, std::span<double> out) {
    parallel_for(0, static_cast<Index>(out.size()), 32768, [&](Index first, Index last) {
      for (Index i = first; i < last; ++i) {
        double sum = 0;
        for (const Term& term : terms) sum += term.factor * term.values[i];
        out[i] = sum;
      }
    });
  }
  [[nodiscard]] LargeArray scratch() const { return LargeArray(static_cast<std::size_t>(op_.size())); }

  const Operator& op_;
};

///    0 | 0
///   ---+---
///      | 1
class Euler final : public ExplicitMethod {
 public:
  explicit Euler(const Operator& op) : ExplicitMethod(op) {}

  void advance(const Advance& step) override {
    const Term start{1, step.p.data()};
    stages(step.t, step.p, {{step.h, {&start, 1}, step.next.data()}});
  }
};

///    0  |  0    0    0
///    1  |  1    0    0        averages of forward Euler steps (Shu and Osher 1988, eq. 2.18), so whatever
///   1/2 | 1/4  1/4   0        convex property Euler keeps up to some h is kept up to the same h
///   ----+---------------
///       | 1/6  1/6  2/3
class SspRk3 final : public ExplicitMethod {
 public:
  explicit SspRk3(const Operator& op) : ExplicitMethod(op), stage_(scratch()), sum_(scratch()) {}

  void advance(const Advance& step) override {
    double *const u = stage_.data(), *const k = sum_.data();  // k: k1, then k1 + k2
    const Term kept{1, k};
    const std::array first{Term{1, step.p.data()}, Term{step.h, k}},
        second{Term{1, step.p.data()}, Term{step.h / 4, k}}, last{Term{1, step.p.data()}, Term{step.h / 6, k}};
    stages(step.t, step.p, {{1, {}, k}, {0, first, step.next.data()}});
    stages(step.end, step.next, {{1, {&kept, 1}, k}, {0, second, u}});
    stages(step.t + step.h / 2, stage_, {{step.h * (2.0 / 3), last, step.next.data()}});
  }

 private:
  LargeArray stage_, sum_;
};

///    0  |  0    0    0    0
///   1/2 | 1/2   0    0    0
///   1/2 |  0   1/2   0    0        Kutta 1901
///    1  |  0    0    1    0
///   ----+--------------------
///       | 1/6  1/3  1/3  1/6
class Rk4 final : public ExplicitMethod {
 public:
  explicit Rk4(const Operator& op) : ExplicitMethod(op), stage_(scratch()), sum_(scratch()) {}

  void advance(const Advance& step) override {
    double *const u = stage_.data(), *const k = sum_.data();  // k: k1 + 2 k2 + 2 k3 so far
    const Term start{1, step.p.data()}, kept{1, k};
    const std::array first{start, Term{step.h / 2, k}}, last{start, Term{step.h / 6, k}};
    stages(step.t, step.p, {{1, {}, k}, {0, first, u}});
    stages(step.t + step.h / 2, stage_, {{2, {&kept, 1}, k}, {step.h / 2, {&start, 1}, step.next.data()}});
    stages(step.t + step.h / 2, step.next, {{2, {&kept, 1}, k}, {step.h, {&start, 1}, u}});
    stages(step.end, stage_, {{step.h / 6, last, step.next.data()}});
  }

 private:
  LargeArray stage_, sum_;
};

/// Dormand and Prince 1980 (base/dormand_prince.hpp).
class Dopri5 final : public ExplicitMethod {
 public:
  explicit Dopri5(const Operator& op) : ExplicitMethod(op), stage_(scratch()) {
    for (LargeArray& rate : k_) rate = scratch();
  }

  [[nodiscard]] bool keeps_rates() const override { return true; }
  void keep_rates(Archive& archive) override { archive(k_[6]); }

  void advance(const Advance& step) override {
    if (step.start == Start::follows) std::swap(k_[0], k_[6]);
    std::array<Term, 7> terms{Term{1, step.p.data()}};
    const auto weighed = [&](const double* weights, std::size_t count, std::size_t used) {
      for (std::size_t j = 0; j < count; ++j)
        if (weights[j] != 0) terms[used++] = {step.h * weights[j], k_[j].data()};
      return std::span<const Term>(terms).first(used);
    };
    const auto row = [&](std::size_t i) { return weighed(dormand_prince::weight[i], i, 1); };  // p + h sum a_ij k_j
    double* u[2] = {stage_.data(),
                    step.next.data()};  // the states of the stages by turns, so that the last one is `next`
    if (step.start == Start::fresh)
      stages(step.t, step.p, {{1, {}, k_[0].data()}, {0, row(1), u[0]}});
    else
      combine(row(1), stage_);
    for (std::size_t i = 1; i < 6; ++i) {
      const std::span<const double> state(u[(i + 1) % 2], step.p.size());
      const double time = i == 5 ? step.end : step.t + dormand_prince::node[i] * step.h;
      stages(time, state, {{1, {}, k_[i].data()}, {0, row(i + 1), u[i % 2]}});
    }
    stages(step.end, step.next,
           {{1, {}, k_[6].data()}, {0, weighed(dormand_prince::error_weight, 7, 0), k_[1].data()}});  // e_2 = 0
  }

  double error(const Advance& /*step*/) override { return op_.norm_l1(k_[1]); }

 private:
  LargeArray stage_;
  std::array<LargeArray, 7> k_;
};

}  // namespace

std::unique_ptr<Method> make_euler(const Operator& op) { return std::make_unique<Euler>(op); }
std::unique_ptr<Method> make_ssprk3(const Operator& op) { return std::make_unique<SspRk3>(op); }
std::unique_ptr<Method> make_rk4(const Operator& op) { return std::make_unique<Rk4>(op); }
std::unique_ptr<Method> make_dopri5(const Operator& op) { return std::make_unique<Dopri5>(op); }

}  // namespace fokker
