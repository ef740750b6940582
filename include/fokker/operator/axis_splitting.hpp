#pragma once
#include <array>
#include <cstddef>

#include "fokker/base/large_array.hpp"
#include "fokker/base/points.hpp"

namespace fokker {

/// The parts of an operator along the axes of a grid: every row and every column is a chain of cells,
///
///              up[0]      up[1]      up[2]
///     wall |    ->         ->         ->    | wall: the last `up` is what leaves through an absorbing upper side,
///    lower <- 0 <-    1    <-    2    <-  3 |       or joins the last cell to the first on a periodic axis
///             down[0]    down[1]    down[2]
///
/// rates [1/t], the same sign rules as edge weights: nonnegative for a generator. Lines lie 16 side by side in panels,
/// so that all sweeps run across lines with full vectors and contiguous memory:
///
///     slot(axis, line, position) = ((line / 16) * length + position) * 16 + line % 16
///
/// Missing lines of the last panel are full of zeros. A 1D grid is one line along x, and lines of one cell along y.
class AxisSplitting {
 public:
  static constexpr Index lanes = 16;

  AxisSplitting(std::array<Index, 2> cells, std::array<bool, 2> periodic, Index outflows, double cell_volume);

  /// All rates 0, to be laid out anew. What was factored for the old ones does not fit any more.
  void clear();
  /// Adds to the rates between a cell and the next along an axis (the first after the last of a periodic one).
  void add_edge(int axis, Index cell, double up, double down);
  /// The same for the edges from `count` cells of a row on, left[k] = up and right[k] = -down. Concurrently for other
  /// cells or another axis.
  void add_edges(int axis, Index cell, Index count, const double* left, const double* right);
  /// Adds to the rate at which the first (side 0) or last (1) cell of the line through `cell` feeds an outflow; one
  /// outflow per side.
  void add_sink(int axis, int side, Index cell, Index outflow, double rate);

  [[nodiscard]] Index cells(int axis) const { return cells_[axis]; }  ///< per line
  [[nodiscard]] Index lines(int axis) const { return cells_[1 - axis]; }
  [[nodiscard]] Index panels(int axis) const { return (lines(axis) + lanes - 1) / lanes; }
  [[nodiscard]] bool periodic(int axis) const { return axes_[axis].periodic; }
  [[nodiscard]] Index outflows() const { return outflows_; }
  [[nodiscard]] double cell_volume() const { return volume_; }
  /// Rates of one panel: cells(axis) x 16.
  [[nodiscard]] const double* up(int axis, Index panel) const { return axis_(axis).up.data() + offset(axis, panel); }
  [[nodiscard]] const double* down(int axis, Index panel) const {
    return axis_(axis).down.data() + offset(axis, panel);
  }
  [[nodiscard]] const double* lower_sink(int axis, Index panel) const {
    return axis_(axis).lower_sink.data() + lanes * panel;
  }
  /// -1: none.
  [[nodiscard]] Index outflow(int axis, int side) const { return axis_(axis).outflow[side]; }
  [[nodiscard]] Index offset(int axis, Index panel) const { return panel * cells(axis) * lanes; }
  /// Doubles in all panels of an axis.
  [[nodiscard]] std::size_t padded(int axis) const { return static_cast<std::size_t>(offset(axis, panels(axis))); }

  /// A changes whenever this does.
  [[nodiscard]] long version() const { return version_; }
  /// The operator is the sum of the parts: there are no skew edges.
  bool exact = true;
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Part {
    bool periodic = false;
    LargeArray up, down, lower_sink;
    std::array<Index, 2> outflow{-1, -1};
  };
  [[nodiscard]] const Part& axis_(int axis) const { return axes_[axis]; }
  [[nodiscard]] std::size_t slot(int axis, Index line, Index position) const;

  std::array<Index, 2> cells_;
  Index outflows_;
  double volume_;
  std::array<Part, 2> axes_;
  long version_ = 0;
};

}  // namespace fokker
