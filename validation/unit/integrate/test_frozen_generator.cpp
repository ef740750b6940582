// Freezes frozen_generator on forms that are not linear in p: order 2 in dt, mass and outflow to rounding, p >= 0, an
// error estimate that sees what it does, the other form's bits where nothing has to be held, and what it refuses.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/scheme/effective_drift.hpp"
#include "watched_steps.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary R = Boundary::reflecting, A = Boundary::absorbing, P = Boundary::periodic;

/// From p to `end`; dt 0: adaptive.
Outcome solve(const Operator& op, std::vector<double> p, double end, double dt, double tolerance = 1e-6,
              std::string_view name = "frozen_generator") {
  StepperOptions options{.tolerance = tolerance};
  if (dt > 0) options.dt = dt;
  return watched_steps(op, name, std::move(p), end, options);
}

std::vector<double> packet(const Grid& grid, double mean, double variance) { return gaussian(grid, mean, 0, variance); }

std::shared_ptr<LambdaSde> spring_1d() {
  return sde_1d([](double x) { return -x; }, [](double) { return 0.5; });
}
std::shared_ptr<LambdaSde> spring_2d() {
  return sde_2d(
      [](double x, double y) {
        return std::array{-x - y, x - y};
      },
      [](double, double) {
        return std::array{0.5, 0.0, 0.5};
      },
      true);
}

TEST_CASE("fixed steps of a held generator converge with order 2 to the exact solution in time") {
  struct Problem {
    std::string name;
    std::shared_ptr<const Grid> grid;
    std::shared_ptr<LambdaSde> sde;
  };
  auto moved = spring_1d();
  moved->a = [](double x, double, double t) { return std::array{std::sin(4 * t) - (1 + t) * x, 0.0}; };
  moved->known = {.diagonal = true, .diffusion_autonomous = true};
  const Problem problems[] = {{"line", grid_1d(axis(-5, 5, 80)), spring_1d()},
                              {"moved", grid_1d(axis(-5, 5, 80)), moved},
                              {"plane", grid_2d(axis(-4, 4, 32), axis(-4, 4, 32, R, R, "y")), spring_2d()}};
  for (const Problem& problem : problems) {
    CAPTURE(problem.name);
    const auto form = make_log_difference(problem.grid, problem.sde, find_reconstruction("z"), 2, {0, 1});
    const auto start = packet(*problem.grid, 0.8, 0.3);
    const double end = 0.5;
    const Outcome exact = solve(form->op(), start, end, 0.4 * form->op().stable_step(0), 0, "ssprk3");
    double error[3];
    for (int k = 0; k < 3; ++k) {
      const Outcome out = solve(form->op(), start, end, end / (8 << k));
      CHECK(out.rejected == 0);
      error[k] = l1_distance(form->op(), out.p, exact.p);
    }
    CAPTURE(error[0]);
    CAPTURE(error[1]);
    CAPTURE(error[2]);
    CHECK(std::log2(error[1] / error[2]) == doctest::Approx(2).epsilon(0.15));
    CHECK(end / 8 > 5 * form->op().stable_step(0));
  }
}

TEST_CASE("mass and outflow hold to rounding and no cell is negative from points and jumps on all kinds of sides") {
  struct Problem {
    std::string name;
    std::shared_ptr<const Grid> grid;
    std::shared_ptr<LambdaSde> sde;
  };
  const auto current = sde_1d([](double) { return 1.5; }, [](double x) { return 0.2 + 0.1 * std::sin(2 * x); });
  const Problem problems[] = {{"line", grid_1d(axis(-3, 3, 60, A, A)), spring_1d()},
                              {"ring", grid_1d(axis(-std::numbers::pi, std::numbers::pi, 60, P, P)), current},
                              {"plane", grid_2d(axis(-3, 3, 22, A, R), axis(-3, 3, 20, P, P, "y")), spring_2d()}};
  for (const Problem& problem : problems) {
    CAPTURE(problem.name);
    const auto form = make_log_difference(problem.grid, problem.sde, find_reconstruction("huynh"));
    const Index cells = problem.grid->cells();
    for (const bool point : {true, false}) {
      std::vector<double> p(form->op().size(), 0.0);
      if (point) p[cells / 2] = 1 / problem.grid->volume();
      for (Index i = cells / 3; !point && i < cells / 2; ++i)
        p[i] = 1 / problem.grid->volume() / static_cast<double>(cells / 2 - cells / 3);
      const Outcome out = solve(form->op(), p, 0.5, 0, 1e-4);
      CHECK(out.least >= 0);
      CHECK(out.mass_error < 1e-13);
      const Outcome small = solve(form->op(), p, 0.5, 0.4 * form->op().stable_step(0), 0, "ssprk3");
      CHECK(l1_distance(form->op(), out.p, small.p) < 3e-3);
    }
  }
}

TEST_CASE("an equilibrium of the form stays where it is") {
  const auto grid = grid_1d(axis(-2.5, 2.5, 100));
  auto well = sde_1d([](double x) { return x - x * x * x; }, [](double) { return 0.1; });
  const auto form = make_log_difference(grid, well, find_reconstruction("huynh"));
  const auto p = averages(*grid, [](double x, double) { return std::exp((x * x / 2 - x * x * x * x / 4) / 0.1); });
  const Outcome out = solve(form->op(), p, 50, 0);
  CHECK(l1_distance(form->op(), out.p, p) < 1e-11 * largest(p));
  CHECK(out.steps < 60);
}

TEST_CASE("cells that sink below the smallest double do not hold the steps") {
  const auto grid = grid_1d(axis(-40, 40, 400));
  const auto form = make_log_difference(grid, sde_1d([](double x) { return -x; }, [](double) { return 0.05; }),
                                        find_reconstruction("huynh"));
  const Outcome out = solve(form->op(), packet(*grid, 20, 9), 3, 0, 1e-4);
  CHECK(*std::min_element(out.p.begin(), out.p.end()) == 0);
  CAPTURE(out.steps);
  CHECK(out.steps < 390);  // 347; 442 where a step that empties a cell is followed by half of it
}

TEST_CASE("where the rates do not depend on p the steps are those of the other form to the bit") {
  const auto grid = grid_1d(axis(-3, 3, 60, A, R));
  const auto twin = make_flux_consistent(grid, spring_1d(), flux("scharfetter_gummel"));
  const auto other = make_drift_diffusion(grid, spring_1d(), flux("scharfetter_gummel"));
  const auto p = packet(*grid, 0.5, 0.2);
  const Outcome a = solve(twin->op(), p, 1, 0), b = solve(other->op(), p, 1, 0);
  CHECK(a.p == b.p);
  CHECK(a.steps == b.steps);
  const Outcome known = solve(other->op(), p, 1, 0, 1e-8, "tr_bdf2");
  CHECK(l1_distance(other->op(), a.p, known.p) < 1e-4);
}

TEST_CASE("a tensor that gets cross terms on the way ends the run instead of losing them") {
  const auto grid = grid_2d(axis(-3, 3, 16), axis(-3, 3, 16, R, R, "y"));
  auto sde = spring_2d();
  sde->D = [](double, double, double t) { return std::array{0.5, t > 0.3 ? 0.2 : 0.0, 0.5}; };
  sde->known = {};
  const auto form = make_log_difference(grid, sde, find_reconstruction("huynh"), 2, {0, 1});
  CHECK_THROWS_WITH_AS(solve(form->op(), packet(*grid, 0, 0.4), 1, 0, 1e-4), doctest::Contains("cross terms"),
                       NumericalError);
  CHECK(choose_stepper(form->op(), 2, {}, 0, 1e6).row->name == "ssprk3");
  const auto linear = make_drift_diffusion(grid, sde, flux("scharfetter_gummel"), {0, 1});
  CHECK(choose_stepper(linear->op(), 2, {}, 0, 1e3).row->name != "peaceman_rachford");
  CHECK_THROWS_WITH_AS(solve(linear->op(), packet(*grid, 0, 0.4), 1, 0, 1e-4, "peaceman_rachford"),
                       doctest::Contains("cross terms"), NumericalError);
}

std::string refusal(const Operator& op, std::string_view name) {
  try {
    static_cast<void>(make_stepper(*find_stepper(name), op, {}, 0));
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

TEST_CASE("what is refused says why and what to take and so does auto") {
  const auto line = grid_1d(axis(-3, 3, 60));
  const auto plane = grid_2d(axis(-3, 3, 16), axis(-3, 3, 16, R, R, "y"));
  const auto turning = [](double x, double y) { return std::array{-x - y, x - y}; };
  const auto only_y = sde_2d(
      turning,
      [](double, double) {
        return std::array{0.0, 0.0, 0.3};
      },
      true);
  const auto tilted = sde_2d(
      turning,
      [](double, double) {
        return std::array{0.5, 0.2, 0.5};
      },
      false);
  const auto log = find_reconstruction("huynh");
  const auto good = make_log_difference(line, spring_1d(), log), skew = make_log_difference(plane, tilted, log),
             limited = make_log_difference(plane, only_y, log);
  CHECK(refusal(good->op(), "frozen_generator").empty());
  CHECK(refusal(limited->op(), "frozen_generator") ==
        "frozen_generator needs a flux that is a Markov generator at a density that is held, and this flux carries "
        "drift without diffusion by a limiter: take ssprk3");
  CHECK(refusal(skew->op(), "frozen_generator") ==
        "frozen_generator solves along the axes one after the other and has no place for the cross terms of a full "
        "diffusion tensor: take ssprk3, or scheme.form = \"drift_diffusion\"");
  CHECK(refusal(good->op(), "tr_bdf2") ==
        "tr_bdf2 solves linear systems and this flux is not linear in p: take frozen_generator");
  CHECK(refusal(skew->op(), "tr_bdf2") ==
        "tr_bdf2 solves linear systems and this flux is not linear in p: take ssprk3");
  CHECK(refusal(good->op(), "chebyshev") ==
        "chebyshev takes the exponential of a matrix and this flux is not linear in p: take frozen_generator or rkc2");
  const auto linear = make_drift_diffusion(plane, tilted, flux("scharfetter_gummel"));
  CHECK(refusal(linear->op(), "frozen_generator") ==
        "frozen_generator has no place for the cross terms of a full diffusion tensor: take hundsdorfer_verwer");

  const auto fine = make_log_difference(grid_1d(axis(-3, 3, 1600)), spring_1d(), log);
  CHECK(choose_stepper(fine->op(), 1, {}, 0, 1).row->name == "frozen_generator");
  CHECK(choose_stepper(fine->op(), 1, {.dt = 0.01}, 0, 1).row->name == "frozen_generator");
  CHECK(choose_stepper(fine->op(), 1, {.dt = 0.9 * fine->op().stable_step(0)}, 0, 1).row->name == "ssprk3");
  CHECK(choose_stepper(good->op(), 1, {}, 0, 1e-3).row->name == "ssprk3");
  CHECK(choose_stepper(skew->op(), 2, {}, 0, 100).row->name == "ssprk3");
  CHECK(choose_stepper(limited->op(), 2, {}, 0, 100).row->name == "ssprk3");
}

}  // namespace
}  // namespace fokker
