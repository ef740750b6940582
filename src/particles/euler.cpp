#include "fokker/particles/euler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/base/instruction_set.hpp"
#include "square_roots.hpp"

namespace fokker {

namespace {

// 24 bytes read and 8 written per particle, in cache; 3 flops beside the root (square_roots.hpp).
FOKKER_KERNEL(void, step_1d,
              (Index n, double dt, const double* __restrict f, const double* __restrict root,
               const double* __restrict z, double* __restrict x),
              (n, dt, f, root, z, x)) {
  for (Index i = 0; i < n; ++i) x[i] += f[i] * dt + root[i] * z[i];
}

FOKKER_KERNEL(void, step_1d_same,
              (Index n, double dt, const double* __restrict f, double root, const double* __restrict z,
               double* __restrict x),
              (n, dt, f, root, z, x)) {
  for (Index i = 0; i < n; ++i) x[i] += f[i] * dt + root * z[i];
}

/// L, lower triangular, of L L^T = 2 D dt.
struct Root {
  double xx, yx, yy;
};

constexpr Index piece = 256;  // particles whose roots are found before they step

/// L of a piece, by columns.
struct RootColumns {
  alignas(64) double xx[piece], yx[piece], yy[piece];
};

/// Of xx: yx, and the square of yy.
FOKKER_KERNEL(void, second_row,
              (Index n, double dt, const double* __restrict Dxy, const double* __restrict Dyy,
               const double* __restrict xx, double* __restrict yx, double* __restrict square),
              (n, dt, Dxy, Dyy, xx, yx, square)) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (Index i = 0; i < n; ++i) {
    yx[i] = Dxy[i] == 0 ? 0 : 2 * dt * Dxy[i] / xx[i];
    const double total = 2 * dt * Dyy[i], rest = total - yx[i] * yx[i];
    square[i] = rest > 0 ? rest : (rest >= -1e-8 * total ? 0 : nan);
  }
}

FOKKER_KERNEL(bool, all_zero, (Index n, const double* v), (n, v)) {
  std::uint64_t other = 0;
  for (Index i = 0; i < n; ++i) other |= v[i] == 0 ? std::uint64_t{0} : std::uint64_t{1};
  return other == 0;
}

void find_roots(Index n, double dt, const double* const D[3], RootColumns& root) {
  square_roots(n, 2 * dt, D[0], root.xx);
  second_row(n, dt, D[1], D[2], root.xx, root.yx, root.yy);
  square_roots(n, 1, root.yy, root.yy);
}

FOKKER_KERNEL(void, step_2d,
              (Index n, double dt, const RootColumns& root, const double* __restrict fx, const double* __restrict fy,
               const double* __restrict zx, const double* __restrict zy, double* __restrict x, double* __restrict y),
              (n, dt, root, fx, fy, zx, zy, x, y)) {
  for (Index i = 0; i < n; ++i) {
    x[i] += fx[i] * dt + root.xx[i] * zx[i];
    y[i] += fy[i] * dt + root.yx[i] * zx[i] + root.yy[i] * zy[i];
  }
}

FOKKER_KERNEL(void, step_2d_same,
              (Index n, double dt, Root root, const double* __restrict fx, const double* __restrict fy,
               const double* __restrict zx, const double* __restrict zy, double* __restrict x, double* __restrict y),
              (n, dt, root, fx, fy, zx, zy, x, y)) {
  for (Index i = 0; i < n; ++i) {
    x[i] += fx[i] * dt + root.xx * zx[i];
    y[i] += fy[i] * dt + root.yx * zx[i] + root.yy * zy[i];
  }
}

FOKKER_KERNEL(void, average, (Index n, const double* __restrict g, double* __restrict f), (n, g, f)) {
  for (Index i = 0; i < n; ++i) f[i] = 0.5 * (f[i] + g[i]);
}

FOKKER_KERNEL(void, clamp_all, (Index n, double lower, double upper, double* __restrict x), (n, lower, upper, x)) {
  for (Index i = 0; i < n; ++i) {
    const double above = x[i] < lower ? lower : x[i];
    x[i] = above > upper ? upper : above;
  }
}

FOKKER_KERNEL(void, wrap_all, (Index n, double lower, double upper, double* __restrict x), (n, lower, upper, x)) {
  const double length = upper - lower;
  for (Index i = 0; i < n; ++i) x[i] -= length * std::floor((x[i] - lower) / length);
}

/// One column read, nothing written: what nearly every step needs where no wall absorbs.
FOKKER_KERNEL(bool, all_inside, (Index n, const double* __restrict x, double lower, double upper),
              (n, x, lower, upper)) {
  std::uint64_t outside = 0;
  for (Index i = 0; i < n; ++i) outside |= (x[i] >= lower) & (x[i] <= upper) ? std::uint64_t{0} : std::uint64_t{1};
  return outside == 0;
}

FOKKER_KERNEL(std::uint64_t, crossings,
              (Index n, double dt, const double* __restrict before, const double* __restrict after,
               const double* __restrict D, double lower, double upper, double reach_lower, double reach_upper,
               std::uint64_t* __restrict flags),
              (n, dt, before, after, D, lower, upper, reach_lower, reach_upper, flags)) {
  std::uint64_t any = 0;
  for (Index i = 0; i < n; ++i) {
    const double scale = D[i] * dt, below = after[i] - lower, above = upper - after[i];
    const bool safe = (below >= 0) & (above >= 0) & ((before[i] - lower) * below >= reach_lower * scale) &
                      ((upper - before[i]) * above >= reach_upper * scale);
    const std::uint64_t flag = safe ? 0 : 1;
    flags[i] |= flag;
    any |= flag;
  }
  return any;
}

}  // namespace

void euler_step_1d(Index n, double dt, bool same, const double* f, const double* D, const double* z, double* x) {
  if (same) return step_1d_same(n, dt, f, std::sqrt(2 * dt * D[0]), z, x);
  alignas(64) double root[piece];
  for (Index i = 0; i < n; i += piece) {
    const Index m = std::min(piece, n - i);
    square_roots(m, 2 * dt, D + i, root);
    step_1d(m, dt, f + i, root, z + i, x + i);
  }
}

void euler_step_2d(Index n, double dt, bool same, const double* const f[2], const double* const D[3],
                   const double* const z[2], double* const x[2]) {
  RootColumns root;
  if (same) {
    find_roots(1, dt, D, root);
    return step_2d_same(n, dt, {root.xx[0], root.yx[0], root.yy[0]}, f[0], f[1], z[0], z[1], x[0], x[1]);
  }
  if (all_zero(n, D[1])) {  // each axis has noise of its own: no division
    for (int axis = 0; axis < 2; ++axis) euler_step_1d(n, dt, false, f[axis], D[2 * axis], z[axis], x[axis]);
    return;
  }
  for (Index i = 0; i < n; i += piece) {
    const Index m = std::min(piece, n - i);
    const double* const here[3] = {D[0] + i, D[1] + i, D[2] + i};
    find_roots(m, dt, here, root);
    step_2d(m, dt, root, f[0] + i, f[1] + i, z[0] + i, z[1] + i, x[0] + i, x[1] + i);
  }
}

void average_columns(Index n, const double* g, double* f) { average(n, g, f); }

void confine_column(Index n, double lower, double upper, bool periodic, double* x) {
  if (all_inside(n, x, lower, upper)) return;
  if (periodic) wrap_all(n, lower, upper, x);
  clamp_all(n, lower, upper, x);
}

bool flag_crossings(Index n, double dt, const double* before, const double* after, const double* D, double lower,
                    double upper, double reach_lower, double reach_upper, std::uint64_t* flags) {
  if (reach_lower == 0 && reach_upper == 0 && all_inside(n, after, lower, upper)) return false;
  return crossings(n, dt, before, after, D, lower, upper, reach_lower, reach_upper, flags) != 0;
}

}  // namespace fokker
