#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "fokker/base/errors.hpp"
#include "fokker/base/large_array.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/stop.hpp"
#include "method.hpp"
#include "product_chain.hpp"

/// exp(h A) p by products with A alone, for rates that are constant up to a common factor of time. Two series:
///
///   p >= 0 kept      sum_k Poisson_k(w h) (I + A/w)^k p: every term is nonnegative (uniformisation, Jensen 1953);
///                    w h + 6 sqrt(w h) products
///   otherwise        p + h phi(h A) A p, phi(z) = (e^z - 1)/z in Chebyshev polynomials on [-rho, 0] (Tal-Ezer and
///                    Kosloff 1984 for exp): about sqrt(2 w h log(1/error)) products. A p holds no mass, so none of
///                    the terms does: mass and outflow balance whatever is cut off.
namespace fokker {
namespace {

/// Poisson weights of 0, 1, .. up to where less than `tail` is left; the last one takes what is left, so that they add
/// up to 1 to the last bit. What no double sum could see is 0, and left away at the end.
void find_poisson(double mean, double tail, std::vector<double>& weights) {
  constexpr double invisible = -50;
  const double cut = std::log(tail) - std::log(1 + mean);
  weights.clear();
  long double sum = 0;
  double log_weight = -mean;
  for (int k = 0; k <= mean + 1 || log_weight > cut; ++k) {
    weights.push_back(log_weight < invisible ? 0 : std::exp(log_weight));
    sum += weights.back();
    log_weight += std::log(mean / (k + 1));
  }
  weights[static_cast<std::size_t>(mean)] += static_cast<double>(1 - sum);  // rounding of the logarithms
  sum = 0;
  for (const double weight : weights) sum += weight;
  weights.back() += static_cast<double>(1 - sum);
  while (weights.size() > 1 && weights.back() == 0) weights.pop_back();
}

/// J_k = integral of e^-x I_k(x) over [0, z], k = 0, 1, .. down to `tail` times the first. Backward recurrence for
/// e^-z I_k (Miller), normalised by its generating function; then J_{k-1} - J_k = 2 sum_{j>=k} e^-z I_j. Sums of
/// positive numbers throughout.
void find_bessel_integrals(double z, double tail, std::vector<double>& J) {
  constexpr double far = 1e150;
  const auto last = static_cast<std::size_t>(std::sqrt(170 * (z + 20)) + 45);
  J.assign(last + 1, 0.0);
  double above = 0;
  J[last] = 1 / far;
  for (std::size_t k = last; k > 0; --k) {
    J[k - 1] = above + 2 * static_cast<double>(k) / z * J[k];
    if (J[k - 1] > far)
      for (std::size_t j = k - 1; j <= last; ++j) J[j] /= far * far;
    above = J[k];
  }
  double all = J[0];
  for (std::size_t k = 1; k <= last; ++k) all += 2 * J[k];
  double outer = 0, integral = 0;
  for (std::size_t k = last; k > 0; --k) {
    outer += J[k] / all;
    J[k] = integral;
    integral += 2 * outer;
  }
  J[0] = integral;
  while (J.size() > 3 && J.back() <= tail * J[0]) J.pop_back();
}

class Exponential final : public Method {
 public:
  explicit Exponential(const LinearOperator& op) : op_(op), base_(*op.base()), chain_(base_) {
    for (LargeArray* array : {&a_, &b_, &start_of_part_}) array->resize(op.size());
    weights_.reserve(2048);
  }

  void aim(const Aim& aim) override { aim_ = aim; }

  void advance(const Advance& step) override {
    chain_.drop();
    const double w = 1 / base_.stable_step(0), span = op_.elapsed(step.t, step.end).value();
    if (!(w * span > 0 && std::isfinite(w * span))) {
      // Nothing moves; or rates that are not finite, handed on to whoever looks at the result.
      const double factor = w * span == 0 ? 1 : w * span;
      std::transform(step.p.begin(), step.p.end(), step.next.begin(), [&](double value) { return factor * value; });
      return;
    }
    if (aim_.positive)
      in_equal_parts(w * (1 + 1e-12), span, step);
    else
      in_parts(base_.spectral_bound(0), span, step);
  }

 private:
  void run(std::span<const double> u, std::initializer_list<Stage> stages) {
    if (evaluations_ % (4 * static_cast<long>(ProductChain::longest)) == 0) poll_stop();
    chain_.add(0, u, stages);
    ++evaluations_;
  }
  [[nodiscard]] std::span<const double> all(const double* values) const {
    return {values, static_cast<std::size_t>(op_.size())};
  }

  /// As many parts as keep the number of weights in bounds, whatever the common factor does between the times at which
  /// the length of the step was measured.
  void in_equal_parts(double w, double span, const Advance& step) {
    const std::span<double> next = step.next;
    const double parts = std::max(1.0, std::ceil(w * span / (2 * StepBound::products)));
    if (parts > StepBound::products)
      throw NumericalError(fmt::format("uniformisation would need {:.2g} products in one step", w * span), step.t);
    const double* from = step.p.data();
    for (double k = 0; k < parts; ++k) {
      double* const to = from == next.data() ? start_of_part_.data() : next.data();
      uniformisation(w, span / parts, all(from), {to, next.size()});
      from = to;
    }
    if (from != next.data()) std::copy_n(from, next.size(), next.begin());
  }

  /// v_k = (I + A/w)^k p, next = sum weight_k v_k
  void uniformisation(double w, double span, std::span<const double> p, std::span<double> next) {
    find_poisson(w * span, std::min(1e-3 * aim_.tolerance, 1e-10), weights_);
    if (weights_.size() == 1) std::copy(p.begin(), p.end(), next.begin());  // so short that no product is needed
    const double* v = p.data();
    bool begun = false;
    for (std::size_t k = 1; k < weights_.size(); ++k) {
      double* const out = v == a_.data() ? b_.data() : a_.data();
      const Term same{1, v};
      std::array sum{Term{weights_[k], out}, begun ? Term{1, next.data()} : Term{weights_[0], v}};
      const bool counts = weights_[k] > 0;
      if (counts)
        run(all(v), {{1 / w, {&same, 1}, out}, {0, std::span(sum).first(begun || k == 1 ? 2 : 1), next.data()}});
      else
        run(all(v), {{1 / w, {&same, 1}, out}});
      begun = begun || counts;
      v = out;
    }
    chain_.run();
  }

  /// In parts, so that the terms do not grow out of their digits. On an ellipse that reaches `imaginary` from the axis
  /// they grow by asinh(2 imaginary / rho) each, and their number goes with the root of the length; but what is out
  /// there is thin as a rule, so the first part is longer than that, and the next ones as long as the one before
  /// shows them to be good for.
  void in_parts(const SpectralBound& bound, double span, const Advance& step) {
    const std::span<double> next = step.next;
    constexpr int most_halvings = 40;
    constexpr double first_fraction = 3, longest = 4, kept_back = 0.8;
    const double rho = std::max(bound.real, 1e-6 * bound.imaginary), room = std::log(digits);  // no ellipse is a line
    const double terms = room / std::asinh(2 * bound.imaginary / rho);
    const double* from = step.p.data();
    double left = span, part = first_fraction * terms * terms / (rho * std::log(10 / aim_.tolerance));
    for (int halvings = 0; left > 0;) {
      part = std::min(part, left);
      double* const to = from == next.data() ? start_of_part_.data() : next.data();
      const double growth = chebyshev(rho, part, all(from), to);
      if (!(growth <= digits)) {
        part /= 2;
        if (++halvings > most_halvings) throw NumericalError("the Chebyshev series of exp(dt A) diverges", step.end);
        continue;
      }
      balance(all(from), {to, next.size()});
      left = part < left ? left - part : 0;
      const double fraction = kept_back * room / std::max(std::log(growth), 1e-3);
      if (halvings == 0) part *= std::clamp(fraction * fraction, 1.0, longest);
      from = to;
    }
    if (from != next.data()) std::copy_n(from, next.size(), next.begin());
  }

  /// to = exp(span A) p; returns the largest term over the tolerance: infinite where rounding would show.
  ///
  ///     F = A p,  u_0 = F,  u_1 = (I + 2A/rho) F,  u_{k+1} = 2 (I + 2A/rho) u_k - u_{k-1}
  ///     to = p + 2/rho (J_0 u_0 + 2 sum J_k u_k)
  double chebyshev(double rho, double span, std::span<const double> p, double* to) {
    const double z = 0.5 * rho * span;
    find_bessel_integrals(z, 1e-40, weights_);
    double *u = a_.data(), *before = b_.data();
    run(p, {{1, {}, before}});
    const auto weight = [&](std::size_t k) { return (k == 0 ? 2 : 4) / rho * weights_[k]; };
    const Term first{1, before};
    const std::array begin{Term{1, p.data()}, Term{weight(0), before}, Term{weight(1), u}};
    run(all(before), {{2 / rho, {&first, 1}, u}, {0, begin, to}});
    constexpr double diverged = std::numeric_limits<double>::infinity();
    const double goal = 0.1 * aim_.tolerance;
    double largest = 0;
    for (std::size_t k = 1;; ++k) {
      const bool last = k + 1 == weights_.size();
      if (k % look == 0 || last) {
        chain_.run();
        const double size = op_.norm_l1(all(u));
        double rest = 0;  // of the weights
        for (std::size_t j = k + 1; j < weights_.size(); ++j) rest += weight(j);
        const double term = weight(k) * size / goal;
        if (!(term <= digits)) return diverged;
        largest = std::max(largest, term);
        if (rest * size <= goal && (!last || term <= 1)) return largest;
        if (last) return diverged;
      }
      const std::array recur{Term{2, u}, Term{-1, before}};
      const std::array more{Term{1, to}, Term{weight(k + 1), before}};
      run(all(u), {{4 / rho, recur, before}, {0, more, to}});
      std::swap(u, before);
    }
  }

  static constexpr double digits = 1e15;  // a term may be so much larger than the tolerance before rounding shows
  /// An outflow has no decay: its recurrence sums up its own rounding twice, to some 1e-10 over a thousand terms. What
  /// the cells have lost is known to all digits, so the largest outflow is set right by it.
  void balance(std::span<const double> before, std::span<double> after) const {
    const std::size_t cells = op_.cells();
    const auto outflows = cells + static_cast<std::size_t>(op_.outflows());
    if (op_.outflows() == 0) return;
    double missing = op_.cell_volume() * ordered_sum(0, op_.cells(), 4096, [&](Index first, Index last) {
                       double sum = 0;
                       for (std::size_t i = first; i < static_cast<std::size_t>(last); ++i) sum += before[i] - after[i];
                       return sum;
                     });
    std::size_t largest = cells;
    for (std::size_t k = cells; k < outflows; ++k) {
      missing -= after[k] - before[k];
      if (after[k] - before[k] > after[largest] - before[largest]) largest = k;
    }
    after[largest] += missing;
  }

  static constexpr std::size_t look = ProductChain::longest;  // products between two looks at the size of the terms

  const LinearOperator &op_, &base_;  // the rates, and without their common factor of time
  ProductChain chain_;
  Aim aim_;
  std::vector<double> weights_;
  LargeArray a_, b_, start_of_part_;
};

}  // namespace

std::unique_ptr<Method> make_chebyshev(const Operator& op) { return std::make_unique<Exponential>(*op.linear()); }

}  // namespace fokker
