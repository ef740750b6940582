#pragma once
#include <array>
#include <memory>
#include <vector>

#include "fokker/model/sde.hpp"
#include "fokker/spectral/solver.hpp"

namespace fokker {

/// D as xx, xy, yy [x^2/t].
using Tensor = std::array<double, 3>;

/// -div(f p) + div div((D - C) p) on the kept modes of a torus, where C is the part of D that is the same everywhere
/// and is left to the integrating factor: D itself where the noise is additive, otherwise the middle of its range. Kept
/// modes: m_x = 0..M_x fastest, then m_y = 0..M_y, -M_y..-1, amplitudes of the point density.
class SpectralSolver::RightSide {
 public:
  RightSide(const SpectralGrid& torus, std::shared_ptr<const Sde> sde);

  [[nodiscard]] Index modes() const { return static_cast<Index>(kx_.size() * ky_.size()); }
  [[nodiscard]] const std::vector<double>& kx() const { return kx_; }
  [[nodiscard]] const std::vector<double>& ky() const { return ky_; }
  void keep(const Complex* full, Complex* kept) const;
  void fill(const Complex* kept, Complex* full) const;

  /// Fixes C for a step that starts at t, where the noise is not additive. True: it changed, and slopes found with the
  /// old one are void.
  bool begin_step(double t);
  /// int C dt over [from, to].
  [[nodiscard]] Tensor common(double from, double to) const;
  /// The slope of the modes `p` at t. Throws NumericalError when a coefficient is not finite.
  void apply(double t, const Complex* p, Complex* slope);
  /// A step at which the fastest drift crosses about one wavelength of the highest kept mode.
  [[nodiscard]] double first_step(double t);
  /// Largest k.(D - C) k over points and kept modes (a bound): the stiffness that the integrating factor leaves [1/t].
  [[nodiscard]] double uncommon_rate() const;
  /// Mass (modulus) within two cells of the walls in the last `apply`.
  [[nodiscard]] double mass_at_walls() const;

 private:
  void look_up(double t);
  void multiply_and_transform(std::size_t product);
  [[nodiscard]] Tensor tensor_at_first_point(double t) const;

  const SpectralGrid& torus_;
  std::shared_ptr<const Sde> sde_;
  Traits traits_;
  std::vector<double> kx_, ky_;
  std::array<std::vector<double>, 2> points_, signs_;  // folded into the box; -1 where an axis shows its image
  std::array<std::vector<double>, 5> coefficients_;    // f_x, f_y, (D - C)_xx, _xy, _yy at the points
  std::array<std::vector<Complex>, 5> products_;       // of coefficients and p, transformed
  std::array<std::vector<double>, 5> work_;
  std::vector<std::size_t> active_;  // coefficients that are not 0 everywhere
  Tensor common_{};
  double looked_up_at_ = 0;
  bool looked_up_ = false;
  std::vector<Complex> full_;
  std::vector<double> values_;
};

}  // namespace fokker
