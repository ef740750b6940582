// Freezes what the explicit methods with many products per step promise: rkc2 its order on every kind of rate and its
// stability on a rotating process; chebyshev its accuracy in one step, p >= 0 when asked for, mass to rounding.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/integrate/stepper.hpp"
#include "matrix_operator.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

using State = std::vector<double>;

struct Outcome {
  State p;
  int steps = 0, rejected = 0;
  long products = 0;
};

Outcome solve(const Operator& op, const char* name, State p, double end, const StepperOptions& options) {
  const auto stepper = make_stepper(*find_stepper(name), op, options, 0);
  Outcome outcome{.p = std::move(p)};
  double t = 0, dt = stepper->first_step(0, outcome.p, end);
  while (t < end) {
    const StepResult r = stepper->step({t, dt, end}, outcome.p);
    t = r.t, dt = r.next_dt;
    ++outcome.steps;
    outcome.rejected += r.rejected;
  }
  outcome.products = stepper->rhs_evaluations();
  return outcome;
}

double distance(const Operator& op, State a, const State& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return op.norm_l1(a);
}

double least(const State& p) { return *std::min_element(p.begin(), p.end()); }

State bump_2d(const MatrixOperator& op, Index n, double x0, double width, double reach = 5) {
  State p(std::size_t(op.size()), 0.0);
  for (Index i = 0; i < n * n; ++i) {
    const double h = 2 * reach / double(n), x = -reach + h * (double(i % n) + 0.5) - x0,
                 y = -reach + h * (double(i / n) + 0.5);
    p[std::size_t(i)] = std::exp(-(x * x + y * y) / (2 * width * width));
  }
  const double mass = op.mass(p);
  for (double& v : p) v /= mass;
  return p;
}

/// The same rates, but not as a matrix: what a limited flux looks like to a stepper.
class Nonlinear final : public Operator {
 public:
  explicit Nonlinear(const MatrixOperator& op)
      : Operator({op.cells(), op.outflows(), op.cell_volume(), op.autonomous(), true}), op_(op) {}
  [[nodiscard]] double stable_step(double t) const override { return op_.stable_step(t); }
  void apply(double t, std::span<const double> p, std::span<double> rate) const override { op_.apply(t, p, rate); }

 private:
  const MatrixOperator& op_;
};

}  // namespace

TEST_CASE("rkc2 computes the same on a matrix and on rates of any kind") {
  const MatrixOperator op = rotating_ou_2d(24, 3);
  const Nonlinear other(op);
  const State start = bump_2d(op, 24, 1.5, 0.6);
  for (const double dt : {0.004, 0.02, 0.1}) {
    const StepperOptions options{.dt = dt, .keep_positive = false};
    const Outcome a = solve(op, "rkc2", start, 0.2, options), b = solve(other, "rkc2", start, 0.2, options);
    CHECK(distance(op, a.p, b.p) < 1e-13);
    CHECK(a.products == b.products);
  }
}

TEST_CASE("rkc2 is of second order with many stages and with rates that vary") {
  for (const bool varying : {false, true}) {
    MatrixOperator op = rotating_ou_2d(40, 2);
    if (varying) op = op.vary([](double t) { return 1 + 0.5 * std::sin(3 * t); });
    const State start = bump_2d(op, 40, 1.5, 0.7);
    const State exact = solve(op, "chebyshev", start, 1, {.tolerance = 1e-10, .keep_positive = false}).p;
    double error[3];
    for (int k = 0; k < 3; ++k)
      error[k] = distance(op, solve(op, "rkc2", start, 1, {.dt = 1.0 / (20 << k), .keep_positive = false}).p, exact);
    CAPTURE(varying);
    CHECK(error[2] < 1e-3);
    CHECK(std::log2(error[1] / error[2]) == doctest::Approx(2).epsilon(0.1));
  }
}

TEST_CASE("rkc2 takes fewer products than dopri5 and its error follows the tolerance") {
  const MatrixOperator op = rotating_ou_2d(48, 2);
  const State start = bump_2d(op, 48, 1.5, 0.7);
  const State exact = solve(op, "chebyshev", start, 1, {.tolerance = 1e-10, .keep_positive = false}).p;
  const Outcome other = solve(op, "dopri5", start, 1, {.tolerance = 1e-4, .keep_positive = false});
  for (const double tolerance : {1e-3, 1e-4, 1e-5}) {
    const Outcome r = solve(op, "rkc2", start, 1, {.tolerance = tolerance, .keep_positive = false});
    CHECK(distance(op, r.p, exact) < 0.5 * std::pow(tolerance, 2.0 / 3));
    CHECK(r.rejected <= 3);
    if (tolerance >= 1e-4) CHECK(r.products < 0.5 * double(other.products));
  }
}

TEST_CASE("no stage of rkc2 and no term of chebyshev loses mass under strong rotation") {
  for (const double rotation : {0.0, 10.0, 60.0}) {
    const MatrixOperator op = rotating_ou_2d(32, rotation);
    const State start = bump_2d(op, 32, 1.5, 0.5);
    const State exact = solve(op, "dopri5", start, 0.5, {.tolerance = 1e-9, .keep_positive = false}).p;
    for (const char* name : {"rkc2", "chebyshev"}) {
      CAPTURE(rotation);
      CAPTURE(name);
      const Outcome r = solve(op, name, start, 0.5, {.tolerance = 1e-6, .keep_positive = false});
      CHECK(distance(op, r.p, exact) < 1e-3);
      CHECK(std::abs(op.mass(r.p) - 1) < 1e-14);
    }
  }
}

TEST_CASE("chebyshev meets its tolerance in one step whatever the rates") {
  for (const bool varying : {false, true}) {
    for (const double rotation : {2.0, 20.0}) {
      MatrixOperator op = rotating_ou_2d(24, rotation);
      if (varying) op = op.vary([](double t) { return 0.1 + 2 * t * t; });
      const State start = bump_2d(op, 24, 1.5, 0.5);
      const State exact = solve(op, "dopri5", start, 1, {.tolerance = 1e-11, .keep_positive = false}).p;
      for (const double tolerance : {1e-3, 1e-6, 1e-9}) {
        for (const bool positive : {false, true}) {
          const Outcome r = solve(op, "chebyshev", start, 1, {.tolerance = tolerance, .keep_positive = positive});
          CAPTURE(varying);
          CAPTURE(rotation);
          CAPTURE(tolerance);
          CAPTURE(positive);
          CHECK(distance(op, r.p, exact) < tolerance);
          CHECK(r.steps == 1);
          if (positive) CHECK(least(r.p) >= 0);
        }
      }
    }
  }
}

TEST_CASE("chebyshev costs w span products with the promise and their root without") {
  const MatrixOperator op = ou_1d(400);
  const double span = 2000 * op.stable_step(0);
  const State start = gaussian_1d(op, 2, 0.5);
  const Outcome kept = solve(op, "chebyshev", start, span, {.tolerance = 1e-6});
  const Outcome free = solve(op, "chebyshev", start, span, {.tolerance = 1e-6, .keep_positive = false});
  CHECK(kept.products > 2000);
  CHECK(kept.products < 2500);
  CHECK(free.products < 400);
  CHECK(distance(op, kept.p, free.p) < 1e-6);
}

TEST_CASE("chebyshev keeps a point start with absorbing walls nonnegative and balanced") {
  const MatrixOperator op = ou_1d(60, 3, Ends::open);
  State p(62, 0.0);
  p[3] = 1 / op.cell_volume();
  for (const double span : {1e-8, 1e-3, 0.3, 40.0}) {
    for (const bool positive : {true, false}) {
      const Outcome r = solve(op, "chebyshev", p, span, {.tolerance = 1e-8, .keep_positive = positive});
      CAPTURE(span);
      CAPTURE(positive);
      CHECK(std::abs(op.mass(r.p) - 1) < 1e-14);
      if (positive) CHECK(least(r.p) >= 0);
    }
  }
}

TEST_CASE("chebyshev says which operators it cannot take") {
  const Nonlinear nonlinear(ou_1d(20));
  CHECK_THROWS_WITH_AS(static_cast<void>(make_stepper(*find_stepper("chebyshev"), nonlinear, {}, 0)),
                       "chebyshev takes the exponential of a matrix and this flux is not linear in p: take ssprk3 or "
                       "rkc2",
                       UsageError);
}
