#include "log_flux.hpp"

#include "face_value.hpp"
#include "fokker/base/vector_math.hpp"

namespace fokker {
namespace {

template <class FaceValue>
[[gnu::always_inline]] inline void fluxes(const FaceValue& value, const LogEdges& e, double flattening, Index count,
                                          double* __restrict J) {
  const double *a = e.log[0], *b = e.log[1], *c = e.log[2], *d = e.log[3], *f = e.log[4], *g = e.log[5];
#pragma omp simd
  for (Index i = 0; i < count; ++i) {
    const double A = a[i], B = b[i], C = c[i], D = d[i], F = f[i], G = g[i];  // loaded first: selections, no branches
    const bool forward = e.drift[i] > 0;
    const double step = D - C;
    const double edge = value(forward ? A : G, forward ? B : F, forward ? C : D, forward ? D : C, forward ? F : B);
    const double fitted = e.weight_left[i] * e.left[i] + e.weight_right[i] * e.right[i];
    const double own = e.drift[i] * ::exp(least(edge - flattening * step * step, 700));
    const double bounded = most(least(2 * fitted, 0), least(own, most(2 * fitted, 0)));
    J[i] = (e.left[i] > 0) & (e.right[i] > 0) ? bounded : fitted;
  }
}

}  // namespace

FOKKER_KERNEL(void, take_logs, (const double* p, Index n, double* logs), (p, n, logs)) {
#pragma omp simd
  for (Index i = 0; i < n; ++i) {
    const double value = ::log(p[i]);
    logs[i] = p[i] > 0 ? value : log_of_zero;
  }
}

FOKKER_KERNEL(void, log_fluxes, (Reconstruction kind, const LogEdges& edges, double flattening, Index count, double* J),
              (kind, edges, flattening, count, J)) {
  with_face_value(
      kind, [&](const auto& value) __attribute__((always_inline)) { fluxes(value, edges, flattening, count, J); });
}

}  // namespace fokker
