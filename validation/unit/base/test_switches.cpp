// Freezes which formulas are said to switch others: the points where a coefficient may jump or bend are looked for at
// their roots and nowhere else, so one that is missed is a jump that nobody sees.
#include <doctest/doctest.h>

#include <algorithm>

#include "fokker/base/switches.hpp"
#include "formulas.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

std::vector<std::string> texts(const char* formula) {
  const Expression e = parse(formula);
  std::vector<std::string> found;
  for (const Expression& s : switches({&e, 1})) found.push_back(s.to_string());
  std::sort(found.begin(), found.end());
  return found;
}

/// The same formulas up to their signs, in any order.
bool same(const char* formula, const std::vector<const char*>& expected) {
  const Expression e = parse(formula);
  const std::vector<Expression> found = switches({&e, 1});
  if (found.size() != expected.size()) return false;
  return std::all_of(expected.begin(), expected.end(), [&](const char* text) {
    const Expression wanted = parse(text);
    return std::any_of(found.begin(), found.end(), [&](const Expression& s) { return s == wanted || s == -wanted; });
  });
}

}  // namespace

TEST_CASE("poles are the zeros of denominators and of what roots and logarithms are taken of") {
  const auto found = [](const char* formula) {
    const Expression e = parse(formula);
    std::vector<std::string> names;
    for (const Expression& pole : poles({&e, 1})) names.push_back(pole.to_string());
    return names;
  };
  using Names = std::vector<std::string>;
  CHECK(found("1/x + y/(x - 1)^2 + x^2").size() == 2);
  CHECK(found("sqrt(x)") == Names{"x"});
  CHECK(found("log(y)") == Names{"y"});
  CHECK(found("tan(x)") == Names{"cos(x)"});
  CHECK(found("x^3*exp(-y) + if(x > 0, 1, 2)").empty());
}

TEST_CASE("switches stand wherever a formula may jump or bend") {
  CHECK(same("if(x < 0.5, 1, 0.1)", {"x - 0.5"}));
  CHECK(same("if(x >= y + t, 1, 0.1)", {"y + t - x"}));
  CHECK(same("sign(x^2 - y) + abs(t - 1)", {"x^2 - y", "t - 1"}));
  CHECK(same("min(x, y)*max(x, 2)", {"x - y", "x - 2"}));
  CHECK(same("if((x > 0.2)*(x < 0.3), 1, 2)", {"x - 0.2", "x - 0.3"}));
  CHECK(same("if(abs(x - 0.5) < 0.001, 1, 2)", {"x - 0.5", "abs(x - 0.5) - 0.001"}));
  CHECK(same("sqrt((x - 1)^2)*exp(if(sin(x) > t, x, y))", {"x - 1", "sin(x) - t"}));
  CHECK(same("atan2(x - 1, y)", {"x - 1"}));
  CHECK(same("sign(x - 1) + sign(1 - x) + abs(x - 1)", {"x - 1"}));
}

TEST_CASE("smooth formulas and constants have no switches") {
  CHECK(texts("x^2*exp(-y)*sin(t) + sqrt(1 + x^2)").empty());
  CHECK(texts("if(1 < 2, x, y)").empty());
  CHECK(texts("if(x == 3, 1, 2)").empty());
}
