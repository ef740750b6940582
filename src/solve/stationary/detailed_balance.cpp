#include "detailed_balance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/base/parallel.hpp"
#include "fokker/base/vector_math.hpp"

namespace fokker {
namespace {

constexpr Index block = 256;  // columns
constexpr double closed = 1e-12;

/// below += log of the ratio of the rates, compensated (Kahan 1965): hundreds of rows would add up hundreds of
/// roundings.
FOKKER_KERNEL(void, climb,
              (const double* forward, const double* backward, const double* above, Index n, double* __restrict lost,
               double* __restrict below),
              (forward, backward, above, n, lost, below)) {
#pragma omp simd
  for (Index i = 0; i < n; ++i) {
    const double step = ::log(forward[i] / backward[i]) - lost[i], sum = above[i] + step;
    lost[i] = (sum - above[i]) - step;
    below[i] = sum;
  }
}

/// The largest |log p_R - log p_L - log(forward / backward)|; infinite where that is no number. An edge with two zeros
/// asks for nothing.
FOKKER_KERNEL(double, largest_defect,
              (const double* forward, const double* backward, const double* left, const double* right, Index n),
              (forward, backward, left, right, n)) {
  double worst = 0;
#pragma omp simd reduction(max : worst)
  for (Index i = 0; i < n; ++i) {
    const bool absent = (forward[i] == 0) & (backward[i] == 0);
    const double defect = std::abs(right[i] - left[i] - ::log(forward[i] / backward[i]));
    const double counted = defect <= std::numeric_limits<double>::max() ? defect : INFINITY;
    const double own = absent ? 0 : counted;
    worst = worst > own ? worst : own;
  }
  return worst;
}

/// Infinite both where a value is no number.
FOKKER_KERNEL(void, extremes, (const double* v, Index n, double& least, double& most), (v, n, least, most)) {
  double low = INFINITY, high = -INFINITY;
#pragma omp simd reduction(min : low) reduction(max : high)
  for (Index i = 0; i < n; ++i) {
    const double up = v[i] <= std::numeric_limits<double>::max() ? v[i] : INFINITY;
    low = low < v[i] ? low : v[i];
    high = high > up ? high : up;
  }
  least = low;
  most = high;
}

const Chain::Link* link_of(const Chain& chain, Offset e) {
  for (const Chain::Link& link : chain.links)
    if (link.offset == e) return &link;
  return nullptr;
}

/// The tree: row 0, then all columns at once.
bool sum_up(const Chain& chain, std::vector<double>& log_p) {
  const Chain::Link *along = link_of(chain, {1, 0}), *across = link_of(chain, {0, 1});
  if ((chain.nx > 1 && along == nullptr) || (chain.ny > 1 && across == nullptr)) return false;
  double lost = 0;
  for (Index i = 0; i + 1 < chain.nx; ++i)
    climb(&along->forward[i], &along->backward[i], &log_p[i], 1, &lost, &log_p[i + 1]);
  parallel_for(0, (chain.nx + block - 1) / block, 1, [&](Index begin, Index end) {
    double carry[block];
    for (Index b = begin; b < end; ++b) {
      const Index first = b * block, count = std::min(block, chain.nx - first);
      std::fill_n(carry, count, 0.0);
      for (Index j = 0; j + 1 < chain.ny; ++j) {
        const Index cell = first + chain.nx * j;
        climb(&across->forward[cell], &across->backward[cell], &log_p[cell], count, carry, &log_p[cell + chain.nx]);
      }
    }
  });
  return true;
}

/// Over all edges of a link that are not part of the tree.
double largest_defect(const Chain& chain, const Chain::Link& link, const std::vector<double>& log_p) {
  const Offset e = link.offset;
  const Index first = std::max(0, -e.x), last = chain.nx - std::max(0, e.x);  // columns that do not wrap
  constexpr Index rows = 16;
  std::vector<double> worst((chain.ny + rows - 1) / rows, 0.0);
  parallel_for(0, static_cast<Index>(worst.size()), 2, [&](Index begin, Index end) {
    for (Index piece = begin; piece < end; ++piece)
      for (Index j = piece * rows; j < std::min(chain.ny, (piece + 1) * rows); ++j) {
        double& most = worst[piece];
        const bool row_wraps = j + e.y < 0 || j + e.y >= chain.ny;
        const bool in_tree = (e == Offset{0, 1} && !row_wraps) || (e == Offset{1, 0} && j == 0);
        if (!row_wraps && !in_tree && last > first) {
          const Index cell = first + chain.nx * j;
          most = std::max(most, largest_defect(&link.forward[cell], &link.backward[cell], &log_p[cell],
                                               log_p.data() + cell + e.x + chain.nx * e.y, last - first));
        }
        for (Index i = 0; i < chain.nx; ++i) {
          if (!row_wraps && i >= first && i < last) {
            i = last - 1;
            continue;
          }
          const Index cell = i + chain.nx * j, other = chain.neighbour(cell, e);
          if (other >= 0)
            most = std::max(most,
                            largest_defect(&link.forward[cell], &link.backward[cell], &log_p[cell], &log_p[other], 1));
        }
      }
  });
  return *std::max_element(worst.begin(), worst.end());
}

}  // namespace

std::optional<std::vector<double>> balanced_distribution(const Chain& chain) {
  std::vector<double> log_p(chain.cells(), 0.0);
  if (!sum_up(chain, log_p)) return std::nullopt;
  constexpr Index piece = 8192;
  std::vector<double> least((chain.cells() + piece - 1) / piece), most(least.size());
  parallel_for(0, static_cast<Index>(least.size()), 2, [&](Index begin, Index end) {
    for (Index k = begin; k < end; ++k)
      extremes(&log_p[k * piece], std::min(piece, chain.cells() - k * piece), least[k], most[k]);
  });
  const double top = *std::max_element(most.begin(), most.end());
  const double range = top - *std::min_element(least.begin(), least.end());
  if (!std::isfinite(range)) return std::nullopt;
  for (const Chain::Link& link : chain.links)
    if (!(largest_defect(chain, link, log_p) <= closed * (1 + range))) return std::nullopt;
  parallel_for(0, chain.cells(), 2 * piece, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) log_p[i] -= top;
  });
  return log_p;
}

}  // namespace fokker
