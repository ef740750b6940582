// Freezes the grammar (values of texts against C++) and the wording and caret of every error, because both are what a
// user of a case file meets first.
#include <doctest/doctest.h>

#include <chrono>
#include <limits>

#include "formulas.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

Expression sine(const Expression& u) {
  const std::vector<std::string> names{"u"};
  return substitute(parse_expression("sin(u)", names), {{"u", u}});
}

}  // namespace

TEST_CASE("the grammar: precedence and associativity") {
  struct Row {
    const char* text;
    double value;
  };
  const double x = 1.3, y = 0.4;
  const Row rows[] = {
      {"1 + 2*3", 7},
      {"(1 + 2)*3", 9},
      {"2^3^2", 512},
      {"-2^2", -4},
      {"(-2)^2", 4},
      {"2^-1", 0.5},
      {"2^-1^2", 0.5},
      {"-2^-2", -0.25},
      {"8/4/2", 1},
      {"8/4*2", 4},
      {"7 - 2 - 3", 2},
      {"2 - -3", 5},
      {"--3", 3},
      {"+3", 3},
      {"2*-3", -6},
      {"1/3", 1.0 / 3.0},
      {"49/49", 1},
      {"-x^2", -x * x},
      {"x - y - x", -y},
      {"x/y/2", x / y / 2},
      {"x^2^y", std::pow(x, std::pow(2, y))},
      {"1e-3", 1e-3},
      {"1.5E+2", 150},
      {".5", 0.5},
      {"5.", 5},
      {"2*e", 2 * 2.718281828459045},
      {"pi", 3.141592653589793},
      {"1 < 2", 1},
      {"2 < 1", 0},
      {"2 <= 2", 1},
      {"2 > 1", 1},
      {"2 >= 3", 0},
      {"2 == 2", 1},
      {"2 != 2", 0},
      {"1 + 1 < 1 + 2", 1},
      {"(x > 1)*(y < 1)", 1},
      {"if(x > 1, y, 7)", y},
      {"if(x < 1, y, 7)", 7},
      {"min(x, y) + max(x, y)", x + y},
      {" \t( x )\n", x},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(at(parse(row.text), x, y) == doctest::Approx(row.value).epsilon(1e-15));
  }
}

TEST_CASE("every error says what was found and where") {
  struct Row {
    std::string text;
    std::size_t caret;
    const char* message;
  };
  const Row rows[] = {
      {"", 0, "the formula is empty"},
      {"   ", 0, "the formula is empty"},
      {"sin()", 0, "sin needs 1 argument, got 0; write sin(x)"},
      {"x + atan2(y)", 4, "atan2 needs 2 arguments, got 1; write atan2(y, x)"},
      {"min(x)", 0, "min needs 2 arguments, got 1; write min(a, b)"},
      {"if(x, 1)", 0, "if needs 3 arguments, got 2; write if(c, a, b)"},
      {"sqrt(x, y)", 0, "sqrt needs 1 argument, got 2; write sqrt(x)"},
      {"sin x", 0, "'sin' is a function; write sin(...)"},
      {"x(3)", 1, "'x' is not a function; write * to multiply"},
      {"pi(3)", 2, "'pi' is not a function; write * to multiply"},
      {"1 + thta", 4, "unknown name 'thta'; did you mean 'theta'?"},
      {"sine(x)", 0, "unknown name 'sine'; did you mean 'sin'?"},
      {"velocity", 0, "unknown name 'velocity'; known here: x, y, t, theta, mu"},
      {"2x", 1, "expected an operator or the end, found 'x'; write * to multiply"},
      {"1_000", 1, "expected an operator or the end, found '_000'; numbers in formulas stand without _"},
      {"(x)(y)", 3, "expected an operator or the end, found '('; write * to multiply"},
      {"1.2.3", 3, "expected an operator or the end, found '.3'; write * to multiply"},
      {"x = y", 2, "expected an operator or the end, found '='; write == to compare"},
      {"x**2", 1, "expected an operator or the end, found '*'; write ^ for a power"},
      {"1 < x < 2", 6, "expected an operator or the end, found '<'; comparisons do not chain: write (a < b)*(b < c)"},
      {"x)", 1, "expected an operator or the end, found ')'"},
      {"(x + 1", 6, "the '(' at column 1 is never closed"},
      {"2*sin(x", 7, "the '(' at column 6 is never closed"},
      {"2 +", 3, "expected a number, a name or '(', found the end"},
      {"x * / y", 4, "expected a number, a name or '(', found '/'"},
      {"x, y", 1, "expected an operator or the end, found ','"},
      {"x \xe2\x88\x92 y", 2,
       "expected an operator or the end, found '\xe2\x88\x92'; write - for minus (this is a sign that only looks like "
       "it)"},
      {"0,5*x", 1, "expected an operator or the end, found ','; decimals are written with a point"},
      {"x**2", 1, "expected an operator or the end, found '*'; write ^ for a power"},
      {"2*x**y", 3, "expected an operator or the end, found '*'; write ^ for a power"},
      {"pow(x, 2)", 0, "unknown name 'pow'; write a^b for a power"},
      {"1 + ln(x)", 4, "unknown name 'ln'; write log(x), the natural logarithm"},
      {"where(x > 0, 1, 2)", 0, "unknown name 'where'; write if(c, a, b)"},
      {"np.exp(-x)", 0, "unknown name 'np.exp'; write exp alone: formulas have no modules"},
      {"numpy.power(x, 2)", 0, "unknown name 'numpy.power'; write a^b for a power"},
      {"Sin(x)", 0, "unknown name 'Sin'; write sin, in small letters"},
      {"PI*x", 0, "unknown name 'PI'; write pi, in small letters"},
      {"(x > 0) && (x < 1)", 8, "expected an operator or the end, found '&'; write a*b for conditions that both hold"},
      {"x > 0 ? 1 : 2", 6, "expected an operator or the end, found '?'; write if(c, a, b)"},
      {"|x|", 0,
       "expected a number, a name or '(', found '|'; write max(a, b) for conditions of which one holds, abs(x) for a "
       "modulus"},
      {"2*\xcf\x80", 2, "expected a number, a name or '(', found '\xcf\x80'; write pi"},
      {"1e999", 0, "'1e999' is out of the range of a double (about 5e-324 to 1.8e308)"},
      {"x + 1/0", 5, "division by zero"},
      {"y/(x - x)", 1, "division by zero"},
      {"2*log(0)", 2, "'log(0)' is not a finite number"},
      {"sqrt(-1)", 0, "'sqrt(-1)' is not a finite number"},
      {"10^(10^10)", 2, "'10^(10^10)' is not a finite number"},
      {"0^-1", 1, "'0^-1' is not a finite number"},
      {"x*1e308*10", 0, "'x*1e308*10' is not a finite number"},
      {"1e308*x + 1e308*x", 0, "'1e308*x + 1e308*x' is not a finite number"},
      {"(-2)^x", 4, "-2 to a power that varies is not a real number everywhere"},
      {std::string(20'000, '('), 16384, "a formula is at most 16384 bytes long"},
      {std::string(30'000, '-') + "1", 16384, "a formula is at most 16384 bytes long"},
      {std::string(300, '(') + "x", 256, "nested deeper than 256"},
      {std::string(300, '-') + "x", 256, "nested deeper than 256"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    try {
      (void)parse(row.text);
      FAIL_CHECK("accepted");
    } catch (const ExpressionError& error) {
      CHECK(std::string(error.what()) == row.message);
      CHECK(error.position() == row.caret);
    }
  }
  CHECK_THROWS_WITH_AS((void)parse_expression("abcdef", {}), "unknown name 'abcdef'; no variables are allowed here",
                       ExpressionError);
}

TEST_CASE("the deepest and the longest formulas that are allowed do work") {
  CHECK(at(parse(std::string(256, '(') + "x" + std::string(256, ')')), 2.0) == 2.0);
  CHECK(at(parse(std::string(256, '-') + "x"), 2.0) == 2.0);

  std::string towers = "x";  // sum, product, power and call at every level
  for (int i = 0; i < 120; ++i) towers = "sin(1+2*(" + towers + ")^2)";
  const Expression deep = parse(towers);
  CHECK(std::isfinite(at(deep, 0.3)));
  CHECK(parse(deep.to_string()) == deep);

  std::string sum = "x";
  for (int i = 1; i < 1000; ++i) sum += "+sin(" + std::to_string(i) + "*x)";
  const Expression wide = parse(sum);
  CHECK(parse(wide.to_string()) == wide);
  CHECK(at(derivative(wide, "x"), 0.0) == doctest::Approx(1.0 + 999.0 * 1000.0 / 2).epsilon(1e-14));
}

TEST_CASE("a formula that grows without bound is refused in reasonable time") {
  const auto start = std::chrono::steady_clock::now();
  std::string product = "x";
  for (int i = 1; i < 1300; ++i) product += "*sin(" + std::to_string(i) + "*x)";
  CHECK_THROWS_AS((void)derivative(parse(product), "x"), std::length_error);

  Expression nested = Expression::variable("x");
  CHECK_THROWS_AS(([&] {
                    for (int i = 0; i < 100'000; ++i) nested = exp(sqrt(1.0 + nested * nested));
                  }()),
                  std::length_error);

  // Every line doubles the tree: shared it is small, written out it has 2^60 leaves.
  Expression shared = Expression::variable("x");
  for (int i = 0; i < 60; ++i) shared = sqrt(shared * (1.0 + exp(shared)));
  Expression again = Expression::variable("x");
  for (int i = 0; i < 60; ++i) again = sqrt(again * (1.0 + exp(again)));
  CHECK(shared == again);
  CHECK(shared.size() < 1000);
  CHECK((shared - again).is_zero());
  CHECK(derivative(shared, "x").depends_on("x"));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("work is bounded by what is produced on the way and not by the result") {
  // Each step keeps the tree small; multiplied out, differentiated or written down it doubles, 40 times over.
  const auto steps = {+[](const Expression& u) { return sine(u) * u; },
                      +[](const Expression& u) { return exp(u) * (u + 1.0) * Expression::variable("t"); },
                      +[](const Expression& u) { return pow(u + Expression::variable("y") * u, 2.0) + u; },
                      +[](const Expression& u) { return (u + 1.0) * (exp(-u) + Expression::variable("t") * u); },
                      +[](const Expression& u) { return u / (1.0 + u * u) + Expression::variable("t"); }};
  const auto start = std::chrono::steady_clock::now();
  const auto ends = [](const auto& request) {
    try {
      static_cast<void>(request());
    } catch (const std::length_error&) {
    }
  };
  for (const auto& step : steps) {
    Expression u = Expression::variable("x") + sine(Expression::variable("x"));
    for (int i = 0; i < 40; ++i) ends([&] { return u = step(u); });
    ends([&] { return expand(u); });
    ends([&] { return expand(derivative(u, "x")); });
    ends([&] { return common_factor(std::vector<Expression>{u, u * u}, "t").found; });
    ends([&] { return integral_from_zero(u, "t").has_value(); });
    ends([&] { return substitute(u, {{"x", u}}); });
    CHECK_THROWS_AS((void)u.to_string(), std::length_error);
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));  // measured 0.3
}

TEST_CASE("the nearest name is one slip away or a third of the word") {
  const std::vector<std::string> candidates{"theta", "mu", "sigma", "temperature"};
  CHECK(nearest_name("thta", candidates) == "theta");
  CHECK(nearest_name("tehta", candidates) == "theta");
  CHECK(nearest_name("nu", candidates) == "mu");
  CHECK(nearest_name("temprature", candidates) == "temperature");
  CHECK(nearest_name("tempretare", candidates) == "temperature");
  CHECK(nearest_name("omega", candidates).empty());
  CHECK(nearest_name("", candidates).empty());
  CHECK(nearest_name("x", {}).empty());
  const std::vector<std::string> short_names{"t", "mu"};
  CHECK(nearest_name("m", short_names) == "mu");
  CHECK(nearest_name("z", short_names).empty());  // one letter for another is no help
}
