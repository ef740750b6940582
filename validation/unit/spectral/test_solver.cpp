// Freezes the pseudo-spectral solution: closed forms to 1e-8 and better in every kind of equation it knows, an error
// estimate that is an upper bound, mass to rounding, the same bits for any number of threads, and what it refuses.
#include <doctest/doctest.h>

#include <cmath>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/spectral/solver.hpp"
#include "spectral_support.hpp"

using namespace spectral_support;

namespace {

constexpr double tolerance = 1e-10;

/// Solves to `end` and compares with the closed form; the solver's own estimate must cover the distance.
double closed_form_error(const std::shared_ptr<const Grid>& grid, const std::shared_ptr<const FormulaSde>& equation,
                         const GaussianMixture& start, double end) {
  SpectralSolver solver(grid, equation, averages(grid, start), end, tolerance);
  solver.advance(end / 3);
  solver.advance(end);
  const Field own = solver.density();
  CHECK(std::abs(own.mass() - 1) < 1e-14);
  CHECK(solver.distrust() == "");
  const double error = l1(own, averages(grid, ClosedForm(*equation->linear(), start, end).at(end)));
  CHECK(error < solver.errors().total() + 1e-14);  // rounding is not estimated
  return error;
}

std::string refusal(const std::shared_ptr<const Grid>& grid, const std::shared_ptr<const FormulaSde>& equation,
                    const Field& start, double end = 1) {
  try {
    SpectralSolver(grid, equation, start, end, tolerance);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("closed forms in 1D") {
  const auto grid = line(-5, 5, 256);
  CHECK(closed_form_error(grid, sde({"-x"}, {"0.3"}), gaussian(1, 0.1), 1) < 1e-10);
  CHECK(closed_form_error(grid, sde({"0"}, {"0.2"}), gaussian(0.3, 0.05), 0.5) <
        1e-12);  // one factor, no error in time
  const GaussianMixture two({{0.4, Eigen::VectorXd::Constant(1, -1), Eigen::MatrixXd::Constant(1, 1, 0.05)},
                             {0.6, Eigen::VectorXd::Constant(1, 0.5), Eigen::MatrixXd::Constant(1, 1, 0.16)}});
  CHECK(closed_form_error(line(-8, 8, 256), sde({"-(0.1 + 19.9*t)*x/2"}, {"(0.1 + 19.9*t)/2"}), two, 0.5) < 1e-8);
  CHECK(closed_form_error(grid, sde({"cos(t)"}, {"0.02*(1 + sin(9*t))"}), gaussian(-1, 0.1), 2) < 1e-9);
}

TEST_CASE("closed forms in 2D with a full tensor and rotation") {
  const auto grid = plane(5, 128);
  CHECK(closed_form_error(grid, sde({"-x - 2*y", "2*x - y"}, {"0.3", "0.1", "0.1", "0.2"}),
                          gaussian(1, -0.5, 0.12, 0.03, 0.15), 0.7) < 1e-8);
  // noise along one axis only: the other is damped by shear alone
  CHECK(closed_form_error(grid, sde({"y", "-x - y"}, {"0", "0", "0", "0.3"}), gaussian(0.5, 0, 0.15, 0, 0.15), 1) <
        1e-8);
}

TEST_CASE("noise that is switched is integrated across its jumps") {
  const auto grid = line(-8, 8, 256);
  CHECK(closed_form_error(grid, sde({"0"}, {"0.3 + 200^(t - 1)/9"}), gaussian(0, 0.1), 1.2) < 1e-9);
  const auto switched = sde({"0"}, {"if(t < 0.31, 0.5, 0.1)"});
  SpectralSolver solver(grid, switched, averages(grid, gaussian(0, 0.1)), 1, tolerance);
  solver.advance(1);
  CHECK(l1(solver.density(), averages(grid, gaussian(0, 0.1 + 2 * (0.31 * 0.5 + 0.69 * 0.1)))) < 1e-9);
  CHECK(solver.errors().time < 1e-8);
}

TEST_CASE("noise that depends on the point keeps its stationary distribution") {
  const auto circle = line(0, 6.283185307179586, 64, P);
  SpectralSolver solver(circle, sde({"0"}, {"1 + 0.5*sin(x)"}), averages(circle, "1"), 20, tolerance);
  solver.advance(20);  // div div (D p) = 0: p is C / D
  CHECK(l1(solver.density(), averages(circle, "1/(1 + 0.5*sin(x))")) < 1e-8);
}

TEST_CASE("a full tensor that depends on the point keeps its stationary distribution") {
  // f = D grad log p + div D and a swirl J of zero divergence over p; log p = cos x + sin y.
  const auto torus = std::make_shared<const Grid>(
      std::vector<Axis>{{"x", 0, 6.283185307179586, 48, P, P}, {"y", 0, 6.283185307179586, 40, P, P}});
  const std::string xx = "(1 + 0.3*cos(y))", xy = "0.2*sin(x + y)", yy = "(0.8 + 0.2*sin(x))";
  const auto equation = sde(
      {xx + "*(-sin(x)) + " + xy + "*cos(y) + 0.2*cos(x + y)", xy + "*(-sin(x)) + " + yy + "*cos(y) + 0.2*cos(x + y)"},
      {xx, xy, xy, yy});
  const Field distribution = averages(torus, "exp(cos(x) + sin(y))");
  SpectralSolver stays(torus, equation, distribution, 2, tolerance);
  stays.advance(2);
  CHECK(l1(stays.density(), distribution) < 1e-9);
  SpectralSolver relaxes(torus, equation, averages(torus, "1 + 0.5*cos(x - y)"), 30, tolerance);
  relaxes.advance(30);
  CHECK(l1(relaxes.density(), distribution) < 1e-8);
}

TEST_CASE("walls without normal drift are mirrors") {
  const auto grid = line(0, 1, 64);
  SpectralSolver heat(grid, sde({"0"}, {"0.5"}), averages(grid, "1 + cos(pi*x)*0.7"), 0.2, tolerance);
  CHECK(heat.torus().mirrored(0));
  heat.advance(0.2);
  CHECK(l1(heat.density(), averages(grid, "1 + cos(pi*x)*0.7*exp(-pi^2*0.5*t)", 0.2)) < 1e-12);
  // drift and noise that vary, stationary distribution exp(cos(2 pi x)): f = D (log p)' + D'
  const auto varied = sde({"-(0.3 + 0.1*cos(pi*x))*2*pi*sin(2*pi*x) - 0.1*pi*sin(pi*x)"}, {"0.3 + 0.1*cos(pi*x)"});
  const Field distribution = averages(grid, "exp(cos(2*pi*x))");
  SpectralSolver solver(grid, varied, averages(grid, "1"), 20, tolerance);
  CHECK(solver.torus().mirrored(0));
  solver.advance(20);
  CHECK(l1(solver.density(), distribution) < 1e-8);
  // both axes, with a cross term that vanishes on the walls and is odd across them
  const auto box = plane(1, 32);
  const auto tensor = sde({"0", "0"}, {"0.4", "0.2*sin(pi*x)*sin(pi*y)", "0.2*sin(pi*x)*sin(pi*y)", "0.3"});
  SpectralSolver both(box, tensor, averages(box, "1 + 0.5*cos(pi*x)*cos(pi*y)"), 0.1, tolerance);
  CHECK(both.torus().mirrored(0));
  CHECK(both.torus().mirrored(1));
  both.advance(0.1);
  const auto wide = std::make_shared<const Grid>(std::vector<Axis>{{"x", -1, 1, 32, P, P}, {"y", -1, 1, 32, P, P}});
  SpectralSolver same(wide, tensor, averages(wide, "1 + 0.5*cos(pi*x)*cos(pi*y)"), 0.1, tolerance);
  same.advance(0.1);  // the coefficients are 2-periodic and mirror-symmetric: the circle is another way to say it
  CHECK((both.density().values - same.density().values).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("the estimated error in time falls with the tolerance and covers the true one") {
  const auto grid = line(-5, 5, 128);
  const auto equation = sde({"-3*x"}, {"0.3"});
  const GaussianMixture start = gaussian(1, 0.2);
  const Field exact = averages(grid, ClosedForm(*equation->linear(), start, 1).at(1));
  double last = 1;
  for (const double asked : {1e-5, 1e-7, 1e-9}) {
    SpectralSolver solver(grid, equation, averages(grid, start), 1, asked);
    solver.advance(1);
    const double error = l1(solver.density(), exact);
    CHECK(error < solver.errors().total());
    CHECK(error < last / 10);
    last = error;
  }
}

TEST_CASE("one thread and two give the same bits") {
  const auto bits = [](int threads) {
    const ThreadLimit limit(threads);
    const auto grid = plane(4, 96);
    SpectralSolver solver(grid, sde({"-x - y", "x - y + sin(t)"}, {"0.3 + x^2/100", "0.1", "0.1", "0.2"}),
                          averages(grid, gaussian(0.5, 0, 0.2, 0, 0.2)), 0.1, 1e-8);
    solver.advance(0.1);
    const Field p = solver.density();
    return std::vector<double>(p.values.begin(), p.values.end());
  };
  CHECK(bits(1) == bits(2));
}

TEST_CASE("what cannot be trusted from the start is refused with the reason") {
  const auto grid = line(-5, 5, 100);
  const auto ou = sde({"-x"}, {"0.3"});
  const Field good = averages(grid, gaussian(0, 0.3));
  CHECK(refusal(grid, ou, good) == "");
  const auto open = line(-5, 5, 100, A);
  CHECK(holds(refusal(open, ou, averages(open, gaussian(0, 0.3))), "side x_lower absorbs"));
  CHECK(holds(refusal(grid, sde({"-x"}, {"0"}), good), "D = 0"));
  CHECK(holds(refusal(grid, ou, averages(grid, gaussian(3, 0.3))), "within two cells of a wall"));
  CHECK(holds(refusal(grid, ou, averages(grid, gaussian(0, 0.02))), "too narrow for its cells"));
  Field point(grid);
  point.values[grid->find(std::vector{0.2})] = 1 / grid->volume();
  CHECK(holds(refusal(grid, ou, point), "too narrow for its cells"));
  const auto wide = line(-100, 100, 4000);
  CHECK(holds(refusal(wide, sde({"-x"}, {"1 + x^2"}), averages(wide, gaussian(0, 1))), "D varies so much"));
  CHECK(holds(refusal(line(-5, 5, 4), ou, averages(line(-5, 5, 4), gaussian(0, 0.3))), "fewer than 8 cells"));
}

TEST_CASE("what goes wrong on the way is said") {
  // contracted until it is narrower than a cell
  const auto grid = line(-3, 3, 100);
  SpectralSolver narrow(grid, sde({"-x"}, {"1e-4"}), averages(grid, gaussian(0, 0.1)), 2, tolerance);
  narrow.advance(0.3);
  CHECK(narrow.distrust() == "");
  narrow.advance(2);
  CHECK(holds(narrow.distrust(), "too narrow for its cells"));
  // driven into a wall
  SpectralSolver wall(grid, sde({"1"}, {"0.1"}), averages(grid, gaussian(0, 0.1)), 3, tolerance);
  wall.advance(0.2);
  CHECK(wall.distrust() == "");
  wall.advance(3);
  CHECK(holds(wall.distrust(), "within two cells of a wall"));
  // a coefficient that ends
  SpectralSolver ends(grid, sde({"-x/sqrt(0.5 - t)"}, {"0.1"}), averages(grid, gaussian(0, 0.1)), 1, tolerance);
  CHECK_THROWS_AS(ends.advance(1), NumericalError);
}
