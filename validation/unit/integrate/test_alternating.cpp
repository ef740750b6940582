// Freezes alternating directions on the operators they are made for: order 2 in time for diagonal and full tensors with
// and without a time dependence, stability with cross terms and strong drift, mass, positivity, the same bits on any
// number of threads, what is refused, and that swapping the axes changes the answer by the splitting error alone.
#include <cstring>
#include <string>

#include "../scheme/lambda_sde.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/integrate/stepper.hpp"
#include "fokker/operator/axis_splitting.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

using State = std::vector<double>;
constexpr auto torus = Boundary::periodic, wall = Boundary::reflecting, sink = Boundary::absorbing;

enum class Time { none, factor, general };

struct Example {
  std::shared_ptr<const Grid> grid;
  std::unique_ptr<Form> form;
  [[nodiscard]] const Operator& op() const { return form->op(); }
};

Example example(const std::shared_ptr<const Grid>& grid, const std::shared_ptr<LambdaSde>& sde) {
  return {grid, make_drift_diffusion(grid, sde, flux("scharfetter_gummel"))};
}

/// A distribution that is carried round a torus while it spreads.
Example carried(bool full, Time time, Index n = 20) {
  const auto g = [](double t) { return 1 + 0.5 * std::sin(5 * t); };
  const auto a = [](double x, double y) { return std::array{1 + 0.5 * std::sin(y), 0.7 + 0.3 * std::cos(x)}; };
  const auto D = [full](double x, double) { return std::array{0.5 + 0.1 * std::cos(x), full ? 0.3 : 0.0, 0.4}; };
  auto sde = sde_2d(a, D, !full);
  if (time != Time::none) {
    sde->known.autonomous = sde->known.diffusion_autonomous = false;
    const auto base = sde_2d(a, D, !full);
    if (time == Time::factor) sde->factor = TimeSeparated{base, g};
    const bool apart = time == Time::general;  // velocity and diffusion each at a time of their own
    sde->a = [a, g, apart](double x, double y, double t) {
      const double scale = apart ? g(2 * t) : g(t);
      return std::array{scale * a(x, y)[0], scale * a(x, y)[1]};
    };
    sde->D = [D, g](double x, double y, double t) {
      return std::array{g(t) * D(x, y)[0], g(t) * D(x, y)[1], g(t) * D(x, y)[2]};
    };
  }
  const double circle = 2 * std::numbers::pi;
  return example(grid_2d(axis(0, circle, n, torus, torus), axis(0, circle, n + 2, torus, torus, "y")), sde);
}

State bump(const Example& p, double x0, double y0, double narrow) {
  State state(static_cast<std::size_t>(p.op().size()), 0.0);
  const PointsIn at = p.grid->centers();
  for (Index i = 0; i < p.op().cells(); ++i)
    state[i] = std::exp(narrow * (std::cos(at.axis[0][i] - x0) + std::cos(at.axis[1][i] - y0)));
  const double all = mass(p.op(), state);
  for (double& v : state) v /= all;
  return state;
}

State run(const Example& p, std::string_view name, State state, double end, const StepperOptions& options,
          int* rejected = nullptr) {
  const auto stepper = make_stepper(*find_stepper(name), p.op(), options, 0);
  double t = 0, dt = stepper->first_step(0, state, end);
  while (t < end) {
    const StepResult r = stepper->step({t, dt, end}, state);
    t = r.t, dt = r.next_dt;
    if (rejected != nullptr) *rejected += r.rejected;
  }
  return state;
}

double distance(const Operator& op, State a, const State& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return op.norm_l1(a);
}

/// N(0, I)-like start in a box with a drift of the given strength, which turns, and a tensor tilted by 30 degrees.
Example turning(double omega, double ratio, double D, bool full, Index n = 24) {
  const double c = std::sqrt(0.75), s = 0.5;
  const std::array tensor{D * (c * c + s * s / ratio), full ? D * c * s * (1 - 1 / ratio) : 0.0,
                          D * (s * s + c * c / ratio)};
  return example(grid_2d(axis(-3, 3, n), axis(-3, 3, n, wall, wall, "y")),
                 sde_2d(
                     [omega](double x, double y) {
                       return std::array{-x - omega * y, omega * x - y};
                     },
                     [tensor](double, double) { return tensor; }, !full));
}

}  // namespace

TEST_CASE("alternating directions are of order 2 with and without cross terms and time dependence") {
  for (const bool full : {false, true}) {
    for (const Time time : {Time::none, Time::factor, Time::general}) {
      const Example p = carried(full, time);
      const State start = bump(p, 2, 3, 2);
      const State exact = run(p, "rk4", start, 1, {.dt = 1.0 / 512, .keep_positive = false});
      for (const char* name : {"peaceman_rachford", "hundsdorfer_verwer"}) {
        if (full && std::string(name) == "peaceman_rachford") continue;
        CAPTURE(std::string(name));
        CAPTURE(full);
        CAPTURE(static_cast<int>(time));
        double error[3];
        for (int k = 0; k < 3; ++k)
          error[k] = distance(p.op(), run(p, name, start, 1, {.dt = 1.0 / (20 << k), .keep_positive = false}), exact);
        CAPTURE(error[0]);
        CAPTURE(error[2]);
        CHECK(error[2] < 2e-3);
        const double order = std::log2(error[1] / error[2]);
        CHECK(order > 1.85);  // hundsdorfer_verwer is of order 3 as long as the parts commute, as they nearly do here
        CHECK(order < (name == std::string("hundsdorfer_verwer") ? 3.1 : 2.15));
      }
    }
  }
}

TEST_CASE("alternating directions stay bounded with cross terms and drift of any strength") {
  // l1 of a random start, which a generator never lets grow. Sweeps that commute may be of any length; cross terms are
  // good for 100 explicit steps, drift that turns for 10, whatever its strength.
  for (const double omega : {0.0, 1.0, 100.0})
    for (const double D : {1e-6, 1e-3, 1.0, 1e3})
      for (const double ratio : {1.0, 10.0, 1000.0})
        for (const double courant : {1.0, 10.0, 100.0, 1e5}) {
          const bool full = ratio > 1;
          if (courant > (omega > 0 ? 10 : full ? 100 : 1e5)) continue;
          const Example p = turning(omega, ratio, D, full);
          CAPTURE(omega);
          CAPTURE(D);
          CAPTURE(ratio);
          CAPTURE(courant);
          const State start = random_state(p.op());
          const double size = p.op().norm_l1(start), dt = courant * p.op().stable_step(0);
          for (const char* name : {"peaceman_rachford", "hundsdorfer_verwer"}) {
            if (full && std::string(name) == "peaceman_rachford") continue;
            CAPTURE(std::string(name));
            const State end = run(p, name, start, 200 * dt, {.dt = dt, .keep_positive = false});
            CHECK(p.op().norm_l1(end) < 4 * size);
            // The closing sums add fluxes gamma w times as large as p.
            CHECK(mass(p.op(), end) == doctest::Approx(mass(p.op(), start)).epsilon(1e-13 + 1e-15 * courant));
          }
        }
}

TEST_CASE("alternating directions keep mass plus outflow to rounding and a divided step nonnegative") {
  const auto spring = [](double x, double y) { return std::array{1 - x, 0.5 - y}; };
  const std::array ends{sink, wall};
  for (const bool full : {false, true}) {
    const Example p = example(grid_2d(axis(-2, 2, 33, ends[0], ends[1]), axis(-2, 2, 30, sink, sink, "y")),
                              sde_2d(
                                  spring,
                                  [full](double, double) {
                                    return std::array{0.5, full ? 0.3 : 0, 0.4};
                                  },
                                  !full));
    for (const char* name : {"peaceman_rachford", "hundsdorfer_verwer"}) {
      if (full && std::string(name) == "peaceman_rachford") continue;
      CAPTURE(std::string(name));
      CAPTURE(full);
      const double dt = 10 * p.op().stable_step(0);
      const bool watched = std::string(name) == "peaceman_rachford";
      const auto stepper = make_stepper(*find_stepper(name), p.op(), {.dt = dt, .keep_positive = watched}, 0);
      State state(static_cast<std::size_t>(p.op().size()), 0.0);
      state[33 * 15 + 16] = 1 / p.op().cell_volume();  // a point: the first steps go negative and are divided
      double t = 0, worst = 0;
      int rejected = 0;
      for (int k = 0; k < 1000; ++k) {
        const StepResult r = stepper->step({t, dt, 1e9}, state);
        t = r.t;
        rejected += r.rejected;
        worst = std::max(worst, std::abs(mass(p.op(), state) - 1));
        for (Index i = 0; i < p.op().cells() && watched; ++i) REQUIRE(state[i] >= 0);
      }
      CHECK((rejected > 0) == watched);
      CHECK(worst < 2e-14);
      double outflow = 0;
      for (Index l = p.op().cells(); l < p.op().size(); ++l) outflow += state[l];
      CHECK(outflow > 0.1);
    }
  }
}

TEST_CASE("adaptive alternating steps have errors that follow the tolerance and few lengths") {
  const Example p = turning(2, 1, 0.5, false, 48);
  State start(static_cast<std::size_t>(p.op().size()), 0.0);
  const PointsIn at = p.grid->centers();
  for (Index i = 0; i < p.op().cells(); ++i)
    start[i] = std::exp(-5 * (std::pow(at.axis[0][i] - 1, 2) + std::pow(at.axis[1][i], 2)));
  const double all = mass(p.op(), start);
  for (double& v : start) v /= all;
  const State exact = run(p, "rk4", start, 1, {.dt = 1.0 / 2048, .keep_positive = false});
  for (const bool keep : {false, true}) {
    double error[2];
    for (int k = 0; k < 2; ++k) {
      const double tolerance = k == 0 ? 1e-3 : 1e-5;
      const auto stepper =
          make_stepper(*find_stepper("peaceman_rachford"), p.op(), {.tolerance = tolerance, .keep_positive = keep}, 0);
      State state = start;
      double t = 0, dt = stepper->first_step(0, state, 1);
      int steps = 0, rejected = 0;
      while (t < 1) {
        const StepResult r = stepper->step({t, dt, 1}, state);
        t = r.t, dt = r.next_dt, rejected += r.rejected, ++steps;
      }
      error[k] = distance(p.op(), state, exact);
      CAPTURE(tolerance);
      CAPTURE(keep);
      CHECK(error[k] < 2 * std::pow(tolerance / 10, 2.0 / 3));
      CHECK(rejected == 0);
      CHECK(stepper->factorisations() <= 20);
      CHECK(stepper->rhs_evaluations() <= 2 * 2.7 * steps);  // two sweeps a step: the halves, and 0.7 of the wholes
    }
    CHECK(std::log(error[0] / error[1]) / std::log(100.0) == doctest::Approx(2.0 / 3).epsilon(0.1));
  }
}

TEST_CASE("peaceman_rachford is positive up to its bound along one axis") {
  // gamma times the exit rate along one axis at most 1: no step of a point start is divided, however long the run.
  const Example p = turning(5, 1, 0.5, false, 20);
  const AxisSplitting& d = *p.op().linear()->on_edges()->split(0).parts;
  double largest_rate = 0;
  for (const int k : {0, 1})
    for (Index panel = 0; panel < d.panels(k); ++panel)
      for (Index i = 0; i < d.cells(k) * AxisSplitting::lanes; ++i)
        largest_rate =
            std::max(largest_rate,
                     d.up(k, panel)[i] + (i < AxisSplitting::lanes ? 0 : d.down(k, panel)[i - AxisSplitting::lanes]));
  const double bound = 2 / largest_rate;
  CHECK(bound > 1.9 * p.op().stable_step(0));  // twice what both axes together allow, or nearly
  State state(static_cast<std::size_t>(p.op().size()), 0.0);
  state[20 * 3 + 4] = 1 / p.op().cell_volume();
  int rejected = 0;
  state = run(p, "peaceman_rachford", state, 500 * bound, {.dt = bound * (1 - 1e-12)}, &rejected);
  CHECK(rejected == 0);
}

TEST_CASE("alternating directions give the same bits on any number of threads") {
  for (const char* name : {"peaceman_rachford", "hundsdorfer_verwer"}) {
    CAPTURE(std::string(name));
    const Example p = carried(false, Time::factor, 150);
    const State start = bump(p, 2, 3, 2);
    State one;
    {
      const ThreadLimit limit(1);
      one = run(p, name, start, 0.1, {.tolerance = 1e-4, .keep_positive = false});
    }
    const State many = run(p, name, start, 0.1, {.tolerance = 1e-4, .keep_positive = false});
    CHECK(std::memcmp(one.data(), many.data(), one.size() * sizeof(double)) == 0);
  }
}

TEST_CASE("swapping the axes changes alternating directions by their splitting error only") {
  const auto made = [](bool swapped) {
    const auto a = [](double x, double y) { return std::array{-x - 3 * y, 2 * x - y}; };
    const auto D = [](double x, double) { return std::array{0.5 + 0.1 * x * x, 0.2, 0.4}; };
    const auto sde = swapped ? sde_2d(
                                   [a](double x, double y) {
                                     return std::array{a(y, x)[1], a(y, x)[0]};
                                   },
                                   [D](double x, double y) {
                                     return std::array{D(y, x)[2], D(y, x)[1], D(y, x)[0]};
                                   },
                                   false)
                             : sde_2d(a, D, false);
    return example(grid_2d(axis(-3, 3, 24), axis(-3, 3, 24, wall, wall, "y")), sde);
  };
  const Example p = made(false), q = made(true);
  const State start = bump(p, 0.5, 0, 2), swapped_start = bump(q, 0, 0.5, 2);
  double difference[2];
  for (int k = 0; k < 2; ++k) {
    const StepperOptions options{.dt = 0.02 / (1 << k), .keep_positive = false};
    const State one = run(p, "hundsdorfer_verwer", start, 0.4, options);
    const State other = run(q, "hundsdorfer_verwer", swapped_start, 0.4, options);
    State turned(one.size());
    for (std::size_t j = 0; j < 24; ++j)
      for (std::size_t i = 0; i < 24; ++i) turned[j + 24 * i] = other[i + 24 * j];
    difference[k] = distance(p.op(), turned, one);
  }
  CHECK(difference[0] < 1e-3);
  CHECK(difference[1] < difference[0] / 3.5);
}

TEST_CASE("the error of adaptive alternating directions follows the tolerance") {
  for (const bool full : {false, true}) {
    const Example p = carried(full, Time::factor);
    const State start = bump(p, 2, 3, 2);
    const State exact = run(p, "rk4", start, 1, {.dt = 1.0 / 512, .keep_positive = false});
    for (const char* name : {"peaceman_rachford", "hundsdorfer_verwer"}) {
      if (full && std::string(name) == "peaceman_rachford") continue;
      CAPTURE(std::string(name));
      for (const double tolerance : {1e-3, 1e-5}) {
        CAPTURE(tolerance);
        const State end = run(p, name, start, 1, {.tolerance = tolerance, .keep_positive = false});
        CHECK(distance(p.op(), end, exact) < 3 * std::pow(tolerance, 2.0 / 3));
      }
    }
  }
}

TEST_CASE("what alternating directions cannot do is refused with a way out") {
  const auto refusal = [](std::string_view name, const Operator& op, bool keep) -> std::string {
    try {
      static_cast<void>(make_stepper(*find_stepper(name), op, {.keep_positive = keep}, 0));
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  const Example full = carried(true, Time::none);
  CHECK(refusal("peaceman_rachford", full.op(), true) ==
        "peaceman_rachford has no place for the cross terms of a full diffusion tensor: take hundsdorfer_verwer");
  CHECK(refusal("hundsdorfer_verwer", full.op(), false).empty());
  CHECK(refusal("hundsdorfer_verwer", full.op(), true) ==
        "hundsdorfer_verwer keeps p >= 0 at no step size: set scheme.positive = false, or take tr_bdf2");
  CHECK(refusal("peaceman_rachford", carried(false, Time::none).op(), true).empty());
}
