#include "fokker/analysis/agreement.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "fokker/analysis/norms.hpp"

namespace fokker {
namespace {

/// P_i, and what they are short of 1.
struct Model {
  std::vector<double> cells;
  double gone = 0;
};

Model model_of(const Grid& grid, std::span<const double> p) {
  Model model;
  double sum = 0;
  for (const double value : p) {
    model.cells.push_back(std::max(value, 0.0) * grid.volume());
    sum += model.cells.back();
  }
  if (sum > 1)
    for (double& cell : model.cells) cell /= sum;
  model.gone = std::max(0.0, 1 - sum);
  return model;
}

/// Moments of d = K - N P for a binomial K, of the kind that the l1 distance is made of.
struct Deviation {
  double mean = 0;     ///< E|d|
  double linear = 0;   ///< E(|d| d)
  double squared = 0;  ///< E(|d| d^2)
};

// Summed outwards from the mode until a term no longer counts: 20 standard deviations at most, and sum_i sqrt(N P_i) is
// at most sqrt(N cells), so all cells together cost less than the particles did.
Deviation deviation(double n, double p) {
  const double q = 1 - p, expected = n * p, mode = std::floor(expected);
  const double at_mode = mode == 0 ? std::exp(n * std::log1p(-p)) : boost::math::pdf(boost::math::binomial(n, p), mode);
  Deviation sum;
  const auto add = [&](double k, double probability) {
    const double d = k - expected, term = probability * std::abs(d);
    sum.mean += term;
    sum.linear += term * d;
    sum.squared += term * d * d;
    return term * (1 + d * d) > 1e-17 * (sum.mean + sum.squared);
  };
  double probability = at_mode;
  for (double k = mode; k <= n; k += 1) {
    if (!add(k, probability) && k > expected + 1) break;
    probability *= (n - k) / (k + 1) * (p / q);
  }
  probability = at_mode;
  for (double k = mode; k >= 1; k -= 1) {
    probability *= k / (n - k + 1) * (q / p);
    if (!add(k - 1, probability) && k < expected - 1) break;
  }
  return sum;
}

/// Mean and standard deviation of sum |K_i - N P_i| for multinomial K.
///
/// Two multinomial counts have the canonical correlations rho^m, rho = -sqrt(P_i P_j/(Q_i Q_j)), Q = 1 - P, between
/// their Krawtchouk polynomials of degree m (Griffiths 1971), so that with a_i and b_i the coefficients of |d_i| on the
/// normalised polynomials of degree 1 and 2
///     Cov(|d_i|, |d_j|) = rho a_i a_j + rho^2 b_i b_j + ...
/// Both terms are products of a number of i and one of j: the sum over all pairs costs one pass. The first is what
/// makes fine histograms (few particles per cell) less variable than independent cells; the second matters for few
/// cells.
struct L1Law {
  double mean = 0, deviation = 0;
};

L1Law l1_law(const std::vector<double>& cells, double n) {
  L1Law law;
  double variance = 0, first = 0, second = 0;
  for (const double p : cells) {
    const double q = 1 - p, own = n * p * q;
    if (!(own > 0)) continue;
    const Deviation d = deviation(n, p);
    const double root = std::sqrt(p / q), a = d.linear / std::sqrt(own);
    const double b =
        n > 1 ? (d.squared - (1 - 2 * p) * d.linear - own * d.mean) / std::sqrt(2 * n * (n - 1) * p * p * q * q) : 0;
    law.mean += d.mean;
    first += root * a;
    second += root * root * b;
    variance += own - d.mean * d.mean + root * root * a * a - root * root * root * root * b * b;
  }
  variance += second * second - first * first;
  law.deviation = std::sqrt(std::max(variance, 0.0));
  return law;
}

void compare_l1(const Model& model, std::span<const double> counts, double total, Agreement& result) {
  for (std::size_t i = 0; i < counts.size(); ++i) result.l1 += std::abs(counts[i] / total - model.cells[i]);
  const L1Law law = l1_law(model.cells, total);
  result.l1_expected = law.mean / total;
  if (law.deviation > 0) result.z = (result.l1 - result.l1_expected) * total / law.deviation;
}

void compare_chi2(const Grid& grid, const Model& model, std::span<const double> counts, double total,
                  Agreement& result) {
  struct Pool {
    double expected = 0, found = 0;
  };
  std::vector<Pool> pools;
  Pool open;
  const auto put = [&](double probability, double found) {
    open.expected += total * probability;
    open.found += found;
    if (open.expected < 5) return;
    pools.push_back(open);
    open = {};
  };
  double inside = 0;
  for (Index j = 0; j < grid.ny(); ++j)
    for (Index step = 0; step < grid.nx(); ++step) {
      const Index i = j % 2 == 0 ? step : grid.nx() - 1 - step;
      const auto cell = static_cast<std::size_t>(i + grid.nx() * j);
      put(model.cells[cell], counts[cell]);
      inside += counts[cell];
    }
  put(model.gone, total - inside);
  if (pools.empty()) return;
  pools.back().expected += open.expected;
  pools.back().found += open.found;
  if (pools.size() < 2) return;
  for (const Pool& pool : pools)
    result.chi2 += (pool.found - pool.expected) * (pool.found - pool.expected) / pool.expected;
  result.chi2_dof = static_cast<double>(pools.size() - 1);
  result.chi2_p_value = boost::math::gamma_q(result.chi2_dof / 2, result.chi2 / 2);
}

/// P(sqrt(N) D > x) for large N: the alternating series, or below x = 1 its theta-function twin, which converges there.
double kolmogorov_tail(double x) {
  if (x <= 0) return 1;
  double sum = 0;
  if (x < 1) {
    for (int k = 1; k <= 7; k += 2) sum += std::exp(-k * k * std::numbers::pi * std::numbers::pi / (8 * x * x));
    return 1 - std::sqrt(2 * std::numbers::pi) / x * sum;
  }
  for (int k = 1; k <= 7; ++k) sum += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
  return sum;
}

void compare_ks(const Grid& grid, const Model& model, std::span<const double> counts, double total, Agreement& result) {
  for (int axis = 0; axis < grid.dimension(); ++axis) {
    std::vector<double> excess(static_cast<std::size_t>(grid.axis(axis).cells), 0.0);
    for (Index cell = 0; cell < grid.cells(); ++cell) {
      const Index place = axis == 0 ? cell % grid.nx() : cell / grid.nx();
      const auto i = static_cast<std::size_t>(cell);
      excess[static_cast<std::size_t>(place)] += counts[i] / total - model.cells[i];
    }
    double cdf = 0;
    for (const double part : excess) result.ks = std::max(result.ks, std::abs(cdf += part));
  }
  const double root = std::sqrt(total);
  result.ks_p_value = std::min(1.0, grid.dimension() * kolmogorov_tail(result.ks * (root + 0.12 + 0.11 / root)));
}

}  // namespace

Agreement agreement(const Grid& grid, std::span<const double> p, std::span<const double> counts, double total) {
  if (std::ssize(p) != grid.cells() || std::ssize(counts) != grid.cells())
    throw std::invalid_argument("agreement: one density value and one count per cell");
  double inside = 0;
  for (const double count : counts) inside += count;
  if (!(total > 0) || inside > total) throw std::invalid_argument("agreement: more particles counted than started");
  const Model model = model_of(grid, p);
  Agreement result;
  compare_l1(model, counts, total, result);
  compare_chi2(grid, model, counts, total, result);
  compare_ks(grid, model, counts, total, result);
  if (grid.dimension() == 1 && inside > 0 && model.gone < 1) result.w1 = wasserstein1(grid, model.cells, counts);
  return result;
}

}  // namespace fokker
