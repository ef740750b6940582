// Freezes the limited part: drift in directions without diffusion is positive, conservative, second-order also at
// smooth extrema, keeps steps from overshooting, and the operator that uses it is not called linear.
#include <doctest/doctest.h>

#include <string>

#include "lambda_sde.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary R = Boundary::reflecting, P = Boundary::periodic;

std::shared_ptr<LambdaSde> steady_wind(double v) {
  return sde_1d([v](double) { return v; }, [](double) { return 0.0; });
}

// l1 error of a profile after once around the circle.
double once_around(Index n, double v, const std::function<double(double, double)>& profile) {
  const auto grid = grid_1d(axis(0, 1, n, P, P));
  const auto scheme = make_drift_diffusion(grid, steady_wind(v), flux("scharfetter_gummel"));
  auto p = averages(*grid, profile);
  const auto start = p;
  evolve(scheme->op(), 0, 1 / std::abs(v), p, 0.8);
  return l1_distance(scheme->op(), p, start);
}

TEST_CASE("a wave with extrema is carried with order 2 in both directions") {
  const auto wave = [](double x, double) { return 1 + 0.9 * std::sin(2 * std::numbers::pi * x); };
  for (const double v : {1.0, -0.5}) {
    const double coarse = once_around(64, v, wave), fine = once_around(128, v, wave);
    CHECK(std::log2(coarse / fine) > 1.9);
    CHECK(fine < 1.5e-4);  // 1.04e-4 measured; 4.9e-4 if extrema were clipped
  }
}

TEST_CASE("a step makes no negative value and overshoots by less than a thousandth") {
  const auto grid = grid_1d(axis(0, 1, 100, P, P));
  for (const double v : {1.0, -1.0}) {
    const auto scheme = make_drift_diffusion(grid, steady_wind(v), flux("scharfetter_gummel"));
    std::vector<double> p(100, 0.0);
    for (std::size_t i = 30; i < 60; ++i) p[i] = 1;
    const double before = mass(scheme->op(), p);
    evolve(scheme->op(), 0, 1, p, 1.0);
    CHECK(*std::min_element(p.begin(), p.end()) >= 0);
    CHECK(*std::max_element(p.begin(), p.end()) <= 1 + 6e-4);  // 1.0003 measured; 1.026 where curvatures need not agree
    CHECK(std::abs(mass(scheme->op(), p) - before) < 1e-15);
  }
}

TEST_CASE("any density stays nonnegative for a forward Euler step of the stable length") {
  const auto swirl = [](double x, double y) { return std::array{std::sin(3 * x) - 2 * y, x + std::cos(5 * y)}; };
  const std::array<double, 3> none{0, 0, 0}, only_y{0, 0, 0.01}, rank_one{0.04, 0.02, 0.01};
  for (const auto& D : {none, only_y, rank_one})
    for (const Boundary wall : {R, P, Boundary::absorbing}) {
      const auto grid = grid_2d(axis(-1, 1, 20, wall, wall), axis(-1, 1, 16, wall, wall, "y"));
      const auto sde = sde_2d(
          swirl, [D](double, double) { return D; }, D[1] == 0);
      const auto scheme = make_drift_diffusion(grid, sde, flux("scharfetter_gummel"));
      const Operator& op = scheme->op();
      CHECK(scheme->op().linear() == nullptr);
      CHECK(op.positive());
      CHECK(scheme->report(0).limited_faces > 0);
      auto p = random_state(op);
      for (std::size_t i = 0; i < 320; i += 3) p[i] = 0;  // as rough as it gets
      const double dt = op.stable_step(0), before = mass(op, p);
      for (int n = 0; n < 50; ++n) {
        const auto rate = rate_of(op, 0, p);
        for (std::size_t i = 0; i < p.size(); ++i) p[i] += dt * rate[i];
        CHECK(*std::min_element(p.begin(), p.end()) >= 0);
      }
      CHECK(std::abs(mass(op, p) - before) < 1e-14 * before);
    }
}

TEST_CASE("drift into an absorbing wall without diffusion leaves at its own speed") {
  const auto grid = grid_1d(axis(0, 1, 10, R, Boundary::absorbing));
  const auto scheme = make_drift_diffusion(grid, steady_wind(2), flux("scharfetter_gummel"));
  std::vector<double> p(11, 1.0);
  const auto rate = rate_of(scheme->op(), 0, p);
  CHECK(rate[10] == doctest::Approx(2).epsilon(1e-14));
  for (std::size_t i = 1; i < 10; ++i) CHECK(std::abs(rate[i]) < 1e-13);
  CHECK(rate[0] == doctest::Approx(-20).epsilon(1e-14));
}

// dx = v dt, dv = (-x - v) dt + sqrt(2) dW: the equilibrium exp(-(x^2 + v^2)/2) after 4 units of time.
double underdamped(const FluxScheme& flux, Index n, bool diagonal) {
  const auto grid = grid_2d(axis(-6, 6, n), axis(-6, 6, n, R, R, "y"));
  const auto sde = sde_2d(
      [](double x, double y) {
        return std::array{y, -x - y};
      },
      [](double, double) {
        return std::array{0.0, 0.0, 1.0};
      },
      diagonal);
  const auto scheme = make_drift_diffusion(grid, sde, flux);
  auto p =
      averages(*grid, [](double x, double y) { return std::exp(-0.5 * (x * x + y * y)) / (2 * std::numbers::pi); });
  const auto start = p;
  evolve(scheme->op(), 0, 4, p);
  return l1_distance(scheme->op(), p, start);
}

TEST_CASE("underdamped dynamics keep their equilibrium with order 2 in either layout") {
  for (const bool diagonal : {true, false}) {
    const double coarse = underdamped(flux("scharfetter_gummel"), 32, diagonal);
    const double fine = underdamped(flux("scharfetter_gummel"), 64, diagonal);
    CHECK(std::log2(coarse / fine) > 1.8);
    CHECK(fine < 5e-3);
    CHECK(underdamped(flux("upwind"), 64, diagonal) > 0.1);
  }
}

TEST_CASE("a diffusion that vanishes at the start only leaves the operator linear") {
  auto sde = steady_wind(1);
  sde->known = {.diagonal = true};
  sde->D = [](double, double, double t) { return std::array{t, 0.0, 0.0}; };
  const auto scheme = make_drift_diffusion(grid_1d(axis(0, 1, 20)), sde, flux("scharfetter_gummel"), {0, 1});
  REQUIRE(scheme->op().linear() != nullptr);
  const auto rate = rate_of(scheme->op(), 0, std::vector<double>(20, 1.0));  // upwind of a uniform density
  CHECK(rate[0] == doctest::Approx(-20).epsilon(1e-13));
  CHECK(rate[19] == doctest::Approx(20).epsilon(1e-13));
}

TEST_CASE("the current of the limited part is its own flux") {
  const auto grid = grid_1d(axis(0, 1, 12));
  const auto scheme = make_drift_diffusion(grid, steady_wind(1.5), flux("scharfetter_gummel"));
  const auto p = random_state(scheme->op());
  const auto rate = rate_of(scheme->op(), 0, p);
  std::vector<double> J(12);
  scheme->current(0, p, J.data(), nullptr);
  double face = 0;
  for (std::size_t i = 0; i < 12; ++i) {
    const double next = face - rate[i] / 12;
    CHECK(J[i] == doctest::Approx(0.5 * (face + next)).epsilon(1e-12));
    face = next;
  }
}

}  // namespace
}  // namespace fokker
