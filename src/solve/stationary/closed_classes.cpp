#include "closed_classes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/errors.hpp"
#include "fokker/base/subscript.hpp"

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

  explicit Ways(Index cells, const EdgeMatrix& edges) : start(at(cells + 1), 0) {
    const auto each = [&](const auto& visit) {
      for (const Run& run : edges.runs())
        for (Index k = 0; k < run.count; ++k) {
          if (edges.left()[run.first + k] != 0) visit(run.left + k, run.right + k);
          if (edges.right()[run.first + k] != 0) visit(run.right + k, run.left + k);
        }
    };
    each([&](Index from, Index) { ++start[at(from + 1)]; });
    for (Index i = 0; i < cells; ++i) start[at(i + 1)] += start[at(i)];
    to.resize(at(start.back()));
    std::vector<Index> next(start.begin(), start.end() - 1);
    each([&](Index from, Index there) { to[at(next[at(from)]++)] = there; });
  }
};

/// Number of the component of every cell.
std::vector<Index> components(Index cells, const Ways& ways, Index& count) {
  constexpr Index unseen = -1;
  std::vector<Index> component(at(cells), unseen), low(at(cells), unseen), number(at(cells), unseen), path, open;
  std::vector<Index> next(ways.start.begin(), ways.start.end() - 1);
  Index seen = 0;
  count = 0;
  for (Index root = 0; root < cells; ++root) {
    if (number[at(root)] != unseen) continue;
    path.assign(1, root);
    while (!path.empty()) {
      const Index cell = path.back();
      if (number[at(cell)] == unseen) {
        number[at(cell)] = low[at(cell)] = seen++;
        open.push_back(cell);
      }
      bool deeper = false;
      while (next[at(cell)] < ways.start[at(cell + 1)]) {
        const Index there = ways.to[at(next[at(cell)])];
        if (number[at(there)] == unseen) {
          path.push_back(there);
          deeper = true;
          break;
        }
        if (component[at(there)] == unseen) low[at(cell)] = std::min(low[at(cell)], low[at(there)]);
        ++next[at(cell)];
      }
      if (deeper) continue;
      path.pop_back();
      if (low[at(cell)] != number[at(cell)]) continue;
      for (Index member = unseen; member != cell;) {
        member = open.back();
        open.pop_back();
        component[at(member)] = count;
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
  std::vector<char> closed(at(count), 1);
  std::vector<Index> size(at(count), 0), first(at(count), 0);
  for (Index cell = cells; cell-- > 0;) {
    const std::size_t own = at(component[at(cell)]);
    ++size[own];
    first[own] = cell;
    for (Index k = ways.start[at(cell)]; k < ways.start[at(cell + 1)]; ++k)
      if (at(component[at(ways.to[at(k)])]) != own) closed[own] = 0;
  }
  std::vector<Index> found;
  for (Index c = 0; c < count; ++c)
    if (closed[at(c)]) found.push_back(c);
  const auto described = [&](std::size_t k) {
    const std::size_t c = at(found[k]);
    return fmt::format("{} cell{} with {}", size[c], size[c] == 1 ? "" : "s", grid.describe(first[c]));
  };
  if (found.size() > 1)
    throw UsageError(fmt::format(
        "the stationary density is not unique: {} parts of the grid are never left again ({}; {}{}), and what "
        "ends in each depends on the start",
        found.size(), described(0), described(1), found.size() > 2 ? "; ..." : ""));
  return {first[at(found.front())], size[at(found.front())], false};
}

}  // namespace fokker
