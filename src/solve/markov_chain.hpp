#pragma once
#include <optional>
#include <span>
#include <vector>

#include "fokker/operator/edge_matrix.hpp"
#include "fokker/operator/operator.hpp"

namespace fokker {

/// A Markov chain on the cells of a grid: what the edges of a positive operator say, as full columns.
///
///        L ---- forward[L] ---> R = L + offset        both >= 0 [1/t]
///          <--- backward[L] ---
///
/// An edge that is not there has two zeros.
struct Chain {
  struct Link {
    Offset offset;
    std::vector<double> forward, backward;
  };
  Index nx = 1, ny = 1;
  bool periodic_x = false, periodic_y = false;
  std::vector<Link> links;
  std::vector<double> outflow;  ///< rate out of the grid through absorbing sides [1/t]; empty where there are none

  [[nodiscard]] Index cells() const { return nx * ny; }
  /// -1 when it lies outside.
  [[nodiscard]] Index neighbour(Index cell, Offset e) const;
  /// Calls visit(L, R, forward, backward) for every edge, in a fixed order.
  template <class Visit>
  void for_edges(const Visit& visit) const {
    for (const Link& link : links)
      for (Index cell = 0; cell < cells(); ++cell) {
        const double forward = link.forward[cell], backward = link.backward[cell];
        if (forward != 0 || backward != 0) visit(cell, neighbour(cell, link.offset), forward, backward);
      }
  }
};

/// std::nullopt where a weight has the wrong sign (no chain), or where more than `most_links` offsets are in use: full
/// columns would be mostly zeros.
inline constexpr std::size_t most_links = 6;
[[nodiscard]] std::optional<Chain> chain_of(const EdgeView& view);

/// Which axes the next coarser chain halves.
struct Halving {
  bool x = false, y = false;
  [[nodiscard]] Index children() const { return (x ? 2 : 1) * (y ? 2 : 1); }
};

/// Both axes, or the one with the faster rates where they differ by more than a factor 4 (point smoothing does not
/// reach along the slow one). No axis with an odd number of cells, or 8 or fewer; with skew offsets both axes or none.
[[nodiscard]] Halving halving_of(const Chain& chain);

/// The same drift and diffusion on cells twice as wide: those of the fine edges around the middle of a coarse one,
///
///     v = forward - backward,    r = v / log(forward / backward)    (a/h and D/h^2 of a fitted edge),
///
/// averaged, v/2 and r/4, and fitted again. An upwind edge keeps its numerical diffusion in this way.
[[nodiscard]] Chain coarsened(const Chain& fine, Halving halving);

}  // namespace fokker
