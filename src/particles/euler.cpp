#include "fokker/particles/euler.hpp"

#include <cmath>
#include <limits>

// Compiled for three instruction sets, chosen when the program starts; as in philox.cpp.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define FOKKER_VECTOR_KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOKKER_VECTOR_KERNEL
#endif

namespace fokker {

FOKKER_VECTOR_KERNEL
void euler_step_1d(Index n, double dt, const double* __restrict f, const double* __restrict D,
                   const double* __restrict z, double* __restrict x) {
  for (Index i = 0; i < n; ++i) x[i] += f[i] * dt + std::sqrt(2 * dt * D[i]) * z[i];
}

namespace {

FOKKER_VECTOR_KERNEL
void step_2d(Index n, double dt, const double* __restrict fx, const double* __restrict fy, const double* __restrict Dxx,
             const double* __restrict Dxy, const double* __restrict Dyy, const double* __restrict zx,
             const double* __restrict zy, double* __restrict x, double* __restrict y) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (Index i = 0; i < n; ++i) {
    const double root_xx = std::sqrt(2 * dt * Dxx[i]);
    const double root_yx = Dxy[i] == 0 ? 0 : 2 * dt * Dxy[i] / root_xx;
    const double total = 2 * dt * Dyy[i], rest = total - root_yx * root_yx;
    const double root_yy = std::sqrt(rest > 0 ? rest : (rest >= -1e-8 * total ? 0 : nan));
    x[i] += fx[i] * dt + root_xx * zx[i];
    y[i] += fy[i] * dt + root_yx * zx[i] + root_yy * zy[i];
  }
}

FOKKER_VECTOR_KERNEL
std::uint64_t crossings(Index n, double dt, const double* __restrict before, const double* __restrict after,
                        const double* __restrict D, double lower, double upper, double reach_lower, double reach_upper,
                        std::uint64_t* __restrict flags) {
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

void euler_step_2d(Index n, double dt, const double* const f[2], const double* const D[3], const double* const z[2],
                   double* const x[2]) {
  step_2d(n, dt, f[0], f[1], D[0], D[1], D[2], z[0], z[1], x[0], x[1]);
}

bool flag_crossings(Index n, double dt, const double* before, const double* after, const double* D, double lower,
                    double upper, double reach_lower, double reach_upper, std::uint64_t* flags) {
  return crossings(n, dt, before, after, D, lower, upper, reach_lower, reach_upper, flags) != 0;
}

}  // namespace fokker
