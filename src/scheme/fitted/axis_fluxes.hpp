#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "../edge_source.hpp"
#include "../line_view.hpp"
#include "conductance.hpp"
#include "fokker/grid/grid.hpp"
#include "fokker/operator/edge_matrix.hpp"
#include "fokker/scheme/flux.hpp"
#include "stationary_cells.hpp"

namespace fokker {

/// The edges of all lines of a grid along one axis, of J = f p - D^a (D^(1 - a) p)' with f and D = D_kk: no derivative
/// of D is taken, so that it may jump, bend and vanish (theory section 17).
///
/// Between two cells where D is smooth one evaluation serves, P = f h / D on the face,
///
///     J h = rate [(D_L/D)^(1-a) B(-P) p_L - (D_R/D)^(1-a) B(P) p_R],    rate = D/h^2
///
/// and beyond |P| = 2 the exponentially fitted flux with log(mu_R/mu_L) = P - (1 - a) log(D_R/D_L). Cells are looked at
/// closely (conductance.hpp) where D changes by more than e^(1/2) from one to the next or between centre and face,
/// where it vanishes, and where a formula breaks. Where coefficients are autonomous in 1D, or in 2D what is written
/// along the axis is one line times a factor of the other coordinate, every cell has its exact weight: the cell
/// averages of the stationary density are kept. Where D vanishes at an absorbing wall the density follows m s, s the
/// resistance from the wall: p = m s q / s there, instead of m q (the flux of D p -> 0, E x kept where it is a
/// martingale).
class AxisFluxes {
 public:
  /// Which ways between two cells that are looked at closely count: `whole`, through both of them, or the `face` alone,
  /// h/E there. With the latter the net rate out of a cell is the mean of its own f, in the distribution of the cell,
  /// as (D m)' = f m: means along the axis move as they should whatever else brings mass to a cell, and cells are
  /// looked at closely where D changes by more than e^(1/8) already.
  enum class Way { whole, face };

  /// Not fitted rows get f as velocity, and D alone is looked at closely. Throws nothing for bad coefficients: they
  /// make edges that are no numbers. Borrows grid and Sde.
  AxisFluxes(const Grid& grid, const Sde& sde, int axis, const FluxScheme& row, DriftAs drift, Way way = Way::whole);

  /// Moves to time t; true when `look` has to follow.
  bool prepare(double t);
  /// Looks at D_kk at the centres of all cells at that time. `oblique`: log of the average of D_kk^(a - 1) over cells
  /// that a jump crosses aslant (oblique_cells.hpp), NaN for others; empty where there are none. Borrows both until the
  /// next call.
  void look(std::span<const double> D, std::span<const double> oblique = {});
  /// Breakpoints of line `line` at that time, unless the edges are exact.
  [[nodiscard]] std::span<const double> breaks(Index line) const {
    return breaks_.empty() ? std::span<const double>() : std::span<const double>(breaks_[line]);
  }
  /// Edges from, from + 1, ... of a run along the axis, at most EdgeSource::block of them. Concurrently callable.
  void fill(const Run& run, Index from, Index count, Edge* out) const;
  /// Outflow at the absorbing sides of the axis, one edge per line.
  void add_walls(std::vector<WallEdge>& out) const;

  /// Weights are exact cell averages.
  [[nodiscard]] bool keeps_stationary() const { return exact_; }
  /// Faces of exact lines without a finite average beside them, f h / D used.
  [[nodiscard]] Index fallback_faces() const { return fallback_faces_; }
  /// Frees what only another time would need.
  void settle();
  [[nodiscard]] std::size_t bytes() const;

 private:
  /// What the cells next to an absorbing wall where D vanishes look like to their faces, from the wall inwards.
  struct WallShape {
    std::vector<CellEnd> lower, upper;
  };
  struct Face {
    double f, D;
  };
  struct Faces;

  [[nodiscard]] const Axis& axis() const { return grid_.axis(axis_); }
  [[nodiscard]] Index lines() const { return grid_.dimension() > 1 ? grid_.axis(1 - axis_).cells : 1; }
  [[nodiscard]] Index faces() const { return axis().periodic() ? axis().cells : axis().cells - 1; }
  [[nodiscard]] double across(Index line) const {
    return grid_.dimension() > 1 ? grid_.axis(1 - axis_).center(line) : 0;
  }
  [[nodiscard]] Index cell_of(Index line, Index i) const {
    return axis_ == 0 ? i + grid_.nx() * line : line + grid_.nx() * i;
  }
  [[nodiscard]] LineView view(Index line) const { return {sde_, axis_, across(line), t_, drift_}; }

  void find_breaks();
  void find_special();
  void find_wall_shapes();
  void make_exact();
  [[nodiscard]] double factor_of(Index line, double factor) const;
  [[nodiscard]] bool same_everywhere(const LineView& seen) const;
  void make_uniform(const LineView& seen, const std::vector<CellWeight>& weights);
  void make_varying(const LineView& seen, const std::vector<CellWeight>& weights, const std::vector<double>& points);
  struct Varying;  // a line whose coefficients are not the same everywhere
  void find_special(Varying& line) const;
  void find_plain(Varying& line) const;
  void find_cells(Varying& line) const;
  void shape_walls(Varying& line);
  void place_edges(const Varying& line);

  [[nodiscard]] bool differs_at_wall(const LineView& seen, int side, double D_center) const;
  [[nodiscard]] WallShape shape_of(const LineView& seen, std::span<const double> points, int side, Index most) const;
  [[nodiscard]] Face at_face(const LineView& seen, Index face) const;
  [[nodiscard]] Edge exact_edge(Index line, Index i) const;
  [[nodiscard]] Edge edge_of(Index line, Index i, const Face& face) const;
  [[nodiscard]] Edge smooth_edge(const Face& face, double D_left, double D_right) const;
  [[nodiscard]] Edge close_edge(Index line, Index left, Index right, const Face& face) const;
  [[nodiscard]] bool beside_reflecting_end(Index line, Index left, Index right, double peclet) const;
  [[nodiscard]] Index flat_reach(const LineView& seen, int side, const std::vector<double>& D,
                                 const std::vector<double>& peclets, const std::vector<double>& points) const;
  [[nodiscard]] Edge wall_edge(const LineView& seen, std::span<const double> points, bool special, int side) const;
  [[nodiscard]] Edge wall_of(Index line, int side) const;
  [[nodiscard]] Edge between(const CellFlux& left, const CellFlux& right) const;
  [[nodiscard]] Edge with_ratio(const Edge& own, double peclet) const;
  [[nodiscard]] Edge of_ends(const CellEnd& left, const CellEnd& right) const;
  [[nodiscard]] double power(double ratio) const;
  [[nodiscard]] bool is_oblique(Index line, Index i) const {
    return !oblique_.empty() && std::isfinite(oblique_[cell_of(line, i)]);
  }
  [[nodiscard]] CellFlux crossed(Index line, Index i, CellFlux cell) const;

  const Grid& grid_;
  const Sde& sde_;
  int axis_;
  DriftAs drift_;
  bool fitted_;
  Way way_;
  double t_ = 0, h_, reading_;
  bool uniform_ = false;  ///< D is the same everywhere
  bool exact_ = false;
  PanelRule rule_;

  std::vector<double> face_;                 ///< points of the faces, both ends included
  std::span<const double> D_;                ///< at the cell centres, when it had to be looked at
  std::span<const double> oblique_;          ///< see `look`
  std::vector<std::uint8_t> special_;        ///< cells to be looked at closely
  std::vector<std::vector<double>> breaks_;  ///< per line
  bool breaks_known_ = false;
  std::array<std::vector<WallShape>, 2> shapes_;  ///< per absorbing side, one for each line

  std::vector<Edge> template_;  ///< exact lines: of the faces; scaled by the factor of the line
  std::array<Edge, 2> template_walls_;
  std::vector<double> factor_;  ///< per line
  Index fallback_faces_ = 0;
};

}  // namespace fokker
