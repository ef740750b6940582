// Freezes what `talbot` is: the exponential of the operator to rounding, for any length of step, on a line, between
// absorbing walls and round a ring, with a common factor of time; and what it refuses.
#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <cstring>
#include <string>
#include <unsupported/Eigen/MatrixFunctions>

#include "fokker/base/errors.hpp"
#include "fokker/integrate/stepper.hpp"
#include "matrix_operator.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

using State = std::vector<double>;
const StepperOptions released{.tolerance = 1e-6, .keep_positive = false};

State start(const MatrixOperator& op) {
  State p(std::size_t(op.size()), 0.0);
  const double n = double(op.cells());
  double sum = 0;
  for (Index i = 0; i < op.cells(); ++i) {
    const double z = (double(i) + 0.5 - 0.3 * n) / (0.06 * n);
    sum += p[std::size_t(i)] = std::exp(-z * z / 2) + (i == op.cells() / 2 ? 0.5 : 0.0);
  }
  for (double& v : p) v /= sum * op.cell_volume();
  return p;
}

struct Run {
  State p;
  int steps = 0, rejected = 0;
};

Run run(const Operator& op, State p, double t, double end, const StepperOptions& options = released) {
  const auto stepper = make_stepper(*find_stepper("talbot"), op, options, t);
  Run run{.p = std::move(p)};
  double dt = options.dt.value_or(stepper->first_step(t, run.p, end));
  while (t < end) {
    const StepResult r = stepper->step({t, dt, end}, run.p);
    t = r.t, dt = r.next_dt;
    ++run.steps;
    run.rejected += r.rejected;
  }
  return run;
}

State exponential(const MatrixOperator& op, const State& p, double way) {
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(op.size(), op.size());
  op.base()->assemble(0, [&](Index row, Index column, double value) { a(row, column) += value; });
  const Eigen::VectorXd x = (a * way).exp() * Eigen::Map<const Eigen::VectorXd>(p.data(), op.size());
  return {x.begin(), x.end()};
}

double largest(const State& v) {
  double most = 0;
  for (const double x : v) most = std::max(most, std::abs(x));
  return most;
}

double difference(State a, const State& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return largest(a);
}

double well(double x) { return x - x * x * x; }

MatrixOperator double_well(Index n, Ends ends, double D = 0.2) {
  return drift_diffusion_1d(n, -2.5, 2.5, well, D, ends);
}
MatrixOperator tilted_ring(Index n, double D) {
  return drift_diffusion_1d(
      n, 0, 2 * M_PI, [](double x) { return 1 + 0.5 * std::sin(x); }, D, Ends::ring);
}

std::string refusal(const Operator& op, const StepperOptions& options) {
  try {
    static_cast<void>(make_stepper(*find_stepper("talbot"), op, options, 0));
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("talbot is the dense exponential to 1e-13 of the largest value for steps of any length") {
  const MatrixOperator operators[] = {double_well(101, Ends::closed), double_well(64, Ends::open),
                                      tilted_ring(50, 0.4),           double_well(1, Ends::open),
                                      double_well(2, Ends::closed),   tilted_ring(3, 2)};
  for (const MatrixOperator& op : operators) {
    const State p = start(op);
    for (const double way : {1e-6, 1e-3, 0.1, 1.0, 7.0}) {
      CAPTURE(op.size());
      CAPTURE(way);
      const State exact = exponential(op, p, way);
      // What the dense exponential itself is worth: scaling and squaring rounds by about 1e-16 h w.
      const double dense = 2e-16 * way / op.stable_step(0);
      const double contour =
          op.cells() > 2 && op.outflows() == 0 && op.cells() != 101 ? 5e-10 : 0;  // a ring's parabola
      CHECK(difference(run(op, p, 0, way).p, exact) < (1e-13 + dense + contour) * largest(exact));
    }
  }
}

TEST_CASE("talbot sums to one step what a common factor of time does") {
  MatrixOperator op = double_well(80, Ends::open);
  op = op.vary([](double t) { return 0.5 + std::sin(t) * std::sin(t); });
  const State p = start(op);
  const double from = 0.3, to = 4.1, way = to - from - (std::sin(2 * to) - std::sin(2 * from)) / 4;
  const Run one = run(op, p, from, to);
  CHECK(one.steps == 1);
  const State exact = exponential(op, p, way);
  CHECK(difference(one.p, exact) < 3e-13 * largest(exact));
}

TEST_CASE("talbot reaches the stationary distribution in one step however long") {
  const MatrixOperator op = double_well(500, Ends::closed);
  State distribution(std::size_t(op.size()));
  double sum = 0;
  // Detailed balance edge by edge.
  double value = 1;
  for (Index i = 0; i < op.cells(); ++i) {
    const double x = -2.5 + op.cell_volume() * double(i);
    if (i > 0) value *= std::exp(well(x) * op.cell_volume() / 0.2);
    sum += distribution[std::size_t(i)] = value;
  }
  for (double& v : distribution) v /= sum * op.cell_volume();
  for (const double end : {1e5, 1e9, 1e13}) {
    CAPTURE(end);
    const Run r = run(op, start(op), 0, end);
    CHECK(r.steps == 1);
    CHECK(r.rejected == 0);
    CHECK(difference(r.p, distribution) < 1e-12 * largest(distribution));
    CHECK(std::abs(op.mass(r.p) - 1) < 2e-15);
  }
}

TEST_CASE("talbot keeps mass plus outflow to rounding where half of it has left") {
  const MatrixOperator op = drift_diffusion_1d(
      60, -3, 3, [](double x) { return x; }, 1, Ends::open);
  State p = start(op);
  const auto stepper = make_stepper(*find_stepper("talbot"), op, released, 0);
  const double mass = op.mass(p);
  for (int k = 0; k < 200; ++k) {
    static_cast<void>(stepper->step({0.01 * k, 0.01, 0.01 * (k + 1)}, p));
    CHECK(std::abs(op.mass(p) - mass) < 3e-15);
  }
  CHECK(p[60] + p[61] > 0.5);
}

TEST_CASE("two steps of talbot are one of twice the length") {
  for (const MatrixOperator& op : {double_well(300, Ends::open), tilted_ring(80, 0.5)}) {
    const State p = start(op);
    const Run one = run(op, p, 0, 2), two = run(op, run(op, p, 0, 0.7).p, 0.7, 2);
    CHECK(difference(one.p, two.p) < (op.outflows() > 0 ? 2e-13 : 1e-9) * largest(one.p));
  }
}

TEST_CASE("an isolated mode that turns many times round a ring is not lost") {
  // One wave on a ring with little diffusion: both contour sums are 0 where exp(z) is not, and agree on it. Only the
  // bound on the substeps sees that.
  const double D = 0.003, a = 1, end = 40;
  const MatrixOperator op = drift_diffusion_1d(
      64, 0, 2 * M_PI, [&](double) { return a; }, D, Ends::ring);
  State p(64);
  for (Index i = 0; i < 64; ++i) p[std::size_t(i)] = (1 + 0.5 * std::cos(op.cell_volume() * double(i))) / (2 * M_PI);
  const State exact = exponential(op, p, end);
  CHECK(largest(exact) > 1.05 / (2 * M_PI));  // the wave is still there
  CHECK(difference(run(op, p, 0, end).p, exact) < 1e-9);
  CHECK(difference(run(op, p, 0, end, {.dt = end, .keep_positive = false}).p, exact) < 1e-9);
}

TEST_CASE("a step too long for an operator far from normal is seen and halved") {
  // Ornstein-Uhlenbeck from far out: exp(hA) is smooth, but on the way the packet is carried 30 of its widths.
  const auto op = ou_1d(1200, 40);
  const State p = gaussian_1d(op, 30, 0.3, 40);
  const Run r = run(op, p, 0, 3), fine = run(op, p, 0, 3, {.dt = 3.0 / 4096, .keep_positive = false});
  CHECK(r.rejected > 0);
  CHECK(r.steps < 100);
  State d = r.p;
  for (std::size_t i = 0; i < d.size(); ++i) d[i] -= fine.p[i];
  CHECK(op.norm_l1(d) < 1e-6);
  const Run strict = run(op, p, 0, 3, {.tolerance = 1e-10, .keep_positive = false});
  CHECK(strict.steps > r.steps);
}

TEST_CASE("what talbot cannot do is refused with a way out") {
  const MatrixOperator line = double_well(40, Ends::closed);
  CHECK(refusal(line, {}) == "talbot keeps p >= 0 at no step size: set scheme.positive = false, or take tr_bdf2");
  CHECK(refusal(line, released).empty());
  CHECK(refusal(rotating_ou_2d(6, 1), released) ==
        "talbot solves tridiagonal systems, and this operator joins cells that are not neighbours on one axis; take "
        "tr_bdf2");
  CHECK(refusal(drift_diffusion_1d(40, -2.5, 2.5, well, 0.001, Ends::closed, true), released) ==
        "talbot needs rates that are not negative, and this flux has others; take tr_bdf2");
}
