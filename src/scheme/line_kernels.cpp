#include "line_kernels.hpp"

#include <algorithm>
#include <cstring>

#include "fokker/scheme/directions.hpp"

#define FOKKER_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

namespace fokker {
namespace {

constexpr Index lanes = Directions::lanes;

/// z = y / pivot, y_i = b_i + gamma up[i-1] z[i-1]
[[gnu::always_inline]] inline void eliminate(const LinePanel& m, Index count, const double* __restrict b,
                                             double* __restrict z) {
  double carry[lanes] = {};
  for (Index i = 0; i < count; ++i) {
    const double *up = m.up + i * lanes, *inverse = m.inverse + i * lanes, *bi = b + i * lanes;
    double* zi = z + i * lanes;
    for (Index k = 0; k < lanes; ++k) {
      const double y = bi[k] + carry[k];
      carry[k] = (m.gamma * up[k] * inverse[k]) * y;
      zi[k] = y * inverse[k];
    }
  }
}

/// From the last cell back, and at once the balance of every cell: what lies between two walls.
[[gnu::always_inline]] inline void substitute(const LinePanel& m, const double* __restrict b, double* __restrict x,
                                              double of_x, double of_b, double* __restrict lower,
                                              double* __restrict upper) {
  double next[lanes], balance[lanes];  // x of the cell above; its b less what it hands upwards
  const Index last = m.length - 1;
  for (Index k = 0; k < lanes; ++k) {
    next[k] = x[last * lanes + k];
    upper[k] = m.gamma * m.up[last * lanes + k] * next[k];
    balance[k] = b[last * lanes + k] - upper[k];
  }
  for (Index i = last; i-- > 0;) {
    const double *up = m.up + i * lanes, *down = m.down + i * lanes, *inverse = m.inverse + i * lanes;
    const double* bi = b + i * lanes;
    double* xi = x + i * lanes;
    for (Index k = 0; k < lanes; ++k) {
      const double back = m.gamma * down[k];
      const double here = xi[k] + (back * inverse[k]) * next[k];
      const double flux = m.gamma * up[k] * here - back * next[k];
      xi[k + lanes] = of_x * (balance[k] + flux) + of_b * bi[k + lanes];
      balance[k] = bi[k] - flux;
      next[k] = here;
    }
  }
  for (Index k = 0; k < lanes; ++k) {
    lower[k] = m.gamma * m.lower_sink[k] * next[k];
    x[k] = of_x * (balance[k] - lower[k]) + of_b * b[k];
  }
}

/// Back through all cells but the last as if that were 0.
[[gnu::always_inline]] inline void substitute_open(const LinePanel& m, double* __restrict x) {
  double next[lanes] = {};
  for (Index i = m.length - 1; i-- > 0;) {
    const double *down = m.down + i * lanes, *inverse = m.inverse + i * lanes;
    for (Index k = 0; k < lanes; ++k) {
      next[k] = x[i * lanes + k] + (m.gamma * down[k] * inverse[k]) * next[k];
      x[i * lanes + k] = next[k];
    }
  }
}

/// The last cell, what it sends into the others, and the balance of every cell.
[[gnu::always_inline]] inline void close_ring(const LinePanel& m, const double* __restrict b, double* __restrict x,
                                              double of_x, double of_b) {
  const Index last = m.length - 1;
  double end[lanes], here[lanes], below[lanes], around[lanes];
  for (Index k = 0; k < lanes; ++k) {
    const Index at = last * lanes + k, before = at - lanes;
    end[k] = m.inverse[at] * (b[at] + m.gamma * m.up[before] * x[before] + m.gamma * m.down[at] * x[k]);
    x[at] = 0;  // ring[last] = 1
    here[k] = x[k] + m.ring[k] * end[k];
    around[k] = below[k] = m.gamma * m.up[at] * end[k] - m.gamma * m.down[at] * here[k];
  }
  for (Index i = 0; i < last; ++i) {
    const double *up = m.up + i * lanes, *down = m.down + i * lanes, *ring = m.ring + (i + 1) * lanes;
    const double* bi = b + i * lanes;
    double* xi = x + i * lanes;
    for (Index k = 0; k < lanes; ++k) {
      const double next = xi[k + lanes] + ring[k] * end[k];
      const double flux = m.gamma * up[k] * here[k] - m.gamma * down[k] * next;
      xi[k] = of_x * (bi[k] + (below[k] - flux)) + of_b * bi[k];
      below[k] = flux;
      here[k] = next;
    }
  }
  for (Index k = 0; k < lanes; ++k) {
    const Index at = last * lanes + k;
    x[at] = of_x * (b[at] + (below[k] - around[k])) + of_b * b[at];
  }
}

/// Pivots of lines between walls. When cell j is done, cell j + 1 keeps 1 + outflow + gamma down[j] * (the share that
/// cell j does not hand back).
[[gnu::always_inline]] inline bool factor_open(const double* up, const double* down, const double* lower_sink,
                                               Index length, double gamma, double* __restrict inverse) {
  double kept[lanes];
  for (Index k = 0; k < lanes; ++k) kept[k] = 1 + gamma * lower_sink[k];
  int bad = 0;
  for (Index i = 0; i < length; ++i)
    for (Index k = 0; k < lanes; ++k) {
      const Index at = i * lanes + k;
      const double pivot = kept[k] + gamma * up[at];
      bad |= static_cast<int>(!(pivot > 0));
      inverse[at] = 1 / pivot;
      kept[k] = 1 + gamma * down[at] * (kept[k] * inverse[at]);
    }
  return bad == 0;
}

/// Pivots of all cells but the last, which each may also hand to the last, directly or round the ring; then the column
/// of the last cell. Its pivot is the column sum of what is left: 1 + the sum of the ring.
///
///        | *  .        c |      c: up[n-1], r: down[n-1]
///        | .  *  .     f |      f: fill, all of one sign
///        |    .  *  .  f |
///        | r  f  f  .  * |
[[gnu::always_inline]] inline bool factor_ring(const double* up, const double* down, Index length, double gamma,
                                               double* __restrict inverse, double* __restrict ring,
                                               double* __restrict scratch) {
  const Index last = length - 1;
  double kept[lanes], to_last[lanes], end[lanes];
  for (Index k = 0; k < lanes; ++k) {
    kept[k] = 1;
    to_last[k] = gamma * down[last * lanes + k];
  }
  int bad = 0;
  for (Index i = 0; i < last; ++i)
    for (Index k = 0; k < lanes; ++k) {
      const Index at = i * lanes + k;
      const double pivot = kept[k] + gamma * up[at] + to_last[k];  // cell last - 1 hands `up` to the last cell
      bad |= static_cast<int>(!(pivot > 0));
      inverse[at] = 1 / pivot;
      const double back = gamma * down[at] * inverse[at];
      kept[k] = 1 + back * kept[k];
      to_last[k] = back * to_last[k];
      scratch[at] = (i == 0 ? gamma * up[last * lanes + k] : 0) + (i + 1 == last ? gamma * down[at] : 0);
    }
  const LinePanel open{up, down, nullptr, inverse, nullptr, length, gamma};
  eliminate(open, last, scratch, ring);
  substitute_open(open, ring);
  for (Index k = 0; k < lanes; ++k) end[k] = 1;
  for (Index i = 0; i < last; ++i)
    for (Index k = 0; k < lanes; ++k) end[k] += ring[i * lanes + k];
  for (Index k = 0; k < lanes; ++k) {
    bad |= static_cast<int>(!(end[k] > 0));
    inverse[last * lanes + k] = 1 / end[k];
    ring[last * lanes + k] = 1;
  }
  return bad == 0;
}

[[gnu::always_inline]] inline void apply_row(double gamma, const double* up, const double* down, const double* here,
                                             const double* next, Index n, double* __restrict below,
                                             double* __restrict out) {
  for (Index k = 0; k < n; ++k) {
    const double flux = gamma * up[k] * here[k] - gamma * down[k] * next[k];
    out[k] = here[k] + (below[k] - flux);
    below[k] = flux;
  }
}

/// Four by four.
using Four = double __attribute__((vector_size(32)));
using Which = long __attribute__((vector_size(32)));
[[gnu::always_inline]] inline void transpose_four(const double* from, Index from_stride, double* to, Index to_stride) {
  Four row[4];
  for (Index r = 0; r < 4; ++r) std::memcpy(&row[r], from + r * from_stride, sizeof(Four));
  const Which low{0, 4, 2, 6}, high{1, 5, 3, 7}, left{0, 1, 4, 5}, right{2, 3, 6, 7};
  const Four even0 = __builtin_shuffle(row[0], row[1], low), odd0 = __builtin_shuffle(row[0], row[1], high);
  const Four even1 = __builtin_shuffle(row[2], row[3], low), odd1 = __builtin_shuffle(row[2], row[3], high);
  const Four column[4] = {__builtin_shuffle(even0, even1, left), __builtin_shuffle(odd0, odd1, left),
                          __builtin_shuffle(even0, even1, right), __builtin_shuffle(odd0, odd1, right)};
  for (Index c = 0; c < 4; ++c) std::memcpy(to + c * to_stride, &column[c], sizeof(Four));
}

}  // namespace

FOKKER_CLONES
bool factor_lines(const double* up, const double* down, const double* lower_sink, bool periodic, Index length,
                  double gamma, double* inverse, double* ring, double* scratch) {
  return periodic ? factor_ring(up, down, length, gamma, inverse, ring, scratch)
                  : factor_open(up, down, lower_sink, length, gamma, inverse);
}

FOKKER_CLONES
void solve_lines(const LinePanel& panel, const double* b, double* x, double of_x, double of_b, double* lower,
                 double* upper) {
  const LinePanel m = panel;
  if (m.ring == nullptr) {
    eliminate(m, m.length, b, x);
    substitute(m, b, x, of_x, of_b, lower, upper);
    return;
  }
  eliminate(m, m.length - 1, b, x);
  substitute_open(m, x);
  close_ring(m, b, x, of_x, of_b);
  std::fill_n(lower, lanes, 0.0);
  std::fill_n(upper, lanes, 0.0);
}

FOKKER_CLONES
void apply_lines(double gamma, const double* up, const double* down, const double* p, Index stride, Index rows,
                 Index columns, const double* beyond, double* __restrict below, double* __restrict out) {
  for (Index r = 0; r < rows; ++r, up += lanes, down += lanes, p += stride, out += lanes) {
    const double* next = r + 1 < rows ? p + stride : beyond;
    if (columns == lanes)
      apply_row(gamma, up, down, p, next, lanes, below, out);
    else
      apply_row(gamma, up, down, p, next, columns, below, out);
  }
}

void line_flux(double gamma, const double* up, const double* down, const double* here, const double* next, Index n,
               double* flux) {
  for (Index k = 0; k < n; ++k) flux[k] = gamma * up[k] * here[k] - (next == nullptr ? 0 : gamma * down[k] * next[k]);
}

FOKKER_CLONES
void store_lines(const double* x, Index length, Index columns, const double* base, double* out, Index stride) {
  for (Index i = 0; i < length; ++i, x += lanes, out += stride) {
    if (base == nullptr) {
      std::copy_n(x, columns, out);
      continue;
    }
    for (Index k = 0; k < columns; ++k) out[k] = base[k] + x[k];
    base += stride;
  }
}

FOKKER_CLONES
void transpose_tile(const double* from, Index from_stride, double* to, Index to_stride) {
  for (Index r = 0; r < lanes; r += 4)
    for (Index c = 0; c < lanes; c += 4)
      transpose_four(from + r * from_stride + c, from_stride, to + c * to_stride + r, to_stride);
}

void transpose_part(const double* from, Index from_stride, Index rows, Index columns, double* to, Index to_stride) {
  for (Index c = 0; c < columns; ++c) {
    for (Index r = 0; r < rows; ++r) to[c * to_stride + r] = from[r * from_stride + c];
    std::fill(to + c * to_stride + rows, to + c * to_stride + lanes, 0.0);
  }
}

}  // namespace fokker
