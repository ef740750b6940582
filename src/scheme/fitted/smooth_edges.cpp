#include "smooth_edges.hpp"

#include <cmath>

#include "fokker/base/vector_math.hpp"

namespace fokker {

FOKKER_KERNEL(void, mark_unlike,
              (const double* below, const double* D, const double* above, Index n, double ratio,
               std::uint8_t* __restrict special),
              (below, D, above, n, ratio, special)) {
  for (Index i = 0; i < n; ++i) special[i] = alike(below[i], D[i], ratio) & alike(D[i], above[i], ratio) ? 0 : 1;
}

void mark_unlike(const double* D, Index n, double ratio, std::uint8_t* special) {
  special[0] = special[n - 1] = 0;
  if (n < 2) return;
  special[0] = alike(D[0], D[1], ratio) ? 0 : 1;
  mark_unlike(D, D + 1, D + 2, n - 2, ratio, special + 1);
  special[n - 1] = alike(D[n - 2], D[n - 1], ratio) ? 0 : 1;
}

FOKKER_KERNEL(void, find_smooth, (const EdgeColumns& edges, const SmoothRule& rule, SmoothEdges& __restrict out),
              (edges, rule, out)) {
  const auto [f, D, left, right, n] = edges;
  const auto [h, reading, steepest] = rule;
  for (Index i = 0; i < n; ++i) {
    const double P = f[i] * h / D[i];
    out.rate[i] = D[i] / (h * h);
    out.peclet[i] = P;
    out.other[i] = (D[i] > 0) & (std::abs(P) <= steepest) & alike(left[i], D[i]) & alike(right[i], D[i]) ? 0 : 1;
  }
  if (reading == 1) {
    for (Index i = 0; i < n; ++i) out.left[i] = out.right[i] = 1;
    return;
  }
  for (Index i = 0; i < n; ++i) {
    out.left[i] = left[i] / D[i];
    out.right[i] = right[i] / D[i];
  }
  if (reading == 0) return;
  for (Index i = 0; i < n; ++i) {
    out.left[i] = std::sqrt(out.left[i]);
    out.right[i] = std::sqrt(out.right[i]);
  }
}

}  // namespace fokker
