// Freezes what rounding may have done to a formula: enough for what cancels, and no more than a few units in the last
// place of the terms that cancel.
#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include "fokker/base/rounding.hpp"

using namespace fokker;

namespace {

Rounded at(const std::string& text, double x) {
  const std::vector<std::string> names{"x"};
  return evaluate_with_rounding(parse_expression(text, names), names, {&x, 1});
}

}  // namespace

TEST_CASE("rounding covers what cancels and stays in the units of the terms") {
  struct Row {
    const char* text;
    double x, exact, scale;  // scale: of the largest term
  };
  for (const Row& row :
       {Row{"sin(x)^2 + cos(x)^2 - 1", 0.7, 0, 1}, Row{"(1e6 + x)^2 - 1e12 - 2e6*x - x^2", 0.3, 0, 1e12},
        Row{"exp(log(x) + 1 - 1) - x", 3.3, 0, 3.3}, Row{"1 - x^2", 1, 0, 1},
        Row{"sqrt(x) * sqrt(x) - x + tanh(x - 2) - tanh(x - 2)", 2.1, 0, 2.1}}) {
    CAPTURE(row.text);
    const Rounded found = at(row.text, row.x);
    CHECK(std::abs(found.value - row.exact) <= found.error);
    CHECK(found.error <= 1e-13 * row.scale);
  }
  CHECK(at("-1", 1e13).error < 1e-14);
  CHECK(at("x - 1e-3", 0).error < 1e-17);
  CHECK(at("if(x > 0, 1e9*x - 1e9*x - x, 1e30)", 1e-3).error < 1e-17);  // the other branch has no part in it
}

TEST_CASE("rounding of values that are not smooth or not defined nearby") {
  CHECK(at("sqrt(x)", 0).error == 0);
  CHECK(at("sqrt(sin(x) - sin(x + 1 - 1))", 0.3).error < 1e-7);
  CHECK(at("sign(x)", 0).value == 0);
  CHECK(at("abs(x - 2)", 2).error < 1e-14);
  CHECK(at("max(x, 1)", 3).value == 3);
  CHECK_THROWS_AS((void)evaluate_with_rounding(Expression::variable("z"), {}, {}), std::invalid_argument);
}
