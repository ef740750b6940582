#pragma once
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "fokker/base/tape.hpp"

/// Shared by the tests of this module: names, shorthand and random formulas from a fixed seed.
namespace fokker::test {

inline const std::vector<std::string> names{"x", "y", "t", "theta", "mu"};

inline Expression parse(const std::string& text) { return parse_expression(text, names); }

inline double at(const Expression& e, double x, double y = 0.4, double t = 0.3, double theta = 1.7, double mu = -0.6) {
  return evaluate_at(e, names, std::vector<double>{x, y, t, theta, mu});
}

/// A formula as text with fully parenthesised operators; smooth and defined for all reals up to rounding.
class RandomFormula {
 public:
  explicit RandomFormula(unsigned seed) : random_(seed) {}

  std::string text(int depth) {
    if (depth == 0) return leaf();
    switch (pick(10)) {
      case 0:
      case 1:
        return "(" + text(depth - 1) + " + " + text(depth - 1) + ")";
      case 2:
        return "(" + text(depth - 1) + " - " + text(depth - 1) + ")";
      case 3:
      case 4:
        return "(" + text(depth - 1) + " * " + text(depth - 1) + ")";
      case 5:
        return "(" + text(depth - 1) + " / (2 + cos(" + text(depth - 1) + ")))";
      case 6:
        return "(" + text(depth - 1) + ")^" + std::to_string(2 + pick(3));
      case 7:
        return "sqrt(1 + (" + text(depth - 1) + ")^2)";
      case 8: {
        const char* const functions[] = {"sin", "cos", "tanh", "atan", "erf"};
        return functions[pick(5)] + ("(" + text(depth - 1) + ")");
      }
      default:
        return "exp(-(" + text(depth - 1) + ")^2)";
    }
  }

 private:
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }

  std::string leaf() {
    switch (pick(6)) {
      case 0:
      case 1:
        return "x";
      case 2:
        return "y";
      case 3:
        return "t";
      case 4:
        return std::to_string(pick(9) + 1);
      default:
        return "0." + std::to_string(pick(99) + 1);
    }
  }

  std::mt19937 random_;
};

}  // namespace fokker::test
