// Freezes the evaluator: every function against the C library in units of the last place, every tape against a plain
// walk over the text, and the promise that the value of a point does not depend on where in a column it stands.
#include <doctest/doctest.h>

#include <bit>
#include <functional>
#include <limits>

#include "fokker/base/tape.hpp"
#include "formulas.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

std::vector<double> run(const Expression& e, const std::vector<double>& x, const std::vector<double>& y) {
  const std::vector<std::string> xy{"x", "y"};
  const TapeInput inputs[] = {TapeInput::of(x.data()), TapeInput::of(y.data())};
  std::vector<double> result(x.size(), -777);
  double* const output = result.data();
  Tape({&e, 1}, xy).evaluate(inputs, static_cast<Index>(x.size()), {&output, 1});
  return result;
}

/// Distance in units of the last place of the exact value.
double ulps(double value, double exact) {
  if (value == exact || (std::isnan(value) && std::isnan(exact))) return 0;
  const double size = std::max(std::abs(exact), std::numeric_limits<double>::min());
  const double ulp = std::nextafter(size, std::numeric_limits<double>::infinity()) - size;
  return std::abs(value - exact) / ulp;
}

std::vector<double> grid(double lower, double upper, int n) {
  std::vector<double> x(n);
  for (int i = 0; i < n; ++i) x[i] = lower + (upper - lower) * (i + 0.5) / n;
  return x;
}

}  // namespace

TEST_CASE("every function of one argument agrees with the C library to a few ulp") {
  struct Row {
    const char* text;
    double (*function)(double);
    double lower, upper, bound;
  };
  const Row rows[] = {
      {"exp(x)", std::exp, -700, 700, 4},
      {"log(x)", std::log, 1e-300, 20, 4},
      {"sqrt(x)", std::sqrt, 0, 1e6, 0},
      {"sin(x)", std::sin, -30, 30, 4},
      {"cos(x)", std::cos, -30, 30, 4},
      {"tan(x)", std::tan, -30, 30, 4},
      {"asin(x)", std::asin, -1, 1, 4},
      {"acos(x)", std::acos, -1, 1, 4},
      {"atan(x)", std::atan, -50, 50, 4},
      {"sinh(x)", std::sinh, -700, 700, 4},
      {"cosh(x)", std::cosh, -700, 700, 4},
      {"tanh(x)", std::tanh, -20, 20, 4},
      {"erf(x)", std::erf, -6, 6, 4},
      {"erfc(x)", std::erfc, -6, 26, 4},
      {"abs(x)", std::fabs, -3, 3, 0},
      {"sign(x)", [](double x) { return x > 0   ? 1.0
                                        : x < 0 ? -1.0
                                                : 0.0; }, -3, 3, 0},
      {"-x", [](double x) { return -x; }, -3, 3, 0},
      {"x^2", [](double x) { return x * x; }, -3, 3, 0},
      {"x^3", [](double x) { return x * x * x; }, -3, 3, 0},
      {"x^4", [](double x) { return (x * x) * (x * x); }, -3, 3, 0},
      {"x^-1", [](double x) { return 1 / x; }, -3, 3, 0},
      {"x^-2", [](double x) { return 1 / (x * x); }, -3, 3, 0},
      {"x^1.5", [](double x) { return x * std::sqrt(x); }, 0, 9, 0},
      {"x^-0.5", [](double x) { return 1 / std::sqrt(x); }, 0, 9, 0},
      {"x^31", [](double x) { return std::pow(x, 31); }, -3, 3, 16},
      {"x^33", [](double x) { return std::pow(x, 33); }, -3, 3, 4},
      {"x^0.3", [](double x) { return std::pow(x, 0.3); }, 0, 9, 4},
      {"2.5^x", [](double x) { return std::pow(2.5, x); }, -30, 30, 4},
      {"-x^3 + x", [](double x) { return x - x * x * x; }, -3, 3, 0},
      {"1 - 2*x", [](double x) { return 1 - 2 * x; }, -3, 3, 0},
      {"3*x + x^2", [](double x) { return 3 * x + x * x; }, -3, 3, 0},
  };
  for (const Row& row : rows) {
    const std::vector<double> x = grid(row.lower, row.upper, 3001), y(x.size(), 0.0);
    const std::vector<double> values = run(parse(row.text), x, y);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, ulps(values[i], row.function(x[i])));
    CAPTURE(row.text);
    CHECK(worst <= row.bound);
  }
}

TEST_CASE("every function of two arguments agrees with C++") {
  struct Row {
    const char* text;
    std::function<double(double, double)> function;
    double bound;
  };
  const Row rows[] = {
      {"x + y", [](double a, double b) { return a + b; }, 0},
      {"x - y", [](double a, double b) { return a - b; }, 0},
      {"x*y", [](double a, double b) { return a * b; }, 0},
      {"x/y", [](double a, double b) { return a / b; }, 0},
      {"atan2(x, y)", [](double a, double b) { return std::atan2(a, b); }, 4},
      {"abs(x)^y", [](double a, double b) { return std::pow(std::abs(a), b); }, 4},
      {"min(x, y)", [](double a, double b) { return std::min(a, b); }, 0},
      {"max(x, y)", [](double a, double b) { return std::max(a, b); }, 0},
      {"x < y", [](double a, double b) { return a < b; }, 0},
      {"x <= y", [](double a, double b) { return a <= b; }, 0},
      {"x > y", [](double a, double b) { return a > b; }, 0},
      {"x >= y", [](double a, double b) { return a >= b; }, 0},
      {"x == y", [](double a, double b) { return a == b; }, 0},
      {"x != y", [](double a, double b) { return a != b; }, 0},
      {"if(x < y, x^2, y)", [](double a, double b) { return a < b ? a * a : b; }, 0},
      {"x*y - x*x*y", [](double a, double b) { return a * b - a * a * b; }, 0},
      {"x/(y*(x + 5))", [](double a, double b) { return a / (b * (a + 5)); }, 1},
      {"2/(x*y)", [](double a, double b) { return 2 / (a * b); }, 0},
  };
  std::vector<double> x, y;
  for (int i = 0; i < 40; ++i) {
    for (int j = 0; j < 40; ++j) {
      x.push_back(-2 + 0.1 * i);
      y.push_back(-1.95 + 0.1 * j);
      if ((i + j) % 7 == 0) y.back() = x.back();
    }
  }
  for (const Row& row : rows) {
    const std::vector<double> values = run(parse(row.text), x, y);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, ulps(values[i], row.function(x[i], y[i])));
    CAPTURE(row.text);
    CHECK(worst <= row.bound);
  }
}

TEST_CASE("nan: comparisons are false and arithmetic passes it on") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> x(9, nan), y(9, 1.0);
  for (const char* text : {"x < y", "x <= y", "x == y", "y < x"}) {
    CAPTURE(text);
    CHECK(run(parse(text), x, y)[0] == 0);
  }
  CHECK(run(parse("x != y"), x, y)[0] == 1);
  for (const char* text : {"x + y", "x*y", "exp(x)", "sin(x)", "sign(x)", "abs(x)", "x^2", "x^0.3", "sqrt(x)"}) {
    CAPTURE(text);
    CHECK(std::isnan(run(parse(text), x, y)[0]));
  }
}

TEST_CASE("tapes of random formulas agree with each other compiled alone and together") {
  RandomFormula random(99);
  std::vector<Expression> formulas;
  for (int i = 0; i < 60; ++i) formulas.push_back(parse(random.text(4)));
  const std::vector<double> x = grid(-1.5, 1.5, 300);
  const TapeInput inputs[] = {TapeInput::of(x.data()), TapeInput::of(0.4), TapeInput::of(0.3), TapeInput::of(1.7),
                              TapeInput::of(-0.6)};
  std::vector<std::vector<double>> together(formulas.size(), std::vector<double>(x.size()));
  std::vector<double*> columns;
  for (auto& column : together) columns.push_back(column.data());
  const Tape all(formulas, names);
  all.evaluate(inputs, 300, columns);
  Index separate = 0;
  for (std::size_t k = 0; k < formulas.size(); ++k) {
    const Tape alone({&formulas[k], 1}, names);
    separate += alone.instruction_count();
    std::vector<double> column(x.size());
    double* const output = column.data();
    alone.evaluate(inputs, 300, {&output, 1});
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(together[k][i] == doctest::Approx(column[i]).epsilon(1e-12));
    }
    CHECK(at(formulas[k], x[17]) == column[17]);
  }
  CHECK(all.instruction_count() < separate);  // common parts are shared
}

TEST_CASE("the value of a point does not depend on its position in a column") {
  const Expression formulas[] = {parse("sin(3*x)*exp(-y^2/2) + x^0.3"), parse("erf(x)/(2 + cos(100*y)) - log(x)")};
  const std::vector<std::string> xy{"x", "y"};
  const Tape tape(formulas, xy);
  const std::vector<double> x = grid(0.01, 900.0, 1111), y = grid(-3, 3, 1111);
  const auto values = [&](std::size_t first, std::size_t n) {
    std::vector<double> f(n), g(n);
    const TapeInput inputs[] = {TapeInput::of(x.data() + first), TapeInput::of(y.data() + first)};
    double* const outputs[] = {f.data(), g.data()};
    tape.evaluate(inputs, static_cast<Index>(n), outputs);
    f.insert(f.end(), g.begin(), g.end());
    return f;
  };
  const std::vector<double> whole = values(0, x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (const std::size_t n : {1, 3, 8, 21}) {
      if (i + n > x.size()) continue;
      const std::vector<double> part = values(i, n);
      for (std::size_t j = 0; j < n; ++j) {
        REQUIRE(std::bit_cast<std::uint64_t>(part[j]) == std::bit_cast<std::uint64_t>(whole[i + j]));
        REQUIRE(std::bit_cast<std::uint64_t>(part[n + j]) == std::bit_cast<std::uint64_t>(whole[x.size() + i + j]));
      }
    }
  }
}

TEST_CASE("outputs that repeat: an input a constant and each other") {
  const Expression outputs[] = {parse("x"), parse("3"), parse("x + y"), parse("y + x"), parse("3"), parse("x")};
  const std::vector<std::string> xy{"x", "y"};
  const Tape tape(outputs, xy);
  CHECK(tape.output_count() == 6);
  for (const Index n : {Index{1}, Index{255}, Index{256}, Index{600}}) {
    std::vector<std::vector<double>> columns(6, std::vector<double>(n, -1));
    double* pointers[6];
    for (int k = 0; k < 6; ++k) pointers[k] = columns[k].data();
    const std::vector<double> x(n, 2.0);
    const TapeInput inputs[] = {TapeInput::of(x.data()), TapeInput::of(5.0)};
    tape.evaluate(inputs, n, pointers);
    const double expected[] = {2, 3, 7, 7, 3, 2};
    for (int k = 0; k < 6; ++k) {
      for (const double value : columns[k]) REQUIRE(value == expected[k]);
    }
  }
}

TEST_CASE("a time given as one number has the bits of a column of it") {
  const std::vector<std::string> xt{"x", "t"};
  const std::vector<Expression> formulas{parse("sin(t)*exp(-t) + 3"),
                                         parse("x*sin(t)*exp(-t) + sin(t)^2/(1 + x^2)"),
                                         parse("t"),
                                         parse("sin(t)*exp(-t) + 3"),
                                         parse("if(t < x, sin(t), x)"),
                                         parse("2.5")};
  for (const Index n : {1, 7, 8, 200, 256, 257, 1000}) {
    const std::vector<double> x = grid(-2, 2, static_cast<int>(n)), t(x.size(), 0.7);
    std::vector<std::vector<double>> once(formulas.size(), std::vector<double>(x.size(), -777)), column = once;
    std::vector<double*> once_out, column_out;
    for (std::size_t k = 0; k < formulas.size(); ++k) {
      once_out.push_back(once[k].data());
      column_out.push_back(column[k].data());
    }
    const Tape tape(formulas, xt);
    tape.evaluate(std::vector{TapeInput::of(x.data()), TapeInput::of(0.7)}, n, once_out);
    tape.evaluate(std::vector{TapeInput::of(x.data()), TapeInput::of(t.data())}, n, column_out);
    CHECK(once == column);
  }
}

TEST_CASE("registers are reused: a long chain needs few and a hundred live values work") {
  std::string chain = "x";
  for (int i = 0; i < 100; ++i) chain = "sin(" + chain + " + " + std::to_string(i) + "*x)";
  CHECK(std::isfinite(at(parse(chain), 0.3)));

  // Two hundred sines that stay alive until the second output has used them: narrower blocks, the same values.
  Expression sum = 0.0, product = 1.0;
  for (int i = 1; i <= 200; ++i) {
    const Expression sine = parse("sin(" + std::to_string(i) + "*x)");
    sum = sum + sine;
    product = product * (2.0 + sine);
  }
  const Expression outputs[] = {sum, product};
  const std::vector<std::string> xs{"x"};
  const Tape tape(outputs, xs);
  const std::vector<double> x = grid(-1, 1, 700);
  std::vector<double> f(700), g(700);
  double* const columns[] = {f.data(), g.data()};
  const TapeInput input = TapeInput::of(x.data());
  tape.evaluate({&input, 1}, 700, columns);
  for (std::size_t i = 0; i < x.size(); i += 33) {
    double s = 0, p = 1;
    for (int k = 1; k <= 200; ++k) {
      s += std::sin(k * x[i]);
      p *= 2 + std::sin(k * x[i]);
    }
    CHECK(f[i] == doctest::Approx(s).epsilon(1e-11));
    CHECK(g[i] == doctest::Approx(p).epsilon(1e-11));
  }
}

TEST_CASE("misuse is refused") {
  const Expression e = parse("x*y");
  const std::vector<std::string> only_x{"x"}, xy{"x", "y"};
  CHECK_THROWS_AS(Tape({&e, 1}, only_x), std::invalid_argument);
  const Tape tape({&e, 1}, xy);
  const TapeInput one[] = {TapeInput::of(1.0)};
  double value = 0;
  double* const output = &value;
  CHECK_THROWS_AS(tape.evaluate(one, 1, {&output, 1}), std::invalid_argument);
  CHECK_THROWS_AS((void)evaluate_at(e, xy, std::vector<double>{1.0}), std::invalid_argument);
}
