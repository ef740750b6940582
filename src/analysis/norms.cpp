#include "fokker/analysis/norms.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "fokker/base/compensated_sum.hpp"
#include "fokker/base/vector_math.hpp"
#include "marginals.hpp"

namespace fokker {
namespace {

/// The difference of the cdfs at the upper face of every cell of an axis, from marginals, both scaled to 1.
std::vector<double> cdf_differences(const std::vector<double>& P, const std::vector<double>& Q) {
  const double p_total = total(P), q_total = total(Q);
  std::vector<double> differences;
  CompensatedSum sum;
  for (std::size_t i = 0; i < P.size(); ++i) {
    sum.add(P[i] / p_total - Q[i] / q_total);
    differences.push_back(sum.value());
  }
  return differences;
}

/// int_0^1 |a + (b - a) s| ds
double mean_modulus(double a, double b) {
  const double sizes = std::abs(a) + std::abs(b);
  return a * b >= 0 ? sizes / 2 : (a * a + b * b) / (2 * sizes);
}

/// On a circle both cdfs start where it was cut, and cost |difference - c| there, c what goes round: the median of the
/// difference over the axis is the c that costs least (Rabin, Delon and Gousseau 2011). `differences`: at the upper
/// faces, 0 at the first lower one, linear between. By bisection of the fraction of the axis that lies below c.
double median_level(const std::vector<double>& differences) {
  const auto fraction_below = [&](double c) {
    double fraction = 0, left = 0;
    for (const double right : differences) {
      const double low = std::min(left, right), high = std::max(left, right);
      fraction += c >= high ? 1 : c <= low ? 0 : (c - low) / (high - low);
      left = right;
    }
    return fraction;
  };
  const auto [least, most] = std::minmax_element(differences.begin(), differences.end());
  double low = std::min(0.0, *least), high = std::max(0.0, *most);
  constexpr int halvings = 60;
  for (int k = 0; k < halvings && low < high; ++k) {
    const double middle = 0.5 * (low + high);
    (fraction_below(middle) < 0.5 * static_cast<double>(differences.size()) ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

Norms norms(const Grid& grid, std::span<const double> p, std::span<const double> q) {
  CompensatedSum l1, l2, kl, left_out;
  double linf = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double difference = std::abs(p[i] - q[i]);
    l1.add(difference);
    l2.add(difference * difference);
    linf = larger(linf, difference);
    if (p[i] <= 0) continue;
    if (q[i] < std::numeric_limits<double>::min())
      left_out.add(p[i]);
    else
      kl.add(p[i] * (std::log(p[i]) - std::log(q[i])));
  }
  const double volume = grid.volume(), outside = volume * left_out.value();
  return {volume * l1.value(), std::sqrt(volume * l2.value()), linf,
          outside < most_kl_left_out ? volume * kl.value() : std::numeric_limits<double>::infinity(), outside};
}

double wasserstein1(const Grid& grid, std::span<const double> p, std::span<const double> q) {
  if (grid.dimension() != 1) throw std::invalid_argument("wasserstein1: the grid has two axes");
  const Axis& axis = grid.axis(0);
  const std::vector<double> differences = cdf_differences(marginals(grid, p)[0], marginals(grid, q)[0]);
  const double level = axis.periodic() ? median_level(differences) : 0;
  CompensatedSum area;
  double left = -level;
  for (const double difference : differences) {
    const double right = difference - level;
    area.add(mean_modulus(left, right));
    left = right;
  }
  return area.value() * axis.width();
}

double kolmogorov_smirnov(const Grid& grid, std::span<const double> p, std::span<const double> q) {
  const Marginals P = marginals(grid, p), Q = marginals(grid, q);
  double largest = 0;
  for (int k = 0; k < grid.dimension(); ++k) {
    const std::size_t at = k;
    double above = 0, below = 0;
    for (const double difference : cdf_differences(P[at], Q[at])) {
      above = larger(above, difference);
      below = larger(below, -difference);
    }
    largest = larger(largest, grid.axis(k).periodic() ? above + below : larger(above, below));
  }
  return largest;
}

namespace {

constexpr std::size_t stretch = 256;

FOKKER_KERNEL(void, entropy_terms, (const double* p, std::size_t n, double* out), (p, n, out)) {
  for (std::size_t i = 0; i < n; ++i) {
    const double logarithm = ::log(p[i] <= 0 ? 1.0 : p[i]);
    out[i] = p[i] <= 0 ? 0.0 : -p[i] * logarithm;
  }
}

}  // namespace

double entropy(const Grid& grid, std::span<const double> p) {
  CompensatedSum sum;
  std::array<double, stretch> terms;
  for (std::size_t first = 0; first < p.size(); first += stretch) {
    const std::size_t n = std::min(stretch, p.size() - first);
    entropy_terms(p.data() + first, n, terms.data());
    for (std::size_t i = 0; i < n; ++i) sum.add(terms[i]);
  }
  return grid.volume() * sum.value();
}

}  // namespace fokker
