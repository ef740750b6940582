#include <cmath>

#include "expression_node.hpp"

/// Integrals that are known in closed form: sums of t^n g(a t + b) with g one of exp, sin, cos, sinh, cosh (by parts),
/// powers of a t + b, and tan(a t + b).
namespace fokker {
namespace {

using Node = Expression::Node;
constexpr double most_parts = 20;  // the largest n that is integrated by parts

/// An antiderivative, or nothing.
using Primitive = std::optional<Expression>;

class Integration {
 public:
  Integration(std::string_view variable, Budget& budget)
      : variable_(variable), budget_(budget), x_(Expression::variable(std::string(variable))) {}

  [[nodiscard]] Primitive of(const Expression& e) const {
    if (!e.depends_on(variable_)) return e * x_;
    const Node& node = e.node();
    if (node.kind != Kind::sum) return monomial(e);
    std::vector<Summand> parts{{node.number, x_}};
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const Primitive part = of(node.children[i]);
      if (!part) return std::nullopt;
      budget_.spend(1 + part->node().children.size());
      parts.push_back({node.coefficients[i], *part});
    }
    return sum_of(0, std::move(parts));
  }

 private:
  /// constant * x^n * kernel
  [[nodiscard]] Primitive monomial(const Expression& e) const {
    Expression constant = 1, kernel = 1;
    double n = 0;
    const auto take = [&](const Expression& factor) {
      budget_.spend(1 + constant.node().children.size() + kernel.node().children.size());
      const auto exponent = constant_exponent(factor);
      const bool power_of_x = exponent && factor.node().children[0] == x_ && *exponent >= 0 && is_integer(*exponent);
      if (!factor.depends_on(variable_))
        constant = constant * factor;
      else if (factor == x_ || power_of_x)
        n += exponent.value_or(1);
      else
        kernel = kernel * factor;
    };
    if (e.node().kind == Kind::product) {
      constant = e.node().number;
      for (const Expression& factor : e.node().children) take(factor);
    } else {
      take(e);
    }
    const Primitive whole = by_parts(n, kernel);
    if (!whole) return std::nullopt;
    return constant * *whole;
  }

  /// int x^n g = x^n G - n int x^(n-1) G, where G is a multiple of a kernel again.
  [[nodiscard]] Primitive by_parts(double n, const Expression& kernel) const {
    if (!kernel.depends_on(variable_)) return kernel * pow(x_, n + 1) / (n + 1);
    const Primitive once = kernel_integral(kernel);
    if (n == 0 || !once) return once;
    if (n > most_parts || !repeats(kernel)) return std::nullopt;
    const Primitive rest =
        by_parts(n - 1, once->node().kind == Kind::product ? product_of(1, once->node().children) : *once);
    if (!rest) return std::nullopt;
    const double factor = once->node().kind == Kind::product ? once->node().number : 1;
    return pow(x_, n) * *once - n * factor * *rest;
  }

  /// Its integrals of every order are multiples of kernels.
  [[nodiscard]] static bool repeats(const Expression& kernel) {
    for (const Function f : {Function::exp, Function::sin, Function::cos, Function::sinh, Function::cosh})
      if (is_call(kernel, f)) return true;
    return kernel.node().kind == Kind::power && kernel.node().children[0].is_constant();
  }

  [[nodiscard]] Primitive kernel_integral(const Expression& kernel) const {
    const Node& node = kernel.node();
    if (node.kind == Kind::variable) return 0.5 * x_ * x_;
    if (node.kind == Kind::power) return power_integral(node);
    if (node.kind != Kind::call || node.children.size() != 1) return std::nullopt;
    const Expression& u = node.children[0];
    const auto a = slope(u);
    if (!a) return std::nullopt;
    switch (node.function) {
      case Function::exp:
        return kernel / *a;
      case Function::sin:
        return -call(Function::cos, {u}) / *a;
      case Function::cos:
        return call(Function::sin, {u}) / *a;
      case Function::sinh:
        return call(Function::cosh, {u}) / *a;
      case Function::cosh:
        return call(Function::sinh, {u}) / *a;
      case Function::tan:
        return -log_from_zero(call(Function::cos, {u})) / *a;
      default:
        return std::nullopt;
    }
  }

  /// c^(a x + b) and (a x + b)^r
  [[nodiscard]] Primitive power_integral(const Node& node) const {
    const Expression &base = node.children[0], &exponent = node.children[1];
    if (base.is_constant() && base.value() > 0) {
      const auto a = slope(exponent);
      if (!a) return std::nullopt;
      return Expression(std::make_shared<Node>(node)) / (*a * log(base));
    }
    const auto a = slope(base);
    if (!a || !exponent.is_constant()) return std::nullopt;
    if (exponent.value() == -1) return log_from_zero(base) / *a;
    return pow(base, exponent + 1.0) / (*a * (exponent + 1.0));
  }

  /// log(u / u(0)): real on whichever side of 0 u stays.
  [[nodiscard]] Expression log_from_zero(const Expression& u) const {
    return log(u / substitute(u, {{std::string(variable_), Expression(0.0)}}, budget_));
  }

  /// a when u = a x + b.
  [[nodiscard]] std::optional<Expression> slope(const Expression& u) const {
    const Expression a = expand(derivative(u, variable_, budget_), budget_);
    if (a.depends_on(variable_) || a.is_zero()) return std::nullopt;
    return a;
  }

  static bool is_integer(double number) { return number == std::floor(number); }

  std::string_view variable_;
  Budget& budget_;
  Expression x_;
};

}  // namespace

std::optional<Expression> integral_from_zero(const Expression& expression, std::string_view variable) try {
  Budget budget(expression.size());
  const Primitive primitive = Integration(variable, budget).of(expand(expression, budget));
  if (!primitive) return std::nullopt;
  const Expression at_zero = substitute(*primitive, {{std::string(variable), Expression(0.0)}}, budget);
  if (at_zero.is_constant() && !std::isfinite(at_zero.value())) return std::nullopt;
  return *primitive - at_zero;
} catch (const std::length_error&) {
  return std::nullopt;  // too large to be of use
}

}  // namespace fokker
