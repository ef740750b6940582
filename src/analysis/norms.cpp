#include "fokker/analysis/norms.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "compensated_sum.hpp"
#include "fokker/base/vector_math.hpp"
#include "marginals.hpp"

namespace fokker {
namespace {

/// The larger one, or NaN if either is.
double larger(double a, double b) { return std::isnan(a) || b <= a ? a : b; }

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

}  // namespace

Norms norms(const Grid& grid, std::span<const double> p, std::span<const double> q) {
  CompensatedSum l1, l2, kl;
  double linf = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double difference = std::abs(p[i] - q[i]);
    l1.add(difference);
    l2.add(difference * difference);
    linf = larger(linf, difference);
    if (p[i] <= 0) continue;
    kl.add(q[i] <= 0 ? std::numeric_limits<double>::infinity() : p[i] * (std::log(p[i]) - std::log(q[i])));
  }
  const double volume = grid.volume();
  return {volume * l1.value(), std::sqrt(volume * l2.value()), linf, volume * kl.value()};
}

double wasserstein1(const Grid& grid, std::span<const double> p, std::span<const double> q) {
  if (grid.dimension() != 1) throw std::invalid_argument("wasserstein1: the grid has two axes");
  CompensatedSum area;
  double left = 0;
  for (const double right : cdf_differences(marginals(grid, p)[0], marginals(grid, q)[0])) {
    area.add(mean_modulus(left, right));
    left = right;
  }
  return area.value() * grid.axis(0).width();
}

double kolmogorov_smirnov(const Grid& grid, std::span<const double> p, std::span<const double> q) {
  const Marginals P = marginals(grid, p), Q = marginals(grid, q);
  double largest = 0;
  for (std::size_t k = 0; k < P.size(); ++k)  // that of an axis that is not there is empty
    for (const double difference : cdf_differences(P[k], Q[k])) largest = larger(largest, std::abs(difference));
  return largest;
}

namespace {

constexpr std::size_t stretch = 256;

FOKKER_VECTOR_CLONES void entropy_terms(const double* p, std::size_t n, double* out) {
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
