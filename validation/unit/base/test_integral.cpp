// Guards that integrals in closed form are integrals: their derivative is the formula, they vanish at 0, and what is
// not known is not guessed.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "fokker/base/expression.hpp"
#include "fokker/base/tape.hpp"

using namespace fokker;

namespace {

const std::vector<std::string> names{"t"};

Expression parse(const std::string& text) { return parse_expression(text, names); }

double at(const Expression& e, double t) { return evaluate_at(e, names, {&t, 1}); }

}  // namespace

TEST_CASE("an integral has the formula as its derivative and vanishes at 0") {
  for (const char* text : {"3", "0.1 + 19.9*t", "t^5 - 2*t^2", "exp(-3*t + 1)", "(1 + t)^2*(t - 2)", "t^3*exp(2*t)",
                           "t^2*sin(3*t + 1)", "t*cos(t) - 4*cosh(2*t) + t*sinh(t)", "2^t", "t*0.05*100^t",
                           "(0.05*100^t)^2*2*log(100)", "sqrt(1 + 2*t)", "1/(3 - t)", "1/(1 + t)^2", "sqrt(t)",
                           "(pi/1.008)*tan(pi*(t + 0.008)/2.016)", "tan(0.3 - t)", "-tan(4 + t/9)"}) {
    const Expression formula = parse(text);
    const auto integral = integral_from_zero(formula, "t");
    REQUIRE_MESSAGE(integral, text);
    CHECK_MESSAGE(at(*integral, 0) == doctest::Approx(0).epsilon(1e-14), text);
    const Expression back = derivative(*integral, "t");
    for (const double t : {0.013, 0.2, 0.61, 0.95})
      CHECK_MESSAGE(std::abs(at(back, t) - at(formula, t)) <= 1e-12 * (1 + std::abs(at(formula, t))), text, " at ", t);
  }
}

TEST_CASE("an integral that is not known is not guessed") {
  for (const char* text : {"exp(t^2)", "1/t", "t^-2", "sin(t)*cos(t)", "t*tan(t)", "abs(t - 0.5)", "log(1 + t)",
                           "1/(1 + t^2)", "if(t < 0.5, 1, 2)", "t^1.5*exp(t)"})
    CHECK_FALSE_MESSAGE(integral_from_zero(parse(text), "t"), text);
}
