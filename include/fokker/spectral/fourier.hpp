#pragma once
#include <complex>
#include <memory>
#include <string>

#include "fokker/base/points.hpp"

namespace fokker {

using Complex = std::complex<double>;

/// The library behind the transforms and its version ("FFTW 3.3.10"); empty in a build without one
/// (-DFOKKER_FFTW=OFF), where a FourierTransform throws std::logic_error.
[[nodiscard]] std::string fourier_library();

/// Discrete Fourier transform of real values on nx * ny points (ny = 1: one axis), axis 0 fastest on both sides. Of the
/// modes only those with m_x = 0..nx/2 are kept (the others are their conjugates): mode (m_x, m_y) stands at
/// m_x + (nx/2 + 1) * (m_y mod ny). The plan is chosen without timings, so that bits repeat. Make one at a time (the
/// planner is not safe to share); forward and backward may then be called from several threads at once.
class FourierTransform {
 public:
  FourierTransform(Index nx, Index ny);
  ~FourierTransform();
  FourierTransform(const FourierTransform&) = delete;

  [[nodiscard]] Index points() const { return nx_ * ny_; }
  [[nodiscard]] Index modes() const { return (nx_ / 2 + 1) * ny_; }
  /// modes[m] = (1/points) sum_j values[j] exp(-2 pi i m j / n): amplitudes. Columns begin on 16 bytes (as vectors do).
  void forward(const double* values, Complex* modes) const;
  /// values[j] = sum_m modes[m] exp(2 pi i m j / n); uses up `modes`.
  void backward(Complex* modes, double* values) const;

 private:
  struct Plans;
  Index nx_, ny_;
  std::unique_ptr<Plans> plans_;
};

}  // namespace fokker
