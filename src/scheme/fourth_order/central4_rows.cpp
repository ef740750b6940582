#include "central4_rows.hpp"

#include "fokker/base/instruction_set.hpp"
#include "fokker/operator/combine.hpp"

namespace fokker {

FOKKER_KERNEL(void, row_differences, (const std::array<const double*, 5>& p, Index n, const RowDifferences& out),
              (p, n, out)) {
  const double *p0 = p[0], *p1 = p[1], *p2 = p[2], *p3 = p[3], *p4 = p[4];
  double* __restrict own = out.own, * __restrict across = out.across, * __restrict curvature = out.curvature, * __restrict twist = out.twist;
  for (Index i = 0; i < n; ++i) own[i] = p2[i];
  if (across != nullptr)
    for (Index i = 0; i < n; ++i) across[i] = 8 * (p3[i] - p1[i]) - (p4[i] - p0[i]);
  if (curvature != nullptr)
    for (Index i = 0; i < n; ++i) curvature[i] = (p1[i] + p3[i]) - 2 * p2[i];
  if (twist != nullptr)
    for (Index i = 0; i < n; ++i) twist[i] = p3[i] - p1[i];
}

FOKKER_KERNEL(void, central_faces,
              (const double* a, const double* b, const double* c, const double* d, Index n, FaceLine out),
              (a, b, c, d, n, out)) {
  double *value = out.value, *slope = out.slope;
#pragma GCC ivdep
  for (Index i = 0; i < n; ++i) {
    value[i] = 7 * (b[i] + c[i]) - (a[i] + d[i]);
    slope[i] = 15 * (c[i] - b[i]) - (d[i] - a[i]);
  }
}

FOKKER_KERNEL(void, faces_and_differences,
              (const std::array<const double*, 5>& p, Index n, FaceLine faces, double* own, double* across),
              (p, n, faces, own, across)) {
  const double *p0 = p[0], *p1 = p[1], *p2 = p[2], *p3 = p[3], *p4 = p[4];
  double *value = faces.value, *slope = faces.slope;
#pragma GCC ivdep  // too many streams for g++ to see by itself that they are apart
  for (Index i = 0; i < n; ++i) {
    value[i] = 7 * (p2[i] + p3[i]) - (p1[i] + p4[i]);
    slope[i] = 15 * (p3[i] - p2[i]) - (p4[i] - p1[i]);
    own[i] = p2[i];
    across[i] = 8 * (p3[i] - p1[i]) - (p4[i] - p0[i]);
  }
}

FOKKER_KERNEL(void, weighted_faces,
              (const std::array<const double*, 4>& p, const FaceWeights& weights, Index n, FaceLine out),
              (p, weights, n, out)) {
  const double *a = p[0], *b = p[1], *c = p[2], *d = p[3];
  double *value = out.value, *slope = out.slope;
  const auto& [v, s] = weights;
#pragma GCC ivdep
  for (Index i = 0; i < n; ++i) {
    value[i] = (v[0] * a[i] + v[1] * b[i]) + (v[2] * c[i] + v[3] * d[i]);
    slope[i] = (s[0] * a[i] + s[1] * b[i]) + (s[2] * c[i] + s[3] * d[i]);
  }
}

FOKKER_KERNEL(void, fluxes_along_row, (const FaceColumns& columns, const RowDifferences& rows, Index n, double* J),
              (columns, rows, n, J)) {
  double* __restrict to = J;
  const double *value = columns.value, *slope = columns.slope, *p = rows.own;
  const auto face_value = [](const double* u, Index i) { return 7 * (u[i - 1] + u[i]) - (u[i - 2] + u[i + 1]); };
  const auto face_slope = [](const double* u, Index i) { return 15 * (u[i] - u[i - 1]) - (u[i + 1] - u[i - 2]); };
  if (const double* across = columns.across, *D = rows.across; across != nullptr)
    for (Index i = 0; i < n; ++i)
      to[i] = value[i] * face_value(p, i) + slope[i] * face_slope(p, i) + across[i] * face_value(D, i);
  else
    for (Index i = 0; i < n; ++i) to[i] = value[i] * face_value(p, i) + slope[i] * face_slope(p, i);
  if (const double* curvature = columns.curvature, *C = rows.curvature; curvature != nullptr)
    for (Index i = 0; i < n; ++i) to[i] += curvature[i] * face_value(C, i);
  if (const double* twist = columns.twist, *T = rows.twist; twist != nullptr)
    for (Index i = 0; i < n; ++i) to[i] += twist[i] * face_slope(T, i);
}

FOKKER_KERNEL(void, fluxes_across_row, (const FaceColumns& columns, FaceLine faces, Index n, double* J),
              (columns, faces, n, J)) {
  double* __restrict to = J;
  const double *value = columns.value, *slope = columns.slope, *v = faces.value, *s = faces.slope;
  if (const double* across = columns.across; across != nullptr)
    for (Index i = 0; i < n; ++i)
      to[i] = value[i] * v[i] + slope[i] * s[i] + across[i] * (8 * (v[i + 1] - v[i - 1]) - (v[i + 2] - v[i - 2]));
  else
    for (Index i = 0; i < n; ++i) to[i] = value[i] * v[i] + slope[i] * s[i];
  if (const double* curvature = columns.curvature; curvature != nullptr)
    for (Index i = 0; i < n; ++i) to[i] += curvature[i] * ((v[i - 1] + v[i + 1]) - 2 * v[i]);
  if (const double* twist = columns.twist; twist != nullptr)
    for (Index i = 0; i < n; ++i) to[i] += twist[i] * (s[i + 1] - s[i - 1]);
}

FOKKER_KERNEL(void, add_upwind, (const double* value, const std::array<const double*, 6>& p, Index n, double* J),
              (value, p, n, J)) {
  double* __restrict to = J;
  const double *p0 = p[0], *p1 = p[1], *p2 = p[2], *p3 = p[3], *p4 = p[4], *p5 = p[5];
  for (Index i = 0; i < n; ++i) {
    const double lower = (p0[i] + p4[i]) - 4 * (p1[i] + p3[i]) + 6 * p2[i];
    const double upper = (p1[i] + p5[i]) - 4 * (p2[i] + p4[i]) + 6 * p3[i];
    to[i] += 0.4 * value[i] * (value[i] > 0 ? lower : upper);
  }
}

FOKKER_KERNEL(void, cell_rates,
              (double factor, const double* Jx, const double* below, const double* above, Index n, double* rate),
              (factor, Jx, below, above, n, rate)) {
  double* __restrict to = rate;
  if (below == nullptr)
    for (Index i = 0; i < n; ++i) to[i] = factor * (Jx[i] - Jx[i + 1]);
  else
    for (Index i = 0; i < n; ++i) to[i] = factor * ((Jx[i] - Jx[i + 1]) + (below[i] - above[i]));
}

FOKKER_KERNEL(void, edge_fluxes,
              (const double* left, const double* right, const double* pL, const double* pR, Index n, double* J),
              (left, right, pL, pR, n, J)) {
  double* __restrict to = J;
  for (Index i = 0; i < n; ++i) to[i] = left[i] * pL[i] + right[i] * pR[i];
}

FOKKER_KERNEL(void, euler_cells,
              (double weight, const double* p, const double* Jx, const double* below, const double* above, Index n,
               double* next, double* sum),
              (weight, p, Jx, below, above, n, next, sum)) {
  double* __restrict to = next, * __restrict total = sum;
  if (below == nullptr)
    for (Index i = 0; i < n; ++i) to[i] = p[i] + weight * (Jx[i] - Jx[i + 1]);
  else
    for (Index i = 0; i < n; ++i) to[i] = p[i] + weight * ((Jx[i] - Jx[i + 1]) + (below[i] - above[i]));
  for (Index i = 0; i < n; ++i) total[i] += weight * p[i];
}

FOKKER_KERNEL(Index, corrected_cells,
              (const double* low, const double* Jx, const double* below, const double* above, Index n, double* value),
              (low, Jx, below, above, n, value)) {
  double* __restrict to = value;
  Index negative = 0;
  if (below == nullptr)
    for (Index i = 0; i < n; ++i) to[i] = low[i] + (Jx[i] - Jx[i + 1]);
  else
    for (Index i = 0; i < n; ++i) to[i] = low[i] + ((Jx[i] - Jx[i + 1]) + (below[i] - above[i]));
  for (Index i = 0; i < n; ++i) negative += to[i] < 0 ? 1 : 0;
  return negative;
}

FOKKER_KERNEL(void, noise_mask, (const double* low, const double* value, double noise, Index n, double* mask),
              (low, value, noise, n, mask)) {
  double* __restrict to = mask;
  for (Index i = 0; i < n; ++i) {
    const double most = low[i] > value[i] ? low[i] : value[i], larger = most > -value[i] ? most : -value[i];
    to[i] = larger <= noise ? 0.0 : 1.0;
  }
}

FOKKER_KERNEL(void, mask_faces, (const double* left, const double* right, Index n, double* J), (left, right, n, J)) {
  double* __restrict to = J;
  for (Index i = 0; i < n; ++i) to[i] *= left[i] * right[i];
}

FOKKER_KERNEL(void, combine,
              (double scale, const double* rate, std::span<const Term> terms, Index first, Index n, double* out),
              (scale, rate, terms, first, n, out)) {
  combine_stage({scale, terms, out}, rate, first, n);
}

}  // namespace fokker
