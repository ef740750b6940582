#include "fokker/spectral/characteristic.hpp"

#include <algorithm>
#include <cmath>

namespace fokker {

namespace {

Complex characteristic(const GaussianMixture& distribution, double kx, double ky) {
  Complex sum = 0;
  for (const Gaussian& g : distribution.components()) {
    double phase = kx * g.mean[0], decay = kx * kx * g.covariance(0, 0) / 2;
    if (distribution.dimension() > 1) {
      phase += ky * g.mean[1];
      decay += kx * ky * g.covariance(0, 1) + ky * ky * g.covariance(1, 1) / 2;
    }
    sum += g.weight * std::polar(std::exp(-decay), phase);
  }
  return sum;
}

}  // namespace

double characteristic_error(const SpectralGrid& torus, std::span<const double> averages,
                            const GaussianMixture& distribution) {
  const Grid& grid = torus.grid();
  std::vector<Complex> modes(torus.transform().modes());
  torus.to_modes(averages, modes.data());
  const bool plane = grid.dimension() > 1;
  const double first_x = grid.axis(0).center(0), first_y = plane ? grid.axis(1).center(0) : 0;
  const double volume = grid.volume() * static_cast<double>(grid.cells());
  const std::vector<double>&kx = torus.wave_numbers(0), &ky = torus.wave_numbers(1);
  constexpr double negligible = 1e-10;
  double largest = 0;
  const std::size_t top_x = torus.dealiased(0);
  const double top_y = plane ? ky[torus.dealiased(1)] : 0;
  for (std::size_t j = 0; j < ky.size(); ++j) {
    if (std::abs(ky[j]) > top_y) continue;
    for (std::size_t i = 0; i <= top_x; ++i) {
      const Complex exact = characteristic(distribution, kx[i], ky[j]);
      if (std::abs(exact) <= negligible) continue;
      const Complex own =
          volume * std::conj(modes[j * kx.size() + i]) * std::polar(1.0, kx[i] * first_x + ky[j] * first_y);
      largest = std::max(largest, std::abs(own - exact));
    }
  }
  return largest;
}

}  // namespace fokker
