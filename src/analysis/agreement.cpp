#include "fokker/analysis/agreement.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fokker/analysis/norms.hpp"
#include "tails.hpp"

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

/// Mean, standard deviation and skewness of sum |K_i - N P_i| for multinomial K.
struct L1Distribution {
  double mean = 0, deviation = 0, skewness = 0;
};

/// Two multinomial counts have the canonical correlations rho^m, rho = -sqrt(P_i P_j/(Q_i Q_j)), Q = 1 - P, between
/// their Krawtchouk polynomials of degree m (Griffiths 1971), so that with a_i and b_i the coefficients of |d_i| on the
/// normalised polynomials of degree 1 and 2
///     Cov(|d_i|, |d_j|) = rho a_i a_j + rho^2 b_i b_j + ...
/// Both terms are products of a number of i, `first` and `second` below, and one of j: the sum over all pairs costs one
/// pass. No P is divided by: a cell as empty as doubles go adds 0. The first term is what makes fine histograms (few
/// particles per cell) less variable than independent cells; the second matters for few cells.
///
/// The third moment is that of a sum of independent cells less its regression on sum d_i, which is 0: what is left of
/// it once the total is given.
L1Distribution l1_distribution(const Model& model, double n) {
  struct Cell {
    double p = 0, own = 0;  // N P Q
    Deviation d;
  };
  std::vector<Cell> all;
  double linear = 0, own_total = n * model.gone * (1 - model.gone);
  for (const double p : model.cells) {
    const double own = n * p * (1 - p);
    if (!(own > 0)) continue;
    all.push_back({p, own, deviation(n, p)});
    linear += all.back().d.linear;
    own_total += own;
  }
  if (all.empty()) return {};
  const double slope = linear / own_total;
  L1Distribution distribution;
  const double left = n * model.gone * (1 - model.gone) * (1 - 2 * model.gone);  // E d^3 of those that left
  double variance = 0, first = 0, second = 0, third = -slope * slope * slope * left;
  for (const auto& [p, own, d] : all) {
    const double q = 1 - p;
    const double a = d.linear / (q * std::sqrt(n));
    const double b =
        n > 1 ? (d.squared - (1 - 2 * p) * d.linear - own * d.mean) / (q * q * std::sqrt(2 * n * (n - 1))) : 0;
    distribution.mean += d.mean;
    first += a;
    second += b;
    variance += own - d.mean * d.mean + a * a - b * b;
    const double cube = own * (q - p);  // E d^3
    third += d.squared - 3 * d.mean * own + 2 * d.mean * d.mean * d.mean - 3 * slope * (cube - 2 * d.mean * d.linear) +
             3 * slope * slope * (d.squared - d.mean * own) - slope * slope * slope * cube;
  }
  variance += second * second - first * first;
  if (!(variance > 0)) return distribution;
  distribution.deviation = std::sqrt(variance);
  distribution.skewness = third / (variance * distribution.deviation);
  return distribution;
}

constexpr Index fewest_cells = 10;  // below, a sum of |K - N P| is no normal distribution

void compare_l1(const Model& model, std::span<const double> counts, double total, Agreement& result) {
  for (std::size_t i = 0; i < counts.size(); ++i) result.l1 += std::abs(counts[i] / total - model.cells[i]);
  const L1Distribution distribution = l1_distribution(model, total);
  result.l1_expected = distribution.mean / total;
  result.expecting =
      std::count_if(model.cells.begin(), model.cells.end(), [&](double p) { return total * p > 1 - 1e-9; });
  if (result.expecting < fewest_cells || !(distribution.deviation > 0)) return;
  result.z = (result.l1 - result.l1_expected) * total / distribution.deviation;
  result.z_p_value = skewed_tails(*result.z, distribution.skewness);
}

/// Cells taken together.
struct Pool {
  double expected = 0, found = 0;
};
constexpr double enough = 5;  // particles that a pool expects

/// How the cells, and those that left, are taken together.
class Pools {
 public:
  /// Those that expect enough stand alone; the others meet in the order in which they come, among themselves: in a cell
  /// that expects many, a few that should not be there would pass unseen.
  void put(double expected, double found) {
    if (expected >= enough) {
      all_.push_back({expected, found});
      return;
    }
    open_.expected += expected;
    open_.found += found;
    Pool& level = levels_[std::ilogb(expected)];
    level.expected += expected;
    level.found += found;
    if (open_.expected >= enough) all_.push_back(std::exchange(open_, {}));
  }

  /// What was left over joins the smallest.
  [[nodiscard]] std::vector<Pool> close() const {
    std::vector<Pool> all = all_;
    const auto smaller = [](const Pool& a, const Pool& b) { return a.expected < b.expected; };
    if (const auto smallest = std::min_element(all.begin(), all.end(), smaller); smallest != all.end()) {
      smallest->expected += open_.expected;
      smallest->found += open_.found;
    }
    return all;
  }

  /// The smallest chance of as many particles as were found in the emptiest cells, for every power of 2 up to which a
  /// cell counts as one of these: where the distribution allows next to nothing, a single particle is one too many.
  [[nodiscard]] double strays() const {
    Pool below;
    double chance = 1;
    for (const auto& [exponent, level] : levels_) {
      below.expected += level.expected;
      below.found += level.found;
      if (below.expected >= enough) break;
      if (level.found > 0) chance = std::min(chance, at_least(below));
    }
    return chance;
  }

 private:
  /// Poisson's chance of as many as were found; of 200 where there are more, which is as good as never.
  static double at_least(const Pool& pool) { return boost::math::gamma_p(std::min(pool.found, 200.0), pool.expected); }

  std::vector<Pool> all_;
  Pool open_;
  std::map<int, Pool> levels_;  // of cells that expect too few, by their exponent
};

void compare_chi2(const Grid& grid, const Model& model, std::span<const double> counts, double total,
                  Agreement& result) {
  Pools pools;
  double inside = 0;
  for (Index j = 0; j < grid.ny(); ++j)
    for (Index step = 0; step < grid.nx(); ++step) {
      const Index i = j % 2 == 0 ? step : grid.nx() - 1 - step;
      const std::size_t cell = i + grid.nx() * j;
      pools.put(total * model.cells[cell], counts[cell]);
      inside += counts[cell];
    }
  pools.put(total * model.gone, total - inside);
  constexpr double hardly = 1e-6;  // so small that the looks at many levels do not matter
  if (const double chance = pools.strays(); chance < hardly) result.chi2_p_value = chance;
  const std::vector<Pool> all = pools.close();
  if (all.size() < 2) return;
  for (const Pool& pool : all)
    result.chi2 += (pool.found - pool.expected) * (pool.found - pool.expected) / pool.expected;
  result.chi2_dof = static_cast<double>(all.size() - 1);
  result.chi2_p_value = std::min(result.chi2_p_value, boost::math::gamma_q(result.chi2_dof / 2, result.chi2 / 2));
}

void compare_ks(const Grid& grid, const Model& model, std::span<const double> counts, double total, Agreement& result) {
  const double root = std::sqrt(total);
  for (int axis = 0; axis < grid.dimension(); ++axis) {
    std::vector<double> excess(grid.axis(axis).cells, 0.0);
    for (Index cell = 0; cell < grid.cells(); ++cell) {
      const Index column = axis == 0 ? cell % grid.nx() : cell / grid.nx();
      const std::size_t i = cell;
      excess[column] += counts[i] / total - model.cells[i];
    }
    double cdf = 0, most = 0, least = 0;
    for (const double part : excess) {
      cdf += part;
      most = std::max(most, cdf);
      least = std::min(least, cdf);
    }
    const bool circle = grid.axis(axis).periodic();
    const double distance = circle ? most - least : std::max(most, -least);
    const double tail = circle ? kuiper_tail(distance * (root + 0.155 + 0.24 / root))
                               : kolmogorov_tail(distance * (root + 0.12 + 0.11 / root));
    result.ks = std::max(result.ks, distance);
    result.ks_p_value = std::min(result.ks_p_value, grid.dimension() * tail);
  }
}

/// Of values that are no numbers nothing can be said but that they do not agree.
Agreement undefined() {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  Agreement result;
  result.l1 = result.l1_expected = result.ks = result.chi2 = none;
  result.z_p_value = result.ks_p_value = result.chi2_p_value = 0;
  return result;
}

}  // namespace

Agreement agreement(const Grid& grid, std::span<const double> p, std::span<const double> counts, double total) {
  if (std::ssize(p) != grid.cells() || std::ssize(counts) != grid.cells())
    throw std::invalid_argument("agreement: one density value and one count per cell");
  double inside = 0;
  for (const double count : counts) inside += count;
  if (!(total > 0) || inside > total) throw std::invalid_argument("agreement: more particles counted than started");
  if (!std::all_of(p.begin(), p.end(), [](double value) { return std::isfinite(value); })) return undefined();
  const Model model = model_of(grid, p);
  Agreement result;
  compare_l1(model, counts, total, result);
  compare_chi2(grid, model, counts, total, result);
  compare_ks(grid, model, counts, total, result);
  if (grid.dimension() == 1 && inside > 0 && model.gone < 1) result.w1 = wasserstein1(grid, model.cells, counts);
  return result;
}

JointVerdict Agreement::verdict() const {
  JointVerdict verdict;
  verdict.p_value = std::min(1.0, 3 * std::min({z_p_value, ks_p_value, chi2_p_value}));
  const double limit = verdict.p_value < differs_below ? differs_below : doubtful_below;
  verdict.word = verdict.p_value < differs_below ? "differs" : verdict.p_value < doubtful_below ? "doubtful" : "agrees";
  if (3 * z_p_value < limit) verdict.spoke.emplace_back("z");
  if (3 * ks_p_value < limit) verdict.spoke.emplace_back("KS");
  if (3 * chi2_p_value < limit) verdict.spoke.emplace_back("chi-square");
  return verdict;
}

}  // namespace fokker
