#pragma once
#include <Eigen/Core>
#include <optional>
#include <span>
#include <vector>

#include "cell_looks.hpp"
#include "distortion.hpp"
#include "fokker/run/setup.hpp"
#include "fokker/scheme/selling.hpp"

namespace fokker {

/// What one look at a density says about the grid under it.
struct SpaceLook {
  std::array<double, 2> width{};  ///< along each axis, of a Gaussian with the curvature of p [cells]
  double reduced_fraction = 0;    ///< fraction of the mass in cells whose cross term is reduced
  double flux_l1 = 0;             ///< what the numerical diffusion of the flux has done so far, in l1
  double reduced_l1 = 0;          ///< the same for the reduced cross terms
};

/// The error that a flux of two cells makes, followed along a run by its moments. On the axis n the flux carries with
/// the velocity c (below) what the equation does, and diffuses by
///
///     D_num = |c| h/2 (coth(Pe/2) - 2/Pe),   Pe = |c| h / D_nn
///
/// more. What that adds to the covariance is carried along by the linear part of the drift,
///
///     dV_num/dt = A V_num + V_num A^T + 2 <D_num>,   A = <df/dx>,
///
/// cut back along an axis as p is where walls hold it narrower than the same equation makes its covariance,
/// and the error is the l1 distance of Gaussians with the covariance of p and with that covariance less V_num, or,
/// where that is less, with and without V_num added to what the same moment equation makes of the start (most of the
/// variance may be V_num, and then their difference says little; for densities of one peak). V_num is scaled by how
/// much sharper p is than its Gaussian, int |V_num : Hess p| of the one over that of the other, so that two narrow
/// peaks far apart do not pass for one wide one. c is a = f - div D for upwind fluxes; for exponentially fitted ones
/// the velocity J/p of the current where that is slower, for they diffuse nothing where a stationary distribution
/// without current is reached.
///
/// Beside walls where D vanishes (cell_looks.hpp: fades) nothing is expected: there the cells' stationary weights carry
/// what no difference of neighbouring cells tells; what they do not resolve is end_warnings.hpp's to say.
///
/// With cross terms the same stands on the edges of Selling's decomposition, which reach over several cells.
///
/// What is left of the errors leaves the covariance alone, or nearly: it is carried along in the same way as a
/// distortion (distortion.hpp), and its l1 added. For p-weighted means of what a cell sees, x from the mean of p, and
/// k = d/dx, per unit of time
///
///     two cells     sum_e  lambda (e.k)^4/12 - c (e.k)^3/6 + c (e.k)^3 (x.k)/6 + (e.dc) (e.k)^2/3,   c = lambda e.D^-1
///     a four cells    sum_i  h^4 (a k^5 - a k^5 (x.k) - 4 (da/dx) k^4)/30 - D_ii h^4 k^6/90,  - D_xy/15 (..) across
///     parabolas     -|v| h^3 k^4/12,   five cells  |v| h^5 k^6/60
///
/// for edges e of rate lambda: waves that run too slowly (third and fifth order), and steps instead of diffusion. A
/// fitted flux keeps stationary distributions: c is that of J/p where that is slower, and lambda counts by |v| / (|v| +
/// |a|).
///
/// Between two looks what drives the moments is the mean of both; rates that are one matrix times a factor of time are
/// those of the matrix, in the integral of the factor, so that a pulse within one step counts as it is.
///
/// The other error that is followed the same way: cross terms that were cut down to what offsets of 8 cells
/// (16 where rates are those of cells) can carry.
class SpaceError {
 public:
  explicit SpaceError(const Setup& setup);
  /// From the next look on the default flux carries p, in the place of one that gave way to it.
  void give_way();
  /// From the next look on p is carried by the fluxes, or, since some time before it, without them: nothing is expected
  /// of them any more.
  void carries_by_fluxes(bool by_fluxes, double since);
  /// p at t, not before the last look.
  SpaceLook look(double t, std::span<const double> p);
  /// [t] of the last look.
  [[nodiscard]] double t() const { return t_; }
  /// Behind a switch at the last look: what drives p from t on.
  void renew(double t, std::span<const double> p);
  /// The rate at which the linear part of the drift shrinks distances, the mean over the axes, at the last look [1/t].
  [[nodiscard]] double contraction() const;
  /// A stationary p: V_num and the fourth cumulant as they are after 30 times of the drift's linear part. First look
  /// only.
  SpaceLook settle(std::span<const double> p);

  /// Cross terms are carried by rates of the cells by themselves (docs/decisions/0019-cross-terms.md).
  [[nodiscard]] bool by_cells() const { return cell_rates_; }
  /// What was followed so far.
  void keep(Archive& archive) {
    archive(carries_, by_fluxes_, t_, first_, last_, numerical_, reduced_, distortion_, own_, covariance_);
  }

 private:
  struct Sources {
    Eigen::MatrixXd A, diffusion, numerical, reduced;  // p-weighted means
    DistortionSource distortion;
    void keep(Archive& archive) { archive(A, diffusion, numerical, reduced, distortion); }
  };
  static void forget_fluxes(Sources& sources);
  SpaceLook advance(double t, double dt, std::span<const double> p);
  [[nodiscard]] std::vector<CellLook> cells_at(double t, std::span<const double> p) const;
  /// Of the cross terms of a cell, in index units; nothing where there are none.
  using Tilt = std::optional<SellingDecomposition>;
  [[nodiscard]] Eigen::MatrixXd numerical_diffusion(const CellLook& cell, const Tilt& parts) const;  ///< [x^2/t]
  [[nodiscard]] bool two_cells() const { return carries_ <= Carries::central; }
  [[nodiscard]] Eigen::MatrixXd across_line(const CellLook& cell) const;
  [[nodiscard]] Tilt selling_of(const CellLook& cell) const;
  [[nodiscard]] Eigen::MatrixXd along_edges(const CellLook& cell, const SellingDecomposition& parts) const;
  [[nodiscard]] Eigen::Vector2d off_mean(const CellLook& cell, const Eigen::Vector2d& mean) const;
  void add_edge(const CellLook& cell, const Eigen::Vector2d& u, const Eigen::Vector2d& e, const Eigen::Vector2d& gain,
                double rate, const Eigen::Vector2d& off, DistortionSource& to) const;
  void add_distortion(const CellLook& cell, const Tilt& tilt, const Eigen::Vector2d& off, DistortionSource& to) const;
  void add_slow_waves(const CellLook& cell, const Eigen::Vector2d& off, DistortionSource& to) const;
  void add_four_cells(const CellLook& cell, DistortionSource& to) const;
  [[nodiscard]] Sources sources(std::span<const CellLook> cells, SpaceLook& out) const;
  [[nodiscard]] Eigen::Vector2d mean_of(std::span<const CellLook> cells) const;
  [[nodiscard]] Eigen::MatrixXd covariance(std::span<const CellLook> cells) const;
  [[nodiscard]] Eigen::MatrixXd of_peaks(std::span<const CellLook> cells, const Eigen::MatrixXd& V,
                                         const std::array<double, 2>& width) const;
  [[nodiscard]] double distance(std::span<const CellLook> cells, const Eigen::MatrixXd& V,
                                const Eigen::MatrixXd& added) const;

  const Setup& setup_;
  std::optional<TimeSeparated> base_;  // rates that share a factor of time are followed in its integral
  Carries carries_;
  bool limited_;  // directions without diffusion are carried by a limited flux of second order
  bool cross_terms_ = false;
  bool cell_rates_ = false;  ///< offsets do not leave the box
  bool by_fluxes_ = true;
  double t_ = 0;
  bool first_ = true;
  Sources last_;
  Eigen::MatrixXd numerical_, reduced_;  // what was added to the covariance so far
  Distortion distortion_;
  Eigen::MatrixXd own_;         // the covariance without that
  Eigen::MatrixXd covariance_;  // of p, at the last look
};

/// int_0^dt exp(A s) Q exp(A s)^T ds for one or two dimensions, and exp(A dt) V exp(A dt)^T before it: how a covariance
/// V that grows by Q per unit of time is carried by the linear drift A.
[[nodiscard]] Eigen::MatrixXd carried(const Eigen::MatrixXd& V, const Eigen::MatrixXd& A, const Eigen::MatrixXd& Q,
                                      double dt);

}  // namespace fokker
