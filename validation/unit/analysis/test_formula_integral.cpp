// Freezes what is asked of a density by formulas: jumps inside cells and at faces, however thin what they cut out, in
// both dimensions and when they move; poles and what is no condition are refused with the place.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "fokker/analysis/formula_integral.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"

using namespace fokker;

namespace {

using Of = FormulaIntegral::Of;

double cdf(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

/// A standard normal density on n cells of [-8, 8], or n x n.
struct Normal {
  std::shared_ptr<const Grid> grid;
  std::vector<double> p;
  std::vector<std::string> variables;

  explicit Normal(Index n, std::size_t dimension = 1, double middle = 0, Boundary side = Boundary::reflecting) {
    std::vector<Axis> axes{{"x", -8, 8, n, side, side}};
    if (dimension > 1) axes.push_back({"y", -8, 8, n + 1, side, side});
    grid = std::make_shared<const Grid>(axes);
    for (Index j = 0; j < grid->ny(); ++j)
      for (Index i = 0; i < n; ++i)
        p.push_back(average(axes[0], i, middle) * (dimension > 1 ? average(axes[1], j, 0) : 1));
    for (const Axis& axis : axes) variables.push_back(axis.name);
    variables.emplace_back("t");
  }
  [[nodiscard]] FormulaIntegral integral(const std::string& formula, Of of) const {
    return {grid, parse_expression(formula, variables), variables, of};
  }
  [[nodiscard]] double ask(const std::string& formula, Of of, double t = 0) const {
    return integral(formula, of).of(t, p);
  }
  [[nodiscard]] double probability(const std::string& condition, double t = 0) const {
    return ask(condition, Of::probability, t);
  }
  [[nodiscard]] double mean(const std::string& formula, double t = 0) const { return ask(formula, Of::mean, t); }
  /// What is refused, and the time.
  [[nodiscard]] std::string refusal(const std::string& formula, Of of, double t = 0) const try {
    static_cast<void>(ask(formula, of, t));
    return "";
  } catch (const NumericalError& error) {
    CHECK(error.time() == t);
    return error.what();
  }

 private:
  static double average(const Axis& axis, Index i, double middle) {
    return (cdf(axis.face(i + 1) - middle) - cdf(axis.face(i) - middle)) / axis.width();
  }
};

}  // namespace

TEST_CASE("a condition whose edge lies inside a cell is right to the order of the reconstruction") {
  std::array<double, 3> error{};
  for (std::size_t k = 0; k < 3; ++k) {
    const Normal at(40L << k);
    for (int cut = 1; cut < 40; ++cut) {  // everywhere in the cells
      const double x = -2 + 0.0987654 * cut;
      error[k] = std::max(
          error[k], std::abs(at.probability("x > " + std::to_string(x)) - (1 - cdf(std::stod(std::to_string(x))))));
    }
  }
  CHECK(error[2] < 5e-6);
  CHECK(std::log2(error[0] / error[1]) > 3.7);
  CHECK(std::log2(error[1] / error[2]) > 3.8);
}

TEST_CASE("an edge at a face cuts nothing and mirrored conditions share the mass") {
  const Normal at(64);
  double upper = 0;
  for (Index i = 36; i < 64; ++i) upper += at.p[static_cast<std::size_t>(i)] * at.grid->volume();
  CHECK(at.probability("x > 1") == doctest::Approx(upper).epsilon(1e-15));
  CHECK(at.probability("x >= 1") == doctest::Approx(upper).epsilon(1e-15));
  CHECK(at.probability("x < 0.37") == doctest::Approx(at.probability("x > -0.37")).epsilon(1e-14));
  CHECK(at.probability("x < 0.37") + at.probability("x >= 0.37") == doctest::Approx(1).epsilon(1e-14));
  CHECK(at.probability("1") == doctest::Approx(1).epsilon(1e-14));
  CHECK(at.probability("x == 0.3") == 0);
  CHECK(at.probability("x > 9") == 0);
}

TEST_CASE("nothing is too thin to be seen and no tail too far") {
  const Normal at(64);
  const double density = std::exp(-0.3001 * 0.3001 / 2) / std::sqrt(2 * std::numbers::pi);
  CHECK(at.probability("abs(x - 0.3001) < 1e-9") == doctest::Approx(2e-9 * density).epsilon(2e-4));
  CHECK(at.probability("(x > 0.3)*(x < 0.3 + 1e-9)") == doctest::Approx(1e-9 * density).epsilon(2e-3));
  CHECK(at.probability("sin(300*x) > 0") == doctest::Approx(0.5).epsilon(1e-6));
  CHECK_FALSE(at.integral("sin(300*x) > 0", Of::probability).coarse());
  CHECK(at.integral("sin(30000*x) > 0", Of::probability).coarse());
  const Normal far(160, 1, -46);  // density below 1e-300 all along
  CHECK(far.p.back() == 0);
  CHECK(far.probability("x > -7.987") >= 0);
  CHECK(far.probability("x > -7.987") < 1e-300);
}

TEST_CASE("a probability stays between 0 and the mass where cells are too wide for a parabola") {
  const Normal at(9);  // sigma is half a cell
  for (int cut = 1; cut < 60; ++cut) {
    const double beyond = at.probability("x > " + std::to_string(0.13 * cut));
    CHECK(beyond >= 0);
    CHECK(beyond <= 1);
  }
}

TEST_CASE("expectations of what bends or jumps are of the order of the reconstruction") {
  const auto error = [](Index n, const char* formula, double exact) {
    return std::abs(Normal(n).mean(formula) - exact);
  };
  const double half = std::exp(-0.3 * 0.3 / 2) / std::sqrt(2 * std::numbers::pi);
  const double bend = 2 * half + 0.3 * (2 * cdf(0.3) - 1);
  CHECK(error(80, "abs(x - 0.3)", bend) < 2e-5);
  CHECK(std::log2(error(80, "abs(x - 0.3)", bend) / error(160, "abs(x - 0.3)", bend)) > 3.5);
  CHECK(error(160, "if(x > 0.3, x, 0)", half) < 1e-6);
  CHECK(error(160, "max(x - 0.3, 0)", half - 0.3 * (1 - cdf(0.3))) < 1e-6);
  CHECK(error(400, "log(abs(x - 0.3))", Normal(6400).mean("log(abs(x - 0.3))")) < 2e-3);
}

TEST_CASE("what changes within a cell is seen however narrow it is") {
  const Normal at(64);  // cells of 1/4
  const double density = std::exp(-0.3 * 0.3 / 2) / std::sqrt(2 * std::numbers::pi),
               unit = 1 / std::sqrt(std::numbers::pi);
  for (const double width : {0.1, 1e-2, 1e-3}) {
    const std::string peak = "exp(-((x - 0.3)/" + std::to_string(width) + ")^2)/" + std::to_string(width);
    CHECK(unit * at.mean(peak) == doctest::Approx(density).epsilon(3e-3));  // its width and p, a parabola per cell
    CHECK(unit * at.mean("exp(-((x - 0.3*t)/1e-3)^2)/1e-3", 1) == doctest::Approx(density).epsilon(1e-3));
  }
  CHECK(at.mean("cos(40*x)^2") == doctest::Approx(0.5).epsilon(1e-6));
  CHECK_FALSE(at.integral("cos(40*x)^2", Of::mean).coarse());
  CHECK(at.integral("cos(40000*x)^2", Of::mean).coarse());
  CHECK(at.mean("(x - 1)^6") == doctest::Approx(1 + 15 + 45 + 15).epsilon(1e-3));
  for (const char* smooth : {"x^6 - 6*x^5 + 15*x^4 - 20*x^3 + 15*x^2 - 6*x + 1", "exp(5*x)", "x*exp(-x^2)*sin(3*x)"})
    CHECK_FALSE(at.integral(smooth, Of::mean).coarse());
  const Normal plane(32, 2);
  CHECK(plane.mean("exp(-(((x - 0.3)/0.01)^2 + (y/0.01)^2))/1e-4") / std::numbers::pi ==
        doctest::Approx(density / std::sqrt(2 * std::numbers::pi)).epsilon(0.02));
}

TEST_CASE("what moves is cut anew and a factor of time is taken out") {
  const Normal at(160);
  CHECK(at.probability("x > t", 0.777) == doctest::Approx(1 - cdf(0.777)).epsilon(1e-6));
  CHECK(at.probability("x > cos(t)", 1.3) == doctest::Approx(1 - cdf(std::cos(1.3))).epsilon(1e-6));
  CHECK(at.probability("if(t > 1, x > 0, x < 0.5)", 0.5) == doctest::Approx(cdf(0.5)).epsilon(1e-6));
  const FormulaIntegral product = at.integral("x^2*cos(t)", Of::mean), wave = at.integral("cos(x - t)", Of::mean);
  CHECK(product.prepared());
  CHECK_FALSE(wave.prepared());
  CHECK(product.of(0.4, at.p) == doctest::Approx(std::cos(0.4)).epsilon(1e-6));
  CHECK(wave.of(0.4, at.p) == doctest::Approx(std::cos(0.4) * std::exp(-0.5)).epsilon(1e-5));
  CHECK(at.integral("x^2", Of::mean).of(3, at.p) ==
        doctest::Approx(expectation(*at.grid, at.p, parse_expression("x^2", std::vector<std::string>{"x"}),
                                    std::vector<std::string>{"x"}))
            .epsilon(1e-14));
}

TEST_CASE("curves cut cells of a plane") {
  const Normal at(64, 2), fine(128, 2);
  const double disc = 1 - std::exp(-1.1 / 2);
  CHECK(at.probability("x^2 + y^2 < 1.1") == doctest::Approx(disc).epsilon(2e-4));
  CHECK(std::log2(std::abs(at.probability("x^2 + y^2 < 1.1") - disc) /
                  std::abs(fine.probability("x^2 + y^2 < 1.1") - disc)) > 3.5);
  CHECK(at.probability("(x > 0.1)*(y > 0.23)") == doctest::Approx(cdf(-0.1) * cdf(-0.23)).epsilon(2e-4));
  CHECK(at.probability("min(x > y, x > -y)") == doctest::Approx(0.25).epsilon(1e-3));
  CHECK_FALSE(at.integral("min(x > y, x > -y)", Of::probability).coarse());
  CHECK(at.probability("max(x > 0.1, y > 0.23)") == doctest::Approx(1 - cdf(0.1) * cdf(0.23)).epsilon(2e-4));
  CHECK(at.probability("x*y > 0") == doctest::Approx(0.5).epsilon(1e-12));
  CHECK(at.probability("x - 2*y > 0.7") == doctest::Approx(cdf(-0.7 / std::sqrt(5.))).epsilon(1e-4));
  CHECK(at.probability("abs(x^2 + y^2 - 1) < 1e-4") == doctest::Approx(1e-4 * std::exp(-0.5)).epsilon(1e-3));
  CHECK(at.probability("(x - 0.3)^2 + (y - 0.2)^2 < 1e-4") ==  // an island inside of a cell
        doctest::Approx(1e-4 / 2 * std::exp(-(0.3 * 0.3 + 0.2 * 0.2) / 2)).epsilon(3e-3));
  CHECK(at.probability("atan2(y, x) > 0.4") == doctest::Approx(0.5 - 0.2 / std::numbers::pi).epsilon(1e-4));
  CHECK(at.probability("x*cos(t) + y*sin(t) > 0.3", 0.7) == doctest::Approx(cdf(-0.3)).epsilon(1e-4));
  CHECK(fine.mean("abs(x - y)") == doctest::Approx(2 / std::sqrt(std::numbers::pi)).epsilon(1e-5));
  CHECK(fine.mean("sqrt(x^2 + y^2)") == doctest::Approx(std::sqrt(std::numbers::pi / 2)).epsilon(1e-4));
}

TEST_CASE("a condition on a ring sees both ends of the axis") {
  const Normal at(64, 1, 0, Boundary::periodic);
  CHECK(at.probability("cos(pi*x/8) < cos(pi*7.93/8)") ==
        doctest::Approx(2 * (at.probability("x > 7.93"))).epsilon(1e-6));
  CHECK(at.probability("abs(x) < 0.61") == doctest::Approx(1 - 2 * cdf(-0.61)).epsilon(1e-3));
}

TEST_CASE("what is not finite has its place in the message") {
  const Normal at(64), plane(32, 2);
  CHECK(at.refusal("1/x", Of::mean) == "has a pole without an integral at x = -2.5e-07");
  CHECK(at.refusal("1/(x - 0.3)^2", Of::mean).starts_with("has a pole without an integral at x = 0.3"));
  CHECK(at.refusal("tan(x)", Of::mean).starts_with("has a pole without an integral at x = -7.85398"));
  CHECK(at.refusal("1/(1 - cos(x - 0.3))", Of::mean).starts_with("has a pole without an integral at x = "));
  CHECK(at.refusal("log(x)", Of::mean) == "is not a number at x = -7.98264");
  CHECK(at.refusal("exp(1000*x)", Of::mean).starts_with("is infinite at x = 0.7"));
  CHECK(at.refusal("1/(x - t)", Of::mean, 0.25).starts_with("has a pole without an integral at x = 0.2"));
  CHECK(plane.refusal("1/(x - y - 0.1)", Of::mean).starts_with("has a pole without an integral at x = "));
  CHECK(plane.refusal("1/(x^2 + y^2)", Of::mean).starts_with("has a pole without an integral at x = "));
  CHECK(plane.refusal("sqrt(x + y)", Of::mean) == "is not a number at x = -7.96528, y = -7.96634");
  CHECK(at.refusal("1/sqrt(abs(x))", Of::mean).empty());
  CHECK(at.refusal("sin(x)/x", Of::mean).empty());
  CHECK(plane.refusal("log(x^2 + y^2)", Of::mean).empty());
  CHECK(plane.refusal("1/sqrt(x^2 + y^2)", Of::mean).empty());
}

TEST_CASE("what is no condition is told from one by its values") {
  const Normal at(64);
  const std::string what = "is no condition, which is 0 or 1 (a comparison, or a product of some)";
  CHECK(at.refusal("x", Of::probability) == what + ": -7.875 at x = -7.875");
  CHECK(at.refusal("(x > 0.01) + (x > 0.02)", Of::probability).starts_with(what + ": 2 at x = "));
  CHECK(at.refusal("sqrt(x) > 1", Of::probability).empty());  // no number is not above 1
  CHECK(at.probability("sqrt(x) > 1") == doctest::Approx(at.probability("x > 1")).epsilon(1e-12));
  CHECK(at.probability("1/x > 3") == doctest::Approx(cdf(1. / 3) - 0.5).epsilon(1e-3));
}

TEST_CASE("answers have the same bits for any number of threads") {
  const Normal at(200, 2);
  std::vector<double> one, two;
  for (std::vector<double>* answers : {&one, &two}) {
    const ThreadLimit threads(answers == &one ? 1 : 2);
    for (const char* formula : {"x^2*y", "cos(x - t)*(y > t)", "abs(x - y)"}) answers->push_back(at.mean(formula, 0.3));
    answers->push_back(at.probability("x^2 + y^2 < 1 + t", 0.3));
  }
  CHECK(one == two);
}
