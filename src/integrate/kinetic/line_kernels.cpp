#include "line_kernels.hpp"

#include <algorithm>
#include <cmath>

#include "fokker/base/vector_math.hpp"

namespace fokker::kinetic {
namespace {

constexpr double nothing = 1e-290;                       // below, no digits of a product would be left: 0
constexpr double slack = 1 - 8 * 2.220446049250313e-16;  // what rounding may take of a cell that is emptied

/// Cells of the other end, or of nothing, beyond the ends.
template <int L>
[[gnu::always_inline]] inline void fill_ghosts(const Lines& a) {
  for (Index g = 1; g <= ghosts; ++g)
    for (Index l = 0; l < L; ++l) {
      a.cell[-g * L + l] = a.ring ? a.cell[(a.cells - g) * L + l] : 0;
      a.cell[(a.cells - 1 + g) * L + l] = a.ring ? a.cell[(g - 1) * L + l] : 0;
    }
}

template <int L>
[[gnu::always_inline]] inline void close_ends(const Lines& a) {
  for (Index l = 0; l < L; ++l) {
    a.excess[l] = a.ring ? a.excess[a.cells * L + l] : 0;
    a.excess[a.cells * L + l] = a.excess[l];
  }
}

/// cell = low + what `excess` carries beyond the low-order flux, upwards through the faces.
template <int L>
[[gnu::always_inline]] inline void add_excess(const Lines& a, bool keep) {
  const Index n = a.cells * L;
  double* const __restrict cell = a.cell;
  double* const __restrict low = a.low;
  double* const __restrict excess = a.excess;
  double* const __restrict kept = a.keep;
  if (keep) {
    int limited = 0;
#pragma GCC ivdep
    for (Index i = 0; i < n; ++i) {
      const double up = excess[i + L], down = excess[i];
      const double out = (up > 0 ? up : 0) + (down < 0 ? -down : 0);
      limited |= static_cast<int>(out > low[i] * slack);
    }
    if (limited != 0) {
#pragma GCC ivdep
      for (Index i = 0; i < n; ++i) {
        const double up = excess[i + L], down = excess[i];
        const double out = (up > 0 ? up : 0) + (down < 0 ? -down : 0);
        kept[i] = out > low[i] * slack ? low[i] * slack / out : 1;
      }
      for (Index l = 0; l < L; ++l) {  // beyond the ends: of the other one
        kept[-L + l] = kept[n - L + l];
        kept[n + l] = kept[l];
      }
#pragma GCC ivdep
      for (Index i = 0; i < n + L; ++i) excess[i] *= excess[i] > 0 ? kept[i - L] : kept[i];
    }
  }
#pragma GCC ivdep
  for (Index i = 0; i < n; ++i) {
    const double value = low[i] - excess[i + L] + excess[i];
    cell[i] = std::abs(value) < nothing ? 0 : value;
  }
}

template <int L>
[[gnu::always_inline]] inline void shift(const Lines& a, const double* weight, const double* fraction, bool keep) {
  fill_ghosts<L>(a);
  const double* const __restrict cell = a.cell;
  double* const __restrict low = a.low;
  double* const __restrict excess = a.excess;
  double w[taps * L], c[L];
  for (Index k = 0; k < taps * L; ++k) w[k] = weight[k];
  for (Index l = 0; l < L; ++l) c[l] = fraction[l];
#pragma GCC ivdep
  for (Index f = 0; f <= a.cells; ++f)
    for (Index l = 0; l < L; ++l) {
      const double* const u = cell + (f - 4) * L + l;
      double flux = w[l] * u[0];
      for (Index m = 1; m < taps; ++m) flux += w[m * L + l] * u[m * L];
      excess[f * L + l] = flux - c[l] * u[3 * L];
    }
  close_ends<L>(a);
#pragma GCC ivdep
  for (Index i = 0; i < a.cells; ++i)
    for (Index l = 0; l < L; ++l) {
      const double* const u = cell + i * L + l;
      low[i * L + l] = u[0] - c[l] * u[0] + c[l] * u[-L];
    }
  if (!a.ring)
    for (Index l = 0; l < L; ++l) low[(a.cells - 1) * L + l] += c[l] * cell[(a.cells - 1) * L + l];
  add_excess<L>(a, keep);
}

/// Where a face was before: in which cell, and how much of that cell was below it.
struct Origin {
  Index cell;
  double part;
};
[[gnu::always_inline]] inline Origin origin_of(Index face, Index cells, double origin, double factor) {
  const auto n = static_cast<double>(cells);
  const double moved = origin + (static_cast<double>(face) - origin) * factor;
  const double from = face == 0 ? 0 : face == cells ? n : std::min(std::max(moved, 0.0), n);
  const double whole = std::floor(from);
  return {static_cast<Index>(whole), from - whole};
}

/// The mass in the lower part of a cell: that of the upper part, mirrored.
[[gnu::always_inline]] inline double lower_weight(const PartialCell& partial, Index m, double part) {
  const auto& row = partial.table()[taps - 1 - m];
  double weight = 0;
  for (std::size_t k = taps; k-- > 0;) weight = (weight + row[k]) * part;
  return weight;
}

/// `Same`: all lanes shrink alike, and look at the same cells.
template <bool Same>
[[gnu::always_inline]] inline void contract(const Lines& a, const PartialCell& partial, double origin,
                                            const double* factor, bool keep) {
  fill_ghosts<lanes>(a);
  double* const __restrict low = a.low;
  double* const __restrict excess = a.excess;
  for (Index k = 0; k < a.cells * lanes; ++k) low[k] = 0;
  Index before[lanes] = {};  // the cell that held the face below
  for (Index f = 0; f <= a.cells; ++f) {
    Index cell[lanes];
    double donor[lanes], inside[lanes] = {};
    if (Same) {
      const Origin from = origin_of(f, a.cells, origin, factor[0]);
      const double* const u = a.cell + from.cell * lanes;
      for (Index m = 0; m < taps; ++m) {
        const double weight = lower_weight(partial, m, from.part);
        for (Index l = 0; l < lanes; ++l) inside[l] += weight * u[(m - 3) * lanes + l];
      }
      for (Index l = 0; l < lanes; ++l) {
        cell[l] = from.cell;
        donor[l] = from.part * u[l];
      }
    } else {
      for (Index l = 0; l < lanes; ++l) {
        const Origin from = origin_of(f, a.cells, origin, factor[l]);
        const double* const u = a.cell + from.cell * lanes + l;
        for (Index m = 0; m < taps; ++m) inside[l] += lower_weight(partial, m, from.part) * u[(m - 3) * lanes];
        cell[l] = from.cell;
        donor[l] = from.part * u[0];
      }
    }
    for (Index l = 0; l < lanes; ++l) excess[f * lanes + l] = donor[l] - inside[l];
    // between the two faces: whole cells, and the donors' parts
    if (f > 0 && Same) {
      for (Index k = before[0]; k < cell[0]; ++k)
        for (Index l = 0; l < lanes; ++l) low[(f - 1) * lanes + l] += a.cell[k * lanes + l];
    } else if (f > 0) {
      for (Index l = 0; l < lanes; ++l)
        for (Index k = before[l]; k < cell[l]; ++k) low[(f - 1) * lanes + l] += a.cell[k * lanes + l];
    }
    for (Index l = 0; l < lanes && f > 0; ++l) low[(f - 1) * lanes + l] += donor[l];
    for (Index l = 0; l < lanes && f < a.cells; ++l) low[f * lanes + l] -= donor[l];
    for (Index l = 0; l < lanes; ++l) before[l] = cell[l];
  }
  for (Index l = 0; l < lanes; ++l) excess[l] = excess[a.cells * lanes + l] = 0;
  if (keep)
    for (Index k = 0; k < a.cells * lanes; ++k) low[k] = low[k] < 0 ? 0 : low[k];  // rounding of parts of one cell
  add_excess<lanes>(a, keep);
}

}  // namespace

PartialCell::PartialCell() {
  // Lagrange's polynomials on the faces -4 .. 3 around the upper face 0 of the cell, at -s. The primitive on face k
  // counts the cells -3 .. k, so cell m has the weight [m <= 0] - sum_{k >= m} L_k(-s).
  std::array<std::array<double, taps + 1>, taps + 1> basis{};  // of s^j, per face
  for (int k = -4; k <= 3; ++k) {
    std::array<double, taps + 1> product{1};
    for (int other = -4, degree = 0; other <= 3; ++other) {
      if (other == k) continue;
      // (-s - other) / (k - other)
      ++degree;
      for (int j = degree; j >= 0; --j) {
        const std::size_t at = j;
        product[at] = ((j < degree ? -other * product[at] : 0) - (j > 0 ? product[at - 1] : 0)) / (k - other);
      }
    }
    basis[k + 4] = product;
  }
  for (int m = -3; m <= 3; ++m)
    for (std::size_t power = 1; power <= taps; ++power)
      for (int k = m; k <= 3; ++k) table_[m + 3][power - 1] -= basis[k + 4][power];
}

FOKKER_KERNEL(void, shift_line, (const Lines& lines, const double* weight, double fraction, bool keep),
              (lines, weight, fraction, keep)) {
  shift<1>(lines, weight, &fraction, keep);
}

FOKKER_KERNEL(void, shift_lanes, (const Lines& lines, const double* weight, const double* fraction, bool keep),
              (lines, weight, fraction, keep)) {
  shift<lanes>(lines, weight, fraction, keep);
}

FOKKER_KERNEL(void, contract_lanes,
              (const Lines& a, const PartialCell& partial, double origin, const double* factor, bool keep),
              (a, partial, origin, factor, keep)) {
  bool same = true;
  for (Index l = 1; l < lanes; ++l) same = same && factor[l] == factor[0];
  if (same)
    contract<true>(a, partial, origin, factor, keep);
  else
    contract<false>(a, partial, origin, factor, keep);
}

FOKKER_KERNEL(void, spread_lanes, (const Lines& a, const double* variance, bool keep), (a, variance, keep)) {
  fill_ghosts<lanes>(a);
  double first[lanes], second[lanes], third[lanes], donor[lanes];
  for (Index l = 0; l < lanes; ++l) {
    const double M2 = variance[l] / 2, M4 = 3 * variance[l] * M2, M6 = 5 * variance[l] * M4;
    const double w3 = (M6 - 5 * M4 + 4 * M2) / 360, w2 = (M4 - M2 - 72 * w3) / 12, w1 = M2 - 4 * w2 - 9 * w3;
    first[l] = w1 + w2 + w3, second[l] = w2 + w3, third[l] = w3;
    donor[l] = std::max(M2, 0.0);
  }
  const double* const __restrict cell = a.cell;
  double* const __restrict low = a.low;
  double* const __restrict excess = a.excess;
  for (Index f = 0; f <= a.cells; ++f) {
    const bool end = !a.ring && (f == 0 || f == a.cells);
#pragma GCC ivdep
    for (Index l = 0; l < lanes; ++l) {
      const double* const u = cell + f * lanes + l;
      const double near = u[-lanes] - u[0];
      const double flux =
          first[l] * near + second[l] * (u[-2 * lanes] - u[lanes]) + third[l] * (u[-3 * lanes] - u[2 * lanes]);
      excess[f * lanes + l] = end ? 0 : flux - donor[l] * near;
    }
  }
  for (Index i = 0; i < a.cells; ++i) {
    const double below = a.ring || i > 0 ? 1 : 0, above = a.ring || i + 1 < a.cells ? 1 : 0;
#pragma GCC ivdep
    for (Index l = 0; l < lanes; ++l) {
      const double* const u = cell + i * lanes + l;
      // what stays, then what comes: no difference of large terms in a thin tail
      low[i * lanes + l] =
          u[0] - (below + above) * (donor[l] * u[0]) + donor[l] * (below * u[-lanes] + above * u[lanes]);
    }
  }
  add_excess<lanes>(a, keep);
}

FOKKER_KERNEL(void, convolve_lanes, (const Lines& a, const double* weight, Index radius, double* lower, double* upper),
              (a, weight, radius, lower, upper)) {
  for (Index i = 0; i < a.cells; ++i) {
    const double* const u = a.cell + i * lanes;
    double sum[lanes];
    for (Index l = 0; l < lanes; ++l) sum[l] = weight[l] * u[l];
    for (Index k = 1; k <= radius; ++k)
#pragma GCC ivdep
      for (Index l = 0; l < lanes; ++l) sum[l] += weight[k * lanes + l] * (u[l - k * lanes] + u[l + k * lanes]);
#pragma GCC ivdep
    for (Index l = 0; l < lanes; ++l) a.low[i * lanes + l] = sum[l] < nothing && sum[l] > -nothing ? 0 : sum[l];
  }
  // what went beyond an end: the cells up to `radius` from it, each with the tail of the kernel
  double tail[lanes] = {};
  for (Index l = 0; l < lanes; ++l) lower[l] = upper[l] = 0;
  for (Index k = radius; k >= 1; --k)
    for (Index l = 0; l < lanes; ++l) {
      tail[l] += weight[k * lanes + l];
      if (k > a.cells) continue;
      lower[l] += tail[l] * a.cell[(k - 1) * lanes + l];
      upper[l] += tail[l] * a.cell[(a.cells - k) * lanes + l];
    }
  for (Index l = 0; l < lanes; ++l) {
    a.low[l] += lower[l];
    a.low[(a.cells - 1) * lanes + l] += upper[l];
  }
  std::copy_n(a.low, a.cells * lanes, a.cell);
}

}  // namespace fokker::kinetic
