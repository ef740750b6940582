#pragma once
#include <array>
#include <span>
#include <vector>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// Drift across axis faces where nothing diffuses, by second-order upwind with a limited reconstruction of p:
///
///        |   L   |   R   |      v > 0:  J = v (p_L + increment towards R)
///           ---> v              v < 0:  J = v (p_R + increment towards L)
///
/// Nonlinear. A face value lies between 0 and 2 p of the upwind cell, so p >= 0 under forward Euler (and its convex
/// combinations) while dt * 2 * (sum of outgoing v) <= 1.
class LimitedTransport {
 public:
  explicit LimitedTransport(const Grid& grid);

  /// v / h [1/t] through the upper face along `axis` of every cell; 0 on walls.
  [[nodiscard]] double* velocity(int axis) { return velocity_[static_cast<std::size_t>(axis)].data(); }
  /// To be called when velocities have changed.
  void finish();

  /// out -= scale * (net outflow of the limited fluxes); cells only. Every face is evaluated from both of its cells by
  /// the same expression, or once, so mass cancels to rounding and bits do not depend on the threads.
  void apply(double scale, const double* p, double* out) const;
  /// diagonal[i] += twice the outgoing velocities of cell i.
  void add_exit_rates(std::span<double> diagonal) const;
  /// J += scale * the mean of a cell's two face fluxes, along each axis [p x/t].
  void add_current(double scale, const double* p, double* Jx, double* Jy) const;
  /// Faces with a velocity.
  [[nodiscard]] Index faces() const { return faces_; }
  [[nodiscard]] std::size_t bytes() const {
    return (velocity_[0].capacity() + velocity_[1].capacity()) * sizeof(double);
  }

 private:
  void fluxes_x(const double* p, Index row, Index column, Index count, double* J) const;
  void fluxes_y(const double* p, Index face, Index column, Index count, double* J) const;

  Index nx_, ny_;
  std::array<bool, 2> periodic_{false, false}, active_{false, false};
  std::array<double, 2> h_{0, 0};
  std::array<std::vector<double>, 2> velocity_;
  Index faces_ = 0;
};

}  // namespace fokker
