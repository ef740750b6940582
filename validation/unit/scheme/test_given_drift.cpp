// Freezes advection by a given velocity: measured orders 1, 2 and 5 (5 also in 2D), mass, sign and no new extrema of
// note, walls, and the exact score that turns it into the noise-free twin.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "fokker/model/score.hpp"
#include "fokker/scheme/effective_drift.hpp"
#include "lambda_sde.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary R = Boundary::reflecting, P = Boundary::periodic, A = Boundary::absorbing;
constexpr double pi = std::numbers::pi;

/// Every reconstruction there is.
std::vector<Reconstruction> kinds() {
  std::vector<Reconstruction> all;
  for (const ReconstructionRow& row : reconstructions()) all.push_back(&row);
  return all;
}

std::shared_ptr<LambdaSde> wind_1d(std::function<double(double)> v) {
  auto sde = sde_1d(std::move(v), [](double) { return 0.0; });
  sde->known.deterministic = true;
  return sde;
}

// v = 1 + sin(2 pi x)/2 on a ring: after one period every profile is back where it was. T = int dx/v = 2/sqrt(3).
double once_around(Index n, Reconstruction kind) {
  const auto grid = grid_1d(axis(0, 1, n, P, P));
  const auto form =
      make_given_drift(grid, wind_1d([](double x) { return 1 + 0.5 * std::sin(2 * pi * x); }), kind, nullptr);
  auto p = averages(*grid, [](double x, double) { return 2 + std::sin(2 * pi * x); });
  const auto start = p;
  evolve(form->op(), 0, 2 / std::sqrt(3.0), p, 0.5, 0.15 * std::pow(static_cast<double>(n), -5.0 / 3));
  return l1_distance(form->op(), p, start);
}

TEST_CASE("orders on a smooth wave around a ring with a varying velocity") {
  const std::vector<std::pair<Reconstruction, double>> expected{
      {find_reconstruction("upwind"), 0.65},  {find_reconstruction("huynh"), 2.0},
      {find_reconstruction("van_leer"), 1.7}, {find_reconstruction("mc"), 1.9},
      {find_reconstruction("js"), 4.3},       {find_reconstruction("z"), 4.8}};
  for (const auto& [kind, order] : expected) {
    CAPTURE(kind->name);
    const double coarse = once_around(64, kind), fine = once_around(128, kind);
    CHECK(std::log2(coarse / fine) > order);
  }
}

// Swirling flow in the box (LeVeque 1996) for a short time, against the exact characteristics: dp/dt = 0 along them.
double swirl_error(Index n, Reconstruction kind) {
  const auto grid = grid_2d(axis(0, 1, n), axis(0, 1, n, R, R, "y"));
  const auto velocity = [](double x, double y) {
    return std::array{std::pow(std::sin(pi * x), 2) * std::sin(2 * pi * y),
                      -std::pow(std::sin(pi * y), 2) * std::sin(2 * pi * x)};
  };
  auto sde = sde_2d(
      velocity,
      [](double, double) {
        return std::array{0.0, 0.0, 0.0};
      },
      true);
  const auto form = make_given_drift(grid, sde, kind, nullptr);
  const auto bump = [](double x, double y) { return std::exp(-40 * ((x - 0.4) * (x - 0.4) + (y - 0.6) * (y - 0.6))); };
  constexpr double end = 0.1;
  auto p = averages(*grid, bump);
  evolve(form->op(), 0, end, p, 0.5, 0.15 * std::pow(static_cast<double>(n), -5.0 / 3));
  const auto back = [&](double x, double y) {  // rk4 backwards along the characteristic
    constexpr int steps = 20;
    constexpr double h = -end / steps;
    for (int k = 0; k < steps; ++k) {
      const auto a = velocity(x, y), b = velocity(x + h / 2 * a[0], y + h / 2 * a[1]),
                 c = velocity(x + h / 2 * b[0], y + h / 2 * b[1]), d = velocity(x + h * c[0], y + h * c[1]);
      x += h / 6 * (a[0] + 2 * b[0] + 2 * c[0] + d[0]);
      y += h / 6 * (a[1] + 2 * b[1] + 2 * c[1] + d[1]);
    }
    return bump(x, y);
  };
  return l1_distance(form->op(), p, averages(*grid, back));
}

TEST_CASE("orders in a swirling flow in 2D") {
  CHECK(std::log2(swirl_error(24, find_reconstruction("huynh")) / swirl_error(48, find_reconstruction("huynh"))) > 2);
  const double coarse = swirl_error(24, find_reconstruction("z")), fine = swirl_error(48, find_reconstruction("z"));
  CHECK(std::log2(coarse / fine) > 4.4);
}

TEST_CASE("advection keeps mass to rounding and p nonnegative for the roughest data") {
  const auto swirl = [](double x, double y) { return std::array{std::sin(3 * x) - 2 * y, x + std::cos(5 * y)}; };
  for (const Boundary wall : {R, P, A})
    for (const Reconstruction kind : kinds()) {
      CAPTURE(kind->name);
      const auto grid = grid_2d(axis(-1, 1, 20, wall, wall), axis(-1, 1, 16, wall, wall, "y"));
      const auto form = make_given_drift(grid,
                                         sde_2d(
                                             swirl,
                                             [](double, double) {
                                               return std::array{0.0, 0.0, 0.0};
                                             },
                                             true),
                                         kind, nullptr);
      const Operator& op = form->op();
      auto p = random_state(op);
      for (std::size_t i = 0; i < 320; i += 3) p[i] = 0;
      const double dt = (1 - 1e-12) * op.stable_step(0), before = mass(op, p);
      for (int n = 0; n < 50; ++n) {
        const auto rate = rate_of(op, 0, p);
        for (std::size_t i = 0; i < p.size(); ++i) p[i] += dt * rate[i];
        REQUIRE(*std::min_element(p.begin(), p.end()) >= 0);
      }
      CHECK(std::abs(mass(op, p) - before) < 1e-14 * before);
    }
}

TEST_CASE("scaling p scales the rates whatever the magnitude") {
  const auto grid = grid_1d(axis(0, 1, 40, P, P));
  for (const Reconstruction kind : kinds()) {
    CAPTURE(kind->name);
    const auto form = make_given_drift(grid, wind_1d([](double) { return 1.0; }), kind, nullptr);
    const auto p = random_state(form->op());
    const auto rate = rate_of(form->op(), 0, p);
    for (const double factor : {0x1p-900, 0x1p600}) {
      auto scaled = p;
      for (double& v : scaled) v *= factor;
      const auto other = rate_of(form->op(), 0, scaled);
      for (std::size_t i = 0; i < 40; ++i) CHECK(std::abs(other[i] / factor - rate[i]) < 1e-13 * largest(rate));
    }
  }
}

TEST_CASE("axes swapped the result is the transpose") {
  const auto v = [](double x, double y) { return std::array{0.3 + y * x, -0.5 * x + 0.2 * y * y}; };
  const auto w = [v](double x, double y) {
    const auto a = v(y, x);
    return std::array{a[1], a[0]};
  };
  const auto none = [](double, double) { return std::array{0.0, 0.0, 0.0}; };
  for (const Reconstruction kind : {find_reconstruction("huynh"), find_reconstruction("z")}) {
    const auto one =
        make_given_drift(grid_2d(axis(-1, 1, 12), axis(-2, 2, 9, P, P, "y")), sde_2d(v, none, true), kind, nullptr);
    const auto other = make_given_drift(grid_2d(axis(-2, 2, 9, P, P), axis(-1, 1, 12, R, R, "y")),
                                        sde_2d(w, none, true), kind, nullptr);
    const auto p = random_state(one->op());
    std::vector<double> q(p.size());
    for (std::size_t i = 0; i < 12; ++i)
      for (std::size_t j = 0; j < 9; ++j) q[j + 9 * i] = p[i + 12 * j];
    const auto rate = rate_of(one->op(), 0, p), swapped = rate_of(other->op(), 0, q);
    for (std::size_t i = 0; i < 12; ++i)
      for (std::size_t j = 0; j < 9; ++j)
        CHECK(std::abs(swapped[j + 9 * i] - rate[i + 12 * j]) < 1e-14 * largest(rate));
  }
}

TEST_CASE("with the exact score the noise-free twin has the distribution of the noisy process") {
  // dX = -X dt + dW from N(1, 0.1)
  LinearCoefficients ou;
  ou.A[0] = -1;
  ou.D[0] = 0.5;
  const GaussianMixture start({{1, Eigen::VectorXd::Constant(1, 1), Eigen::MatrixXd::Constant(1, 1, 0.1)}});
  const ClosedForm distribution(ou, start, 1);
  const auto error = [&](Index n, Reconstruction kind) {
    const auto grid = grid_1d(axis(-5, 5, n));
    const auto form = make_given_drift(grid, sde_1d([](double x) { return -x; }, [](double) { return 0.5; }), kind,
                                       std::make_shared<ClosedScore>(distribution));
    const auto exact = [&](double t) {
      const GaussianMixture now = distribution.at(t);
      return averages(*grid, [&](double x, double) {
        double p = 0;
        now.evaluate({1, 1, {&x, nullptr}}, &p);
        return p;
      });
    };
    auto p = exact(0);
    evolve(form->op(), 0, 0.5, p, 0.3);
    return l1_distance(form->op(), p, exact(0.5));
  };
  CHECK(std::log2(error(64, find_reconstruction("huynh")) / error(128, find_reconstruction("huynh"))) > 2);
  CHECK(std::log2(error(64, find_reconstruction("z")) / error(128, find_reconstruction("z"))) > 4);
}

}  // namespace
}  // namespace fokker
