// Freezes what every row of the table of steppers promises, in loops over the table: the declared order, mass and
// outflow to rounding, the positivity limit and that it is sharp, landing on the limit to the bit, and that (t, dt,
// state) is the whole memory. A new row is tested here without a new line.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "../scheme/lambda_sde.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/integrate/stepper.hpp"
#include "fokker/scheme/effective_drift.hpp"
#include "matrix_operator.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {
std::size_t allocations = 0;
}

// Not inlined: g++ 12 would see malloc() and free() beside the operators and warn of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
// The sanitizers' own would not go with the deletes below.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using State = std::vector<double>;

/// A smooth distribution drifting round a ring.
MatrixOperator ring(bool varying) {
  auto op = drift_diffusion_1d(
      16, 0, 2 * M_PI, [](double x) { return 1 + 0.3 * std::sin(x); }, 0.2, Ends::ring);
  if (varying) op = op.vary([](double t) { return 1 + 0.5 * std::sin(3 * t); });
  return op;
}

State bump(const MatrixOperator& op) {
  State p(std::size_t(op.size()), 0.0);
  for (Index i = 0; i < op.cells(); ++i) p[std::size_t(i)] = std::exp(std::cos(op.cell_volume() * (double(i) + 0.5)));
  const double mass = op.mass(p);
  for (double& v : p) v /= mass;
  return p;
}

State point(const MatrixOperator& op, Index cell) {
  State p(std::size_t(op.size()), 0.0);
  p[std::size_t(cell)] = 1 / op.cell_volume();
  return p;
}

struct Count {
  int steps = 0, rejected = 0;
};

Count advance(TimeStepper& stepper, State& p, double& t, double& dt, double limit) {
  Count count;
  while (t < limit) {
    const StepResult r = stepper.step({t, dt, limit}, p);
    REQUIRE(r.t > t);
    REQUIRE(r.t <= limit);
    t = r.t;
    dt = r.next_dt;
    ++count.steps;
    count.rejected += r.rejected;
  }
  return count;
}

State solve(const MatrixOperator& op, std::string_view name, State p, double end, const StepperOptions& options) {
  const auto stepper = make_stepper(*find_stepper(name), op, options, 0);
  double t = 0, dt = stepper->first_step(0, p, end);
  advance(*stepper, p, t, dt, end);
  return p;
}

/// Rows for one dimension only refuse others.
bool serves(const StepperRow& row, const MatrixOperator& op) {
  try {
    static_cast<void>(make_stepper(row, op, {.dt = 1e-9, .keep_positive = false}, 0));
    return true;
  } catch (const UsageError&) {
    return false;
  }
}

double distance(const MatrixOperator& op, State a, const State& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return op.norm_l1(a);
}

bool same_bits(const State& a, const State& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

}  // namespace

TEST_CASE("every stepper has its declared order with and without a time dependence") {
  for (const bool varying : {false, true}) {
    const MatrixOperator op = ring(varying);
    const State start = bump(op);
    const double end = 2;
    const State exact = solve(op, "rk4", start, end, {.dt = end / 8192, .keep_positive = false});
    for (const StepperRow& row : steppers()) {
      if (row.kinetic) continue;     // of no matrix: test_kinetic.cpp
      if (row.order == 0) continue;  // any accuracy in one step
      CAPTURE(row.name);
      CAPTURE(varying);
      double error[3];
      for (int k = 0; k < 3; ++k) {
        const double dt = end / (row.order == 5 ? 8 << k : 32 << k);
        error[k] = distance(op, solve(op, row.name, start, end, {.dt = dt, .keep_positive = false}), exact);
      }
      const double order = std::log2(error[1] / error[2]);
      CAPTURE(error[2]);
      // On one line alone hundsdorfer_verwer agrees with exp to order 3.
      const bool better = row.name == "hundsdorfer_verwer" && !varying;
      CHECK(order == doctest::Approx(better ? 3 : row.order).epsilon(0.08));
    }
  }
}

TEST_CASE("every stepper keeps mass plus outflow to rounding over 1000 steps") {
  for (const bool varying : {false, true}) {
    MatrixOperator op = drift_diffusion_1d(
        60, -3, 3, [](double x) { return x; }, 1, Ends::open);
    if (varying) op = op.vary([](double t) { return 1 + 0.5 * std::sin(30 * t); });
    for (const StepperRow& row : steppers()) {
      if (row.kinetic) continue;  // of no matrix: test_kinetic.cpp
      for (const double courant : {0.5, 40.0}) {
        if (courant > 1 && !row.implicit) continue;
        CAPTURE(row.name);
        CAPTURE(courant);
        CAPTURE(varying);
        State p = gaussian_1d(op, 0.5, 0.5, 3);
        const double dt = courant / 1.5 * op.stable_step(0), mass = op.mass(p);
        const auto stepper = make_stepper(row, op, {.dt = dt, .keep_positive = row.keeps_sign}, 0);
        double t = 0, worst = 0;
        for (int k = 0; k < 1000; ++k) {
          t = stepper->step({t, dt, 1e9}, p).t;
          worst = std::max(worst, std::abs(op.mass(p) - mass));
        }
        CHECK(p[60] + p[61] > 0.1);
        CHECK(worst < 1e-14);
      }
    }
  }
}

TEST_CASE("p stays nonnegative at the positivity limit of each row and not beyond") {
  // A chain of jumps one way shows every derivative of the stability polynomial: p_j = R^(j)(-dt w) (dt w)^j / j!
  std::vector<Flow> jumps;
  for (Index i = 0; i + 1 < 40; ++i) jumps.push_back({i, i + 1, 1.0, 0});
  const MatrixOperator chain(40, 0, 1.0, jumps);
  const auto least = [&](const StepperRow& row, double courant) {
    const auto stepper = make_stepper(row, chain, {.dt = courant, .keep_positive = row.order == 0}, 0);
    State p = point(chain, 0);
    double lowest = 0;
    for (int k = 0; k < 3; ++k) {
      static_cast<void>(stepper->step({courant * k, courant, 1e9}, p));
      for (const double v : p) lowest = std::min(lowest, v);
    }
    return lowest;
  };
  for (const StepperRow& row : steppers()) {
    if (row.kinetic) continue;  // of no matrix: test_kinetic.cpp
    if (!row.keeps_sign) continue;
    CAPTURE(row.name);
    const bool any = std::isinf(row.positive_limit);
    const double watched = row.name == "crank_nicolson" || row.name == "peaceman_rachford" ? 2
                           : row.name == "rkc2"                                            ? 1
                                                                                           : 2.41;
    const double limit = row.positive_limit > 0 ? row.positive_limit : watched;
    CHECK(least(row, any ? 1e6 : limit * (1 - 1e-12)) == 0);
    if (!any && row.name != "rkc2") CHECK(least(row, limit * 1.05) < -1e-9);  // that of rkc2 depends on its stages
  }
}

TEST_CASE("steps at the limit keep a point start nonnegative on real generators") {
  const MatrixOperator operators[] = {ou_1d(100), ou_1d(60, 6, Ends::open), rotating_ou_2d(16, 5), ring(true)};
  for (const MatrixOperator& op : operators) {
    for (const StepperRow& row : steppers()) {
      if (row.kinetic) continue;  // of no matrix: test_kinetic.cpp
      if (!row.keeps_sign) continue;
      CAPTURE(row.name);
      StepperOptions options;
      if (row.implicit && !row.adaptive) options.dt = 30 * op.stable_step(0);
      const auto stepper = make_stepper(row, op, options, 0);
      State p = point(op, op.cells() / 3);
      double t = 0, dt = stepper->first_step(0, p, 1e3);
      for (int k = 0; k < 200 && t < 1e3; ++k) {
        const StepResult r = stepper->step({t, dt, 1e3}, p);  // throws for a negative cell
        t = r.t;
        dt = r.next_dt;
        for (Index i = 0; i < op.cells(); ++i) REQUIRE(p[std::size_t(i)] >= 0);
      }
    }
  }
}

TEST_CASE("a watched step that goes negative is taken in halves and counted") {
  const MatrixOperator op = ou_1d(100);
  for (const char* name : {"crank_nicolson", "tr_bdf2"}) {
    const double dt = 50 * op.stable_step(0);
    State p = point(op, 40), released = p;
    const StepResult r = make_stepper(*find_stepper(name), op, {.dt = dt}, 0)->step({0, dt, 10}, p);
    CHECK(r.t == dt);
    CHECK(r.next_dt == dt);
    CHECK(r.rejected > 0);
    for (Index i = 0; i < op.cells(); ++i) CHECK(p[std::size_t(i)] >= 0);
    const StepResult free =
        make_stepper(*find_stepper(name), op, {.dt = dt, .keep_positive = false}, 0)->step({0, dt, 10}, released);
    CHECK(free.rejected == 0);
    CHECK(released[40] < 0);
  }
}

TEST_CASE("every stepper lands on its limits to the bit and keeps its untruncated dt") {
  const double limits[] = {0.1, 0.2, 0.30000000000000004, 0.37, 0.3700001, 1.0};
  for (const bool varying : {false, true}) {
    const MatrixOperator op = ring(varying);
    for (const StepperRow& row : steppers()) {
      if (row.kinetic) continue;  // of no matrix: test_kinetic.cpp
      CAPTURE(row.name);
      for (const bool fixed : {true, false}) {
        if (!fixed && row.implicit && !row.adaptive) continue;
        StepperOptions options{.tolerance = 1e-5, .keep_positive = row.keeps_sign};
        if (fixed) options.dt = 0.07;
        const auto stepper = make_stepper(row, op, options, 0);
        State p = bump(op);
        double t = 0, dt = stepper->first_step(0, p, 0.1), before = 0;
        for (const double limit : limits) {
          if (limit == 0.3700001) before = dt;
          advance(*stepper, p, t, dt, limit);
          CHECK(t == limit);
          if (limit == 0.3700001)
            CHECK(dt >= before / 2);  // one step length at most; no trace of the 1e-7 it just took
          if (fixed) CHECK(dt == 0.07);
        }
      }
    }
  }
}

TEST_CASE("a run taken up at an output by a fresh stepper equals the unbroken one to the bit") {
  for (const bool varying : {false, true}) {
    const MatrixOperator op = varying ? ring(true) : ou_1d(80);
    for (const StepperRow& row : steppers()) {
      if (row.kinetic) continue;  // of no matrix: test_kinetic.cpp
      CAPTURE(row.name);
      CAPTURE(varying);
      StepperOptions options{.tolerance = 1e-5, .keep_positive = row.keeps_sign};
      if (row.implicit && !row.adaptive) options.dt = 0.013;
      State p = varying ? bump(op) : gaussian_1d(op, 2, 0.3), q, unbroken;
      double t = 0, dt = 0, t_stop = 0, dt_stop = 0;
      {
        const auto stepper = make_stepper(row, op, options, 0);
        dt = stepper->first_step(0, p, 0.1);
        for (int k = 1; k <= 10; ++k) {
          advance(*stepper, p, t, dt, k * 1.0 / 10);
          if (k == 4) q = p, t_stop = t, dt_stop = dt;
        }
      }
      const auto fresh = make_stepper(row, op, options, 0);
      for (int k = 5; k <= 10; ++k) advance(*fresh, q, t_stop, dt_stop, k * 1.0 / 10);
      CHECK(same_bits(p, q));
      CHECK(dt == dt_stop);
    }
  }
}

TEST_CASE("no stepper allocates inside a step once it has been there") {
  const MatrixOperator plane = rotating_ou_2d(10, 3), line = ou_1d(50, 6, Ends::open);
  for (const MatrixOperator* op : {&line, &plane}) {
    for (const StepperRow& row : steppers()) {
      if (row.kinetic) continue;  // of no matrix: test_kinetic.cpp
      if (!serves(row, *op)) continue;
      CAPTURE(row.name);
      const double dt = 0.2 * op->stable_step(0);
      const auto stepper = make_stepper(row, *op, {.dt = dt, .keep_positive = row.keeps_sign}, 0);
      State p = point(*op, 25);
      double t = stepper->step({0, dt, 1}, p).t;
      const std::size_t before = allocations;
      for (int k = 0; k < 5; ++k) t = stepper->step({t, dt, 1}, p).t;
      CHECK(allocations == before);
    }
    for (const char* name : {"tr_bdf2", "dopri5"}) {
      CAPTURE(name);
      const auto stepper = make_stepper(*find_stepper(name), *op, {}, 0);
      State p = point(*op, 25), warm = p;
      double t = 0, dt = stepper->first_step(0, p, 1);
      const double dt0 = dt;
      for (int k = 0; k < 6; ++k) {
        const StepResult r = stepper->step({t, dt, 1}, warm);
        t = r.t, dt = r.next_dt;
      }
      const std::size_t before = allocations;
      t = 0, dt = dt0;
      for (int k = 0; k < 6; ++k) {
        const StepResult r = stepper->step({t, dt, 1}, p);
        t = r.t, dt = r.next_dt;
      }
      CHECK(allocations == before);
    }
  }
}

TEST_CASE("holding a form at a density allocates nothing in a step either") {
  const auto line = grid_1d(axis(-3, 3, 40, Boundary::absorbing)), plane = grid_2d(axis(-3, 3, 12), axis(-3, 3, 12));
  const auto spring = [](double x, double y) { return std::array{-x - y, x - y}; };
  const auto noise = [](double, double) { return std::array{0.5, 0.0, 0.5}; };
  for (const auto& form : {make_log_difference(line, sde_1d([](double x) { return -x; }, [](double) { return 0.5; }),
                                               find_reconstruction("huynh")),
                           make_log_difference(plane, sde_2d(spring, noise, true), find_reconstruction("huynh"))}) {
    const auto stepper = make_stepper(*find_stepper("frozen_generator"), form->op(), {.tolerance = 1e-3}, 0);
    State p(std::size_t(form->op().size()), 0.0);
    p[30] = 1 / form->op().cell_volume();
    double t = 0, dt = stepper->first_step(0, p, 1);
    std::size_t before = 0;
    for (int k = 0; k < 6; ++k) {
      if (k == 3) before = allocations;
      const StepResult r = stepper->step({t, dt, 1}, p);
      t = r.t, dt = r.next_dt;
    }
    CHECK(allocations == before);
  }
}

TEST_CASE("stiff modes die at once under the stiffly stable rows") {
  const MatrixOperator outflow(1, 1, 1.0, {{0, 1, 1e9, 0}});
  const auto left = [&](const char* name) {
    return std::abs(solve(outflow, name, {1.0, 0.0}, 1, {.dt = 1.0, .keep_positive = false})[0]);
  };
  CHECK(left("backward_euler") < 2e-9);
  CHECK(left("tr_bdf2") < 1e-8);
  CHECK(left("crank_nicolson") > 0.99);  // only A-stable, as its row says
}
