#pragma once
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "advective/advection.hpp"
#include "edge_source.hpp"
#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/operator/axis_splitting.hpp"
#include "fokker/operator/edge_matrix.hpp"
#include "fokker/scheme/flux.hpp"
#include "fokker/scheme/form.hpp"
#include "time_factor.hpp"

namespace fokker {

/// What a form wants to have ready on every edge.
struct EdgeSystemOptions {
  bool fits = false;       ///< rate and Peclet number of every edge, beside its two weights
  bool lines = false;      ///< which edges follow each other in line
  bool advection = false;  ///< velocities of faces always to `advection`; else only where the source asks for it
  DriftAs drift = DriftAs::written;  ///< what the edges of a diagonal tensor are written with
  Reconstruction reconstruction = find_reconstruction("huynh");
};

/// The lines of a grid, without rates.
[[nodiscard]] AxisSplitting lines_of(const Grid&);
/// The parts along the axes of what edges and sinks do, laid out anew.
void lay_out_axes(const Grid&, const EdgeMatrix& edges, AxisSplitting& directions);

/// The edges of a grid with the weights of one drift-diffusion row at one time, and what goes with them: the outflow
/// through absorbing sides, and the advection across faces that the edges do not carry. Built once for autonomous
/// coefficients or a common time factor, otherwise again at every new time. One caller at a time.
class EdgeSystem {
 public:
  EdgeSystem(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const FluxScheme& flux,
             const EdgeSystemOptions& options, TimeRange times);

  /// Brings everything to time t; returns the factor that multiplies all of it.
  double move_to(double t);
  /// Whether one factor of time multiplies everything (1 where autonomous).
  [[nodiscard]] bool fixed() const { return fixed_; }
  /// The integral of that factor from t0 to t1 [t]; only where fixed().
  [[nodiscard]] double elapsed(double t0, double t1) const { return factor_.integral(t0, t1); }

  [[nodiscard]] const Grid& grid() const { return *grid_; }
  [[nodiscard]] const FluxScheme& flux() const { return flux_; }
  /// Of the operator that these edges make up.
  [[nodiscard]] Shape shape() const {
    return {grid_->cells(), grid_->outflows(), grid_->volume(), autonomous_, flux_.positive};
  }
  [[nodiscard]] const EdgeMatrix& edges() const { return edges_; }
  [[nodiscard]] const Advection* advection() const { return advection_ ? &*advection_ : nullptr; }
  /// Drift runs along an axis without diffusion, at all times: advection is part of what this operator is.
  [[nodiscard]] bool limited() const { return source_->limited(); }
  /// How often weights, and with them perhaps the edges, have been made.
  [[nodiscard]] long builds() const { return builds_; }
  /// One per edge, in the order of its weights; with `fits` only.
  [[nodiscard]] const double* rates() const { return rate_.data(); }
  [[nodiscard]] const double* peclets() const { return peclet_.data(); }
  /// 1 for the edges beside which coefficients jump or vanish, where only the fitted flux knows the density.
  [[nodiscard]] const std::uint8_t* close() const { return close_.data(); }
  [[nodiscard]] bool keeps_stationary() const { return source_->keeps_stationary(); }
  /// The number of the edge that ends where this one begins (or begins where it ends) with the same offset; -1: none.
  /// With `lines` only.
  [[nodiscard]] Index edge_before(Index edge) const { return before_[edge]; }
  [[nodiscard]] Index edge_after(Index edge) const { return after_[edge]; }

  /// The parts along the axes at time t, made when first asked for. The rates of a skew edge are projected on both
  /// axes, so that their diffusion is all of D_xx and D_yy (docs/steppers.md).
  [[nodiscard]] Split split(double t);

  /// `Operator::apply_chain` of what edges and sinks do (no advection).
  void apply_chain(double scale, std::span<const Product> chain) const;
  /// out = scale * A^T u of the same.
  void apply_transposed(double scale, std::span<const double> u, std::span<double> out) const;
  /// The largest |A_ii| (its bound where the weights have no sign), before the time factor.
  [[nodiscard]] double exit_rate();
  /// The sum of |a_i| / h_i, or what comes nearest to it: the largest sum over the edges of a cell of half the net
  /// advective rate |left + right|, before the time factor; an end of the imaginary axis that no eigenvalue of a smooth
  /// density passes (theory section 10).
  [[nodiscard]] double advective_rate();
  [[nodiscard]] SchemeReport report(double t);
  [[nodiscard]] ReducedCross reduced_cross(double t, std::span<const double> p);

 private:
  class FirstOf;
  void build(double t);
  void build_sinks(double t);
  void link_edges();
  void keep_fit(const Edge& edge, const EdgeWeights& weights, Index number);
  void make_weights(Index first, Index last, FirstOf& invalid, FirstOf& unsigned_);

  std::shared_ptr<const Grid> grid_;
  std::shared_ptr<const Sde> sde_;
  TimeFactor factor_;
  FluxScheme flux_;
  bool autonomous_ = false, fixed_ = false, fits_ = false, lines_ = false, of_cells_ = false;
  std::unique_ptr<EdgeSource> source_;
  EdgeMatrix edges_;
  std::optional<Advection> advection_;
  std::vector<double> rate_, peclet_;
  std::vector<std::uint8_t> close_;
  std::vector<Index> before_, after_;
  std::vector<WallEdge> walls_;
  std::optional<AxisSplitting> directions_;
  double directions_at_ = std::numeric_limits<double>::quiet_NaN();  // built_at_ when they were laid out
  double built_at_ = std::numeric_limits<double>::quiet_NaN();
  long builds_ = 0;
  double exit_rate_ = -1;                // of the weights as built, -1: not looked at yet
  double advective_rate_ = -1;           // the same
  std::vector<double> diagonal_;         // scratch of exit_rate and advective_rate
  mutable std::vector<double> drained_;  // what every sink takes of every product of a chain
  std::vector<double> peclet_min_;       // |Pe| over the edges of every piece
  std::vector<double> peclet_max_;
};

}  // namespace fokker
