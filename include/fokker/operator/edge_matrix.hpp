#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "fokker/base/large_array.hpp"
#include "fokker/grid/grid.hpp"
#include "fokker/operator/axis_splitting.hpp"
#include "fokker/operator/operator.hpp"

namespace fokker {

/// R = L + (x, y) cells; canonical: x > 0, or x = 0 and y > 0.
struct Offset {
  int x = 0, y = 0;
  friend bool operator==(const Offset&, const Offset&) = default;
};

/// The canonical offset of neighbours along an axis.
[[nodiscard]] inline bool is_face(Offset e) { return e == Offset{1, 0} || e == Offset{0, 1}; }

/// Consecutive edges of one offset on one row: edge k joins cell left + k to cell right + k and has the weights
/// first + k. A run ends where the neighbours wrap around a periodic axis.
struct Run {
  Index left = 0, right = 0, first = 0, count = 0;
  Offset offset;
  bool wraps = false;  ///< goes around a periodic axis
};

/// Probability that leaves through an absorbing side: dp[cell] -= rate p[cell], outflow += volume rate p[cell].
struct Sink {
  Index cell = 0;
  int outflow = 0;
  double rate = 0;  ///< [1/t]
  Offset offset;    ///< towards the wall, not canonical
};

/// One edge per output cell of a block: first weight, and the cell at the far end.
struct EdgeTerm {
  Index weights = 0, neighbour = 0;
};

/// A stretch of output cells over which the same runs bring and take: its terms, outgoing ones first.
struct EdgeBlock {
  Index cell = 0, count = 0, first_term = 0;
  std::int32_t outgoing = 0, incoming = 0;
};

/// All edges of a grid, kept as runs: whole rows where an offset is used by every cell, short runs where the offsets of
/// a diffusion tensor vary from cell to cell. One layout, one kernel, 1D is one row.
///
/// Every output cell gathers its own fluxes in a fixed order, so rows run concurrently without atomics and the result
/// does not depend on the number of threads. The two ends of an edge evaluate the same expression, so the same bits
/// leave one cell and enter the other.
class EdgeMatrix {
 public:
  explicit EdgeMatrix(const Grid& grid);

  /// Column and row of the neighbour in direction e of cell (i, j): -1 when the edge leaves the grid.
  [[nodiscard]] Index neighbour(Index i, Index j, Offset e) const;
  /// Columns [begin, end) of a row whose neighbour in direction e exists.
  [[nodiscard]] std::pair<Index, Index> reach(Index row, Offset e) const;

  void clear();
  /// Adds the edges of offset e from the cells begin..end-1 of a row; all neighbours must exist.
  void add(Index row, Index begin, Index end, Offset e);
  /// To be called after the last `add`: sizes the weights (all 0) and plans the gather.
  void finish();
  /// Leaves out the edges whose two weights are 0, unless fewer than 16 stand between two others.
  void drop_zeros();

  [[nodiscard]] std::span<const Run> runs() const { return runs_; }
  [[nodiscard]] Index count() const { return count_; }
  [[nodiscard]] std::span<const EdgeBlock> blocks() const { return blocks_; }
  [[nodiscard]] double* left() { return weights_.data(); }
  [[nodiscard]] double* right() { return weights_.data() + count_; }
  [[nodiscard]] const double* left() const { return weights_.data(); }
  [[nodiscard]] const double* right() const { return weights_.data() + count_; }
  [[nodiscard]] std::span<const Sink> sinks() const { return sinks_; }
  /// In the order of their cells from then on.
  void set_sinks(std::vector<Sink> sinks);

  /// Some edge joins cells that are not neighbours along an axis.
  [[nodiscard]] bool skew() const;
  /// out = scale * (what the edges bring - what they take); cells only, sinks are not included.
  void apply(double scale, const double* p, double* out) const;
  /// `Operator::apply_chain` for rate = scale * (what the edges bring - what they and the sinks take); cells only.
  /// drained[k * sinks + i] is set to what sink i takes of product k, scale included.
  ///
  /// Beyond one product, rows are taken in wavefronts: product k follows k reaches behind the first, so that weights
  /// and states are still in cache. Bands of rows run concurrently; what lies between two bands, where the products
  /// lean away from the edges of both, follows when both are done:
  ///
  ///     product 3   |   /      \ ##### /      \   |
  ///     product 2   |  /        \ ### /        \  |    # second phase
  ///     product 1   | /   band   \ # /   band   \ |
  ///     product 0   |/            |              \|    rows ->
  void apply_chain(double scale, std::span<const Product> chain, double* drained) const;
  /// out = scale * (what comes in - what goes out) for fluxes J that are given, one per edge.
  void divergence(double scale, const double* J, double* out) const;
  /// out = scale * (the transposed of what `apply` does to p), for u on the cells: with J = l p_L + r p_R an edge
  /// brings l (u_R - u_L) to L and r (u_R - u_L) to R. 24 bytes and 6 operations per edge and end.
  void apply_transposed(double scale, const double* u, double* out) const;
  /// Behind `apply`: takes from the rates of cells what sinks take of them, and makes it the rates of the outflows.
  void drain(double scale, std::span<const double> state, std::span<double> rate) const;
  /// The entries of all that edges and sinks do.
  void assemble(double scale, const InsertEntry& insert) const;
  /// Adds the edges to the lines they run along. A skew edge e with the jump rates l and r is shared by the |e_x| steps
  /// of one cell that lie under it in each of the two rows it joins, and likewise along y: diffusion e_x^2 (l + r) / 2
  /// and velocity e_x (l - r) along x; sinks are not included.
  void project(AxisSplitting& directions) const;
  /// diagonal[i] += the total rate at which edges empty cell i (positive fluxes), or, where the weights have no sign,
  /// the bound of `Operator::stable_step`.
  void add_exit_rates(bool positive, std::span<double> diagonal) const;
  /// J [p x/t] += scale * half of each edge's flux, along its offset, at both of its cells.
  void add_current(double scale, const double* p, double* Jx, double* Jy) const;
  /// The same for given edge fluxes; p is that of the outflow.
  void add_current(double scale, const double* J, const double* p, double* Jx, double* Jy) const;
  /// The sums over all cells of what `add_current` adds, in one fixed order: 24 bytes and 4 operations per edge.
  [[nodiscard]] std::array<double, 2> total_current(double scale, const double* p) const;
  /// rates[k] = scale * (what the sinks of outflow k take) [1/t].
  void outflow_rates(double scale, const double* p, std::span<double> rates) const;
  /// Cells L + k e, k = -2 .. 3, of the edges from .. from + count - 1 of a run, as columns of `values`: pointers into
  /// it, or into `storage` (6 x count) where the line wraps or ends; beyond a wall the last cell repeats.
  void lines(const Run& run, Index from, Index count, const double* values, double* storage,
             std::array<const double*, 6>& out) const;
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr Index unit_columns = 8192;  // a row longer than this (1D) is several units of work

  void plan();
  void project_skew(const Run& run, Index k, AxisSplitting& directions) const;
  template <class Work>
  void for_units(const Work& work) const;
  template <class Run>
  void in_wavefronts(Index products, const Run& run) const;
  void add_edge_current(double scale, const Run& run, Index k, double J, double* Jx, double* Jy) const;
  void add_sink_current(double scale, const double* p, double* Jx, double* Jy) const;

  Index nx_, ny_;
  bool periodic_x_, periodic_y_;
  double hx_, hy_, volume_;
  Index count_ = 0;
  std::vector<Run> runs_;
  std::vector<Sink> sinks_;
  LargeArray weights_;  // all left ones, then all right ones
  std::vector<EdgeTerm> terms_;
  std::vector<EdgeBlock> blocks_;
  std::vector<Index> units_;  // first block of every unit of work: a row, or a fixed part of a long one
  Index row_reach_ = 0;       // rows between the two ends of an edge, at most
  bool ring_of_rows_ = false;
};

}  // namespace fokker
