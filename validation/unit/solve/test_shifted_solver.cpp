// Freezes the linear solvers behind the implicit steppers: the right answer for each shape of matrix, mass balance of
// the solution with its outflows, positivity, and the RELATIVE accuracy of every component (the promise that lets
// tr_bdf2 keep tails positive): a plain elimination loses it when gamma * rate is large.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "../integrate/matrix_operator.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/solve/shifted_solver.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

std::vector<double> random_state(const Operator& op, bool positive) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(positive ? 0 : -1, 1);
  std::vector<double> b(std::size_t(op.size()));
  for (double& v : b) v = uniform(random);
  return b;
}

/// max |x - gamma A x - b|, relative to the size of the terms
double residual(const MatrixOperator& op, double gamma, const std::vector<double>& x, const std::vector<double>& b) {
  std::vector<double> rate(x.size());
  op.apply(0, x, rate);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(x[i] - gamma * rate[i] - b[i]));
  return worst / (1 + gamma / op.stable_step(0));
}

struct Sample {
  const char* label;
  MatrixOperator op;
  std::string solver;
};

std::vector<Sample> samples() {
  const auto swirl = [](double x) { return 3 * std::sin(x) - 1; };
  return {
      {"one cell", {1, 0, 1.0, {}}, "tridiagonal"},
      {"one cell with an outflow", {1, 1, 0.5, {{0, 1, 3.0, 0}}}, "tridiagonal"},
      {"two cells", drift_diffusion_1d(2, -1, 1, swirl, 1, Ends::closed), "tridiagonal"},
      {"closed", drift_diffusion_1d(200, -6, 6, swirl, 0.3, Ends::closed), "tridiagonal"},
      {"open", drift_diffusion_1d(200, -6, 6, swirl, 0.3, Ends::open), "tridiagonal"},
      {"ring of two", drift_diffusion_1d(2, -3, 3, swirl, 1, Ends::ring), "tridiagonal"},
      {"ring of three", drift_diffusion_1d(3, -3, 3, swirl, 1, Ends::ring), "cyclic tridiagonal"},
      {"ring of four", drift_diffusion_1d(4, -3, 3, swirl, 1, Ends::ring), "cyclic tridiagonal"},
      {"ring", drift_diffusion_1d(200, -3, 3, swirl, 0.05, Ends::ring), "cyclic tridiagonal"},
      {"plane", rotating_ou_2d(20, 4), "sparse LU"},
  };
}

}  // namespace

TEST_CASE("each matrix shape gets its solver and the solver solves") {
  for (const Sample& s : samples()) {
    for (const double gamma : {1e-6, 0.01, 1.0, 1e6}) {
      CAPTURE(s.label);
      CAPTURE(gamma);
      const auto solver = factor_shifted(s.op, 0, gamma);
      CHECK(solver->name() == s.solver);
      const auto b = random_state(s.op, false);
      std::vector<double> x(b.size());
      solver->solve(b, x);
      CHECK(residual(s.op, gamma, x, b) < 3e-15);
      std::vector<double> in_point = b;
      solver->solve(in_point, in_point);
      CHECK(std::memcmp(in_point.data(), x.data(), x.size() * sizeof(double)) == 0);
    }
  }
}

TEST_CASE("a nonnegative right side gives a nonnegative solution and its mass goes to cells and outflows") {
  for (const Sample& s : samples()) {
    for (const double gamma : {0.01, 1.0, 1e3}) {
      CAPTURE(s.label);
      CAPTURE(gamma);
      auto b = random_state(s.op, true);
      for (std::size_t i = 1; i < b.size(); i += 2) b[i] = 0;
      std::vector<double> x(b.size());
      factor_shifted(s.op, 0, gamma)->solve(b, x);
      for (const double v : x) CHECK(v >= 0);
      CHECK(s.op.mass(x) == doctest::Approx(s.op.mass(b)).epsilon(s.solver == "sparse LU" ? 1e-11 : 1e-13));
    }
  }
}

TEST_CASE("band solvers are accurate in every component however large gamma and however thin the tail") {
  // Detailed balance has a known answer: b = stationary distribution gives x = b, down to 1e-280.
  const auto op = drift_diffusion_1d(
      400, -36, 36, [](double x) { return -x; }, 1, Ends::closed);
  std::vector<double> pi(400, 1.0);
  const double h = op.cell_volume();
  for (std::size_t i = 199; i-- > 0;) {
    const double face = -36 + h * double(i + 1);
    pi[i] = pi[i + 1] * std::exp(face * h);  // left p_L = right p_R on each face
    pi[399 - i] = pi[i];
  }
  REQUIRE(pi[0] < 1e-270);
  REQUIRE(pi[0] > 1e-300);
  for (const double gamma : {1e-3, 1.0, 1e6, 1e12}) {
    CAPTURE(gamma);
    std::vector<double> x(pi.size());
    factor_shifted(op, 0, gamma)->solve(pi, x);
    double worst = 0;
    for (std::size_t i = 0; i < pi.size(); ++i) worst = std::max(worst, std::abs(x[i] / pi[i] - 1));
    CHECK(worst < 1e-11);
  }
}

TEST_CASE("the ring solver keeps a uniform state to rounding and mass at any gamma") {
  const auto op = drift_diffusion_1d(
      300, 0, 1, [](double) { return 40.0; }, 0.01, Ends::ring);
  const std::vector<double> one(300, 1.0);
  for (const double gamma : {1e-3, 1.0, 1e6, 1e12}) {
    std::vector<double> x(300);
    factor_shifted(op, 0, gamma)->solve(one, x);
    for (const double v : x) CHECK(std::abs(v - 1) < 1e-12);
  }
}

TEST_CASE("a central flux at large Peclet numbers is no M-matrix and goes to the pivoting solver") {
  const auto drift = [](double) { return 100.0; };
  for (const Ends ends : {Ends::closed, Ends::ring}) {
    const auto op = drift_diffusion_1d(100, 0, 1, drift, 0.01, ends, true);
    REQUIRE(!op.positive());
    for (const double gamma : {1e-4, 0.01, 1.0, 100.0}) {
      const auto solver = factor_shifted(op, 0, gamma);
      CAPTURE(gamma);
      CHECK(std::string(solver->name()) ==
            (gamma == 1e-4 ? (ends == Ends::ring ? "cyclic tridiagonal" : "tridiagonal") : "sparse LU"));
      const auto b = random_state(op, false);
      std::vector<double> x(b.size());
      solver->solve(b, x);
      CHECK(residual(op, gamma, x, b) < 3e-14);
    }
  }
}

TEST_CASE("outflow entries are b plus gamma times the outflow of x") {
  const auto op = drift_diffusion_1d(
      50, -1, 1, [](double x) { return x; }, 1, Ends::open);
  auto b = random_state(op, true);
  std::vector<double> x(b.size()), rate(b.size());
  factor_shifted(op, 0, 0.3)->solve(b, x);
  op.apply(0, x, rate);
  for (std::size_t l = 50; l < 52; ++l) CHECK(x[l] == doctest::Approx(b[l] + 0.3 * rate[l]).epsilon(1e-14));
}

TEST_CASE("an entry that is not finite is refused") {
  const MatrixOperator op(2, 0, 1.0, {{0, 1, std::numeric_limits<double>::quiet_NaN(), 1.0}});
  CHECK_THROWS_AS(static_cast<void>(factor_shifted(op, 0, 1)), NumericalError);
}
