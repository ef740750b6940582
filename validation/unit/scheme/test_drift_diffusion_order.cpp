// Freezes the accuracy of the drift-diffusion operator with diagonal tensors: the order each row declares, and the
// exact stationary distributions that the fitted row keeps as null vectors (1D: of any autonomous SDE; 2D: of gradient
// drifts).
#include <doctest/doctest.h>

#include <string>

#include "lambda_sde.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary P = Boundary::periodic;

// Density and gradient on the torus [-pi, pi]^2.
double bump(double x, double y) { return std::exp(std::sin(x) + 0.5 * std::cos(y - 0.3)); }
std::array<double, 2> slope(double x, double y) {
  return {std::cos(x) * bump(x, y), -0.5 * std::sin(y - 0.3) * bump(x, y)};
}
std::array<double, 2> wind(double x, double y) { return {1 + std::sin(2 * x) + std::cos(y), std::cos(x + y) - 0.5}; }
std::array<double, 3> warmth(double x, double y) { return {0.7 + 0.3 * std::cos(x), 0, 0.5 + 0.2 * std::sin(y - x)}; }

// Averages of -div (a p - D grad p): the exact rate of the cell averages of bump.
std::vector<double> exact_rate(const Grid& grid) {
  const bool plane = grid.dimension() > 1;
  const auto J = [](int k, double x, double y) {
    const std::size_t at = k;
    return wind(x, y)[at] * bump(x, y) - warmth(x, y)[2 * at] * slope(x, y)[at];
  };
  constexpr std::array node{-0.774596669241483, 0.0, 0.774596669241483};
  constexpr std::array weight{5.0 / 18, 8.0 / 18, 5.0 / 18};
  const double hx = grid.axis(0).width(), hy = plane ? grid.axis(1).width() : 1;
  std::vector<double> rate(grid.cells(), 0.0);
  for (Index j = 0; j < grid.ny(); ++j)
    for (Index i = 0; i < grid.nx(); ++i) {
      double& out = rate[i + grid.nx() * j];
      const double x = grid.axis(0).center(i), y = plane ? grid.axis(1).center(j) : 0;
      if (!plane) out = -(J(0, x + hx / 2, y) - J(0, x - hx / 2, y)) / hx;
      for (std::size_t g = 0; plane && g < 3; ++g) {
        const double u = y + hy / 2 * node[g], v = x + hx / 2 * node[g];
        out -= weight[g] * (J(0, x + hx / 2, u) - J(0, x - hx / 2, u)) / hx;
        out -= weight[g] * (J(1, v, y + hy / 2) - J(1, v, y - hy / 2)) / hy;
      }
    }
  return rate;
}

double truncation(const FluxScheme& flux, int dimension, Index n) {
  const double pi = std::numbers::pi;
  const auto grid = dimension == 1 ? grid_1d(axis(-pi, pi, n, P, P))
                                   : grid_2d(axis(-pi, pi, n, P, P), axis(-pi, pi, n + n / 2, P, P, "y"));
  auto sde = sde_2d(wind, warmth, true);
  sde->d = dimension;
  const auto scheme = make_drift_diffusion(grid, sde, flux);
  const auto rate = rate_of(scheme->op(), 0, averages(*grid, bump));
  return l1_distance(scheme->op(), rate, exact_rate(*grid));
}

TEST_CASE("each row has the order it declares") {
  for (const FluxScheme& flux : fluxes("drift_diffusion"))
    for (const int dimension : {1, 2}) {
      const bool mixed = flux.carries == Carries::upwind_five;  // orders 4 and 5 side by side
      const Index n = (dimension == 1 ? 128 : 64) * (mixed ? 2 : 1);
      const double order = std::log2(truncation(flux, dimension, n) / truncation(flux, dimension, 2 * n));
      CHECK_MESSAGE(std::abs(order - flux.order) < (mixed ? 0.15 : 0.02), flux.name, " ", dimension, "D: ", order);
    }
}

struct Distribution {
  std::string name;
  double lower, upper;
  std::function<double(double)> a, D, log_density;
};

std::vector<Distribution> distributions() {
  return {
      {"double well", -2.5, 2.5, [](double x) { return x - x * x * x; }, [](double) { return 0.1; },
       [](double x) { return (x * x / 2 - x * x * x * x / 4) / 0.1; }},
      {"ornstein-uhlenbeck", -6, 6, [](double x) { return -x; }, [](double) { return 1.0; },
       [](double x) { return -x * x / 2; }},
      {"square-root diffusion", 0, 8, [](double x) { return 2.0 - x - 0.5; }, [](double x) { return 0.5 * x; },
       [](double x) { return 3 * std::log(x) - 2 * x; }},
      {"state-dependent diffusion", -4, 4, [](double x) { return -3 * x; }, [](double x) { return 0.5 * (1 + x * x); },
       [](double x) { return -3 * std::log(1 + x * x); }},
      {"jump of the drift", -5, 5, [](double x) { return x < 0 ? 1.0 : -1.0; }, [](double) { return 0.5; },
       [](double x) { return -2 * std::abs(x); }},
  };
}

TEST_CASE("exact stationary distributions in 1D are null vectors") {
  for (const Distribution& distribution : distributions()) {
    const auto grid = grid_1d(axis(distribution.lower, distribution.upper, 60));
    const auto scheme = make_drift_diffusion(grid, sde_1d(distribution.a, distribution.D), flux("scharfetter_gummel"));
    const Operator& op = scheme->op();
    std::vector<double> p(60);
    const double h = grid->axis(0).width();
    constexpr int points = 400;  // fine composite Gauss-Legendre, 2 points: 1e-13 relative here
    for (Index i = 0; i < 60; ++i)
      for (int k = 0; k < points; ++k)
        for (const double g : {-1 / std::sqrt(3.0), 1 / std::sqrt(3.0)}) {
          const double x = grid->axis(0).face(i) + h * (k + 0.5 + 0.5 * g) / points;
          p[i] += std::exp(distribution.log_density(x)) / (2 * points);
        }
    // largest one-way flux: what rounding is measured against
    double one_way = 0;
    for (const double value : p) one_way = std::max(one_way, value);
    one_way /= op.stable_step(0);
    CHECK_MESSAGE(largest(rate_of(op, 0, p)) <= 1e-12 * one_way, distribution.name);
    CHECK(scheme->report(0).fallback_faces == 0);
    // the guarded property is not trivial: the plain Peclet numbers miss it by far
    const auto plain = make_drift_diffusion(grid, sde_1d(distribution.a, distribution.D), flux("central"));
    CHECK_MESSAGE(largest(rate_of(plain->op(), 0, p)) > 1e-6 * one_way, distribution.name);
  }
}

TEST_CASE("the Gibbs density of a potential is the null vector in 2D") {
  const auto U = [](double x, double y) { return x * x * x * x / 4 - x * x / 2 + y * y / 2 + 0.3 * x * y; };
  const double T = 0.15;
  auto sde = sde_2d(
      [](double x, double y) {
        return std::array{x - x * x * x - 0.3 * y, -y - 0.3 * x};
      },
      [T](double, double) {
        return std::array{T, 0.0, T};
      },
      true);
  const auto grid = grid_2d(axis(-2, 2, 40), axis(-2.2, 2, 36, Boundary::reflecting, Boundary::reflecting, "y"));
  const auto p = averages(*grid, [&](double x, double y) { return std::exp(-U(x, y) / T); });
  const auto plain = make_drift_diffusion(grid, sde, flux("scharfetter_gummel"));
  sde->gibbs = [&](double x, double y) { return -U(x, y) / T; };
  const auto fitted = make_drift_diffusion(grid, sde, flux("scharfetter_gummel"));
  const double one_way = largest(p) / fitted->op().stable_step(0);
  CHECK(largest(rate_of(fitted->op(), 0, p)) <= 1e-12 * one_way);
  CHECK(largest(rate_of(plain->op(), 0, p)) > 1e-5 * one_way);
}

TEST_CASE("a potential that climbs around a periodic axis keeps the drift at the ends of the ring") {
  // tilted washboard: U = -x + cos x is not periodic, the drift 1 + sin x is
  auto sde = sde_1d([](double x) { return 1 + std::sin(x); }, [](double) { return 0.5; });
  const double pi = std::numbers::pi;
  const auto grid = grid_1d(axis(0, 2 * pi, 64, P, P)), shifted = grid_1d(axis(pi, 3 * pi, 64, P, P));
  sde->gibbs = [](double x, double) { return 2 * (x - std::cos(x)); };
  const auto one = make_drift_diffusion(grid, sde, flux("scharfetter_gummel"));
  const auto other = make_drift_diffusion(shifted, sde, flux("scharfetter_gummel"));
  std::vector<double> p(64, 0.0), q(64, 0.0);
  for (std::size_t i = 0; i < 64; ++i) p[i] = q[(i + 32) % 64] = 1 + 0.3 * std::sin(static_cast<double>(i * i));
  const auto r = rate_of(one->op(), 0, p), s = rate_of(other->op(), 0, q);
  for (std::size_t i = 0; i < 64; ++i) CHECK(std::abs(r[i] - s[(i + 32) % 64]) <= 1e-12 * largest(r));
}

TEST_CASE("an isolated zero of D keeps the operator linear") {
  // D = x^2 on a face at 0, where the drift pushes through
  const auto scheme =
      make_drift_diffusion(grid_1d(axis(-1, 1, 20)), sde_1d([](double) { return 1.0; }, [](double x) { return x * x; }),
                           flux("scharfetter_gummel"));
  CHECK(scheme->op().linear() != nullptr);
  CHECK(scheme->report(0).limited_faces == 0);
}

TEST_CASE("the current is the face flux and its mean over a periodic axis the exact one") {
  // constant drift and diffusion on a circle: uniform p, J = a p everywhere
  const auto grid = grid_2d(axis(0, 1, 16, P, P), axis(0, 2, 12, P, P, "y"));
  const auto D = [](double, double) { return std::array{0.1, 0.05, 0.08}; };
  for (const bool diagonal : {true, false})
    for (const FluxScheme& flux : fluxes("drift_diffusion")) {
      const auto sde = sde_2d([](double, double) { return std::array{0.7, -0.2}; }, D, diagonal);
      const auto scheme = make_drift_diffusion(grid, sde, flux);
      const std::vector<double> p(grid->cells(), 3.0);
      std::vector<double> Jx(p.size()), Jy(p.size());
      scheme->current(0, p, Jx.data(), Jy.data());
      for (std::size_t i = 0; i < p.size(); ++i) {
        CHECK(Jx[i] == doctest::Approx(2.1).epsilon(1e-13));
        CHECK(Jy[i] == doctest::Approx(-0.6).epsilon(1e-13));
      }
    }
  // 1D, walls: nothing flows through a reflecting one, so its cell has half of its inner face's flux
  const auto line = grid_1d(axis(0, 1, 10));
  const auto scheme = make_drift_diffusion(line, sde_1d([](double) { return 1.0; }, [](double) { return 0.2; }),
                                           flux("scharfetter_gummel"));
  const auto p = random_state(scheme->op());
  const auto rate = rate_of(scheme->op(), 0, p);
  std::vector<double> J(10);
  scheme->current(0, p, J.data(), nullptr);
  double face = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    const double next = face - 0.1 * rate[i];
    CHECK(J[i] == doctest::Approx(0.5 * (face + next)).epsilon(1e-12));
    face = next;
  }
}

}  // namespace
}  // namespace fokker
