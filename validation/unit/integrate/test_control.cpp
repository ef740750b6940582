// Freezes how steps are chosen: the ladder, error against tolerance, no thrashing on thin tails, what is refused and in
// which words, what is caught while running, and the rule behind `auto`.
#include <doctest/doctest.h>

#include <cfloat>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/integrate/dyadic_steps.hpp"
#include "fokker/integrate/stepper.hpp"
#include "matrix_operator.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

using State = std::vector<double>;

struct Run {
  State p;
  int steps = 0, rejected = 0;
  long evaluations = 0, factorisations = 0, underflows = 0;
};

Run run(const MatrixOperator& op, std::string_view name, State p, double end, int frames,
        const StepperOptions& options) {
  const auto stepper = make_stepper(*find_stepper(name), op, options, 0);
  Run run{.p = std::move(p)};
  double t = 0, dt = stepper->first_step(0, run.p, end / frames);
  for (int k = 1; k <= frames; ++k) {
    while (t < k * end / frames) {
      const StepResult r = stepper->step({t, dt, k * end / frames}, run.p);
      t = r.t, dt = r.next_dt;
      ++run.steps;
      run.rejected += r.rejected;
    }
  }
  run.evaluations = stepper->rhs_evaluations();
  run.factorisations = stepper->factorisations();
  run.underflows = stepper->underflows();
  return run;
}

double distance(const MatrixOperator& op, State a, const State& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return op.norm_l1(a);
}

std::string usage_error(std::string_view name, const Operator& op, const StepperOptions& options) {
  try {
    static_cast<void>(make_stepper(*find_stepper(name), op, options, 0));
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

/// Three digits rounded down, as messages print a bound.
std::string three_digits(double x) {
  const double digit = std::pow(10.0, std::floor(std::log10(x)) - 2);
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", std::floor(x / digit) * digit);
  return text;
}

/// dp/dt = p_left^2 - p^2 on a ring: positive, not linear.
class Quadratic final : public Operator {
 public:
  Quadratic() : Operator({.cells = 8, .autonomous = true, .positive = true}) {}
  [[nodiscard]] double stable_step(double) const override { return 0.5; }
  void apply(double, std::span<const double> p, std::span<double> rate) const override {
    for (std::size_t i = 0; i < 8; ++i) rate[i] = p[(i + 7) % 8] * p[(i + 7) % 8] - p[i] * p[i];
  }
};

}  // namespace

TEST_CASE("a step length keeps its bits while it divides the way to the limit") {
  const double dt = 0.1 / 64;
  CHECK(fit_to_dyadic(0, dt, 0.1) == dt);
  CHECK(fit_to_dyadic(0.1, dt, 0.2) == dt);
  CHECK(fit_to_dyadic(0.2, dt, 0.30000000000000004) == dt);
  CHECK(fit_to_dyadic(0.7, dt, 0.7999999999999999) == dt);
  CHECK(fit_to_dyadic(0, 2 * dt, 3 * dt) == dt);       // two would leave half a step
  CHECK(fit_to_dyadic(0, 1024 * dt, 0.1) == 64 * dt);  // the way is shorter than the step: same ladder
  CHECK(fit_to_dyadic(0, 0.3, 1) == 0.25);  // no step length fits: new lengths, the largest step not above dt
  CHECK(fit_to_dyadic(0, 5, 1) == 1);
}

TEST_CASE("parts of ways that differ by rounding have one length") {
  const double dt = 0.03, part = fit_to_parts(0, dt, 0.1);
  CHECK(part == doctest::Approx(0.025).epsilon(1e-12));
  for (int k = 0; k < 50; ++k) {
    CAPTURE(k);
    CHECK(fit_to_parts(0.1 * k, dt, 0.1 * (k + 1)) == part);
    CHECK(fit_to_parts(0.1 * k + part, dt, 0.1 * (k + 1)) == part);  // and stay when some of the way is done
  }
  CHECK(fit_to_parts(0, 0.25, 1) == 0.25);
  CHECK(fit_to_parts(0, 5, 1) == 1);
  CHECK(fit_to_parts(0, std::numeric_limits<double>::infinity(), 3) == 3);
  CHECK(fit_to_parts(0, 0.4, 1) == doctest::Approx(1.0 / 3).epsilon(1e-12));
}

TEST_CASE("step lengths end on the limit and rounding does not add up over a million steps") {
  const double dt = std::ldexp(0.3, -20), limit = 0.7 + 0.3;
  double t = 0.7;
  for (long left = 1 << 20; left > 0; --left) {
    REQUIRE(fit_to_dyadic(t, dt, limit) == dt);
    t = end_of_dyadic(t, dt, limit);
  }
  CHECK(t == limit);
}

TEST_CASE("the error of adaptive steppers follows the tolerance") {
  // Error per step e and order q of the solution: global error of order e^(q/(q+1)).
  const auto op = drift_diffusion_1d(
      16, 0, 2 * M_PI, [](double x) { return 1 + 0.3 * std::sin(x); }, 0.2, Ends::ring);
  State start(16, 0.0);
  start[3] = 1 / op.cell_volume();
  const State exact = run(op, "rk4", start, 2, 1, {.dt = 1.0 / 8192}).p;
  for (const auto& [name, power] : {std::pair{"tr_bdf2", 2.0 / 3}, std::pair{"dopri5", 0.8}}) {
    CAPTURE(name);
    double error[3];
    for (int k = 0; k < 3; ++k) {
      const double tolerance = std::pow(100.0, -1 - k);  // 1e-2, 1e-4, 1e-6
      error[k] = distance(op, run(op, name, start, 2, 1, {.tolerance = tolerance, .keep_positive = false}).p, exact);
      CAPTURE(tolerance);
      CHECK(error[k] < 3 * std::pow(tolerance, power));
    }
    CHECK(std::log(error[0] / error[2]) / std::log(1e4) == doctest::Approx(power).epsilon(0.25));
  }
}

TEST_CASE("tr_bdf2 neither thrashes nor goes negative on thin tails and point starts") {
  for (const double reach : {6.0, 40.0}) {  // at 40 the tails sink below the smallest double
    const auto op = ou_1d(400, reach);
    State point(400, 0.0);
    point[std::size_t(200 + 400 / reach)] = 1 / op.cell_volume();  // near x = 2
    for (const State& start : {gaussian_1d(op, 2, 0.05, reach), gaussian_1d(op, 2, 0.3, reach), point}) {
      CAPTURE(reach);
      const Run r = run(op, "tr_bdf2", start, 5, 20, {});
      CHECK(r.rejected * 50 <= r.steps);
      CHECK(r.factorisations < 20);
      CHECK(r.steps < 1000);
      if (reach > 6) CHECK(r.underflows > 0);
      for (const double v : r.p) CHECK((v == 0 || v >= DBL_MIN));
    }
  }
}

TEST_CASE("tr_bdf2 does not try steps again and again that would go negative") {
  // A double well at a loose tolerance: what bounds the step is the fall of the tails, which the estimate does not see.
  const auto op = drift_diffusion_1d(
      400, -2.5, 2.5, [](double x) { return x - x * x * x; }, 0.05, Ends::closed);
  const Run r = run(op, "tr_bdf2", gaussian_1d(op, -1, 0.1, 2.5), 1000, 20, {.tolerance = 1e-3});
  CHECK(r.steps < 100);
  CHECK(r.rejected <= 5);
  CHECK(r.factorisations < 20);
}

TEST_CASE("rates that grow during a step bound it and a fixed dt that falls behind is divided") {
  auto op = ou_1d(100);
  op = op.vary([](double t) { return 1 + 50 * t; });
  State point(100, 0.0);
  point[40] = 1 / op.cell_volume();
  for (const char* name : {"euler", "ssprk3", "rk4", "dopri5"}) {
    CAPTURE(name);
    const Run free = run(op, name, point, 0.3, 3, {});
    for (const double v : free.p) CHECK(v >= 0);
    CHECK(free.rejected == 0);
    const Run fixed = run(op, name, point, 0.3, 3, {.dt = 0.8 * op.stable_step(0)});
    for (const double v : fixed.p) CHECK(v >= 0);
    CHECK(distance(op, fixed.p, free.p) < 0.02);
    if (std::string(name) == "ssprk3") CHECK(fixed.rejected > 0);
  }
}

TEST_CASE("tr_bdf2 climbs to steps far beyond the explicit limit and uses its factorisations again") {
  const auto op = ou_1d(200);
  const Run r = run(op, "tr_bdf2", gaussian_1d(op, 1, 0.5), 1000, 100, {.tolerance = 1e-5});
  CHECK(r.steps < 400);
  CHECK(r.factorisations < 20);
  const Run stationary = run(op, "tr_bdf2", r.p, 1000, 10, {});
  CHECK(distance(op, stationary.p, r.p) < 1e-9);
}

TEST_CASE("what cannot work is refused with numbers and a way out") {
  const auto op = ou_1d(100);
  const double bound = op.stable_step(0);
  const std::string at_most = three_digits(bound);
  CHECK(usage_error("euler", op, {.dt = 0.1}) ==
        "time.dt = 0.1 breaks the positivity that flux and stepper promise: at most " + at_most +
            " (1 / largest exit rate); or set scheme.positive = false");
  CHECK(usage_error("dopri5", op, {.dt = bound}).find("(0.83 * 1 / largest exit rate)") != std::string::npos);
  CHECK(usage_error("euler", op, {.dt = std::stod(at_most)}).empty());
  CHECK(usage_error("euler", op, {.dt = 0.1, .keep_positive = false}).empty());
  CHECK(usage_error("tr_bdf2", op, {.dt = 0.1}).empty());
  CHECK(usage_error("crank_nicolson", op, {}) == "crank_nicolson has no error estimate: give time.dt, or use tr_bdf2");
  CHECK(usage_error("backward_euler", op, {}) == "backward_euler has no error estimate: give time.dt, or use tr_bdf2");
  CHECK(usage_error("tr_bdf2", Quadratic(), {}) ==
        "tr_bdf2 solves linear systems and this flux is not linear in p: take ssprk3");
  CHECK(usage_error("euler", op, {.dt = -1.0}) == "time.dt = -1: must be positive");
  CHECK(usage_error("tr_bdf2", op, {.tolerance = 0}) == "time.tolerance = 0: must be positive");
  State p(100);
  const auto euler = make_stepper(*find_stepper("euler"), op, {}, 0);
  CHECK_THROWS_AS(static_cast<void>(euler->step({1, 0.1, 1}, p)), std::logic_error);
}

TEST_CASE("a value that is not finite is caught on the step it appears with index and time") {
  auto op = ou_1d(50);
  op = op.vary([](double t) { return t > 0.0101 ? std::numeric_limits<double>::quiet_NaN() : 1; });
  for (const StepperRow& row : steppers()) {
    if (row.kinetic) continue;  // of no matrix: test_kinetic.cpp
    CAPTURE(row.name);
    const auto stepper = make_stepper(row, op, {.dt = 0.001, .keep_positive = row.keeps_sign}, 0);
    State p = gaussian_1d(op, 0, 1);
    double t = 0;
    try {
      while (t < 1) t = stepper->step({t, 0.001, 1}, p).t;
      FAIL("ran to the end");
    } catch (const NumericalError& e) {
      CHECK(t <= 0.0111);
      CHECK(t >= 0.0099);
      CHECK(e.time() > t);
      CHECK(e.time() <= t + 0.0011);
      CHECK(e.index() >= 0);
    }
    for (const double v : p) CHECK(std::isfinite(v));
  }
}

TEST_CASE("a tolerance that cannot be met ends in a step underflow") {
  const auto op = ou_1d(20);
  for (const char* name : {"tr_bdf2", "dopri5"}) {
    CHECK_THROWS_WITH_AS(run(op, name, gaussian_1d(op, 0, 1), 1, 1, {.tolerance = 1e-300}),
                         doctest::Contains("the tolerance cannot be met"), NumericalError);
  }
}

TEST_CASE("a generator that is none is caught as a negative density with its cell") {
  // The drain of cell 1 depends on cell 0: no Markov chain, whatever it says of itself.
  class Liar final : public Operator {
   public:
    Liar() : Operator({.cells = 2, .autonomous = true, .positive = true}) {}
    [[nodiscard]] double stable_step(double) const override { return 0.1; }
    void apply(double, std::span<const double> p, std::span<double> rate) const override {
      rate[0] = p[0];
      rate[1] = -p[0];
    }
  };
  const Liar op;
  for (const char* name : {"euler", "ssprk3"}) {
    State p{1.0, 0.0};
    try {
      static_cast<void>(make_stepper(*find_stepper(name), op, {}, 0)->step({0, 0.1, 1}, p));
      FAIL("accepted a negative density");
    } catch (const NumericalError& e) {
      CHECK(e.index() == 1);
      CHECK(std::string(e.what()).find("negative density") == 0);
    }
  }
  State p{1.0, 0.0};  // watched rows look for a step that does not
  CHECK_THROWS_WITH_AS(static_cast<void>(make_stepper(*find_stepper("rk4"), op, {}, 0)->step({0, 0.1, 1}, p)),
                       doctest::Contains("the density stays negative"), NumericalError);
}

TEST_CASE("auto takes the row of the least estimated cost and says so") {
  const auto line = ou_1d(400), coarse = ou_1d(20);
  const auto plane = rotating_ou_2d(32, 1);
  const auto chosen = [](const Operator& op, int dimension, const StepperOptions& options, double span,
                         int outputs = 1) {
    return std::string(choose_stepper(op, dimension, options, 0, span, outputs).row->name);
  };
  CHECK(chosen(line, 1, {}, 10) == "rkc2");
  CHECK(chosen(line, 1, {}, 1000) == "tr_bdf2");
  CHECK(chosen(line, 1, {}, 0.01) == "chebyshev");
  CHECK(chosen(coarse, 1, {}, 5) == "chebyshev");
  CHECK(chosen(line, 1, {.keep_positive = false}, 10) == "talbot");
  CHECK(chosen(plane, 2, {}, 1) == "chebyshev");
  CHECK(chosen(plane, 2, {}, 1e5) == "peaceman_rachford");
  CHECK(chosen(plane, 2, {.tolerance = 1e-4, .keep_positive = false}, 1) == "chebyshev");
  CHECK(chosen(line, 1, {.dt = 1e-5}, 10) == "ssprk3");
  CHECK(chosen(line, 1, {.dt = 1e-2}, 10) == "tr_bdf2");
  CHECK(chosen(Quadratic(), 1, {}, 10) == "ssprk3");
  CHECK(chosen(Quadratic(), 1, {.keep_positive = false}, 10) == "dopri5");
  CHECK(choose_stepper(line, 1, {}, 0, 10).reason ==
        "the largest exit rate times the span is 2.2e+04; estimated cost in products with the operator: rkc2 4.9e+03, "
        "tr_bdf2 1.2e+04, chebyshev 2.8e+04, dopri5 1.6e+05");
}

TEST_CASE("implicit steps are cut where the rounding of their closing update would show") {
  const auto op = ou_1d(100);
  State pi = run(op, "backward_euler", gaussian_1d(op, 0, 1), 400, 1, {.dt = 10.0}).p;
  const double dt = 1e11 * op.stable_step(0);
  for (const char* name : {"backward_euler", "tr_bdf2"}) {
    CAPTURE(name);
    const Run fixed = run(op, name, pi, dt, 1, {.dt = dt});
    CHECK(fixed.rejected == 127);  // 2^7 pieces
    CHECK(distance(op, fixed.p, pi) < 1e-6);
  }
  const Run adaptive = run(op, "tr_bdf2", pi, dt, 1, {.tolerance = 1e-5});
  CHECK(adaptive.steps >= 100);
  CHECK(distance(op, adaptive.p, pi) < 1e-6);
}
