// Freezes who may solve implicit steps by iteration: multigrid where nobody asks for p >= 0, the direct solver where it
// is kept; both take the same step to far below the tolerance, and keep the mass to rounding.
#include <doctest/doctest.h>

#include <algorithm>

#include "../scheme/lambda_sde.hpp"
#include "fokker/integrate/stepper.hpp"

using namespace fokker;
using namespace fokker::test;

TEST_CASE("steps without the promise of p >= 0 go through multigrid and agree with direct ones") {
  const auto sde = sde_2d(
      [](double x, double y) {
        return std::array{-x + 1.5 * y, -y - 1.5 * x};
      },
      [](double, double) {
        return std::array{0.5, 0.0, 0.5};
      },
      true);
  const auto grid = grid_2d(axis(-4, 4, 128, Boundary::absorbing), axis(-4, 4, 128));
  const auto form = make_drift_diffusion(grid, sde, flux("scharfetter_gummel"));
  const Operator& op = form->op();
  std::vector<double> start = averages(*grid, [](double x, double y) {
    return std::exp(-(x - 1) * (x - 1) / 0.4 - y * y / 0.4) / (0.4 * std::numbers::pi);
  });
  for (const char* name : {"backward_euler", "crank_nicolson", "tr_bdf2"}) {
    CAPTURE(name);
    std::vector<double> ends[2];
    for (const bool keep : {true, false}) {
      std::vector<double>& p = ends[keep ? 0 : 1] = start;
      const auto stepper = make_stepper(*find_stepper(name), op, {.dt = 0.02, .keep_positive = keep}, 0);
      double t = 0, dt = 0.02;
      while (t < 0.1) {
        const StepResult done = stepper->step({t, dt, 0.1}, p);
        t = done.t;
        dt = done.next_dt;
      }
      CHECK(std::abs(mass(op, p) - mass(op, start)) < 1e-13);
    }
    CHECK(l1_distance(op, ends[0], ends[1]) < 1e-8);
    CHECK(l1_distance(op, ends[0], ends[1]) > 0);  // another solver
    CHECK(*std::min_element(ends[0].begin(), ends[0].end()) >= 0);
  }
}
