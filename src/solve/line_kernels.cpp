#include "line_kernels.hpp"

#include <algorithm>
#include <cstring>

#include "fokker/base/instruction_set.hpp"
#include "fokker/operator/axis_splitting.hpp"

// The sums that walk along the lines live in vector registers: as arrays g++ 12 takes them apart into scalars. Two
// vectors of eight or four of four; the operations on a lane are the same, so are the bits.
namespace fokker {
namespace {

constexpr Index lanes = AxisSplitting::lanes;

template <Index Width>
struct Vector;
template <>
struct Vector<4> {
  using Type = double __attribute__((vector_size(32)));
};
template <>
struct Vector<8> {
  using Type = double __attribute__((vector_size(64)));
};

template <class V>
[[gnu::always_inline]] inline V load(const double* from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
template <class V>
[[gnu::always_inline]] inline void store(double* to, const V& v) {
  std::memcpy(to, &v, sizeof v);
}

/// z = y / pivot, y_i = b_i + gamma up[i-1] z[i-1]
template <Index W>
[[gnu::always_inline]] inline void eliminate(const LinePanel& m, Index count, const double* b, double* z) {
  using V = typename Vector<W>::Type;
  V carry[lanes / W] = {};
  for (Index at = 0; at < count * lanes; at += lanes)
    for (Index part = 0; part < lanes / W; ++part) {
      const Index k = at + part * W;
      const V inverse = load<V>(m.inverse + k), y = load<V>(b + k) + carry[part];
      carry[part] = (m.gamma * load<V>(m.up + k) * inverse) * y;
      store<V>(z + k, y * inverse);
    }
}

/// From the last cell back, and at once the balance of every cell: what lies between two walls.
template <Index W>
[[gnu::always_inline]] inline void substitute(const LinePanel& m, const double* b, double* x, double of_x, double of_b,
                                              double* lower, double* upper) {
  using V = typename Vector<W>::Type;
  V next[lanes / W], balance[lanes / W], value[lanes / W];  // of the cell above: x; b less what it hands upwards; b
  const Index last = (m.length - 1) * lanes;
  for (Index part = 0; part < lanes / W; ++part) {
    const Index k = last + part * W;
    next[part] = load<V>(x + k);
    const V out = m.gamma * load<V>(m.up + k) * next[part];
    store<V>(upper + part * W, out);
    value[part] = load<V>(b + k);
    balance[part] = value[part] - out;
  }
  for (Index at = last - lanes; at >= 0; at -= lanes)
    for (Index part = 0; part < lanes / W; ++part) {
      const Index k = at + part * W;
      const V back = m.gamma * load<V>(m.down + k);
      const V here = load<V>(x + k) + (back * load<V>(m.inverse + k)) * next[part];
      const V flux = m.gamma * load<V>(m.up + k) * here - back * next[part];
      store<V>(x + k + lanes, of_x * (balance[part] + flux) + of_b * value[part]);
      value[part] = load<V>(b + k);
      balance[part] = value[part] - flux;
      next[part] = here;
    }
  for (Index part = 0; part < lanes / W; ++part) {
    const Index k = part * W;
    const V out = m.gamma * load<V>(m.lower_sink + k) * next[part];
    store<V>(lower + k, out);
    store<V>(x + k, of_x * (balance[part] - out) + of_b * value[part]);
  }
}

/// Back through all cells but the last as if that were 0.
template <Index W>
[[gnu::always_inline]] inline void substitute_open(const LinePanel& m, double* x) {
  using V = typename Vector<W>::Type;
  V next[lanes / W] = {};
  for (Index at = (m.length - 2) * lanes; at >= 0; at -= lanes)
    for (Index part = 0; part < lanes / W; ++part) {
      const Index k = at + part * W;
      next[part] = load<V>(x + k) + (m.gamma * load<V>(m.down + k) * load<V>(m.inverse + k)) * next[part];
      store<V>(x + k, next[part]);
    }
}

/// The last cell, what it sends into the others, and the balance of every cell.
template <Index W>
[[gnu::always_inline]] inline void close_ring(const LinePanel& m, const double* b, double* x, double of_x,
                                              double of_b) {
  using V = typename Vector<W>::Type;
  V end[lanes / W], here[lanes / W], below[lanes / W], around[lanes / W];
  const Index last = (m.length - 1) * lanes;
  for (Index part = 0; part < lanes / W; ++part) {
    const Index first = part * W, k = last + first, before = k - lanes;
    end[part] = load<V>(m.inverse + k) * (load<V>(b + k) + m.gamma * load<V>(m.up + before) * load<V>(x + before) +
                                          m.gamma * load<V>(m.down + k) * load<V>(x + first));
    here[part] = load<V>(x + first) + load<V>(m.ring + first) * end[part];
    around[part] = m.gamma * load<V>(m.up + k) * end[part] - m.gamma * load<V>(m.down + k) * here[part];
    below[part] = around[part];
    store<V>(x + k, V{});  // ring = 1 there
  }
  for (Index at = 0; at < last; at += lanes)
    for (Index part = 0; part < lanes / W; ++part) {
      const Index k = at + part * W;
      const V next = load<V>(x + k + lanes) + load<V>(m.ring + k + lanes) * end[part], value = load<V>(b + k);
      const V flux = m.gamma * load<V>(m.up + k) * here[part] - m.gamma * load<V>(m.down + k) * next;
      store<V>(x + k, of_x * (value + (below[part] - flux)) + of_b * value);
      below[part] = flux;
      here[part] = next;
    }
  for (Index part = 0; part < lanes / W; ++part) {
    const Index k = last + part * W;
    const V value = load<V>(b + k);
    store<V>(x + k, of_x * (value + (below[part] - around[part])) + of_b * value);
  }
}

template <Index W>
[[gnu::always_inline]] inline void solve(const LinePanel& panel, const double* b, double* x, double of_x, double of_b,
                                         double* lower, double* upper) {
  const LinePanel m = panel;
  if (m.ring == nullptr) {
    eliminate<W>(m, m.length, b, x);
    substitute<W>(m, b, x, of_x, of_b, lower, upper);
    return;
  }
  eliminate<W>(m, m.length - 1, b, x);
  substitute_open<W>(m, x);
  close_ring<W>(m, b, x, of_x, of_b);
  std::fill_n(lower, lanes, 0.0);
  std::fill_n(upper, lanes, 0.0);
}

/// Whether all pivots were positive.
template <Index W>
class Valid {
 public:
  using V = typename Vector<W>::Type;
  [[gnu::always_inline]] void look(const V& inverse) { positive_ &= inverse > 0; }
  [[nodiscard]] bool all() const {
    bool all = true;
    for (Index k = 0; k < W; ++k) all = all && positive_[k] != 0;
    return all;
  }

 private:
  decltype(V{} > 0) positive_ = V{} == 0;
};

/// Pivots of lines between walls. When cell j is done, cell j + 1 keeps 1 + outflow + gamma down[j] * (the fraction
/// that cell j does not hand back).
template <Index W>
[[gnu::always_inline]] inline bool factor_open(const double* up, const double* down, const double* lower_sink,
                                               Index length, double gamma, double* inverse) {
  using V = typename Vector<W>::Type;
  V kept[lanes / W];
  Valid<W> valid;
  for (Index part = 0; part < lanes / W; ++part) kept[part] = 1 + gamma * load<V>(lower_sink + part * W);
  for (Index at = 0; at < length * lanes; at += lanes)
    for (Index part = 0; part < lanes / W; ++part) {
      const Index k = at + part * W;
      const V one_over = 1 / (kept[part] + gamma * load<V>(up + k));
      valid.look(one_over);
      store<V>(inverse + k, one_over);
      kept[part] = 1 + gamma * load<V>(down + k) * (kept[part] * one_over);
    }
  return valid.all();
}

/// Pivots of all cells but the last, which each may also hand to the last, directly or round the ring; then the column
/// of the last cell. Its pivot is the column sum of what is left: 1 + the sum of the ring.
///
///        | *  .        c |      c: up[n-1], r: down[n-1]
///        | .  *  .     f |      f: fill, all of one sign
///        |    .  *  .  f |
///        | r  f  f  .  * |
template <Index W>
[[gnu::always_inline]] inline bool factor_ring(const double* up, const double* down, Index length, double gamma,
                                               double* inverse, double* ring, double* scratch) {
  using V = typename Vector<W>::Type;
  const Index last = (length - 1) * lanes;
  V kept[lanes / W], to_last[lanes / W];
  Valid<W> valid;
  for (Index part = 0; part < lanes / W; ++part) {
    kept[part] = V{} + 1;
    to_last[part] = gamma * load<V>(down + last + part * W);
  }
  for (Index at = 0; at < last; at += lanes)
    for (Index part = 0; part < lanes / W; ++part) {
      const Index k = at + part * W;
      // The last but one hands `up` to the last cell.
      const V one_over = 1 / (kept[part] + gamma * load<V>(up + k) + to_last[part]);
      const V back = gamma * load<V>(down + k) * one_over;
      valid.look(one_over);
      store<V>(inverse + k, one_over);
      kept[part] = 1 + back * kept[part];
      to_last[part] = back * to_last[part];
    }
  std::fill_n(scratch, last, 0.0);
  for (Index k = 0; k < lanes; ++k) {
    scratch[k] += gamma * up[last + k];
    scratch[last - lanes + k] += gamma * down[last - lanes + k];
  }
  const LinePanel open{up, down, nullptr, inverse, nullptr, length, gamma};
  eliminate<W>(open, length - 1, scratch, ring);
  substitute_open<W>(open, ring);
  for (Index part = 0; part < lanes / W; ++part) {
    V sum = V{} + 1;
    for (Index at = 0; at < last; at += lanes) sum += load<V>(ring + at + part * W);
    valid.look(1 / sum);
    store<V>(inverse + last + part * W, 1 / sum);
    store<V>(ring + last + part * W, V{} + 1);
  }
  return valid.all();
}

template <Index W>
[[gnu::always_inline]] inline bool factor(const double* up, const double* down, const double* lower_sink, Index length,
                                          double gamma, double* inverse, double* ring, double* scratch) {
  return ring != nullptr ? factor_ring<W>(up, down, length, gamma, inverse, ring, scratch)
                         : factor_open<W>(up, down, lower_sink, length, gamma, inverse);
}

template <Index W>
[[gnu::always_inline]] inline void apply(double gamma, const double* up, const double* down, const double* p,
                                         Index stride, Index rows, const double* beyond, double* below, double* out) {
  using V = typename Vector<W>::Type;
  V inflow[lanes / W], here[lanes / W];
  for (Index part = 0; part < lanes / W; ++part) {
    inflow[part] = load<V>(below + part * W);
    here[part] = load<V>(p + part * W);
  }
  for (Index r = 0; r < rows; ++r) {
    const double* next_row = r + 1 < rows ? p + (r + 1) * stride : beyond;
    for (Index part = 0; part < lanes / W; ++part) {
      const Index k = r * lanes + part * W;
      const V next = load<V>(next_row + part * W);
      const V flux = gamma * load<V>(up + k) * here[part] - gamma * load<V>(down + k) * next;
      store<V>(out + k, here[part] + (inflow[part] - flux));
      inflow[part] = flux;
      here[part] = next;
    }
  }
}

/// Rows of the result lie far apart: they are asked for ahead.
template <Index W>
[[gnu::always_inline]] inline void put_columns(const double* x, Index rows, const double* base, double* out,
                                               Index stride) {
  using V = typename Vector<W>::Type;
  constexpr Index ahead = 8, line = 8;
  for (Index i = 0; i < rows; ++i, x += lanes, out += stride) {
    if (i + ahead < rows)
      for (Index k = 0; k < lanes; k += line) __builtin_prefetch(out + ahead * stride + k, 1);
    for (Index k = 0; k < lanes; k += W)
      store<V>(out + k, base == nullptr ? load<V>(x + k) : load<V>(base + i * stride + k) + load<V>(x + k));
  }
}

/// Four by four.
[[gnu::always_inline]] inline void transpose_four(const double* from, Index from_stride, double* to, Index to_stride) {
  using V = Vector<4>::Type;
  using Which = long __attribute__((vector_size(32)));
  const Which low{0, 4, 2, 6}, high{1, 5, 3, 7}, left{0, 1, 4, 5}, right{2, 3, 6, 7};
  const V a = load<V>(from), b = load<V>(from + from_stride);
  const V c = load<V>(from + 2 * from_stride), d = load<V>(from + 3 * from_stride);
  const V even_ab = __builtin_shuffle(a, b, low), odd_ab = __builtin_shuffle(a, b, high);
  const V even_cd = __builtin_shuffle(c, d, low), odd_cd = __builtin_shuffle(c, d, high);
  store<V>(to, __builtin_shuffle(even_ab, even_cd, left));
  store<V>(to + to_stride, __builtin_shuffle(odd_ab, odd_cd, left));
  store<V>(to + 2 * to_stride, __builtin_shuffle(even_ab, even_cd, right));
  store<V>(to + 3 * to_stride, __builtin_shuffle(odd_ab, odd_cd, right));
}

template <Index>
[[gnu::always_inline]] inline void transpose(const double* from, Index from_stride, double* to, Index to_stride) {
  for (Index r = 0; r < lanes; r += 4)
    for (Index c = 0; c < lanes; c += 4)
      transpose_four(from + r * from_stride + c, from_stride, to + c * to_stride + r, to_stride);
}

}  // namespace

// One function for each instruction set, and one that chooses, as FOKKER_KERNEL, which cannot choose a vector type.
#define FOKKER_VERSIONS(result, name, kernel, parameters, arguments)                                    \
  namespace {                                                                                           \
  __attribute__((target("arch=x86-64-v4"))) result name##_v4 parameters { return kernel<8> arguments; } \
  __attribute__((target("arch=x86-64-v3"))) result name##_v3 parameters { return kernel<4> arguments; } \
  }                                                                                                     \
  result name parameters {                                                                              \
    const InstructionSet set = instruction_set();                                                       \
    if (set == InstructionSet::avx512) return name##_v4 arguments;                                      \
    if (set == InstructionSet::avx2) return name##_v3 arguments;                                        \
    return kernel<4> arguments;                                                                         \
  }

FOKKER_VERSIONS(bool, factor_lines, factor,
                (const double* up, const double* down, const double* lower_sink, Index length, double gamma,
                 double* inverse, double* ring, double* scratch),
                (up, down, lower_sink, length, gamma, inverse, ring, scratch))
FOKKER_VERSIONS(void, solve_lines, solve,
                (const LinePanel& panel, const double* b, double* x, double of_x, double of_b, double* lower,
                 double* upper),
                (panel, b, x, of_x, of_b, lower, upper))
FOKKER_VERSIONS(void, apply_lines, apply,
                (double gamma, const double* up, const double* down, const double* p, Index stride, Index rows,
                 const double* beyond, double* below, double* out),
                (gamma, up, down, p, stride, rows, beyond, below, out))
FOKKER_VERSIONS(void, store_columns, put_columns,
                (const double* x, Index rows, const double* base, double* out, Index stride),
                (x, rows, base, out, stride))
FOKKER_VERSIONS(void, transpose_tile, transpose, (const double* from, Index from_stride, double* to, Index to_stride),
                (from, from_stride, to, to_stride))

void transpose_part(const double* from, Index from_stride, Index rows, Index columns, double* to, Index to_stride) {
  for (Index c = 0; c < columns; ++c) {
    for (Index r = 0; r < rows; ++r) to[c * to_stride + r] = from[r * from_stride + c];
    std::fill(to + c * to_stride + rows, to + c * to_stride + lanes, 0.0);
  }
}

}  // namespace fokker
