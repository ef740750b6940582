#pragma once
#include <array>
#include <span>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/scheme/reconstruction.hpp"

namespace fokker {

/// Probability carried across axis faces by a given velocity, p reconstructed from the upwind side:
///
///        |   L   |   R   |      v > 0:  J = v (p_L + increment towards R)
///           ---> v              v < 0:  J = v (p_R + increment towards L)
///
/// Nonlinear (but for `upwind`). A face value is kept between 0 and 2 p of the upwind cell, so p >= 0 under forward
/// Euler (and its convex combinations) while dt * 2 * (sum of outgoing v) <= 1: a bound of the value and of the step
/// instead of a repair afterwards (in the spirit of Zhang & Shu 2010, without their quadrature points).
///
/// In 2D a flux is the mean of v p over a face, not the product of two means. With `transverse` weights the fluxes
/// become J = sum_k weight_k p(row + k), k = -2 .. 2, which integrates the product to fifth order.
class Advection {
 public:
  Advection(const Grid& grid, Reconstruction reconstruction);
  Advection(Advection&&) = default;  // copied columns would be those of the other

  /// Columns with a number for every face: weights of the face values of the five rows (or columns) around it, and the
  /// means over it of the velocity where it points up and where it points down [1/t].
  struct Transverse {
    std::array<double*, 5> weight{};
    double *up = nullptr, *down = nullptr;
    [[nodiscard]] Transverse from(Index face) const;
  };

  /// v / h [1/t] through the upper face along `axis` of every cell; 0 on walls.
  [[nodiscard]] double* velocity(int axis) { return velocity_[axis].data(); }
  /// Faces as in `velocity`; allocated at the first call. 2D only.
  [[nodiscard]] const Transverse& transverse(int axis);
  /// To be called when velocities have changed.
  void finish();

  /// out -= scale * (net outflow of the fluxes); cells only. Every face is evaluated from both of its cells by
  /// the same expression, or once, so mass cancels to rounding and bits do not depend on the threads.
  void apply(double scale, const double* p, double* out) const;
  /// v / h [1/t] through the upper face along `axis` of every cell, and the flux J there of p; the velocities are
  /// empty where nothing moves along this axis. J is as long as the cells.
  [[nodiscard]] std::span<const double> velocities(int axis) const;
  void fluxes(int axis, const double* p, double* J) const;
  /// diagonal[i] += twice the outgoing velocities of cell i.
  void add_exit_rates(std::span<double> diagonal) const;
  /// J += scale * the mean of a cell's two face fluxes, along each axis [p x/t].
  void add_current(double scale, const double* p, double* Jx, double* Jy) const;
  /// Faces with a velocity.
  [[nodiscard]] Index faces() const { return faces_; }
  [[nodiscard]] std::size_t bytes() const;

 private:
  void along_x(const double* p, Index row, Index column, Index count, bool carried, double* out) const;
  void along_y(const double* p, Index face, Index column, Index count, bool carried, double* out) const;
  [[nodiscard]] bool has_transverse(int axis) const { return transverse_[axis].up != nullptr; }
  void transverse_values(int axis, const double* p) const;
  void transverse_fluxes(int axis, const double* p) const;
  template <class Use>
  void for_fluxes(int axis, const double* p, const Use& use) const;

  Index nx_, ny_;
  Reconstruction reconstruction_;
  std::array<bool, 2> periodic_{false, false}, active_{false, false};
  std::array<double, 2> h_{0, 0};
  std::array<std::vector<double>, 2> velocity_;
  std::array<std::vector<double>, 2> columns_;  // of transverse_
  std::array<Transverse, 2> transverse_;
  mutable std::vector<double> value_, flux_;  // scratch of the transverse fluxes
  Index faces_ = 0;
};

}  // namespace fokker
