// Freezes the fourth-order flux: its order for variable drift and full tensors on every kind of wall, the region that
// holds its spectrum, the fused stage, and what it refuses. What it shares with every row (mass, the assembled matrix,
// symmetry, threads, coefficients) is in test_drift_diffusion.cpp.
#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <string>

#include "fokker/base/errors.hpp"
#include "lambda_sde.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary R = Boundary::reflecting, A = Boundary::absorbing, P = Boundary::periodic;

std::array<double, 2> wind(double x, double y) { return {std::sin(2 * x) + std::cos(y), std::cos(x + y) - 0.5}; }
std::array<double, 3> warmth(double x, double y) { return {0.7 + 0.3 * std::cos(x), 0, 0.5 + 0.2 * std::sin(y - x)}; }
std::array<double, 3> tilted(double x, double y) {
  return {0.7 + 0.3 * std::cos(x), 0.3 + 0.1 * std::sin(x + y), 0.5 + 0.2 * std::sin(y - x)};
}

struct Walls {
  std::string name;
  std::array<Boundary, 2> x, y;
};
const std::vector<Walls> all_walls{{"torus", {P, P}, {P, P}},     {"reflecting", {R, R}, {R, R}},
                                   {"absorbing", {A, A}, {A, A}}, {"mixed", {A, R}, {R, A}},
                                   {"tube", {P, P}, {R, A}},      {"channel", {A, A}, {R, R}}};

std::shared_ptr<const Grid> box(const Walls& walls, Index n, int dimension) {
  const double pi = std::numbers::pi;
  const Axis x = axis(-pi, pi, n, walls.x[0], walls.x[1]);
  return dimension == 1 ? grid_1d(x) : grid_2d(x, axis(-pi, pi, n + n / 4, walls.y[0], walls.y[1], "y"));
}

// Averages of 2 x 2 cells (1D: of 2).
std::vector<double> coarsened(const Grid& fine, const std::vector<double>& p) {
  const Index nx = fine.nx() / 2, ny = fine.dimension() > 1 ? fine.ny() / 2 : 1,
              below = fine.dimension() > 1 ? fine.nx() : 0;
  std::vector<double> out(static_cast<std::size_t>(nx * ny + fine.ledgers()), 0.0);
  for (Index j = 0; j < ny; ++j)
    for (Index i = 0; i < nx; ++i) {
      const double* at = p.data() + 2 * i + 2 * below * j;
      out[static_cast<std::size_t>(i + nx * j)] = 0.25 * (at[0] + at[1] + at[below] + at[below + 1]);
    }
  return out;
}

// l1 distances of successive grids at t = 0.2.
std::array<double, 2> distances(const Walls& walls, int dimension, Index n, bool diagonal) {
  std::array<double, 2> out{};
  std::vector<double> before;
  std::shared_ptr<const Grid> grid;
  for (std::size_t level = 0; level < 3; ++level, n *= 2) {
    grid = box(walls, n, dimension);
    auto sde = sde_2d(wind, diagonal ? warmth : tilted, diagonal);
    sde->d = dimension;
    const auto scheme = make_drift_diffusion(grid, sde, flux("central4"));
    auto p = averages(*grid, [dimension](double x, double y) {
      const double r = x * x + (dimension > 1 ? y * y : 0);
      return std::exp(-r);
    });
    evolve(scheme->op(), 0, 0.4, p, 0.9, 0.4 / 10);
    if (level > 0) {
      const auto coarse = coarsened(*grid, p);
      double sum = 0;
      for (std::size_t i = 0; i < before.size(); ++i) sum += std::abs(coarse[i] - before[i]);
      out[level - 1] = sum * grid->volume() * (dimension > 1 ? 4 : 2);
    }
    before = p;
    before.resize(static_cast<std::size_t>(grid->cells()));
  }
  return out;
}

TEST_CASE("central4 has order 4 on every wall with variable drift and tensors") {
  for (const int dimension : {1, 2})
    for (const Walls& walls : all_walls)
      for (const bool diagonal : {true, false}) {
        if (dimension == 1 && !diagonal) continue;
        const auto [coarse, fine] = distances(walls, dimension, dimension == 1 ? 40 : 32, diagonal);
        MESSAGE(dimension, " ", walls.name, " ", diagonal, " ", coarse, " ", fine, " order ", std::log2(coarse / fine));
        CHECK(std::log2(coarse / fine) > 3.7);
      }
}

TEST_CASE("the spectrum lies in the declared region") {
  for (const int dimension : {1, 2})
    for (const Walls& walls : all_walls)
      for (const bool diagonal : {true, false}) {
        if (dimension == 1 && !diagonal) continue;
        const auto grid = box(walls, dimension == 1 ? 60 : 12, dimension);
        auto sde = sde_2d(wind, diagonal ? warmth : tilted, diagonal);
        sde->d = dimension;
        const auto scheme = make_drift_diffusion(grid, sde, flux("central4"));
        const Index n = grid->cells();
        Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(n, n);
        scheme->op().linear()->assemble(0, [&](Index row, Index column, double value) {
          if (row < n) matrix(row, column) += value;
        });
        const auto values = Eigen::EigenSolver<Eigen::MatrixXd>(matrix, false).eigenvalues();
        const SpectralBound bound = scheme->op().spectral_bound(0);
        MESSAGE(dimension, " ", walls.name, " ", diagonal, " re ", values.real().minCoeff(), " ",
                values.real().maxCoeff(), " of ", bound.real, " im ", values.imag().cwiseAbs().maxCoeff(), " of ",
                bound.imaginary, " euler ", 1 / scheme->op().stable_step(0));
        CHECK(values.real().maxCoeff() < 1e-9 * bound.real);
        CHECK(-values.real().minCoeff() < bound.real);
        CHECK(values.imag().cwiseAbs().maxCoeff() < bound.imaginary);
      }
}

}  // namespace
}  // namespace fokker
