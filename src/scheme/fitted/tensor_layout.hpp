#pragma once
#include <algorithm>
#include <vector>

#include "fokker/operator/edge_matrix.hpp"
#include "fokker/scheme/selling.hpp"

namespace fokker {

/// The edges of tensors, row by row: faces all along, as they may carry drift, and skew edges where one of the two
/// cells uses them. `offset(cell, k)`, k < ways: what a cell uses, canonical, at most `reach` cells along y; those on
/// an axis, or (0, 0), are left out.
template <int ways, int reach, class OffsetOf>
void lay_out_tensor(EdgeMatrix& edges, Index nx, Index ny, const OffsetOf& offset) {
  constexpr Index gap = 16;  // edges of rate 0 that are kept rather than starting another run
  const auto before = [](Offset a, Offset b) { return a.x != b.x ? a.x < b.x : a.y < b.y; };
  const auto tidy = [&](std::vector<Offset>& offsets) {
    std::sort(offsets.begin(), offsets.end(), before);
    offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
  };
  const auto uses = [&](Index cell, Offset e) {
    for (int k = 0; k < ways; ++k)
      if (offset(cell, k) == e) return true;
    return false;
  };
  std::vector<std::vector<Offset>> used(ny);  // of every row, sorted
  for (Index j = 0; j < ny; ++j) {
    std::vector<Offset>& row = used[j];
    for (Index i = 0; i < nx; ++i)
      for (int k = 0; k < ways; ++k)
        if (const Offset e = offset(i + nx * j, k); e.x != 0 && e.y != 0 && (row.empty() || !(row.back() == e)))
          row.push_back(e);
    tidy(row);
  }
  std::vector<Offset> candidates;
  for (Index j = 0; j < ny; ++j) {
    for (const Offset e : {Offset{1, 0}, Offset{0, 1}}) {
      const auto [begin, end] = edges.reach(j, e);
      edges.add(j, begin, end, e);
    }
    candidates = used[j];
    for (int dy = -reach; dy <= reach; ++dy) {
      const Index other = edges.neighbour(0, j, {0, dy});
      if (other < 0) continue;
      for (const Offset e : used[other / nx])
        if (e.y == dy) candidates.push_back(e);
    }
    tidy(candidates);
    for (const Offset e : candidates) {
      const auto [begin, end] = edges.reach(j, e);
      Index start = -1, last = -1;  // the run so far
      for (Index i = begin; i < end; ++i) {
        if (!uses(i + nx * j, e) && !uses(edges.neighbour(i, j, e), e)) continue;
        if (start >= 0 && i - last > gap) {
          edges.add(j, start, last + 1, e);
          start = -1;
        }
        if (start < 0) start = i;
        last = i;
      }
      if (start >= 0) edges.add(j, start, last + 1, e);
    }
  }
}

}  // namespace fokker
