// Freezes how steps keep within their bounds in time: rates are asked for between the start of a step and its limit
// only, no step is longer than what keeps p >= 0, slivers end, nothing loops, exponentials start from p itself, and
// `auto` takes no row that would be refused.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/integrate/dyadic_steps.hpp"
#include "fokker/integrate/stepper.hpp"
#include "matrix_operator.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

using State = std::vector<double>;

/// The times that may be asked for, and how often others were.
struct Window {
  double from = 0, to = 1e300;
  int outside = 0;
};

/// Ornstein-Uhlenbeck times a factor of time that keeps the window.
MatrixOperator watched(Index n, Window& window, const std::function<double(double)>& factor) {
  MatrixOperator op = ou_1d(n);
  op = op.vary([&window, factor](double t) {
    if (!(t >= window.from && t <= window.to)) ++window.outside;
    return factor(t);
  });
  return op;
}

/// Steps from 0 over the stops, each step within its window; the number of them.
int march(TimeStepper& stepper, State& p, const std::vector<double>& stops, Window& window) {
  window = {0, stops.front(), window.outside};
  double t = 0, dt = stepper.first_step(0, p, stops.front());
  int steps = 0;
  for (const double stop : stops)
    while (t < stop) {
      window.from = t;
      window.to = stop;
      const StepResult done = stepper.step({t, dt, stop}, p);
      REQUIRE(done.t > t);
      t = done.t, dt = done.next_dt;
      REQUIRE(++steps < 100'000);
    }
  return steps;
}

/// A one-way ring: what Euler moves by exactly one cell a step.
MatrixOperator carousel(Index n) {
  std::vector<Flow> flows;
  for (Index i = 0; i < n; ++i) flows.push_back({i, (i + 1) % n, double(n), 0});
  return {n, 0, 1 / double(n), std::move(flows)};
}

/// Rates of a periodic potential with a barrier of `height` temperatures.
MatrixOperator ring_with_barrier(Index n, double height, double tilt = 0) {
  const double h = 1 / double(n);
  return drift_diffusion_1d(
      n, 0, 1,
      [height, tilt, h](double x) {
        const auto U = [&](double y) { return height / 2 * std::cos(2 * M_PI * y) - tilt * y; };
        return -(U(x + h / 2) - U(x - h / 2)) / h;
      },
      1, Ends::ring);
}

}  // namespace

TEST_CASE("no stepper asks for rates outside of its step") {
  const std::vector<double> stops{0.05, 0.05 + 1e-15, 0.11, 0.3, 0.30000000000000004, 0.42};
  const std::function<double(double)> factors[] = {[](double t) { return 1 + 4 * t; }, [](double t) { return 1 - t; },
                                                   [](double t) { return 1 + std::sin(30 * t); }};
  for (const auto& factor : factors)
    for (const StepperRow& row : steppers())
      for (const bool fixed : {false, true}) {
        if ((!fixed && row.implicit && !row.adaptive) || row.kinetic) continue;  // of no matrix: test_kinetic.cpp
        CAPTURE(row.name);
        CAPTURE(fixed);
        Window window;
        const MatrixOperator op = watched(60, window, factor);
        StepperOptions options{.tolerance = 1e-4, .keep_positive = row.keeps_sign};
        if (fixed) options.dt = 0.9 * op.stable_step(0) / factor(0) / 2.2;
        window = {0, 0.05, window.outside};
        const auto stepper = make_stepper(row, op, options, 0);
        window.outside = 0;
        State p = gaussian_1d(op, 1, 0.6);
        march(*stepper, p, stops, window);
        CHECK(window.outside == 0);
        CHECK(op.mass(p) == doctest::Approx(1).epsilon(1e-13));
      }
}

TEST_CASE("a step that is all of the way is taken however short it is") {
  for (const StepperRow& row : steppers()) {
    if (row.kinetic) continue;  // of no matrix: test_kinetic.cpp
    CAPTURE(row.name);
    Window window;
    const MatrixOperator op = watched(40, window, [](double) { return 1.0; });
    StepperOptions options{.keep_positive = row.keeps_sign};
    if (row.implicit && !row.adaptive) options.dt = 0.01;
    const auto stepper = make_stepper(row, op, options, 0);
    State p = gaussian_1d(op, 1, 0.6);
    for (const double way : {5e-324, 1e-200, 1e-30}) CHECK(stepper->step({0, 0.1, way}, p).t == way);
    CHECK(stepper->step({1, 0.1, std::nextafter(1.0, 2.0)}, p).t == std::nextafter(1.0, 2.0));
  }
}

TEST_CASE("no step is longer than what keeps p nonnegative and the last one is divided instead") {
  const MatrixOperator op = carousel(100);
  State p(100, 0.0);
  p[30] = 100;
  for (const char* name : {"euler", "ssprk3"}) {
    CAPTURE(name);
    const auto stepper = make_stepper(*find_stepper(name), op, {}, 0);
    State q = p;
    double t = 0, dt = stepper->first_step(0, q, 0.05);
    for (int k = 1; k <= 10; ++k)
      while (t < k * 0.05) {
        const StepResult done = stepper->step({t, dt, k * 0.05}, q);
        CHECK(done.t - t <= op.stable_step(0) * (1 + 1e-14));
        t = done.t, dt = done.next_dt;
        for (const double value : q) REQUIRE(value >= 0);
      }
  }
}

TEST_CASE("ladders end whatever they are asked") {
  CHECK(fit_to_dyadic(0, std::numeric_limits<double>::infinity(), 1) == 1);
  CHECK(largest_dyadic(0, 1) == 0);
  CHECK(largest_dyadic(1, std::numeric_limits<double>::infinity()) == 1);
  CHECK(fit_to_dyadic(0.1, 0.25, 0.1 + 1e-17 * 2) > 0);
}

TEST_CASE("exponentials start from p itself when nothing is to be done") {
  for (const double size : {0.0, 1e-300, 1e-40, 1e-25})
    for (const char* name : {"chebyshev", "talbot"})
      for (const bool keep : {true, false}) {
        if (keep && std::string(name) == "talbot") continue;
        CAPTURE(size);
        CAPTURE(name);
        MatrixOperator op = ou_1d(50);
        op = op.vary([size](double) { return size; });
        const auto stepper = make_stepper(*find_stepper(name), op, {.keep_positive = keep}, 0);
        const State before = gaussian_1d(op, 1, 0.6);
        State p = before;
        CHECK(stepper->step({0, 1, 1}, p).t == 1);
        for (std::size_t i = 0; i < p.size(); ++i) CHECK(p[i] == doctest::Approx(before[i]).epsilon(1e-12));
      }
}

TEST_CASE("a pulse within one step of uniformisation is done in parts") {
  MatrixOperator op = ou_1d(100);
  const double w = 1 / op.stable_step(0);
  op = op.vary([](double t) { return 4000 * std::exp(-std::pow((t - 0.4) / 0.05, 2)); });
  CHECK(w * *op.elapsed(0, 1) > 4e4);
  const auto stepper = make_stepper(*find_stepper("chebyshev"), op, {}, 0);
  State p = gaussian_1d(op, 1, 0.6);
  double t = 0, dt = 1;
  while (t < 1) {
    const StepResult done = stepper->step({t, dt, 1}, p);
    t = done.t, dt = done.next_dt;
  }
  CHECK(op.mass(p) == doctest::Approx(1).epsilon(1e-12));
}

TEST_CASE("talbot crosses a ring with a barrier in one step and a current in as many as it needs") {
  const MatrixOperator barrier = ring_with_barrier(100, 50);
  State p(100, 1.0);
  const auto talbot = make_stepper(*find_stepper("talbot"), barrier, {.keep_positive = false}, 0);
  CHECK(talbot->step({0, 2, 2}, p).t == 2);
  CHECK(talbot->rhs_evaluations() == 16);
  for (Index i = 0; i < 100; ++i) {  // the distribution of the fitted rates
    const double U = 25 * std::cos(2 * M_PI * (double(i) + 0.5) / 100);
    const double next = 25 * std::cos(2 * M_PI * (double((i + 1) % 100) + 0.5) / 100);
    if (p[std::size_t(i)] > 1e-10)
      CHECK(std::log(p[std::size_t((i + 1) % 100)] / p[std::size_t(i)]) == doctest::Approx(U - next).epsilon(1e-2));
  }
  // A wave carried round: against the exponential by uniformisation.
  for (const double tilt : {3.0, 30.0}) {
    CAPTURE(tilt);
    const MatrixOperator tilted = ring_with_barrier(60, 4, tilt);
    State contour(60, 0.0), series(60, 0.0);
    contour[10] = series[10] = 60;
    const auto a = make_stepper(*find_stepper("talbot"), tilted, {.keep_positive = false}, 0);
    const auto b = make_stepper(*find_stepper("chebyshev"), tilted, {}, 0);
    a->step({0, 0.05, 0.05}, contour);
    for (double t = 0, dt = 0.05; t < 0.05;) {
      const StepResult done = b->step({t, dt, 0.05}, series);
      t = done.t, dt = done.next_dt;
    }
    for (std::size_t i = 0; i < 60; ++i) CHECK(std::abs(contour[i] - series[i]) < 1e-8 * 60);
  }
}

TEST_CASE("auto takes no row that is refused and knows what a ring costs talbot") {
  const auto chosen = [](const Operator& op, const StepperOptions& options, double span) {
    const StepperChoice choice = choose_stepper(op, 1, options, 0, span, 2);
    static_cast<void>(make_stepper(*choice.row, op, options, 0));
    return std::string(choice.row->name);
  };
  const StepperOptions free{.keep_positive = false};
  CHECK(chosen(ring_with_barrier(100, 50), free, 5) == "talbot");
  CHECK(chosen(ring_with_barrier(100, 4, 3000), free, 500) != "talbot");  // a million substeps
  // Central differences at large Peclet numbers are no generator.
  const MatrixOperator central = drift_diffusion_1d(
      60, -6, 6, [](double x) { return -30 * x; }, 1, Ends::closed, true);
  CHECK(chosen(central, free, 10) != "talbot");
  CHECK_THROWS_WITH_AS(static_cast<void>(make_stepper(*find_stepper("talbot"), central, free, 0)),
                       doctest::Contains("talbot needs rates that are not negative"), UsageError);
}

TEST_CASE("a request to stop is heard within long steps and leaves the state before them") {
  for (const char* name : {"chebyshev", "rkc2", "talbot", "tr_bdf2", "ssprk3"}) {
    CAPTURE(name);
    const MatrixOperator op = ring_with_barrier(200, 4, 300);
    const StepperOptions options{.keep_positive = false};
    State p(200, 0.0);
    p[20] = 200;
    const State before = p;
    const auto stepper = make_stepper(*find_stepper(name), op, options, 0);
    const double dt = stepper->first_step(0, p, 10);
    {
      const StopRequest stop(0);
      CHECK_THROWS_AS(static_cast<void>(stepper->step({0, dt, 10}, p)), Stopped);
    }
    CHECK(p == before);
    CHECK(stepper->step({0, dt, dt / 8}, p).t == dt / 8);  // and goes on as if nothing had been
  }
}
