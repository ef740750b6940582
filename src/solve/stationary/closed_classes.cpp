#include "closed_classes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/errors.hpp"

namespace fokker {
namespace {

bool both_ways_everywhere(const Grid& grid, const EdgeMatrix& edges) {
  Index faces = 0;
  for (const Run& run : edges.runs()) {
    const double *left = edges.left() + run.first, *right = edges.right() + run.first;
    bool all = true;
    for (Index k = 0; k < run.count; ++k) all = all & (left[k] > 0) & (right[k] < 0);
    if (!all) return false;
    if (run.offset.x + run.offset.y == 1 && run.offset.x * run.offset.y == 0) faces += run.count;
  }
  Index wanted = 0;
  for (int k = 0; k < grid.dimension(); ++k) {
    const Index cells = grid.axis(k).cells;
    wanted += (grid.axis(k).periodic() ? cells : cells - 1) * (grid.cells() / cells);
  }
  return faces == wanted;
}

/// Where probability goes from every cell.
struct Ways {
  std::vector<Index> start, to;

  explicit Ways(Index cells, const EdgeMatrix& edges) : start(static_cast<std::size_t>(cells + 1), 0) {
    const auto each = [&](const auto& visit) {
      for (const Run& run : edges.runs())
        for (Index k = 0; k < run.count; ++k) {
          if (edges.left()[run.first + k] != 0) visit(run.left + k, run.right + k);
          if (edges.right()[run.first + k] != 0) visit(run.right + k, run.left + k);
        }
    };
    each([&](Index from, Index) { ++start[from + 1]; });
    for (Index i = 0; i < cells; ++i) start[i + 1] += start[i];
    to.resize(start.back());
    std::vector<Index> next(start.begin(), start.end() - 1);
    each([&](Index from, Index there) { to[next[from]++] = there; });
  }
};

/// Number of the component of every cell.
std::vector<Index> components(Index cells, const Ways& ways, Index& count) {
  constexpr Index unseen = -1;
  std::vector<Index> component(cells, unseen), low(static_cast<std::size_t>(cells), unseen),
      number(static_cast<std::size_t>(cells), unseen), path, open;
  std::vector<Index> next(ways.start.begin(), ways.start.end() - 1);
  Index seen = 0;
  count = 0;
  for (Index root = 0; root < cells; ++root) {
    if (number[root] != unseen) continue;
    path.assign(1, root);
    while (!path.empty()) {
      const Index cell = path.back();
      if (number[cell] == unseen) {
        number[cell] = low[cell] = seen++;
        open.push_back(cell);
      }
      bool deeper = false;
      while (next[cell] < ways.start[cell + 1]) {
        const Index there = ways.to[next[cell]];
        if (number[there] == unseen) {
          path.push_back(there);
          deeper = true;
          break;
        }
        if (component[there] == unseen) low[cell] = std::min(low[cell], low[there]);
        ++next[cell];
      }
      if (deeper) continue;
      path.pop_back();
      if (low[cell] != number[cell]) continue;
      for (Index member = unseen; member != cell;) {
        member = open.back();
        open.pop_back();
        component[member] = count;
      }
      ++count;
    }
  }
  return component;
}

}  // namespace

ClosedPart closed_part(const Grid& grid, const EdgeMatrix& edges) {
  const Index cells = grid.cells();
  if (both_ways_everywhere(grid, edges)) return {0, cells, true};
  const Ways ways(cells, edges);
  Index count = 0;
  const std::vector<Index> component = components(cells, ways, count);
  std::vector<char> closed(count, 1);
  std::vector<Index> size(count, 0), first(static_cast<std::size_t>(count), 0);
  for (Index cell = cells; cell-- > 0;) {
    const std::size_t own = component[cell];
    ++size[own];
    first[own] = cell;
    for (Index k = ways.start[cell]; k < ways.start[cell + 1]; ++k)
      if (static_cast<std::size_t>(component[ways.to[k]]) != own) closed[own] = 0;
  }
  std::vector<Index> found;
  for (Index c = 0; c < count; ++c)
    if (closed[c]) found.push_back(c);
  const auto described = [&](std::size_t k) {
    const std::size_t c = found[k];
    return fmt::format("{} cell{} with {}", size[c], size[c] == 1 ? "" : "s", grid.describe(first[c]));
  };
  if (found.size() > 1)
    throw UsageError(fmt::format(
        "the stationary density is not unique: {} parts of the grid are never left again ({}; {}{}), and what "
        "ends in each depends on the start",
        found.size(), described(0), described(1), found.size() > 2 ? "; ..." : ""));
  return {first[found.front()], size[found.front()], false};
}

}  // namespace fokker
