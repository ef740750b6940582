#include "scaled_system.hpp"

#include <algorithm>
#include <cmath>

#include "fokker/base/parallel.hpp"
#include "fokker/base/vector_math.hpp"

namespace fokker {
namespace {

constexpr Index block = 512;    // cells whose sums stay in the first-level cache between the loops over them
constexpr Index piece = 16384;  // cells per piece of a parallel loop
constexpr double furthest = 600;

// Streams per cell of a Chebyshev step on a diagonal tensor: four bands, u, g, d twice and out once (twice with the
// write-allocate): 72 to 80 bytes, 13 flops.
template <int N, bool Add>
[[gnu::always_inline]] inline void sum_bands(const double* const* C, const double* const* u, Index n,
                                             double* __restrict out) {
  for (Index i = 0; i < n; ++i) {
    double sum = Add ? out[i] : 0;
    for (int k = 0; k < N; ++k) sum += C[k][i] * u[k][i];
    out[i] = sum;
  }
}

FOKKER_KERNEL(void, sum_four_bands, (const double* const* C, const double* const* u, Index n, double* out),
              (C, u, n, out)) {
  sum_bands<4, false>(C, u, n, out);
}
FOKKER_KERNEL(void, sum_two_bands, (const double* const* C, const double* const* u, Index n, double* out),
              (C, u, n, out)) {
  sum_bands<2, false>(C, u, n, out);
}
FOKKER_KERNEL(void, add_two_bands, (const double* const* C, const double* const* u, Index n, double* out),
              (C, u, n, out)) {
  sum_bands<2, true>(C, u, n, out);
}

FOKKER_KERNEL(void, finish_residual, (const double* g, const double* u, const double* sum, Index n, double* r),
              (g, u, sum, n, r)) {
  for (Index i = 0; i < n; ++i) r[i] = g[i] - u[i] + sum[i];
}

FOKKER_KERNEL(void, finish_smoothing,
              (const double* g, const double* u, const double* sum, double keep, double take, Index n,
               double* __restrict d, double* __restrict out),
              (g, u, sum, keep, take, n, d, out)) {
  for (Index i = 0; i < n; ++i) {
    d[i] = keep * d[i] + take * (g[i] - u[i] + sum[i]);
    out[i] = u[i] + d[i];
  }
}

/// up[i] = s_R / s_L and down[i] = s_L / s_R of edges whose ends are `apart` cells from each other.
FOKKER_KERNEL(void, take_ratios,
              (const double* log_s, Index apart, Index n, double* __restrict up, double* __restrict down),
              (log_s, apart, n, up, down)) {
#pragma omp simd
  for (Index i = 0; i < n; ++i) {
    const double difference = log_s[i + apart] - log_s[i];
    const double low = difference < -furthest ? -furthest : difference, bounded = low > furthest ? furthest : low;
    up[i] = ::exp(bounded);
    down[i] = ::exp(-bounded);
  }
}

double bounded_exp(double x) { return std::exp(std::clamp(x, -furthest, furthest)); }

/// Calls body(first, count) on blocks of all cells, concurrently. The blocks are always the same ones: the last few
/// cells of a block may go through the scalar exp instead of the vector one, whose last bit differs.
template <class Body>
void in_blocks(Index cells, const Body& body) {
  parallel_for(0, (cells + block - 1) / block, piece / block, [&](Index begin, Index end) {
    for (Index b = begin; b < end; ++b) body(b * block, std::min(block, cells - b * block));
  });
}

}  // namespace

ScaledChain::ScaledChain(const Chain& shape)
    : cells_(shape.cells()), padding_(0), diagonal_(static_cast<std::size_t>(shape.cells())) {
  for (const Chain::Link& link : shape.links) {
    const Index shift = link.offset.x + shape.nx * link.offset.y;
    padding_ = std::max(padding_, std::abs(shift));
    bands_.push_back({shift, std::vector<double>(cells_)});
    bands_.push_back({-shift, std::vector<double>(cells_)});
  }
}

void ScaledChain::build(const Chain& chain, double shift, double gamma, std::span<const double> log_s) {
  std::fill(diagonal_.begin(), diagonal_.end(), shift);
  for (Index i = 0; i < static_cast<Index>(chain.outflow.size()); ++i) diagonal_[i] += gamma * chain.outflow[i];
  wraps_.clear();
  const bool open = !chain.periodic_x && !chain.periodic_y;
  const auto direct = [&](const Chain::Link& link, Index cell) {
    if (open) return true;  // what would leave the grid has no rates
    const Index x = cell % chain.nx + link.offset.x, y = cell / chain.nx + link.offset.y;
    return x >= 0 && x < chain.nx && y >= 0 && y < chain.ny;
  };
  const auto wrap = [&](const Chain::Link& link, Index L) {
    const double forward = gamma * link.forward[L], backward = gamma * link.backward[L];
    if (forward == 0 && backward == 0) return;
    const Index R = chain.neighbour(L, link.offset);
    diagonal_[L] += forward;
    diagonal_[R] += backward;
    const double up = log_s.empty() ? 0 : log_s[R] - log_s[L];
    wraps_.push_back({L, R, backward * bounded_exp(up)});
    wraps_.push_back({R, L, forward * bounded_exp(-up)});
  };
  for (std::size_t k = 0; k < chain.links.size(); ++k) {
    const Chain::Link& link = chain.links[k];
    Band &out = bands_[2 * k], &in = bands_[2 * k + 1];
    const Index apart = out.shift, first = std::max<Index>(0, -apart), last = std::min(cells_, cells_ - apart);
    // The rows of `out` are those of L, the rows of `in` those of R = L + apart; each has one writer.
    in_blocks(last - first, [&](Index from, Index count) {
      double up[block], down[block];
      if (log_s.empty()) {
        std::fill_n(up, count, 1.0);
        std::fill_n(down, count, 1.0);
      } else {
        take_ratios(log_s.data() + first + from, apart, count, up, down);
      }
      for (Index i = 0; i < count; ++i) {
        const Index L = first + from + i, R = L + apart;
        const bool here = direct(link, L);
        out.values[L] = here ? gamma * link.backward[L] * up[i] : 0;
        in.values[R] = here ? gamma * link.forward[L] * down[i] : 0;
      }
    });
    parallel_for(first, last, piece, [&](Index begin, Index end) {
      for (Index L = begin; L < end; ++L)
        if (direct(link, L)) diagonal_[L] += gamma * link.forward[L];
    });
    parallel_for(first, last, piece, [&](Index begin, Index end) {
      for (Index L = begin; L < end; ++L)
        if (direct(link, L)) diagonal_[L + apart] += gamma * link.backward[L];
    });
    for (Index L = 0; L < cells_ && !open; ++L)
      if (!direct(link, L)) wrap(link, L);
  }
  std::stable_sort(wraps_.begin(), wraps_.end(), [](const Wrap& a, const Wrap& b) { return a.cell < b.cell; });
  for (Wrap& w : wraps_) w.value /= diagonal_[w.cell];
  for (Band& band : bands_)
    parallel_for(0, cells_, piece, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) band.values[i] /= diagonal_[i];
    });
}

void ScaledChain::gather(const double* u, Index first, Index count, double* out) const {
  const double *C[4], *there[4];
  for (std::size_t k = 0; k < bands_.size();) {
    const std::size_t taken = k == 0 && bands_.size() >= 4 ? 4 : 2;
    for (std::size_t j = 0; j < taken; ++j) {
      C[j] = bands_[k + j].values.data() + first;
      there[j] = u + first + bands_[k + j].shift;
    }
    (taken == 4 ? sum_four_bands : k == 0 ? sum_two_bands : add_two_bands)(C, there, count, out);
    k += taken;
  }
  if (wraps_.empty()) return;
  auto wrap = std::lower_bound(wraps_.begin(), wraps_.end(), first, [](const Wrap& w, Index i) { return w.cell < i; });
  for (; wrap != wraps_.end() && wrap->cell < first + count; ++wrap)
    out[wrap->cell - first] += wrap->value * u[wrap->other];
}

void ScaledChain::residual(const double* g, const double* u, double* r) const {
  in_blocks(cells_, [&](Index first, Index count) {
    double sum[block];
    gather(u, first, count, sum);
    finish_residual(g + first, u + first, sum, count, r + first);
  });
}

void ScaledChain::apply(const double* u, double* out) const {
  in_blocks(cells_, [&](Index first, Index count) {
    double sum[block];
    gather(u, first, count, sum);
    for (Index i = 0; i < count; ++i) out[first + i] = u[first + i] - sum[i];
  });
}

void ScaledChain::smooth(const double* g, const double* u, double keep, double take, double* d, double* out) const {
  in_blocks(cells_, [&](Index first, Index count) {
    double sum[block];
    gather(u, first, count, sum);
    finish_smoothing(g + first, u + first, sum, keep, take, count, d + first, out + first);
  });
}

void ScaledChain::restrict_residual(const double* g, const double* u, const double* weight, Halving halving, Index nx,
                                    double* coarse) const {
  const Index coarse_nx = halving.x ? nx / 2 : nx, rows = halving.y ? 2 : 1, wide = halving.x ? 2 : 1;
  const Index coarse_rows = cells_ / nx / rows;
  parallel_for(0, coarse_rows, std::max<Index>(1, piece / (nx * rows)), [&](Index begin, Index end) {
    double sum[block];
    for (Index J = begin; J < end; ++J) {
      double* const out = coarse + coarse_nx * J;
      std::fill_n(out, coarse_nx, 0.0);
      for (Index row = rows * J; row < rows * (J + 1); ++row)
        for (Index column = 0; column < nx; column += block) {
          const Index first = column + nx * row, count = std::min(block, nx - column);
          gather(u, first, count, sum);
          finish_residual(g + first, u + first, sum, count, sum);
          for (Index i = 0; i < count; ++i) sum[i] *= weight[first + i];
          double* const to = out + column / wide;
          if (wide == 1)
            for (Index i = 0; i < count; ++i) to[i] += sum[i];
          else
            for (Index i = 0; i < count / 2; ++i) to[i] += sum[2 * i] + sum[2 * i + 1];
        }
    }
  });
}

std::size_t ScaledChain::bytes() const {
  return (bands_.size() + 1) * diagonal_.capacity() * sizeof(double) + wraps_.capacity() * sizeof(Wrap);
}

}  // namespace fokker
