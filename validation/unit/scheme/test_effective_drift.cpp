// Freezes the noise-free twin: the identity J/p * p, log differences that keep mass, sign, stationary distributions and
// symmetry and converge with order 2 down to the smallest doubles, and what happens where p is 0.
#include <doctest/doctest.h>

#include <algorithm>
#include <cfloat>
#include <string>

#include "fokker/scheme/effective_drift.hpp"
#include "lambda_sde.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary R = Boundary::reflecting, P = Boundary::periodic, A = Boundary::absorbing;

struct Problem {
  std::string name;
  std::shared_ptr<const Grid> grid;
  std::shared_ptr<LambdaSde> sde;
};

std::vector<Problem> problems() {
  const auto pull = [](double x, double y) { return std::array{-x - 2 * y, 2 * x - y}; };
  const auto bent = [](double x, double y) { return std::array{0.5 + 0.2 * std::sin(x), 0.1 * std::cos(y), 0.3}; };
  const auto thin = [](double, double) { return std::array{1.0, 0.45, 0.25}; };
  const auto only_y = [](double, double) { return std::array{0.0, 0.0, 0.3}; };
  const auto line = [] {
    return sde_1d([](double x) { return x - x * x * x; }, [](double x) { return 0.2 + 0.1 * x * x; });
  };
  return {{"1D", grid_1d(axis(-2, 2, 50)), line()},
          {"1D open", grid_1d(axis(-2, 2, 50, A, R)), line()},
          {"1D ring", grid_1d(axis(-2, 2, 50, P, P)), line()},
          {"2D tensor", grid_2d(axis(-2, 2, 20), axis(-2, 2, 16, R, R, "y")), sde_2d(pull, bent, false)},
          {"2D thin tensor", grid_2d(axis(-2, 2, 20, A, A), axis(-2, 2, 16, P, P, "y")), sde_2d(pull, thin, false)},
          {"2D degenerate", grid_2d(axis(-2, 2, 20), axis(-2, 2, 16, A, R, "y")), sde_2d(pull, only_y, true)}};
}

std::vector<std::unique_ptr<Form>> twins(const Problem& problem) {
  std::vector<std::unique_ptr<Form>> all;
  for (const FluxScheme& row : fluxes("drift_diffusion"))
    if (!row.wide) all.push_back(make_flux_consistent(problem.grid, problem.sde, row));
  for (const Reconstruction kind : {find_reconstruction("upwind"), find_reconstruction("huynh"),
                                    find_reconstruction("superbee"), find_reconstruction("z")})
    for (const int order : {2, 4}) all.push_back(make_log_difference(problem.grid, problem.sde, kind, order));
  return all;
}

double normal(double x, double variance) {
  return std::exp(-x * x / (2 * variance)) / std::sqrt(2 * std::numbers::pi * variance);
}

TEST_CASE("the flux divided by p and carried by p is the drift-diffusion form to rounding") {
  for (const Problem& problem : problems())
    for (const FluxScheme& row : fluxes("drift_diffusion")) {
      if (row.wide) continue;
      CAPTURE(problem.name);
      CAPTURE(row.name);
      const auto own = make_flux_consistent(problem.grid, problem.sde, row);
      const auto other = make_drift_diffusion(problem.grid, problem.sde, row);
      auto p = random_state(own->op());
      for (std::size_t i = 0; i + 20 < p.size(); i += 7) p[i] = 0;
      const auto a = rate_of(own->op(), 0, p), b = rate_of(other->op(), 0, p);
      double difference = 0;
      for (std::size_t i = 0; i < a.size(); ++i) difference = std::max(difference, std::abs(a[i] - b[i]));
      CHECK(difference < 1e-14 * largest(b));
      CHECK(own->op().stable_step(0) == other->op().stable_step(0));
      CHECK(own->op().linear() == nullptr);
      std::vector<double> jx(p.size()), kx(p.size()), jy(p.size()), ky(p.size());
      const bool plane = problem.grid->dimension() > 1;
      own->current(0, p, jx.data(), plane ? jy.data() : nullptr);
      other->current(0, p, kx.data(), plane ? ky.data() : nullptr);
      for (std::size_t i = 0; i < p.size(); ++i) CHECK(std::abs(jx[i] - kx[i]) < 1e-14 * largest(kx));
    }
}

TEST_CASE("mass is kept to rounding and forward Euler steps of the stable length keep p nonnegative") {
  for (const Problem& problem : problems())
    for (const auto& form : twins(problem)) {
      CAPTURE(problem.name);
      const Operator& op = form->op();
      if (!op.positive()) continue;
      auto p = random_state(op);
      for (std::size_t i = 0; i < static_cast<std::size_t>(op.cells()); ++i) p[i] = std::pow(p[i], 40);  // rough
      for (std::size_t i = 0; i < static_cast<std::size_t>(op.cells()); i += 3) p[i] = 0;
      const double before = mass(op, p), dt = (1 - 1e-12) * op.stable_step(0);
      for (int n = 0; n < 30; ++n) {
        const auto rate = rate_of(op, 0, p);
        for (std::size_t i = 0; i < p.size(); ++i) p[i] += dt * rate[i];
        REQUIRE(*std::min_element(p.begin(), p.end()) >= 0);
      }
      CHECK(std::abs(mass(op, p) - before) < 1e-14 * before);
    }
}

TEST_CASE("the stationary distribution of the fitted edges is at rest") {
  // 1D, state-dependent D: p ~ exp(int a/D); the edges know its cell averages exactly.
  const auto grid = grid_1d(axis(-2, 2, 40));
  const auto sde = sde_1d([](double x) { return -x * (1 + x * x); }, [](double x) { return 1 + x * x; });
  for (const int order : {2, 4})
    for (const Reconstruction kind : {find_reconstruction("huynh"), find_reconstruction("z")}) {
      const auto form = make_log_difference(grid, sde, kind, order);
      const auto p = averages(*grid, [](double x, double) { return normal(x, 1); });
      const auto rate = rate_of(form->op(), 0, p);
      CHECK(largest(rate) < 1e-12 * largest(p) / form->op().stable_step(0));
    }
}

TEST_CASE("mirrored data have mirrored rates to the bit") {
  const auto grid = grid_2d(axis(-2, 2, 24), axis(-1, 1, 12, R, R, "y"));
  const auto sde = sde_2d(
      [](double x, double y) {
        return std::array{-x + y, -y};
      },
      [](double, double) {
        return std::array{0.5, 0.2, 0.4};
      },
      false);
  const auto form = make_log_difference(grid, sde, find_reconstruction("huynh"));
  auto p = random_state(form->op());
  auto mirrored = p;
  std::reverse(mirrored.begin(), mirrored.end());
  const auto rate = rate_of(form->op(), 0, p);
  auto other = rate_of(form->op(), 0, mirrored);
  std::reverse(other.begin(), other.end());
  for (std::size_t i = 0; i < rate.size(); ++i) CHECK(std::abs(rate[i] - other[i]) < 1e-13 * largest(rate));
}

// l1 error at t = 0.3 of an Ornstein-Uhlenbeck process that started narrow, against its own cell averages.
double ou_error(Index n, Reconstruction kind, int order) {
  const auto grid = grid_1d(axis(-6, 6, n));
  const auto form =
      make_log_difference(grid, sde_1d([](double x) { return -x; }, [](double) { return 0.5; }), kind, order);
  auto p = averages(*grid, [](double x, double) { return normal(x - 1, 0.1); });
  evolve(form->op(), 0, 0.3, p, 0.5);
  const double variance = 0.5 + (0.1 - 0.5) * std::exp(-0.6), mean = std::exp(-0.3);
  return l1_distance(form->op(), p, averages(*grid, [&](double x, double) { return normal(x - mean, variance); }));
}

TEST_CASE("log differences converge with order 2 and below the drift-diffusion form") {
  const double coarse = ou_error(64, find_reconstruction("huynh"), 2),
               fine = ou_error(128, find_reconstruction("huynh"), 2);
  CHECK(std::log2(coarse / fine) > 1.9);
  const auto grid = grid_1d(axis(-6, 6, 128));
  const auto form = make_drift_diffusion(grid, sde_1d([](double x) { return -x; }, [](double) { return 0.5; }),
                                         flux("scharfetter_gummel"));
  auto p = averages(*grid, [](double x, double) { return normal(x - 1, 0.1); });
  evolve(form->op(), 0, 0.3, p, 0.5);
  const double variance = 0.5 + (0.1 - 0.5) * std::exp(-0.6), mean = std::exp(-0.3);
  CHECK(fine < l1_distance(form->op(), p,
                           averages(
                               *grid, [&](double x, double) { return normal(x - mean, variance); })));
}

TEST_CASE("fourth-order scores with fifth-order values on edges converge with order 4 in 1D") {
  const double coarse = ou_error(64, find_reconstruction("z"), 4), fine = ou_error(128, find_reconstruction("z"), 4);
  CHECK(std::log2(coarse / fine) > 3.7);
  CHECK(fine < 0.05 * ou_error(128, find_reconstruction("z"), 2));
}

TEST_CASE("tails are carried down to the smallest doubles") {
  const auto grid = grid_1d(axis(-8, 8, 256));
  const auto form = make_log_difference(grid, sde_1d([](double) { return 0.0; }, [](double) { return 0.5; }),
                                        find_reconstruction("huynh"));
  auto p = averages(*grid, [](double x, double) { return normal(x, 0.05); });
  REQUIRE(p[0] < 1e-270);
  REQUIRE(p[0] > DBL_MIN);
  evolve(form->op(), 0, 0.05, p, 0.9);
  CHECK(form->undefined_scores(p) == 0);
  for (const std::size_t i : {60u, 90u, 128u}) {  // 37 to 0 standard deviations of the start
    const double x = -8 + (static_cast<double>(i) + 0.5) / 16;
    CHECK(std::log(p[i]) == doctest::Approx(std::log(normal(x, 0.1))).epsilon(0.12));
  }
}

TEST_CASE("beside a cell with p = 0 the flux is the fitted one and is counted") {
  const auto grid = grid_1d(axis(0, 1, 10));
  const auto sde = sde_1d([](double) { return 0.3; }, [](double) { return 0.1; });
  const auto own = make_log_difference(grid, sde, find_reconstruction("huynh"));
  const auto other = make_drift_diffusion(grid, sde, flux("scharfetter_gummel"));
  std::vector<double> p(10, 0.0);
  p[4] = 1;
  CHECK(own->undefined_scores(p) == 2);
  const auto a = rate_of(own->op(), 0, p), b = rate_of(other->op(), 0, p);
  for (std::size_t i = 0; i < 10; ++i) CHECK(a[i] == doctest::Approx(b[i]).epsilon(1e-14));
}

}  // namespace
}  // namespace fokker
