// Freezes the fluxes over four cells and more, central and upwind: their order for variable drift and full tensors on
// every kind of wall, the region that holds its spectrum, the fused stage, and what it refuses. What it shares with
// every row (mass, the assembled matrix, symmetry, threads, coefficients) is in test_drift_diffusion.cpp.
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
  std::vector<double> out(nx * ny + fine.outflows(), 0.0);
  for (Index j = 0; j < ny; ++j)
    for (Index i = 0; i < nx; ++i) {
      const double* at = p.data() + 2 * i + 2 * below * j;
      out[i + nx * j] = 0.25 * (at[0] + at[1] + at[below] + at[below + 1]);
    }
  return out;
}

const std::vector<std::string> both{"central4", "upwind5"};

// l1 distances of successive grids at t = 0.2.
std::array<double, 2> distances(const std::string& name, const Walls& walls, int dimension, Index n, bool diagonal) {
  std::array<double, 2> out{};
  std::vector<double> before;
  std::shared_ptr<const Grid> grid;
  for (std::size_t level = 0; level < 3; ++level, n *= 2) {
    grid = box(walls, n, dimension);
    auto sde = sde_2d(wind, diagonal ? warmth : tilted, diagonal);
    sde->d = dimension;
    const auto scheme = make_drift_diffusion(grid, sde, flux(name.c_str()));
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
    before.resize(grid->cells());
  }
  return out;
}

TEST_CASE("wide fluxes have order 4 on every wall with variable drift and tensors") {
  for (const std::string& name : both)
    for (const int dimension : {1, 2})
      for (const Walls& walls : all_walls)
        for (const bool diagonal : {true, false}) {
          if (dimension == 1 && !diagonal) continue;
          const auto [coarse, fine] = distances(name, walls, dimension, dimension == 1 ? 40 : 24, diagonal);
          CHECK_MESSAGE(std::log2(coarse / fine) > 3.6, name, " ", dimension, "D ", walls.name, diagonal, coarse, fine);
        }
}

TEST_CASE("upwind5 carries drift by five cells of the side it comes from") {
  for (const double speed : {3.0, -3.0}) {
    const Index n = 12;
    const auto grid = grid_1d(axis(0, 1, n, P, P));
    const auto scheme = make_drift_diffusion(
        grid, sde_1d([speed](double) { return speed; }, [](double) { return 0.0; }), flux("upwind5"));
    std::vector<double> p(n, 0.0);
    p[5] = 1;  // through the faces 3 .. 8 to its right and left
    const auto rate = rate_of(scheme->op(), 0, p);
    constexpr std::array weight{2.0, -13.0, 47.0, 27.0, -3.0};
    const auto carried = [&](Index face) {  // what p[5] weighs on a face, from the upwind side
      const Index k = speed > 0 ? 5 - face + 3 : face - 5 + 2;
      return k >= 0 && k < 5 ? weight[k] / 60 : 0;
    };
    for (Index i = 1; i + 1 < n; ++i)
      CHECK(rate[i] == doctest::Approx(speed * double(n) * (carried(i) - carried(i + 1))).epsilon(1e-12));
  }
}

TEST_CASE("upwind5 has order 5 without noise") {
  const auto ring = [](Index n) {
    const auto grid = grid_1d(axis(0, 1, n, P, P));
    const auto form =
        make_drift_diffusion(grid, sde_1d([](double) { return 1.0; }, [](double) { return 0.0; }), flux("upwind5"));
    const double pi = std::numbers::pi;
    const auto wave = [pi](double shift) {
      return [=](double x, double) { return 1 + 0.5 * std::sin(2 * pi * (x - shift)); };
    };
    auto p = averages(*grid, wave(0));
    evolve(form->op(), 0, 0.5, p, 0.05, 0.5);
    return l1_distance(form->op(), p, averages(*grid, wave(0.5)));
  };
  CHECK(std::log2(ring(20) / ring(40)) > 4.9);
}

TEST_CASE("the spectrum lies in the declared region") {
  for (const int dimension : {1, 2})
    for (const Walls& walls : all_walls)
      for (const bool diagonal : {true, false}) {
        if (dimension == 1 && !diagonal) continue;
        const auto grid = box(walls, dimension == 1 ? 60 : 12, dimension);
        auto sde = sde_2d(wind, diagonal ? warmth : tilted, diagonal);
        sde->d = dimension;
        for (const std::string& name : both) {
          const auto scheme = make_drift_diffusion(grid, sde, flux(name.c_str()));
          const Index n = grid->cells();
          Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(n, n);
          scheme->op().linear()->assemble(0, [&](Index row, Index column, double value) {
            if (row < n) matrix(row, column) += value;
          });
          const auto values = Eigen::EigenSolver<Eigen::MatrixXd>(matrix, false).eigenvalues();
          const SpectralBound bound = scheme->op().spectral_bound(0);
          CHECK(values.real().maxCoeff() < 1e-9 * bound.real);
          CHECK(-values.real().minCoeff() < bound.real);
          CHECK(values.imag().cwiseAbs().maxCoeff() < bound.imaginary);
        }
      }
}

TEST_CASE("a stage equals apply and combine to the bit") {
  const auto grid = box({"", {A, R}, {P, P}}, 40, 2);
  for (const std::string& name : both) {
    const auto scheme = make_drift_diffusion(grid, sde_2d(wind, tilted, false), flux(name.c_str()));
    const Operator& op = scheme->op();
    const auto p = random_state(op, 1), q = random_state(op, 2);
    const auto rate = rate_of(op, 0, p);
    for (const std::size_t count : {0u, 1u, 2u, 3u, 4u, 5u, 6u}) {
      std::vector<Term> terms;
      std::vector<double> expected(p.size()), out = q;
      for (std::size_t k = 0; k < count; ++k)
        terms.push_back({0.1 + 0.3 * double(k), k % 2 == 0 ? out.data() : p.data()});
      for (std::size_t i = 0; i < p.size(); ++i) {
        expected[i] = 0.7 * rate[i];
        for (const Term& term : terms) expected[i] += term.factor * term.values[i];
      }
      op.apply_stage(0, 0.7, p, terms, out);  // `out` is a term, too
      CHECK(out == expected);
    }
  }
}

TEST_CASE("polynomials of degree three are differentiated exactly up to the walls") {
  // a = 0, D = 1: dp/dt of x^3 is 6 x. One-sided faces are exact for cubics, on reflecting walls J = 0 is not -3 x^2.
  const Index n = 12;
  const auto sde = sde_1d([](double) { return 0.0; }, [](double) { return 1.0; });
  const auto grid = grid_1d(axis(0, 1, n, A, R));  // p = x^3 has p = 0 on the absorbing wall
  const auto scheme = make_drift_diffusion(grid, sde, flux("central4"));
  const auto p = averages(*grid, [](double x, double) { return x * x * x; });
  const auto rate = rate_of(scheme->op(), 0, p);
  for (Index i = 0; i + 1 < n; ++i) CHECK(rate[i] == doctest::Approx(6 * grid->axis(0).center(i)).epsilon(1e-9));
  CHECK(std::abs(rate[n]) < 1e-12);  // p' = 0 there: nothing leaves
}

TEST_CASE("forward Euler is stable up to stable_step") {
  for (const std::string& name : both)
    for (const double speed : {0.0, 1.0, 2.0, 2.5, 3.0, 5.0, 40.0}) {  // D = 0.1, h = 0.1: cell Peclet numbers
      const auto grid = grid_1d(axis(0, 6, 60, P, P));
      const auto scheme = make_drift_diffusion(
          grid, sde_1d([speed](double) { return speed; }, [](double) { return 0.1; }), flux(name.c_str()));
      const double dt = scheme->op().stable_step(0);
      auto p = random_state(scheme->op());
      const double before = scheme->op().norm_l1(p);
      for (int step = 0; step < 2000; ++step) {
        const auto rate = rate_of(scheme->op(), 0, p);
        for (std::size_t i = 0; i < p.size(); ++i) p[i] += dt * rate[i];
      }
      CHECK_MESSAGE(scheme->op().norm_l1(p) < 2 * before, name, speed);
    }
}

TEST_CASE("central4 refuses what it cannot do") {
  const auto text = [](const std::shared_ptr<const Grid>& grid, const std::shared_ptr<const Sde>& sde) -> std::string {
    try {
      (void)make_drift_diffusion(grid, sde, flux("central4"));
    } catch (const CaseError& error) {
      return error.what();
    }
    return "accepted";
  };
  const auto one = [](double) { return 1.0; };
  CHECK(text(grid_1d(axis(0, 1, 3)), sde_1d(one, one)) ==
        "case: scheme.flux: central4 needs at least 4 cells between walls, and axis 'x' has 3");
  CHECK(text(grid_1d(axis(0, 1, 3, P, P)), sde_1d(one, one)) == "accepted");
  CHECK(text(grid_1d(axis(0, 1, 8, A, A)), sde_1d(one, [](double x) { return 1 - x; })) ==
        "case: scheme.flux: central4 cannot let drift leave through the absorbing side x = 1 where there is no "
        "diffusion; use scharfetter_gummel or upwind");
  CHECK(text(grid_1d(axis(0, 1, 8, A, A)), sde_1d(one, [](double x) { return x; })) == "accepted");
}

}  // namespace
}  // namespace fokker
