#pragma once
#include <cstdint>

#include "fokker/base/points.hpp"
#include "fokker/scheme/flux.hpp"

namespace fokker {

/// D of two points is alike; two zeros are. Without branches, for loops over columns.
[[nodiscard]] inline bool alike(double D, double E, double ratio = smooth_ratio) {
  return ((D <= ratio * E) & (E <= ratio * D)) | (D == E);
}

/// special[i] = 1 where D is unlike that of a neighbour, else 0; columns of n, allocated by the caller.
void mark_unlike(const double* below, const double* D, const double* above, Index n, double ratio,
                 std::uint8_t* special);
/// The same along a column, whose ends have one neighbour.
void mark_unlike(const double* D, Index n, double ratio, std::uint8_t* special);

/// What is known of the edges of a column: f [x/t] and D [x^2/t] on the faces, D in the cells beside them.
struct EdgeColumns {
  const double *f, *D, *D_left, *D_right;
  Index size;
};
struct SmoothRule {
  double h, reading;
  double steepest;  ///< |P| up to which one evaluation serves
};
/// Edges between smooth cells, and which are others.
struct SmoothEdges {
  static constexpr Index most = 64;
  double rate[most], peclet[most], left[most], right[most];
  std::uint8_t other[most];
};

/// rate = D/h^2, P = f h/D, left = (D_L/D)^(1 - reading), right likewise, where D > 0 is alike on the face and on both
/// sides of it and |P| is not beyond the rule. At most SmoothEdges::most of them. Rates made anew at every time cost
/// 1.05 to 1.4 times what those with a differentiated D cost (docs/performance.md), 1.9 to 2.1 edge by edge.
void find_smooth(const EdgeColumns& edges, const SmoothRule& rule, SmoothEdges& out);

}  // namespace fokker
