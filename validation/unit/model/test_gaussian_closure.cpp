// Freezes where a distribution reaches by its Gaussian closure: exact moments where they close, what comes late in
// time, what grows beyond all numbers, and what comes to rest, in any unit.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "fokker/base/errors.hpp"
#include "fokker/model/formula_sde.hpp"
#include "fokker/model/gaussian_closure.hpp"

using namespace fokker;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// In a plane, with noise of its own along either axis.
FormulaSde plane_sde(const std::array<const char*, 2>& drift, double Dx, double Dy) {
  const std::vector<std::string> names{"x", "v", "t"};
  SdeFormulas f;
  f.variables = {"x", "v"};
  for (const char* const each : drift) f.drift.push_back(parse_expression(each, names));
  f.diffusion = {{Expression(Dx), Expression(0.0)}, {Expression(0.0), Expression(Dy)}};
  return FormulaSde(f);
}

FormulaSde sde(const std::string& drift, const std::string& diffusion) {
  const std::vector<std::string> names{"x", "t"};
  SdeFormulas f;
  f.variables = {"x"};
  f.drift = {parse_expression(drift, names)};
  f.diffusion = {{parse_expression(diffusion, names)}};
  return FormulaSde(f);
}

Gaussian normal(double mean, double variance) {
  return {1, VectorXd::Constant(1, mean), MatrixXd::Constant(1, 1, variance)};
}

Space line(double lower = -infinity) { return {1, {lower}, {infinity}, {}}; }

ClosureReach reach(const FormulaSde& of, const Gaussian& start, double end, double lower = -infinity) {
  return reach_of_closure(of, {&start, 1}, end, line(lower), 6);
}

bool near(double value, double exact, double within) { return std::abs(value - exact) <= within; }

}  // namespace

TEST_CASE("where moments close the closure reaches to the exact mean and six exact deviations") {
  // Brownian motion with drift
  const ClosureReach free = reach(sde("-0.5", "0.5"), normal(0, 0.25), 4);
  CHECK(near(free.lower[0], -2 - 6 * std::sqrt(4.25), 1e-3));
  CHECK(near(free.upper[0], 6 * std::sqrt(4.25) - 2, 1e-3));
  // geometric growth: m = e^(0.1 t), V = m^2 (e^(0.04 t) - 1)
  const ClosureReach growth = reach(sde("0.1*x", "0.02*x^2"), normal(1, 0), 1, 0);
  CHECK(near(growth.upper[0], std::exp(0.1) * (1 + 6 * std::sqrt(std::expm1(0.04))), 1e-3));
  // a start far above the width at rest
  const ClosureReach relaxing = reach(sde("-1e6*x", "1e6"), normal(1e3, 1), 1);
  CHECK(near(relaxing.upper[0], 1006, 1e-3));
  CHECK(near(relaxing.lower[0], -6, 1e-3));
}

TEST_CASE("noise in one component reaches the other from a point too") {
  const FormulaSde kicked = plane_sde({"v", "0"}, 0, 0.5);
  const Gaussian start{1, VectorXd::Zero(2), MatrixXd::Zero(2, 2)};
  const Space plane{2, {-infinity, -infinity}, {infinity, infinity}, {}};
  const ClosureReach found = reach_of_closure(kicked, {&start, 1}, 1, plane, 6);
  CHECK(near(found.upper[0], 6 * std::sqrt(1.0 / 3), 1e-2));
  CHECK(near(found.upper[1], 6, 1e-2));
}

TEST_CASE("around a ring a closure at rest may go on turning and spreading") {
  const Gaussian start{1, VectorXd::Constant(2, 0.5), MatrixXd::Identity(2, 2)};
  const Space beside_ring{2, {-infinity, 0}, {infinity, 1}, {false, true}};
  const Gaussian found = closure_at_rest(plane_sde({"-x", "1"}, 0.5, 0.1), start, beside_ring);
  CHECK(near(found.mean[0], 0, 1e-4));
  CHECK(near(found.covariance(0, 0), 0.5, 1e-4));
}

TEST_CASE("a point far out is followed like one at 0") {
  const ClosureReach found = reach(sde("-x", "0.5"), normal(1e12, 0), 1);
  CHECK(near(found.lower[0] / (1e12 * std::exp(-1)), 1, 1e-3));
}

TEST_CASE("a pulse of noise late and short is met by the closure") {
  const ClosureReach found = reach(sde("0", "1e-6 + 1e4*exp(-((t - 9)/1e-4)^2)"), normal(0, 1e-4), 10);
  const double variance = 1e-4 + 2 * (1e-5 + 1e4 * 1e-4 * std::sqrt(std::numbers::pi));
  CHECK(near(found.upper[0], 6 * std::sqrt(variance), 1e-2));
}

TEST_CASE("moments that grow beyond all numbers are refused with the time") {
  CHECK_THROWS_AS(static_cast<void>(reach(sde("x^3", "0.5"), normal(0, 0), 3)), NumericalError);
  try {
    static_cast<void>(reach(sde("x^2", "0"), normal(1, 0), 3));  // x = 1/(1 - t)
    FAIL("x = 1/(1 - t) went through t = 1");
  } catch (const NumericalError& error) {
    CHECK(near(error.time(), 1, 1e-3));
  }
}

TEST_CASE("a closure at rest is the same in any unit and one against a wall is found too") {
  for (const double unit : {1e-12, 1.0, 1e9}) {
    const std::string u = fmt::format("{:.0e}", unit);
    const Gaussian rest = closure_at_rest(sde("2*" + u + " - x", "0.5*" + u + "^2"), normal(0, 1), line());
    CHECK(near(rest.mean[0] / unit, 2, 1e-5));
    CHECK(near(rest.covariance(0, 0) / (unit * unit), 0.5, 1e-5));
  }
  // |Y| of dY = -sign(Y) dt + sqrt(2) dW: E |Y| = 1 of a Gaussian
  const Gaussian at_wall = closure_at_rest(sde("-1", "1"), normal(0, 1), line(0));
  CHECK(near(at_wall.covariance(0, 0), std::numbers::pi / 2, 0.1));
  CHECK_THROWS_AS(static_cast<void>(closure_at_rest(sde("0", "1"), normal(0, 1), line())), NumericalError);
}
