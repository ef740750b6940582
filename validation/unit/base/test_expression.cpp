// Freezes what the solver proves with formulas: identities that make like things collect, exact derivatives (against
// central differences and known results), the text round trip, and the common factor of several formulas.
#include <doctest/doctest.h>

#include <algorithm>

#include "fokker/base/expression.hpp"
#include "formulas.hpp"

using namespace fokker;
using namespace fokker::test;

TEST_CASE("equal formulas have one canonical tree") {
  const char* const rows[][2] = {
      {"x - x", "0"},
      {"x*x", "x^2"},
      {"2*x + 3*x", "5*x"},
      {"x/x", "1"},
      {"(2*x)*(3*y)", "6*y*x"},
      {"x + (y + (t + x))", "t + 2*x + y"},
      {"x*(y*(t*x))", "t*y*x^2"},
      {"sqrt(x)*sqrt(x)", "x"},
      {"sqrt(x + y)^2", "y + x"},
      {"(2*theta*x)^0.5*(2*theta*x)^0.5", "2*x*theta"},
      {"sqrt(x^2)", "abs(x)"},
      {"abs(x)^2", "x^2"},
      {"abs(x - y)", "abs(y - x)"},
      {"abs(exp(x))", "exp(x)"},
      {"exp(log(x))", "x"},
      {"exp(2*log(x))", "x^2"},
      {"log(exp(x))", "x"},
      {"exp(x)*exp(-x)", "1"},
      {"exp(x)^2", "exp(2*x)"},
      {"e^x", "exp(x)"},
      {"x^y*x", "x^(1 + y)"},
      {"(2^t)^2", "2^(2*t)"},
      {"1/x/x", "x^-2"},
      {"x^3/x", "x^2"},
      {"(x*y)^2", "x^2*y^2"},
      {"(x - y)*(y - x)", "-(x - y)^2"},
      {"(x - y)^2", "(y - x)^2"},
      {"1/(1 - x)", "-1/(x - 1)"},
      {"2*(x + 1)", "2*x + 2"},
      {"-theta*(x - mu)", "theta*(mu - x)"},
      {"sin(-x)", "-sin(x)"},
      {"cos(x - y)", "cos(y - x)"},
      {"erf(-x) + erf(x)", "0"},
      {"0*log(x)", "0"},
      {"x^0", "1"},
      {"1^x", "1"},
      {"min(x, y)", "min(y, x)"},
      {"min(x, x)", "x"},
      {"x > y", "y < x"},
      {"if(1 < 2, x, y)", "x"},
      {"if(x < y, t, t)", "t"},
      {"0.1*x + 0.2*x - 0.3*x", "0"},
      {"49*(x/49) - x", "0"},
  };
  for (const auto& [left, right] : rows) {
    CAPTURE(left);
    CAPTURE(parse(left).to_string());
    CHECK(parse(left) == parse(right));
  }
}

TEST_CASE("what is not equal stays apart") {
  const char* const rows[][2] = {
      {"sqrt(x^2)", "x"},
      {"(x^2)^1.5", "x^3"},
      {"x^2", "x^3"},
      {"sin(x)", "cos(x)"},
      {"x - y", "y - x"},
      {"min(x, y)", "max(x, y)"},
      {"atan2(x, y)", "atan2(y, x)"},
      {"x", "y"},
      {"x < y", "x <= y"},
      {"x + 1", "x"},
      {"2*x", "x"},
      {"log(x^2)", "2*log(x)"},
  };
  for (const auto& [left, right] : rows) {
    CAPTURE(left);
    CHECK_FALSE(parse(left) == parse(right));
  }
}

TEST_CASE("the order of a sum does not depend on the order it was written in") {
  std::vector<std::string> terms{"x", "y^2", "sin(x)", "sin(y)", "x*y", "exp(-t)", "x^3", "max(x, t)", "(x + y)^2"};
  const auto joined = [&](const char* sign) {
    std::string text = terms[0];
    for (std::size_t i = 1; i < terms.size(); ++i) text += sign + terms[i];
    return parse(text).to_string();
  };
  const std::string sum = joined(" + "), product = joined("*");
  for (int i = 0; i < 50; ++i) {
    std::next_permutation(terms.begin(), terms.end());
    CHECK(joined(" + ") == sum);
    CHECK(joined("*") == product);
  }
}

TEST_CASE("questions") {
  const Expression e = parse("theta*(mu - x) + sin(t)");
  CHECK(e.depends_on("x"));
  CHECK_FALSE(e.depends_on("y"));
  CHECK(e.variables() == std::vector<std::string>{"mu", "t", "theta", "x"});
  CHECK_FALSE(e.is_constant());
  CHECK_THROWS_AS((void)e.value(), std::logic_error);
  CHECK(parse("2*3").value() == 6.0);
  CHECK(parse("x - x").is_zero());
  CHECK(Expression().is_zero());
  CHECK(parse("x").size() == 1);
  CHECK(expression_names().size() == 22);
}

TEST_CASE("derivatives in closed form") {
  const char* const rows[][2] = {
      {"3", "0"},
      {"y", "0"},
      {"x", "1"},
      {"-x^3 + x", "1 - 3*x^2"},
      {"-theta*(x - mu)", "-theta"},
      {"(theta*x)^2/2", "theta^2*x"},
      {"1/x", "-1/x^2"},
      {"sqrt(x)", "1/(2*sqrt(x))"},
      {"exp(-x^2/2)", "-x*exp(-x^2/2)"},
      {"2^x", "log(2)*2^x"},
      {"x^y", "y*x^(y - 1)"},
      {"x^x", "x^x*(1 + log(x))"},
      {"abs(x)", "sign(x)"},
      {"sign(x)", "0"},
      {"x < y", "0"},
      {"min(x, y)", "if(x < y, 1, 0)"},
      {"max(x^2, y)", "if(y < x^2, 2*x, 0)"},
      {"if(x < 0, x^2, y)", "if(x < 0, 2*x, 0)"},
      {"log(x)", "1/x"},
      {"tan(x)", "1 + tan(x)^2"},
      {"erf(x)", "2/sqrt(pi)*exp(-x^2)"},
      {"sin(x)^2 + cos(x)^2", "0"},
  };
  for (const auto& [text, slope] : rows) {
    CAPTURE(text);
    CAPTURE(derivative(parse(text), "x").to_string());
    CHECK((derivative(parse(text), "x") == parse(slope) ||
           expand(derivative(parse(text), "x") - parse(slope)).is_zero()));
  }
}

TEST_CASE("derivatives agree with differences for every function") {
  const char* const rows[] = {
      "exp(0.7*x)",
      "log(2 + x)",
      "sqrt(3 + x)",
      "sin(2*x)",
      "cos(x*y)",
      "tan(0.4*x)",
      "asin(0.3*x)",
      "acos(0.3*x)",
      "atan(x*y)",
      "atan2(x, y)",
      "atan2(y, x^2)",
      "sinh(x)",
      "cosh(0.5*x)",
      "tanh(x - y)",
      "erf(x)",
      "erfc(0.5*x + y)",
      "(2 + x)^y",
      "(2 + x)^(x*y)",
      "3^(x*y)",
      "x^5/(1 + x^2)",
      "abs(x)*x",
      "max(x, y)*min(x^2, 2)",
      "if(x > 0, x^3, sin(x))",
      "sign(x)*x^2",
      "(x + y + 2)^-3",
      "exp(-x^2/2)*sin(3*x)",
      "1/(1 + exp(-x))",
      "sqrt(x^2 + y^2)",
      "theta*(mu - x)*exp(-t)*(1 + x*y)^2",
  };
  for (const char* text : rows) {
    const Expression f = parse(text), slope = derivative(f, "x");
    for (const double x : {-1.1, -0.35, 0.27, 0.9, 1.6}) {
      CAPTURE(text);
      CAPTURE(x);
      constexpr double h = 1e-3;  // five points: error h^4 f'''''/30, about 1e-13 f'''''
      const double differences = (8 * (at(f, x + h) - at(f, x - h)) - (at(f, x + 2 * h) - at(f, x - 2 * h))) / (12 * h);
      CHECK(at(slope, x) == doctest::Approx(differences).epsilon(2e-10));
    }
  }
}

TEST_CASE("derivatives of random formulas agree with differences") {
  RandomFormula random(20240611);
  for (int i = 0; i < 200; ++i) {
    const std::string text = random.text(4);
    const Expression f = parse(text), slope = derivative(f, "x");
    CAPTURE(text);
    constexpr double x = 0.37, h = 1e-4;
    const double differences = (8 * (at(f, x + h) - at(f, x - h)) - (at(f, x + 2 * h) - at(f, x - 2 * h))) / (12 * h);
    const double scale = 1 + std::abs(at(f, x)) + std::abs(differences);
    // Rounding of f over h plus h^4 times a fifth derivative, which towers of squares make large.
    CHECK(std::abs(at(slope, x) - differences) < 2e-6 * scale);
  }
}

TEST_CASE("expansion proves linearity where the canonical form alone does not") {
  const Expression drift = parse("-(x - 1)*(2 + t) + 3*(y + x)");
  CHECK(derivative(derivative(drift, "x"), "x").is_zero());
  CHECK_FALSE(derivative(drift, "x").depends_on("x"));
  CHECK(expand(parse("(x + 1)^2 - x^2 - 2*x")) == parse("1"));
  CHECK_FALSE(expand(parse("(x + y)*(x - y) - x^2")).depends_on("x"));
  CHECK(expand(parse("(x + y)^3")) == parse("x^3 + 3*x^2*y + 3*x*y^2 + y^3"));
  CHECK(expand(parse("x*(x + 1)^0.5*(x + 1)^0.5 - x^2 - x")).is_zero());
  CHECK(expand(parse("sin(x*(y + 1)) - sin(x*y + x)")).is_zero());
  CHECK(expand(parse("(x + y + t + theta + mu + 1)^8")) == parse("(x + y + t + theta + mu + 1)^8"));  // too large
}

TEST_CASE("a high power of a product keeps the range of the product") {
  const auto of_t = [](const std::string& text, double t) { return at(parse(text), 0.37, 0.4, t); };
  CHECK(of_t("(4*t*(1 - t))^4000", 0.5) == 1);
  CHECK(of_t("(4*t*(1 - t))^4000", 0.49) == doctest::Approx(std::pow(4 * 0.49 * 0.51, 4000)).epsilon(1e-12));
  CHECK(of_t("(4*(t/100)*(1 - t/100))^4000", 50) == doctest::Approx(1).epsilon(1e-11));
  CHECK(of_t("(t/1e-200)^2", 3e-200) == doctest::Approx(9).epsilon(1e-14));
  CHECK(of_t("(0.5*t)^1000", 2.1) == doctest::Approx(std::pow(1.05, 1000)).epsilon(1e-12));
  CHECK(of_t("(t/1e-9)^-40", 2e-9) == doctest::Approx(std::pow(0.5, 40)).epsilon(1e-13));
}

TEST_CASE("substitution is simultaneous and simplifies") {
  const Expression x = Expression::variable("x"), y = Expression::variable("y");
  CHECK(substitute(parse("x - y"), {{"x", y}, {"y", x}}) == y - x);
  CHECK(substitute(parse("sqrt(2*theta)*x"), {{"theta", 0.02}}) == parse("0.2*x"));
  CHECK(substitute(parse("x^2 + y"), {{"x", 0.0}}) == y);
  CHECK(substitute(parse("x/y"), {{"y", 0.0}}).to_string() == "inf*x");  // as doubles do; only the parser refuses
  Expression wide = 0.0;
  for (int i = 0; i < 15'000; ++i) wide = i % 100 ? wide : wide + sqrt(x + i);
  CHECK_NOTHROW((void)substitute(wide, {{"x", parse("x*y")}}));
}

TEST_CASE("text parses back to the same formula") {
  const char* const rows[] = {
      "x/3",
      "2*x/3",
      "-x/7 + 5/3",
      "0.1*x",
      "1/x",
      "-1/x",
      "1/(x*y)",
      "2/(3*x*(y + 1))",
      "x^-2.5",
      "x^(-y)",
      "-x^2",
      "(-x)^3",
      "(x^y)^t",
      "x^(y^t)",
      "x - (y - t)",
      "x*(y + 1)*(t - 1)",
      "(x < y)*(y < t)",
      "(x < y) < t",
      "x < y + 1",
      "(x < y)^2",
      "-(x < y)",
      "1e-300*x",
      "123456789012345678*x",
      "sqrt(x + 1)/sqrt(y)",
      "2^x",
      "0.5^-x",
      "e^-x",
      "if(x < 0, -1, sin(x))",
      "exp(-x)/(1 + exp(-x))^2",
      "-(x + y)*(t + 1)",
      "1/sqrt(2*pi*theta)*exp(-(x - mu)^2/2)",
  };
  for (const char* text : rows) {
    CAPTURE(text);
    const std::string written = parse(text).to_string();
    CAPTURE(written);
    CHECK(parse(written) == parse(text));
    CHECK(parse(written).to_string() == written);
  }
  CHECK(parse("0.5*x").to_string() == "0.5*x");
  CHECK(parse("2*x/3").to_string() == "2*x/3");
  CHECK(parse("1 - x").to_string() == "1 - x");
  CHECK(parse("-x^3 + x").to_string() == "x - x^3");
  CHECK(parse("x/(y*t)").to_string() == "x/(t*y)");
  CHECK(parse("sqrt(x)").to_string() == "sqrt(x)");
}

TEST_CASE("text of random formulas and of their derivatives parses back to the same formula") {
  RandomFormula random(7);
  for (int i = 0; i < 500; ++i) {
    const std::string text = random.text(5);
    CAPTURE(text);
    const Expression f = parse(text), slope = derivative(f, "x");
    CHECK(parse(f.to_string()) == f);
    const std::string written = slope.to_string();
    if (written.size() < 16'000) CHECK(parse(written) == slope);
  }
}

TEST_CASE("the common factor in time: a proof or no") {
  struct Row {
    std::vector<const char*> expressions;
    bool found;
  };
  const Row rows[] = {
      {{"-(0.1 + 19.9*t)*x/2", "(0.1 + 19.9*t)/2"}, true},
      {{"-(0.1 + 19.9*t)*x/2 + (0.1 + 19.9*t)*y", "0", "0.1 + 19.9*t"}, true},
      {{"-(0.1 + 19.9*t)*x/3", "(0.3 + 59.7*t)*0.7", "(0.1 + 19.9*t)/7*(1 + x)"}, true},
      {{"exp(-t)*(x + 1)", "3*exp(-t)"}, true},
      {{"exp(-t - x)", "exp(-t)"}, true},
      {{"exp(x - (t + 1)*2)", "exp(-2*t)"}, true},
      {{"0", "(0.01*(50/0.01)^t)^2"}, true},
      {{"x*(0.01*(50/0.01)^t)^2*2*log(50/0.01)", "(5000^t)^2"}, true},
      {{"x*t + x", "(2 + 2*t)*y"}, true},
      {{"(1 + t)^2*x", "(2 + 2*t)^2"}, true},
      {{"x/(1 + t)", "1/(3 + 3*t)"}, true},
      {{"x", "y"}, true},
      {{"0", "0"}, true},
      {{}, true},
      {{"-x", "t"}, false},
      {{"x + t", "t"}, false},
      {{"t*x", "t^2"}, false},
      {{"sin(t)*x", "sin(t)^2"}, false},
      {{"sin(t*x)", "1"}, false},
      {{"x^t", "1"}, false},
      {{"(0.1 + 19.9*t)*x", "(0.1 + 19.91*t)"}, false},
      {{"-(0.1 + 19.9*t)*x/2", "(0.1 + 19.9*t)*(1 - exp(-t))/2"}, false},
  };
  for (const Row& row : rows) {
    std::vector<Expression> expressions;
    for (const char* text : row.expressions) expressions.push_back(parse(text));
    const std::string first = row.expressions.empty() ? "" : row.expressions[0];
    CAPTURE(first);
    const CommonFactor result = common_factor(expressions, "t");
    REQUIRE(result.found == row.found);
    if (!result.found) continue;
    REQUIRE(result.rest.size() == expressions.size());
    const auto names_of_factor = result.factor.variables();
    CHECK((names_of_factor.empty() || names_of_factor == std::vector<std::string>{"t"}));
    for (std::size_t i = 0; i < expressions.size(); ++i) {
      CHECK_FALSE(result.rest[i].depends_on("t"));
      for (const double t : {0.0, 0.3, 0.9}) {
        const double whole = at(expressions[i], 0.7, 0.4, t);
        CHECK(at(result.factor * result.rest[i], 0.7, 0.4, t) == doctest::Approx(whole).epsilon(1e-13));
      }
    }
  }
  const Expression still[] = {parse("-x"), parse("2")};
  CHECK(common_factor(still, "t").factor == Expression(1.0));
  CHECK(common_factor(still, "t").rest[0] == still[0]);
}
