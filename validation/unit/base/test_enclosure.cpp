// Freezes what bounds of formulas promise: they hold for every point of an interval, are sharp enough to decide, and
// say where a condition in time alone has no single answer.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "fokker/base/enclosure.hpp"
#include "fokker/base/tape.hpp"

using namespace fokker;

namespace {

const std::vector<std::string> names{"x", "t"};

Expression formula(const char* text) { return parse_expression(text, names); }

Interval bounds(const char* text, Interval x, Interval t) {
  const Expression e = formula(text);
  Enclosure enclosure({&e, 1}, names);
  enclosure.move_to(t);
  const Interval point[] = {x};
  enclosure.look_at(point);
  return enclosure.of(0);
}

bool decided(const char* text, Interval t) {
  const Expression e = formula(text);
  Enclosure enclosure({&e, 1}, names);
  enclosure.move_to(t);
  return enclosure.decided();
}

}  // namespace

TEST_CASE("bounds hold at every point and shrink with the interval") {
  const char* const texts[] = {"-x + sin(3*t)",
                               "x^3*exp(-((t - 0.5)/0.3)^2)",
                               "(0.1 + 19.9*t)*x/(1 + x^2)",
                               "cos(7*t)^2 + sqrt(1.5 + x)",
                               "if(x < t, x, t^2) + abs(x - t)",
                               "min(x, t)*max(x, 2*t) + sign(x - 0.4*t)",
                               "2^(x*t) - t^(-2.5)",
                               "log(2 + x*t)/(t + 3) + erf(x) - erfc(t)",
                               "tanh(5*(x - t)) + sinh(x)*cosh(t) + atan2(x, t)",
                               "acos(x/3) + asin(t/2) + atan(x*t) + tan(x/3)",
                               "(x >= t) + (x*x == t) - (x != t)*(t <= 1)",
                               "x^-3*t + (x - 3)^4"};
  std::mt19937 random(7);
  std::uniform_real_distribution<double> fraction(0, 1);
  for (const char* text : texts) {
    CAPTURE(text);
    const Expression e = formula(text);
    for (int round = 0; round < 40; ++round) {
      const double x = -1.4 + 2.8 * fraction(random), t = 0.05 + 1.7 * fraction(random);
      const double width = std::pow(10.0, -3 * fraction(random));
      const Interval where{x, x + 0.1 * width}, when{t, t + 0.2 * width};
      const Interval all = bounds(text, where, when);
      for (int k = 0; k < 20; ++k) {
        const double point[] = {where.low + (where.high - where.low) * fraction(random),
                                when.low + (when.high - when.low) * fraction(random)};
        const double value = evaluate_at(e, names, point);
        if (std::isnan(value)) continue;
        CAPTURE(point[0]);
        CAPTURE(point[1]);
        CHECK(value >= all.low);
        CHECK(value <= all.high);
      }
    }
  }
  const Interval narrow = bounds("x^3*exp(-((t - 0.5)/0.3)^2)", {1, 1 + 1e-9}, {0.4, 0.4 + 1e-9});
  CHECK(narrow.high - narrow.low < 1e-7);
  CHECK(bounds("1/(t - 0.3)", {0, 0}, {0.2, 0.4}).high == std::numeric_limits<double>::infinity());
  CHECK(bounds("sqrt(0.3 - t)", {0, 0}, {0.4, 0.5}).low == -std::numeric_limits<double>::infinity());
  CHECK(bounds("20*exp(-((t - 0.5)/1e-6)^2)", {0, 0}, {0, 1}).high >= 20);
}

TEST_CASE("a switch in time alone is undecided on intervals that hold it and nowhere else") {
  CHECK(decided("if(t < 0.3, 0, 1)*x", {0, 0.29999}));
  CHECK_FALSE(decided("if(t < 0.3, 0, 1)*x", {0.2, 0.3}));
  CHECK(decided("if(t < 0.3, 0, 1)*x", {0.3, 7}));
  CHECK(decided("if((t > 0.52)*(t < 0.535), 50, 0)", {0.6, 1}));
  CHECK_FALSE(decided("if((t > 0.52)*(t < 0.535), 50, 0)", {0, 1}));
  CHECK(decided("if((t > 0.2) + (t < 0.7) == 2, 1, 2)", {0.3, 0.6}));
  CHECK(decided("abs(t - 2)*max(t, -1) + sign(t + 1)", {0, 1}));
  CHECK_FALSE(decided("abs(sin(t))", {3, 4}));
  CHECK(decided("abs(sin(t))", {3.2, 4}));
  CHECK_FALSE(decided("sqrt(0.7 - t)", {0.6, 0.8}));
  CHECK(decided("if(x < t, 0, 1)", {0, 1}));  // a question to time and point together
}

TEST_CASE("what was assumed of a switch holds up to the very end of an interval") {
  const Expression e = formula("if(sin(50*t) > 0.9, x, 3) + abs(t - 0.5)");
  Enclosure enclosure({&e, 1}, names);
  std::vector<double> answers;
  for (const Expression& each : enclosure.switches())
    answers.push_back(evaluate_at(each, std::vector<std::string>{"t"}, std::vector<double>{0.1}));
  enclosure.assume(answers);
  enclosure.move_to({0.06, 0.14});
  CHECK(enclosure.decided());
  const Interval point[] = {{100, 100}};
  enclosure.look_at(point);
  CHECK(enclosure.of(0).low > 3.35);
  CHECK(enclosure.of(0).high < 3.45);
}

TEST_CASE("conditions of time and point together are told from those of either alone") {
  const Expression e = formula("if(x < t, 1, 0) + if(x < 0.25, 1, 0)");
  Enclosure enclosure({&e, 1}, names);
  enclosure.move_to({0.4, 0.5});
  const Interval far[] = {{0.2, 0.3}}, near[] = {{0.4, 0.45}};
  enclosure.look_at(far);
  CHECK_FALSE(enclosure.sweeps());
  enclosure.look_at(near);
  CHECK(enclosure.sweeps());
  CHECK_FALSE(enclosure.of_time_alone());
}
