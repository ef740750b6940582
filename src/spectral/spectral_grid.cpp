#include "fokker/spectral/spectral_grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fokker {

namespace {

std::array<Index, 2> torus_size(const Grid& grid, const std::array<bool, 2>& mirrored) {
  return {grid.nx() * (mirrored[0] ? 2 : 1), grid.ny() * (mirrored[1] ? 2 : 1)};
}

/// 1 inside, falling smoothly to 0 over the last eighth before an end that is not periodic.
double fade(const Axis& axis, Index i) {
  if (axis.periodic()) return 1;
  const double from_wall = static_cast<double>(std::min(i, axis.cells - 1 - i)) + 0.5;
  const double s = std::min(1.0, 8 * from_wall / static_cast<double>(axis.cells));
  return s * s * s * (10 - 15 * s + 6 * s * s);
}

double sinc(double x) { return x == 0 ? 1 : std::sin(x) / x; }

}  // namespace

SpectralGrid::SpectralGrid(std::shared_ptr<const Grid> grid, std::array<bool, 2> mirrored)
    : grid_(std::move(grid)),
      mirrored_{mirrored[0], mirrored[1] && grid_->dimension() > 1},
      size_(torus_size(*grid_, mirrored_)),
      transform_(size_[0], size_[1]) {
  for (int axis = 0; axis < 2; ++axis) {
    const std::size_t slot = axis;
    if (axis >= grid_->dimension()) {
      k_[slot] = {0};
      sinc_[slot] = {1};
      continue;
    }
    const Index n = size_[slot], modes = axis == 0 ? n / 2 + 1 : n;
    const double h = grid_->axis(axis).width(), unit = 2 * std::numbers::pi / (h * static_cast<double>(n));
    for (Index m = 0; m < modes; ++m) {
      k_[slot].push_back(unit * static_cast<double>(m <= n / 2 ? m : m - n));
      sinc_[slot].push_back(sinc(k_[slot].back() * h / 2));
    }
  }
}

Index SpectralGrid::cell(int axis, Index i) const {
  return axis >= grid_->dimension() ? 0 : image(axis, i) ? size(axis) - 1 - i : i;
}

void SpectralGrid::to_modes(std::span<const double> averages, Complex* modes) const {
  std::vector<double> torus(transform_.points());
  for (Index j = 0, point = 0; j < size_[1]; ++j)
    for (Index i = 0; i < size_[0]; ++i, ++point) torus[point] = averages[cell(0, i) + grid_->nx() * cell(1, j)];
  transform_.forward(torus.data(), modes);
  for (const double sy : sinc_[1])
    for (const double sx : sinc_[0]) *modes++ /= sx * sy;
}

void SpectralGrid::to_averages(Complex* modes, std::span<double> averages) const {
  Complex* mode = modes;
  for (const double sy : sinc_[1])
    for (const double sx : sinc_[0]) *mode++ *= sx * sy;
  std::vector<double> torus(transform_.points());
  transform_.backward(modes, torus.data());
  for (Index j = 0, own = 0; j < grid_->ny(); ++j)
    for (Index i = 0; i < grid_->nx(); ++i, ++own) averages[own] = torus[i + size_[0] * j];
}

SpectrumTail SpectralGrid::tail(const Complex* modes, double band) const {
  double all = 0, middle = 0, last = 0, volume = 1;
  std::array<double, 2> edge{1, 1};  // wave number at the edge of the band
  for (int axis = 0; axis < grid_->dimension(); ++axis) {
    edge[axis] = band * std::numbers::pi / grid_->axis(axis).width();
    volume *= grid_->axis(axis).upper - grid_->axis(axis).lower;
  }
  for (const double ky : k_[1])
    for (const double kx : k_[0]) {
      const double energy = (kx > 0 ? 2 : 1) * std::norm(*modes++);  // the conjugate mode counts too
      const double nodes = std::max(kx / edge[0], std::abs(ky) / edge[1]);
      if (nodes > 1) continue;
      all += energy;
      if (3 * nodes > 2)
        last += energy;
      else if (3 * nodes > 1)
        middle += energy;
    }
  if (!(all > 0)) return {};
  // int |e| <= V sqrt(mean e^2), and the next third of the band taken to fall short of the last as that did of its own.
  return {last / all, middle > 0 ? volume * last / std::sqrt(middle) : 0};
}

std::string resolution_warning(const std::shared_ptr<const Grid>& grid, std::span<const double> p) {
  if (fourier_library().empty()) return "";
  const SpectralGrid torus(grid, {false, false});
  std::vector<Complex> modes(torus.transform().modes());
  std::vector<double> faded(p.begin(), p.end());
  for (Index cell = 0; cell < grid->cells(); ++cell)
    faded[cell] *=
        fade(grid->axis(0), cell % grid->nx()) * (grid->dimension() > 1 ? fade(grid->axis(1), cell / grid->nx()) : 1);
  torus.to_modes(faded, modes.data());
  const double fraction = torus.tail(modes.data(), 1).energy;
  constexpr double most = 1e-5;  // a Gaussian of 1.5 cells
  if (!(fraction > most)) return "";
  return fmt::format(
      "{:.1e} of the energy of its spectrum lies in the last third of the wave numbers: features of about "
      "one cell, which no scheme resolves; take more cells",
      fraction);
}

}  // namespace fokker
