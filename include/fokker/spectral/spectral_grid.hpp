#pragma once
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/spectral/fourier.hpp"

namespace fokker {

/// How far a spectrum has decayed at the edge of its band. The outer third of a band: |m| beyond 2/3 of it on any axis.
struct SpectrumTail {
  double energy = 0;   ///< fraction of sum |p_m|^2 in the outer third [1]
  double missing = 0;  ///< bound on int |.| dx of what lies beyond the band, the decay going on as in its last thirds
};

/// A grid's box as a torus: cell averages <-> Fourier modes of the POINT density (an average over a cell of width h is
/// the point density times sin(k h/2)/(k h/2)). A mirrored axis is reflected at its walls first (lower half: the box,
/// upper half: its image), so that its modes are cosines and walls with zero slope are exact.
class SpectralGrid {
 public:
  SpectralGrid(std::shared_ptr<const Grid> grid, std::array<bool, 2> mirrored);

  [[nodiscard]] const Grid& grid() const { return *grid_; }
  [[nodiscard]] const std::shared_ptr<const Grid>& shared_grid() const { return grid_; }
  [[nodiscard]] const FourierTransform& transform() const { return transform_; }
  [[nodiscard]] bool mirrored(int axis) const { return mirrored_[axis]; }
  /// Points of the torus along an axis (1 for an axis that is not there).
  [[nodiscard]] Index size(int axis) const { return size_[axis]; }
  /// Cell along `axis` that torus point i shows, and whether it is the mirror image.
  [[nodiscard]] Index cell(int axis, Index i) const;
  [[nodiscard]] bool image(int axis, Index i) const { return i >= grid_->axis(axis).cells; }
  /// Wave numbers [1/x] in the order of the modes: 0..n/2 along axis 0, with a sign along axis 1.
  [[nodiscard]] const std::vector<double>& wave_numbers(int axis) const { return k_[axis]; }
  /// Modes |m| <= (n - 1)/3 carry a product of two functions without aliasing (the 2/3 rule, Orszag 1971).
  [[nodiscard]] Index dealiased(int axis) const { return (size(axis) - 1) / 3; }

  /// Cells -> modes of the point density; `modes` has transform().modes() entries.
  void to_modes(std::span<const double> averages, Complex* modes) const;
  /// Modes of the point density -> cells; uses up `modes`.
  void to_averages(Complex* modes, std::span<double> averages) const;
  /// `band`: the fraction of the wave numbers that is looked at (1, or 2/3 where products were dealiased).
  [[nodiscard]] SpectrumTail tail(const Complex* modes, double band) const;

 private:
  std::shared_ptr<const Grid> grid_;
  std::array<bool, 2> mirrored_;
  std::array<Index, 2> size_;
  FourierTransform transform_;
  std::array<std::vector<double>, 2> k_, sinc_;
};

/// A warning when the spectrum of `p` (cell averages) does not decay on its grid, "" when it does. p is faded
/// out over an eighth of the box before ends that are not periodic: what happens at a wall (jumps, cusps, layers) is
/// not judged. Always "" in a build without FFTW.
[[nodiscard]] std::string resolution_warning(const std::shared_ptr<const Grid>& grid, std::span<const double> p);

}  // namespace fokker
