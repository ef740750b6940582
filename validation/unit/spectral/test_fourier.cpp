// Freezes the meaning of the transforms (amplitudes, order of modes, no factors left over) for even and odd sizes, and
// what the torus of a grid makes of cell averages: the sinc factor, mirrored walls, how a spectrum ends.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "fokker/spectral/spectral_grid.hpp"
#include "spectral_support.hpp"

using namespace spectral_support;

namespace {
constexpr double tau = 2 * std::numbers::pi;

std::vector<Complex> modes_of(const SpectralGrid& torus, const Field& p) {
  std::vector<Complex> modes(torus.transform().modes());
  torus.to_modes(p.view(), modes.data());
  return modes;
}
}  // namespace

TEST_CASE("a wave is one mode with its amplitude for even and odd sizes") {
  for (const Index nx : {Index{16}, Index{15}})
    for (const Index ny : {Index{1}, Index{8}, Index{9}}) {
      const FourierTransform transform(nx, ny);
      const Index mx = 3, my = ny > 1 ? -2 : 0;
      std::vector<double> values(nx * ny), back(values.size());
      for (Index j = 0; j < ny; ++j)
        for (Index i = 0; i < nx; ++i)
          values[i + nx * j] = 1.5 * std::cos(tau * (static_cast<double>(mx * i) / static_cast<double>(nx) +
                                                     static_cast<double>(my * j) / static_cast<double>(ny)) +
                                              0.4);
      std::vector<Complex> modes(transform.modes());
      transform.forward(values.data(), modes.data());
      for (Index m = 0; m < transform.modes(); ++m) {
        const bool here = m == mx + (nx / 2 + 1) * ((my + ny) % ny);
        CHECK(std::abs(modes[m] - (here ? std::polar(0.75, 0.4) : Complex{})) < 1e-15);
      }
      transform.backward(modes.data(), back.data());
      for (std::size_t i = 0; i < values.size(); ++i) CHECK(std::abs(back[i] - values[i]) < 2e-15);
    }
}

TEST_CASE("the modes of averages are those of the point density") {
  const auto grid = line(-6, 6, 64);
  const SpectralGrid torus(grid, {false, false});
  const double variance = 0.3;
  const std::vector<Complex> modes = modes_of(torus, averages(grid, gaussian(0.2, variance)));
  for (Index m = 0; m <= torus.dealiased(0); ++m) {
    const double k = torus.wave_numbers(0)[m];
    const Complex expected = std::polar(std::exp(-k * k * variance / 2) / 12, -k * (0.2 - grid->axis(0).center(0)));
    CHECK(std::abs(modes[m] - expected) < 1e-14);
  }
}

TEST_CASE("cells come back from their modes on mirrored axes too") {
  const auto grid = plane(2, 12);
  for (const bool x : {false, true})
    for (const bool y : {false, true}) {
      const SpectralGrid torus(grid, {x, y});
      const Field p = averages(grid, "1 + x*y/5 + x^3/9");
      std::vector<Complex> modes = modes_of(torus, p);
      Field back(grid);
      torus.to_averages(modes.data(), back.view());
      CHECK(l1(p, back) < 1e-15);
    }
}

TEST_CASE("a mirrored axis turns a cosine into one mode") {
  const auto grid = line(1, 3, 20);
  const SpectralGrid torus(grid, {true, false});
  const Field p = averages(grid, "1 + 0.5*cos(3*pi*(x - 1)/2)");
  const std::vector<Complex> modes = modes_of(torus, p);
  for (std::size_t m = 0; m < modes.size(); ++m)
    CHECK(std::abs(modes[m]) == doctest::Approx(m == 0 ? 0.5 : m == 3 ? 0.125 : 0).epsilon(1e-13));
}

TEST_CASE("the tail knows a resolved density from one that is not") {
  const auto tail = [](double cells, double band) {
    const auto grid = line(-6, 6, 256);
    const SpectralGrid torus(grid, {false, false});
    const double width = cells * grid->axis(0).width();
    return torus.tail(modes_of(torus, averages(grid, gaussian(0, width * width))).data(), band);
  };
  CHECK(tail(4, 2. / 3).energy < 1e-13);
  CHECK(tail(4, 2. / 3).missing < 1e-10);
  CHECK(tail(2, 2. / 3).energy > 1e-5);
  CHECK(tail(2, 2. / 3).missing > 1e-4);
  CHECK(tail(1, 1).energy > 1e-3);
}

TEST_CASE("a warning is given for features of a cell and for nothing else") {
  const auto grid = plane(5, 64);  // cells of 0.156
  CHECK(resolution_warning(grid, averages(grid, gaussian(1, 0, 0.25, 0.1, 0.25)).view()).empty());
  CHECK(resolution_warning(grid, averages(grid, gaussian(1, 0, 0.25, 0, 0.02)).view()).find("last third") !=
        std::string::npos);
  // mass at walls, a cusp at a wall and a kink inside are not features of one cell
  const auto wide = line(0, 2, 400);
  CHECK(resolution_warning(wide, averages(wide, "exp(-x)").view()).empty());
  CHECK(resolution_warning(wide, averages(wide, "x^(-0.5)").view()).empty());
  CHECK(resolution_warning(wide, averages(wide, "exp(-5*abs(x - 1))").view()).empty());
}
