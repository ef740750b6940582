#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/operator/edge_matrix.hpp"
#include "fokker/scheme/coefficients.hpp"
#include "fokker/scheme/flux.hpp"
#include "line_view.hpp"

namespace fokker {

/// An edge that an absorbing wall cuts; `edge` is the part from the cell to the wall, oriented outwards.
struct WallEdge {
  Index cell = 0;
  int outflow = 0;
  double fraction = 1;  ///< of the outflow; 1/2 each where an edge leaves through a corner of two absorbing sides
  Edge edge;
  Offset offset;  ///< of the whole edge
};

/// Where the edges of a grid get rate, Peclet number and velocity from.
class EdgeSource {
 public:
  /// `fill` is asked for at most this many edges at once.
  static constexpr Index block = 256;

  virtual ~EdgeSource() = default;
  /// Moves to time t; true when there are other edges than before.
  virtual bool prepare(double t) = 0;
  virtual void lay_out(EdgeMatrix& edges) const = 0;
  /// Edges from, from + 1, ... of a run. Called concurrently. A coefficient that is not finite or not positive
  /// semidefinite shows as a rate that is negative or not finite.
  virtual void fill(const Run& run, Index from, Index count, Edge* out) const = 0;
  virtual void wall_edges(std::vector<WallEdge>& out) const = 0;
  /// The velocities of the faces are for the limited part (decided once, for all times).
  [[nodiscard]] virtual bool limited() const = 0;
  /// Peclet numbers are logarithmic ratios of cell averages of a stationary distribution; otherwise a h / D at the
  /// middle of the edge.
  [[nodiscard]] virtual bool keeps_stationary() const { return false; }
  /// 1D faces whose stationary weight was not integrable.
  [[nodiscard]] virtual Index fallback_faces() const { return 0; }
  /// |D_xy - what the edges carry| of every cell [x y/t]; empty when it is 0 in all of them.
  [[nodiscard]] virtual const std::vector<double>& missing_cross() const = 0;
  /// Frees what only another time would need.
  virtual void settle() {}
  [[nodiscard]] virtual std::size_t bytes() const = 0;
};

/// Diagonal tensors: every axis by itself (axis_fluxes.hpp), with the drift in the reading of `drift`.
[[nodiscard]] std::unique_ptr<EdgeSource> make_diagonal_source(const Grid&, const Sde&, const FluxScheme&,
                                                               DriftAs drift, TimeRange times);

/// Any tensor: Selling's decomposition at the cell centres (theory sections 6 and 10).
[[nodiscard]] std::unique_ptr<EdgeSource> make_tensor_source(const Grid&, const Sde&, const FluxScheme&,
                                                             TimeRange times);

/// Any tensor, rates of the cells by themselves: what leaves cell i along +-e depends on the coefficients there alone
/// (theory section 17), in sum along each axis that of the axis' own flux, which knows ends where D vanishes. For rows
/// that fit.
[[nodiscard]] std::unique_ptr<EdgeSource> make_cell_source(const Grid&, const Sde&, const FluxScheme&);

/// The rule between the two: rates of cells where D vanishes at a wall, along it, while the tensor in the cells beside
/// it is tilted and of full rank (docs/decisions/0019-cross-terms.md). Looked at all along the walls, at several times.
[[nodiscard]] bool wants_cell_rates(const Grid&, const Sde&, TimeRange times);

/// Where in the range of times sources look for axes without diffusion, as fractions of the way.
inline constexpr std::array looked_at{0.0, 0.1, 0.37, 0.71, 1.0};

/// Whether a tensor is positive semidefinite, each entry against the others in its own units; nan is not.
[[nodiscard]] inline bool semidefinite(double xx, double xy, double yy) {
  constexpr double rounding = 1e-12;  // of the product of two roots
  return xx >= 0 && yy >= 0 && std::abs(xy) <= std::sqrt(xx) * std::sqrt(yy) * (1 + rounding);
}

/// The edge across which `up` p_L goes and `down` p_R comes, rates [1/t].
[[nodiscard]] inline Edge with_rates(double up, double down) {
  const double most = std::max(up, down);
  if (!(most > 0)) return {most == 0 ? 0 : std::numeric_limits<double>::quiet_NaN(), 0, 0, 1, 1};
  return {most, 0, 0, up / most, down / most};
}

/// Coefficients at a block of points, on the stack.
struct Sample {
  double x[EdgeSource::block], y[EdgeSource::block];
  double a[2][EdgeSource::block], D[3][EdgeSource::block];

  [[nodiscard]] PointsIn points(Index n, int dimension) const {
    return {n, dimension, {x, dimension > 1 ? y : nullptr}};
  }
  /// Takes the points of n cells.
  void stand_on(const PointsIn& centers, Index first, Index n) {
    std::copy_n(centers.axis[0] + first, n, x);
    if (centers.dimension > 1) std::copy_n(centers.axis[1] + first, n, y);
  }
  /// A D that is indefinite by no more than rounding can have made of it comes as the nearest one that is not.
  void evaluate(const Sde& sde, double t, Index n) {
    const PointsIn at = points(n, sde.dimension());
    const bool plane = sde.dimension() > 1;
    sde.flux_velocity(at, t, {{a[0], plane ? a[1] : nullptr}});
    evaluate_diffusion(sde, t, n);
  }
  void evaluate_diffusion(const Sde& sde, double t, Index n) {
    const bool plane = sde.dimension() > 1;
    sde.diffusion(points(n, sde.dimension()), t, {D[0], plane ? D[1] : nullptr, plane ? D[2] : nullptr});
    for (Index i = 0; i < n; ++i)
      if (plane ? !semidefinite(D[0][i], D[1][i], D[2][i]) : D[0][i] < 0) forgive_rounding(sde, t, i);
  }

 private:
  void forgive_rounding(const Sde& sde, double t, Index i);
};

/// Throws CaseError when D or the drift (with DriftAs::velocity f and f - div D) at t is not finite or D not positive
/// semidefinite, at the cell centres, inner faces and absorbing walls: the first offender of each kind and how many
/// there are.
void check_coefficients(const Grid&, const Sde&, DriftAs drift, double t);

/// Eigenvalues of D over the cell centres at t.
struct DiffusionSurvey {
  double smallest_eigenvalue = 0, largest_anisotropy = 1;
};
[[nodiscard]] DiffusionSurvey survey_diffusion(const Grid&, const Sde&, double t);

}  // namespace fokker
