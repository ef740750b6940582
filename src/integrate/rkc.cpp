#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "fokker/base/large_array.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/stop.hpp"
#include "method.hpp"
#include "product_chain.hpp"

/// Runge-Kutta-Chebyshev of second order: s stages whose stability interval grows with s^2 (Verwer; Sommeijer, Shampine
/// and Verwer, J. Comput. Appl. Math. 88 (1998) 315, eqs. 2.2 to 2.8).
namespace fokker {
namespace {

constexpr double damping = 2.0 / 13;
constexpr double real_extent = 0.653;      // of the stability interval, in units of s^2 - 1
constexpr double used_fraction = 0.9;      // of it: the rest is for imaginary parts
constexpr double imaginary_extent = 0.17;  // half of the height of the stability region there, in units of s

/// Y_j = p + Z_j,  Z_j = mu Z_{j-1} + nu Z_{j-2} + h rate (F_{j-1} - held F_0),  Z_1 = h rate F_0;
/// F_j is the rate at t + c h, Y_j. All Z_j are sums of rates: they hold no mass, whatever the rounding of mu and nu.
struct StageNumbers {
  double mu, nu, rate, held, c;
};

/// T_j(w0) and its first two derivatives, from j = 1 on.
struct Chebyshev {
  explicit Chebyshev(double w0_) : w0(w0_), T{w0_, 1}, dT{1, 0} {}
  void advance() {
    const double next = 2 * w0 * T[0] - T[1], slope = 2 * w0 * dT[0] - dT[1] + 2 * T[0],
                 bend = 2 * w0 * ddT[0] - ddT[1] + 4 * dT[0];
    T[1] = T[0], dT[1] = dT[0], ddT[1] = ddT[0];
    T[0] = next, dT[0] = slope, ddT[0] = bend;
  }
  [[nodiscard]] double b() const { return ddT[0] / (dT[0] * dT[0]); }
  double w0, T[2], dT[2], ddT[2] = {0, 0};  // [1]: of j - 1
};

/// Numbers 1 .. s at their own index.
void find_stage_numbers(std::size_t s, std::vector<StageNumbers>& numbers) {
  numbers.resize(s + 1);
  const double w0 = 1 + damping / (static_cast<double>(s) * static_cast<double>(s));
  Chebyshev last(w0), now(w0);
  for (std::size_t j = 2; j <= s; ++j) last.advance();
  const double w1 = last.dT[0] / last.ddT[0];
  now.advance();
  double b[3] = {now.b(), now.b(), now.b()};  // of j, j - 1, j - 2; b_0 = b_1 = b_2
  numbers[1] = {0, 0, b[0] * w1, 0, w1 * now.ddT[0] / (now.dT[0] * now.dT[0])};
  for (std::size_t j = 2; j <= s; ++j) {
    if (j > 2) {
      now.advance();
      b[2] = b[1], b[1] = b[0], b[0] = now.b();
    }
    numbers[j] = {2 * b[0] * w0 / b[1], -b[0] / b[2], 2 * b[0] * w1 / b[1], 1 - b[1] * now.T[1],
                  w1 * now.ddT[0] / now.dT[0]};
  }
}

class Rkc2 final : public Method {
 public:
  explicit Rkc2(const Operator& op) : op_(op), chain_(op), matrix_(op.linear() != nullptr && op.autonomous()) {
    for (LargeArray* array : {&first_, &last_, &a_, &b_}) array->resize(op.size());
    if (!matrix_) stage_.resize(first_.size());
    numbers_.reserve(1024);
  }

  void aim(const Aim& aim) override { controlled_ = aim.controlled; }
  [[nodiscard]] bool keeps_rates() const override { return true; }
  void keep_rates(Archive& archive) override { archive(last_known_, last_); }

  void advance(const Advance& step) override {
    chain_.drop();
    const bool follows = step.start == Start::follows && last_known_;
    if (follows) std::swap(first_, last_);
    const bool known = follows || step.start == Start::again;
    last_known_ = false;
    const std::vector<StageNumbers>& numbers = numbers_for(step.t, step.h, step.end);
    if (matrix_)
      powers(step.t, step.h, step.p, step.next, numbers, known);
    else
      stages(step.t, step.h, step.p, step.next, numbers, known);
    chain_.run();
  }

  /// 0.8 (p - next) + 0.4 h (F(p) + F(next)), of second order: eq. 2.9.
  double error(const Advance& step) override {
    const std::array terms{Term{0.8, step.p.data()}, Term{-0.8, step.next.data()}, Term{0.4 * step.h, first_.data()},
                           Term{0.4 * step.h, last_.data()}};
    run(step.end, step.next, {{1, {}, last_.data()}, {0, terms, a_.data()}});
    chain_.run();
    last_known_ = true;
    return op_.norm_l1(a_);
  }

 private:
  void run(double t, std::span<const double> u, std::initializer_list<Stage> stages) {
    if (evaluations_ % (4 * static_cast<long>(ProductChain::longest)) == 0) poll_stop();
    chain_.add(t, u, stages);
    ++evaluations_;
  }

  const std::vector<StageNumbers>& numbers_for(double t, double h, double end) {
    double needed = 2;
    for (const double time : {t, t + h / 2, end}) {
      const SpectralBound bound = op_.spectral_bound(time);
      needed = std::max(needed, std::sqrt(1 + h * bound.real / (used_fraction * real_extent)));
      // The bound is that of the corners of the box, where p is small: 1.8 to 6.5 times the products that a rotating
      // process needs. Where the error of a step is looked at, it is left to that.
      if (!controlled_) needed = std::max(needed, h * bound.imaginary / imaginary_extent);
      if (op_.autonomous()) break;
    }
    const auto s = static_cast<std::size_t>(std::ceil(needed));
    if (numbers_.size() != s + 1) find_stage_numbers(s, numbers_);
    return numbers_;
  }

  /// One matrix A: F_{j-1} - F_0 = A Z_{j-1}, so the Z_j alone go round, and Z_1 is a multiple of F_0.
  void powers(double t, double h, std::span<const double> p, std::span<double> next,
              const std::vector<StageNumbers>& numbers, bool known) {
    if (!known) run(t, p, {{1, {}, first_.data()}});
    const std::size_t s = numbers.size() - 1;
    const double c1 = h * numbers[1].rate;                          // Z_1 = c1 F_0
    double *newest = nullptr, *older = nullptr, *free = a_.data();  // Z_{j-1}, Z_{j-2} once they have memory
    for (std::size_t j = 2; j <= s; ++j) {
      const StageNumbers& n = numbers[j];
      double of_first = h * n.rate * (1 - n.held);
      std::array<Term, 4> terms;
      std::size_t used = 0;
      if (newest != nullptr)
        terms[used++] = {n.mu, newest};
      else
        of_first += n.mu * c1;
      if (older != nullptr)
        terms[used++] = {n.nu, older};
      else if (j == 3)
        of_first += n.nu * c1;
      terms[used++] = {of_first, first_.data()};
      if (j == s) terms[used++] = {1, p.data()};
      double* const out = j == s ? next.data() : older != nullptr ? older : free;
      const double* const state = newest != nullptr ? newest : first_.data();
      run(t, {state, p.size()}, {{h * n.rate * (newest != nullptr ? 1 : c1), std::span(terms).first(used), out}});
      if (older == nullptr) free = b_.data();
      older = newest;
      newest = out;
    }
  }

  /// Rates of any kind: the Y_j are states of their own.
  void stages(double t, double h, std::span<const double> p, std::span<double> next,
              const std::vector<StageNumbers>& numbers, bool known) {
    const std::size_t s = numbers.size() - 1;
    double *newest = a_.data(), *older = b_.data();
    // Y_1 .. Y_s by turns here and there, so that the last one is `next`.
    const auto memory = [&](std::size_t j) { return (s - j) % 2 == 0 ? next.data() : stage_.data(); };
    const double c1 = h * numbers[1].rate;
    if (!known) run(t, p, {{1, {}, first_.data()}});
    chain_.run();
    double* const y = memory(1);
    parallel_for(0, op_.size(), 32768, [&](Index from, Index to) {
      for (Index i = from; i < to; ++i) y[i] = p[std::size_t(i)] + (newest[i] = c1 * first_[std::size_t(i)]);
    });
    for (std::size_t j = 2; j <= s; ++j) {
      const StageNumbers& n = numbers[j];
      const std::array<Term, 3> terms{Term{n.mu, newest}, Term{-h * n.rate * n.held, first_.data()}, Term{n.nu, older}};
      const std::array<Term, 2> sum{Term{1, p.data()}, Term{1, older}};
      run(t + numbers[j - 1].c * h, {memory(j - 1), p.size()},
          {{h * n.rate, std::span(terms).first(j == 2 ? 2 : 3), older}, {0, sum, memory(j)}});
      std::swap(newest, older);
    }
  }

  const Operator& op_;
  ProductChain chain_;
  bool matrix_, controlled_ = false;
  std::vector<StageNumbers> numbers_;
  LargeArray first_, last_, a_, b_, stage_;  // F(p), F(next), Z_j by turns, Y_j
  bool last_known_ = false;
};

}  // namespace

std::unique_ptr<Method> make_rkc2(const Operator& op) { return std::make_unique<Rkc2>(op); }

}  // namespace fokker
