#include "central4_rows.hpp"

#include "combine.hpp"

#define FOKKER_VECTOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

namespace fokker {

FOKKER_VECTOR void central_faces(const double* a, const double* b, const double* c, const double* d, Index n,
                                 FaceLine out) {
  double* __restrict value = out.value, * __restrict slope = out.slope;
  for (Index i = 0; i < n; ++i) {
    value[i] = 7 * (b[i] + c[i]) - (a[i] + d[i]);
    slope[i] = 15 * (c[i] - b[i]) - (d[i] - a[i]);
  }
}

FOKKER_VECTOR void weighted_faces(const std::array<const double*, 4>& p, const FaceWeights& weights, Index n,
                                  FaceLine out) {
  const double *a = p[0], *b = p[1], *c = p[2], *d = p[3];
  double* __restrict value = out.value, * __restrict slope = out.slope;
  const auto& [v, s] = weights;
  for (Index i = 0; i < n; ++i) {
    value[i] = (v[0] * a[i] + v[1] * b[i]) + (v[2] * c[i] + v[3] * d[i]);
    slope[i] = (s[0] * a[i] + s[1] * b[i]) + (s[2] * c[i] + s[3] * d[i]);
  }
}

namespace {

template <bool Across, bool Curvature, bool Twist>
__attribute__((always_inline)) inline void fluxes_of(const FaceColumns& column, const FaceLines& line, Index n,
                                                     double* __restrict J) {
  const double *v0 = line.value[0], *v1 = line.value[1], *v2 = line.value[2], *v3 = line.value[3], *v4 = line.value[4];
  const double *s0 = line.slope[0], *s1 = line.slope[1], *s2 = line.slope[2];
  for (Index i = 0; i < n; ++i) {
    double sum = column.value[i] * v2[i] + column.slope[i] * s1[i];
    if (Across) sum += column.across[i] * (8 * (v3[i] - v1[i]) - (v4[i] - v0[i]));
    if (Curvature) sum += column.curvature[i] * ((v1[i] + v3[i]) - 2 * v2[i]);
    if (Twist) sum += column.twist[i] * (s2[i] - s0[i]);
    J[i] = sum;
  }
}

}  // namespace

FOKKER_VECTOR void face_fluxes(const FaceColumns& columns, const FaceLines& lines, Index n, double* J) {
  const bool across = columns.across != nullptr, curvature = columns.curvature != nullptr,
             twist = columns.twist != nullptr;
  if (!across && !curvature && !twist) return fluxes_of<false, false, false>(columns, lines, n, J);
  if (across && !curvature && !twist) return fluxes_of<true, false, false>(columns, lines, n, J);
  if (across && !curvature && twist) return fluxes_of<true, false, true>(columns, lines, n, J);
  if (!across && !curvature && twist) return fluxes_of<false, false, true>(columns, lines, n, J);
  if (across && curvature && !twist) return fluxes_of<true, true, false>(columns, lines, n, J);
  return fluxes_of<true, true, true>(columns, lines, n, J);
}

FOKKER_VECTOR void cell_rates(double factor, const double* Jx, const double* below, const double* above, Index n,
                              double* rate) {
  double* __restrict to = rate;
  if (below == nullptr)
    for (Index i = 0; i < n; ++i) to[i] = factor * (Jx[i] - Jx[i + 1]);
  else
    for (Index i = 0; i < n; ++i) to[i] = factor * ((Jx[i] - Jx[i + 1]) + (below[i] - above[i]));
}

FOKKER_VECTOR void edge_fluxes(const double* left, const double* right, const double* pL, const double* pR, Index n,
                               double* J) {
  double* __restrict to = J;
  for (Index i = 0; i < n; ++i) to[i] = left[i] * pL[i] + right[i] * pR[i];
}

FOKKER_VECTOR void euler_cells(double weight, const double* p, const double* Jx, const double* below,
                               const double* above, Index n, double* next, double* sum) {
  double* __restrict to = next, * __restrict total = sum;
  if (below == nullptr)
    for (Index i = 0; i < n; ++i) to[i] = p[i] + weight * (Jx[i] - Jx[i + 1]);
  else
    for (Index i = 0; i < n; ++i) to[i] = p[i] + weight * ((Jx[i] - Jx[i + 1]) + (below[i] - above[i]));
  for (Index i = 0; i < n; ++i) total[i] += weight * p[i];
}

FOKKER_VECTOR Index corrected_cells(const double* low, const double* Jx, const double* below, const double* above,
                                    Index n, double* value) {
  double* __restrict to = value;
  Index negative = 0;
  if (below == nullptr)
    for (Index i = 0; i < n; ++i) to[i] = low[i] + (Jx[i] - Jx[i + 1]);
  else
    for (Index i = 0; i < n; ++i) to[i] = low[i] + ((Jx[i] - Jx[i + 1]) + (below[i] - above[i]));
  for (Index i = 0; i < n; ++i) negative += to[i] < 0 ? 1 : 0;
  return negative;
}

FOKKER_VECTOR void noise_mask(const double* low, const double* value, double noise, Index n, double* mask) {
  double* __restrict to = mask;
  for (Index i = 0; i < n; ++i) {
    const double most = low[i] > value[i] ? low[i] : value[i], larger = most > -value[i] ? most : -value[i];
    to[i] = larger <= noise ? 0.0 : 1.0;
  }
}

FOKKER_VECTOR void mask_faces(const double* left, const double* right, Index n, double* J) {
  double* __restrict to = J;
  for (Index i = 0; i < n; ++i) to[i] *= left[i] * right[i];
}

FOKKER_VECTOR void combine(double scale, const double* rate, std::span<const Term> terms, Index first, Index n,
                           double* out) {
  combine_stage({scale, terms, out}, rate, first, n);
}

}  // namespace fokker
