#include "mixture_kernels.hpp"

#include <limits>

#include "fokker/base/vector_math.hpp"

namespace fokker {
namespace {

/// A point as seen from a term: g = -V^-1 (x - m), and the exponent.
template <int dimension>
struct Seen {
  double gx, gy, log_p;
  [[gnu::always_inline]] Seen(const MixtureTerm& term, double x, double y) {
    const double dx = x - term.mean[0];
    if constexpr (dimension == 1) {
      gx = -(term.precision[0] * dx);
      gy = 0;
      log_p = term.log_weight + 0.5 * (gx * dx);
    } else {
      const double dy = y - term.mean[1];
      gx = -(term.precision[0] * dx + term.precision[1] * dy);
      gy = -(term.precision[1] * dx + term.precision[2] * dy);
      log_p = term.log_weight + 0.5 * (gx * dx + gy * dy);
    }
  }
};

template <int dimension>
[[gnu::always_inline]] inline void find_top(std::span<const MixtureTerm> terms, const double* x, const double* y,
                                            Index count, MixtureTotals& to) {
  for (Index i = 0; i < count; ++i) to.top[i] = -std::numeric_limits<double>::infinity();
  for (const MixtureTerm& term : terms) {
#pragma omp simd
    for (Index i = 0; i < count; ++i) {
      const double log_p = Seen<dimension>(term, x[i], dimension == 1 ? 0 : y[i]).log_p;
      to.top[i] = log_p > to.top[i] ? log_p : to.top[i];
    }
  }
}

template <int dimension, MixtureOrder order>
[[gnu::always_inline]] inline void add_terms(std::span<const MixtureTerm> terms, const double* x, const double* y,
                                             Index count, MixtureTotals& to) {
  for (Index i = 0; i < count; ++i) to.sum[i] = to.gx[i] = to.gy[i] = to.xx[i] = to.xy[i] = to.yy[i] = 0;
  for (const MixtureTerm& term : terms) {
#pragma omp simd
    for (Index i = 0; i < count; ++i) {
      const Seen<dimension> seen(term, x[i], dimension == 1 ? 0 : y[i]);
      const double w = ::exp(seen.log_p - to.top[i]);
      to.sum[i] += w;
      if constexpr (order >= MixtureOrder::score) {
        to.gx[i] += w * seen.gx;
        if constexpr (dimension == 2) to.gy[i] += w * seen.gy;
      }
      if constexpr (order == MixtureOrder::jacobian) {
        to.xx[i] += w * (seen.gx * seen.gx - term.precision[0]);
        if constexpr (dimension == 2) {
          to.xy[i] += w * (seen.gx * seen.gy - term.precision[1]);
          to.yy[i] += w * (seen.gy * seen.gy - term.precision[2]);
        }
      }
    }
  }
}

template <int dimension>
[[gnu::always_inline]] inline void add_all(std::span<const MixtureTerm> terms, MixtureOrder order, const double* x,
                                           const double* y, Index count, MixtureTotals& to) {
  find_top<dimension>(terms, x, y, count, to);
  switch (order) {
    case MixtureOrder::density:
      return add_terms<dimension, MixtureOrder::density>(terms, x, y, count, to);
    case MixtureOrder::score:
      return add_terms<dimension, MixtureOrder::score>(terms, x, y, count, to);
    case MixtureOrder::jacobian:
      return add_terms<dimension, MixtureOrder::jacobian>(terms, x, y, count, to);
  }
}

}  // namespace

FOKKER_KERNEL(void, add_up,
              (std::span<const MixtureTerm> terms, int dimension, MixtureOrder order, const double* x, const double* y,
               Index count, MixtureTotals& totals),
              (terms, dimension, order, x, y, count, totals)) {
  if (dimension == 1)
    add_all<1>(terms, order, x, y, count, totals);
  else
    add_all<2>(terms, order, x, y, count, totals);
}

}  // namespace fokker
