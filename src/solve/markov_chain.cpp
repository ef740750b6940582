#include "markov_chain.hpp"

#include <algorithm>
#include <cmath>

#include "fokker/base/parallel.hpp"
#include "fokker/base/vector_math.hpp"

namespace fokker {
namespace {

constexpr Index fewest_cells = 8;
constexpr double isotropic = 4;  // ratio of the rates along the axes up to which both are halved

/// velocity += f - b, rate += (f - b) / log(f / b) of n edges [1/t]: the logarithmic mean of the two rates, 0 where one
/// of them is.
FOKKER_KERNEL(void, add_coefficients,
              (const double* forward, const double* backward, Index n, double* __restrict velocity,
               double* __restrict rate),
              (forward, backward, n, velocity, rate)) {
#pragma omp simd
  for (Index i = 0; i < n; ++i) {
    const double f = forward[i], b = backward[i], v = f - b, sum = f + b;
    const double z = v / sum;  // log(f/b) = 2 atanh(z)
    const double exact = v / ::log(f / b), series = sum / 2 * (1 - z * z / 3);
    const double both = std::abs(z) < 1e-3 ? series : exact;
    velocity[i] += v;
    rate[i] += (f > 0) & (b > 0) ? both : 0;
  }
}

/// The fitted rates r B(-v/r) and r B(v/r); upwind ones where r is 0, or next to v.
FOKKER_KERNEL(void, fit,
              (const double* velocity, const double* rate, double velocity_factor, double rate_factor, Index n,
               double* __restrict forward, double* __restrict backward),
              (velocity, rate, velocity_factor, rate_factor, n, forward, backward)) {
#pragma omp simd
  for (Index i = 0; i < n; ++i) {
    const double v = velocity_factor * velocity[i], r = rate_factor * rate[i], size = std::abs(v);
    const bool fitted = size < 600 * r;
    const double z = fitted ? size / r : 1;
    const double exact = z / (::exp(z) - 1), series = 1 - z / 2 + z * z / 12;
    const double against = fitted ? r * (z < 1e-3 ? series : exact) : 0, along = against + size;
    forward[i] = v > 0 ? along : against;
    backward[i] = v > 0 ? against : along;
  }
}

/// Fine cells whose edges of offset component e lie around the middle of the coarse edge from cell I: one or two.
struct Children {
  Index first = 0, count = 1;
};
Children children_of(Index I, int e, bool halved) {
  if (!halved) return {I, 1};
  if (e % 2 != 0) return {2 * I + (1 + e) / 2, 1};
  return {2 * I + e / 2, 2};
}

double mean_rate(const Chain& chain, Offset e) {
  for (const Chain::Link& link : chain.links) {
    if (!(link.offset == e)) continue;
    double sum = 0;
    for (Index i = 0; i < chain.cells(); ++i) sum += link.forward[i] + link.backward[i];
    return sum / static_cast<double>(chain.cells());
  }
  return 0;
}

void coarsen_link(const Chain& fine, const Chain::Link& from, Halving halving, const Chain& coarse, Chain::Link& to) {
  const Offset e = from.offset;
  const double shrink = (e.x != 0 && halving.x) || (e.y != 0 && halving.y) ? 0.5 : 1;
  const Index nx = coarse.nx;
  parallel_for(0, coarse.ny, std::max<Index>(1, 4096 / nx), [&](Index begin, Index end) {
    std::vector<double> forward(nx), backward(static_cast<std::size_t>(nx)), velocity(static_cast<std::size_t>(nx)),
        rate(static_cast<std::size_t>(nx));
    for (Index J = begin; J < end; ++J) {
      std::fill(velocity.begin(), velocity.end(), 0.0);
      std::fill(rate.begin(), rate.end(), 0.0);
      const Children rows = children_of(J, e.y, halving.y), columns = children_of(0, e.x, halving.x);
      for (Index row = rows.first; row < rows.first + rows.count; ++row)
        for (Index k = 0; k < columns.count; ++k) {
          const Index line = fine.nx * wrapped(row, fine.ny);
          for (Index I = 0; I < nx; ++I) {
            const Index column = children_of(I, e.x, halving.x).first + k;
            const Index child = line + (column < 0 || column >= fine.nx ? wrapped(column, fine.nx) : column);
            forward[I] = from.forward[child];
            backward[I] = from.backward[child];
          }
          add_coefficients(forward.data(), backward.data(), nx, velocity.data(), rate.data());
        }
      const double fraction = shrink / static_cast<double>(columns.count * rows.count);
      fit(velocity.data(), rate.data(), fraction, shrink * fraction, nx, &to.forward[nx * J], &to.backward[nx * J]);
      for (Index I = 0; I < nx; ++I)
        if (coarse.neighbour(I + nx * J, e) < 0) to.forward[I + nx * J] = to.backward[I + nx * J] = 0;
    }
  });
}

}  // namespace

Index Chain::neighbour(Index cell, Offset e) const {
  Index x = cell % nx + e.x, y = cell / nx + e.y;
  if (periodic_x) x = wrapped(x, nx);
  if (periodic_y) y = wrapped(y, ny);
  return x >= 0 && x < nx && y >= 0 && y < ny ? x + nx * y : -1;
}

std::optional<Chain> chain_of(const EdgeView& view) {
  const Grid& grid = *view.grid;
  Chain chain{.nx = grid.nx(),
              .ny = grid.ny(),
              .periodic_x = grid.axis(0).periodic(),
              .periodic_y = grid.dimension() > 1 && grid.axis(1).periodic(),
              .links = {},
              .outflow = {}};
  const EdgeMatrix& edges = *view.edges;
  const auto link_of = [&](Offset e) {
    return std::find_if(chain.links.begin(), chain.links.end(), [&](const auto& link) { return link.offset == e; });
  };
  for (const Run& run : edges.runs()) {
    if (link_of(run.offset) != chain.links.end()) continue;
    if (chain.links.size() == most_links) return std::nullopt;
    const std::vector<double> none(grid.cells(), 0.0);
    chain.links.push_back({run.offset, none, none});
  }
  for (const Run& run : edges.runs()) {
    Chain::Link& link = *link_of(run.offset);
    const double *left = edges.left() + run.first, *right = edges.right() + run.first;
    for (Index k = 0; k < run.count; ++k) {
      if (!(left[k] >= 0 && right[k] <= 0)) return std::nullopt;
      link.forward[run.left + k] = view.scale * left[k];
      link.backward[run.left + k] = -view.scale * right[k];
    }
  }
  if (!edges.sinks().empty()) chain.outflow.assign(static_cast<std::size_t>(grid.cells()), 0.0);
  for (const Sink& sink : edges.sinks()) chain.outflow[sink.cell] += view.scale * sink.rate;
  return chain;
}

Halving halving_of(const Chain& chain) {
  Halving halving{chain.nx % 2 == 0 && chain.nx > fewest_cells, chain.ny % 2 == 0 && chain.ny > fewest_cells};
  const bool skew = std::any_of(chain.links.begin(), chain.links.end(),
                                [](const auto& link) { return link.offset.x != 0 && link.offset.y != 0; });
  if (skew) return halving.x && halving.y ? halving : Halving{};
  const double x = mean_rate(chain, {1, 0}), y = mean_rate(chain, {0, 1});
  return {halving.x && y <= isotropic * x, halving.y && x <= isotropic * y};
}

Chain coarsened(const Chain& fine, Halving halving) {
  Chain coarse{.nx = halving.x ? fine.nx / 2 : fine.nx,
               .ny = halving.y ? fine.ny / 2 : fine.ny,
               .periodic_x = fine.periodic_x,
               .periodic_y = fine.periodic_y,
               .links = {},
               .outflow = {}};
  const std::vector<double> none(coarse.cells(), 0.0);
  for (const Chain::Link& link : fine.links) {
    coarse.links.push_back({link.offset, none, none});
    coarsen_link(fine, link, halving, coarse, coarse.links.back());
  }
  if (fine.outflow.empty()) return coarse;
  coarse.outflow = none;
  // The mean over the children is what half-edges to the wall give for drift; for diffusion it is twice that.
  const double fraction = 0.5 / static_cast<double>(halving.children());
  for (Index cell = 0; cell < fine.cells(); ++cell) {
    const Index I = cell % fine.nx / (halving.x ? 2 : 1), J = cell / fine.nx / (halving.y ? 2 : 1);
    coarse.outflow[I + coarse.nx * J] += fraction * fine.outflow[cell];
  }
  return coarse;
}

}  // namespace fokker
