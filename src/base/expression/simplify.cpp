#include <algorithm>
#include <cmath>
#include <numbers>

#include "expression_node.hpp"

/// What calls and powers are simplified to.
namespace fokker {
namespace {

using Node = Expression::Node;

Expression make_call(Function function, std::vector<Expression> arguments) {
  Node node;
  node.kind = Kind::call;
  node.function = function;
  node.children = std::move(arguments);
  return make_node(std::move(node));
}

Expression make_power(const Expression& base, const Expression& exponent) {
  Node node;
  node.kind = Kind::power;
  node.children = {base, exponent};
  return make_node(std::move(node));
}

bool is_integer(double x) { return x == std::floor(x) && std::abs(x) < 9e15; }
bool is_even(double x) { return is_integer(x) && std::fmod(x, 2.0) == 0; }

bool is_nonnegative(const Expression& e) {
  if (const auto exponent = constant_exponent(e)) return is_even(*exponent) || !is_integer(*exponent);
  return is_call(e, Function::exp) || is_call(e, Function::cosh) || is_call(e, Function::absolute);
}

// ---- one rule per family of calls; each returns nothing when it does not apply ----

std::optional<Expression> simplify_parity(Function function, const Expression& u) {
  switch (function) {
    case Function::sin:
    case Function::tan:
    case Function::asin:
    case Function::atan:
    case Function::sinh:
    case Function::tanh:
    case Function::erf:
    case Function::sign:
      if (leads_with_minus(u)) return -call(function, {-u});
      return std::nullopt;
    case Function::cos:
    case Function::cosh:
    case Function::absolute:
      if (leads_with_minus(u)) return call(function, {-u});
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Expression> simplify_inverse(Function function, const Expression& u) {
  const Node& inner = u.node();
  if (function == Function::log && is_call(u, Function::exp)) return inner.children[0];
  if (function == Function::exp && is_call(u, Function::log)) return inner.children[0];
  if (function == Function::exp && inner.kind == Kind::product && inner.children.size() == 1 &&
      is_call(inner.children[0], Function::log)) {
    return pow(inner.children[0].node().children[0], inner.number);
  }
  if (function == Function::absolute && is_nonnegative(u)) return u;
  return std::nullopt;
}

std::optional<Expression> simplify_choice(Function function, const std::vector<Expression>& a) {
  if (function == Function::choose) {
    if (a[0].is_constant()) return a[0].value() != 0 ? a[1] : a[2];
    if (a[1] == a[2]) return a[1];
    return std::nullopt;
  }
  if (a.size() != 2 || !(a[0] == a[1])) return std::nullopt;
  switch (function) {
    case Function::minimum:
    case Function::maximum:
      return a[0];
    case Function::less:
    case Function::not_equal:
      return Expression(0.0);
    case Function::less_equal:
    case Function::equal:
      return Expression(1.0);
    default:
      return std::nullopt;
  }
}

bool commutes(Function f) {
  return f == Function::minimum || f == Function::maximum || f == Function::equal || f == Function::not_equal;
}

// ---- powers ----

/// (u^a)^b with a number b: u^(ab) wherever both are defined, except that an even power forgets the sign of u.
std::optional<Expression> simplify_nested_power(const Node& inner, double b) {
  const Expression& u = inner.children[0];
  const Expression& a = inner.children[1];
  if (is_integer(b)) return pow(u, a * b);
  if (!a.is_constant()) {
    if (u.is_constant() && u.value() > 0) return pow(u, a * b);
    return std::nullopt;
  }
  if (is_even(a.value())) return pow(call(Function::absolute, {u}), a.value() * b);
  return pow(u, a.value() * b);
}

/// Whether (c u v)^n may be written c^n u^n v^n: a high power of each factor leaves the range of doubles where that of
/// their product does not, and what has become 0 or infinite stays so.
bool may_be_shared(const Node& product, double n) {
  constexpr double most = 32, largest = 1e100;
  const double power = std::abs(std::pow(product.number, n));
  if (power == 1 && product.children.size() == 1) return true;
  return std::abs(n) <= most && power < largest && power > 1 / largest;
}

std::optional<Expression> simplify_integer_power(const Expression& base, double n) {
  const Node& node = base.node();
  if (node.kind == Kind::product && may_be_shared(node, n)) {
    std::vector<Expression> factors;
    for (const Expression& child : node.children) factors.push_back(pow(child, n));
    return product_of(std::pow(node.number, n), std::move(factors));
  }
  if (node.kind == Kind::sum && leads_with_minus(base)) {
    return product_of(is_even(n) ? 1 : -1, {make_power(-base, n)});
  }
  if (is_call(base, Function::absolute) && is_even(n)) return pow(node.children[0], n);
  return std::nullopt;
}

}  // namespace

double value_of(Function function, const double* arguments) {
  const double a = arguments[0], b = arguments[1];
  switch (function) {
    case Function::less:
      return a < b;
    case Function::less_equal:
      return a <= b;
    case Function::equal:
      return a == b;
    case Function::not_equal:
      return a != b;
    case Function::choose:
      return a != 0 ? b : arguments[2];
    case Function::minimum:
      return a < b ? a : b;
    case Function::maximum:
      return a > b ? a : b;
    case Function::absolute:
      return std::abs(a);
    case Function::sign:
      return a > 0 ? 1 : a < 0 ? -1 : a;
    case Function::exp:
      return std::exp(a);
    case Function::log:
      return std::log(a);
    case Function::sin:
      return std::sin(a);
    case Function::cos:
      return std::cos(a);
    case Function::tan:
      return std::tan(a);
    case Function::asin:
      return std::asin(a);
    case Function::acos:
      return std::acos(a);
    case Function::atan:
      return std::atan(a);
    case Function::atan2:
      return std::atan2(a, b);
    case Function::sinh:
      return std::sinh(a);
    case Function::cosh:
      return std::cosh(a);
    case Function::tanh:
      return std::tanh(a);
    case Function::erf:
      return std::erf(a);
    case Function::erfc:
      return std::erfc(a);
  }
  throw std::logic_error("value_of: unknown function");
}

Expression call(Function function, std::vector<Expression> arguments) {
  if (std::all_of(arguments.begin(), arguments.end(), [](const Expression& a) { return a.is_constant(); })) {
    double numbers[3] = {};
    std::transform(arguments.begin(), arguments.end(), numbers, [](const Expression& a) { return a.value(); });
    return value_of(function, numbers);
  }
  if (commutes(function) && compare(arguments[1], arguments[0]) < 0) std::swap(arguments[0], arguments[1]);
  std::optional<Expression> simpler;
  if (arguments.size() == 1) {
    simpler = simplify_parity(function, arguments[0]);
    if (!simpler) simpler = simplify_inverse(function, arguments[0]);
  } else {
    simpler = simplify_choice(function, arguments);
  }
  return simpler ? *simpler : make_call(function, std::move(arguments));
}

Expression pow(const Expression& base, const Expression& exponent) {
  if (base.is_constant()) {
    if (exponent.is_constant()) return std::pow(base.value(), exponent.value());
    if (base.value() == 1) return 1.0;
    if (base.value() == std::numbers::e) return call(Function::exp, {exponent});
  }
  if (is_call(base, Function::exp)) return call(Function::exp, {base.node().children[0] * exponent});
  if (!exponent.is_constant()) {
    const Node& inner = base.node();
    const bool positive = inner.kind == Kind::power && inner.children[0].is_constant() && inner.children[0].value() > 0;
    return positive ? pow(inner.children[0], inner.children[1] * exponent) : make_power(base, exponent);
  }

  const double n = exponent.value();
  if (n == 0) return 1.0;
  if (n == 1) return base;
  std::optional<Expression> simpler;
  if (base.node().kind == Kind::power) simpler = simplify_nested_power(base.node(), n);
  if (!simpler && is_integer(n)) simpler = simplify_integer_power(base, n);
  return simpler ? *simpler : make_power(base, exponent);
}

}  // namespace fokker
