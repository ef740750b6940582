#include "fokker/base/expression.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>
#include <unordered_set>

#include "expression_node.hpp"

namespace fokker {
namespace {

using Node = Expression::Node;

// ---- fingerprints: a content hash of 128 bits, so that equality costs one comparison whatever the sharing ----

std::uint64_t mix(std::uint64_t h) {  // the finaliser of MurmurHash3
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33);
}

class Fingerprint {
 public:
  void add(std::uint64_t word) {
    state_[0] = mix(state_[0] ^ word) * 0x9e3779b97f4a7c15ULL + 1;
    state_[1] = mix(state_[1] + word * 0xd6e8feb86659fd93ULL) ^ (state_[0] >> 7);
  }
  void add(double number) { add(std::bit_cast<std::uint64_t>(number)); }
  [[nodiscard]] std::array<std::uint64_t, 2> value() const { return {mix(state_[0]), mix(state_[1])}; }

 private:
  std::array<std::uint64_t, 2> state_{0x243f6a8885a308d3ULL, 0x13198a2e03707344ULL};
};

/// The variables of a node: the list of a child that has them all, or a new one.
std::shared_ptr<const std::vector<std::string>> names_below(const Node& node) {
  if (node.kind == Kind::variable) return std::make_shared<const std::vector<std::string>>(1, node.name);
  std::shared_ptr<const std::vector<std::string>> names;
  for (const Expression& child : node.children) {
    const auto& others = child.node().names;
    if (!others || others == names) continue;
    if (!names || std::includes(others->begin(), others->end(), names->begin(), names->end())) {
      names = others;
    } else if (!std::includes(names->begin(), names->end(), others->begin(), others->end())) {
      std::vector<std::string> all;
      std::set_union(names->begin(), names->end(), others->begin(), others->end(), std::back_inserter(all));
      names = std::make_shared<const std::vector<std::string>>(std::move(all));
    }
  }
  return names;  // null: a constant
}

Expression make_node(Node node) {
  if (node.children.size() > max_size) throw std::length_error("formula has more than 20000 nodes");
  Fingerprint fingerprint;
  fingerprint.add(static_cast<std::uint64_t>(node.kind) * 256 + static_cast<std::uint64_t>(node.function));
  fingerprint.add(node.number);
  node.finite = std::isfinite(node.number);
  for (const char c : node.name) fingerprint.add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  for (const double c : node.coefficients) {
    fingerprint.add(c);
    node.finite = node.finite && std::isfinite(c);
  }
  node.names = names_below(node);
  for (const Expression& child : node.children) {
    for (const std::uint64_t word : child.node().fingerprint) fingerprint.add(word);
    node.depth = std::max(node.depth, child.node().depth + 1);
    node.finite = node.finite && child.node().finite;
  }
  if (node.depth > max_depth) throw std::length_error("formula is nested too deeply");
  node.fingerprint = fingerprint.value();
  return Expression(std::make_shared<const Node>(std::move(node)));
}

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

/// number * factors without further thought: the factors are canonical, distinct and sorted.
Expression make_product(double number, std::vector<Expression> factors) {
  if (factors.empty() || number == 0) return number;
  if (factors.size() == 1) {
    const Node& only = factors[0].node();
    if (number == 1) return factors[0];
    if (only.kind == Kind::sum) return sum_of(0, {{number, factors[0]}});
  }
  Node node;
  node.kind = Kind::product;
  node.number = number;
  node.children = std::move(factors);
  return make_node(std::move(node));
}

bool is_integer(double x) { return x == std::floor(x) && std::abs(x) < 9e15; }
bool is_even(double x) { return is_integer(x) && std::fmod(x, 2.0) == 0; }

/// Whether the formula is written with a minus in front; every formula is so or its negative is, except for zero.
bool leads_with_minus(const Expression& e) {
  const Node& node = e.node();
  if (node.kind == Kind::sum) return node.coefficients[0] < 0;
  return (node.kind == Kind::product || node.kind == Kind::constant) && node.number < 0;
}

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

// ---- the canonical constructors ----

Expression::Expression(double constant) {
  Node node;
  node.number = constant + 0.0;  // one zero only
  *this = make_node(std::move(node));
}

Expression Expression::variable(std::string name) {
  Node node;
  node.kind = Kind::variable;
  node.name = std::move(name);
  return make_node(std::move(node));
}

Expression sum_of(double number, std::vector<Term> terms) {
  std::vector<Term> flat;
  for (Term& term : terms) {
    const Node& node = term.factor.node();
    const double c = term.coefficient;
    if (node.kind == Kind::constant) {
      number += c * node.number;
    } else if (node.kind == Kind::sum) {
      number += c * node.number;
      for (std::size_t i = 0; i < node.children.size(); ++i)
        flat.push_back({c * node.coefficients[i], node.children[i]});
    } else if (node.kind == Kind::product && node.number != 1) {
      flat.push_back({c * node.number, make_product(1, node.children)});
    } else {
      flat.push_back(std::move(term));
    }
  }
  std::stable_sort(flat.begin(), flat.end(),
                   [](const Term& a, const Term& b) { return compare(a.factor, b.factor) < 0; });

  Node node;
  node.kind = Kind::sum;
  node.number = number + 0.0;
  for (std::size_t i = 0; i < flat.size();) {
    double coefficient = 0, magnitude = 0;
    std::size_t end = i;
    for (; end < flat.size() && flat[end].factor == flat[i].factor; ++end) {
      coefficient += flat[end].coefficient;
      magnitude += std::abs(flat[end].coefficient);
    }
    // What is left of 0.1 x + 0.2 x - 0.3 x is the rounding of its own coefficients: zero.
    const bool cancels = end - i > 1 && std::isfinite(magnitude) &&
                         std::abs(coefficient) <= std::numeric_limits<double>::epsilon() * magnitude;
    if (!cancels && coefficient != 0) {
      node.children.push_back(std::move(flat[i].factor));
      node.coefficients.push_back(coefficient);
    }
    i = end;
  }
  if (node.children.empty()) return node.number;
  if (node.children.size() == 1 && node.number == 0) {
    const Node& only = node.children[0].node();
    return only.kind == Kind::product ? make_product(node.coefficients[0], only.children)
                                      : make_product(node.coefficients[0], {node.children[0]});
  }
  return make_node(std::move(node));
}

Expression product_of(double number, std::vector<Expression> factors) {
  struct Factor {
    Expression whole, base, exponent;
  };
  std::vector<Factor> flat;
  const auto add = [&](const Expression& e) {
    const Node& node = e.node();
    if (node.kind == Kind::constant) {
      number *= node.number;
    } else if (node.kind == Kind::power) {
      flat.push_back({e, node.children[0], node.children[1]});
    } else if (is_call(e, Function::exp)) {
      flat.push_back({e, std::numbers::e, node.children[0]});
    } else if (node.kind == Kind::sum && leads_with_minus(e)) {
      number = -number;
      const Expression negated = sum_of(0, {{-1, e}});
      flat.push_back({negated, negated, 1.0});
    } else {
      flat.push_back({e, e, 1.0});
    }
  };
  for (const Expression& e : factors) {
    if (e.node().kind == Kind::product) {
      number *= e.node().number;
      for (const Expression& child : e.node().children) add(child);
    } else {
      add(e);
    }
  }
  if (number == 0) return 0.0;
  std::stable_sort(flat.begin(), flat.end(),
                   [](const Factor& a, const Factor& b) { return compare(a.base, b.base) < 0; });

  std::vector<Expression> collected;
  bool merged = false;
  for (std::size_t i = 0; i < flat.size();) {
    std::vector<Term> exponents;
    std::size_t end = i;
    for (; end < flat.size() && flat[end].base == flat[i].base; ++end) exponents.push_back({1, flat[end].exponent});
    collected.push_back(end - i == 1 ? flat[i].whole : pow(flat[i].base, sum_of(0, std::move(exponents))));
    merged = merged || end - i > 1;
    i = end;
  }
  // A merged power may be a number, a product or a base that another factor has: collect once more.
  if (merged) return product_of(number, std::move(collected));
  return make_product(number, std::move(collected));
}

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

Expression rebuild(const Node& node, std::vector<Expression> children) {
  switch (node.kind) {
    case Kind::sum: {
      std::vector<Term> terms;
      for (std::size_t i = 0; i < children.size(); ++i) terms.push_back({node.coefficients[i], std::move(children[i])});
      return sum_of(node.number, std::move(terms));
    }
    case Kind::product:
      return product_of(node.number, std::move(children));
    case Kind::power:
      return pow(children[0], children[1]);
    case Kind::call:
      return call(node.function, std::move(children));
    default:
      throw std::logic_error("rebuild: a leaf has no children");
  }
}

int compare(const Expression& left, const Expression& right) {
  const Node *a = &left.node(), *b = &right.node();
  while (a->fingerprint != b->fingerprint) {
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    if (a->function != b->function) return a->function < b->function ? -1 : 1;
    if (const int names = a->name.compare(b->name)) return names;
    if (a->children.size() != b->children.size()) return a->children.size() < b->children.size() ? -1 : 1;
    // Go down into the first child in which they differ: one path, however much the trees share.
    std::size_t i = 0;
    while (i < a->children.size() && a->children[i] == b->children[i]) ++i;
    if (i == a->children.size()) {
      if (a->number != b->number) return a->number < b->number ? -1 : 1;
      if (a->coefficients != b->coefficients) return a->coefficients < b->coefficients ? -1 : 1;
      return a->fingerprint < b->fingerprint ? -1 : 1;
    }
    const Node* next = &b->children[i].node();
    a = &a->children[i].node();
    b = next;
  }
  return 0;
}

// ---- questions ----

bool operator==(const Expression& a, const Expression& b) { return a.node().fingerprint == b.node().fingerprint; }

bool Expression::is_constant() const { return node_->kind == Kind::constant; }

double Expression::value() const {
  if (!is_constant()) throw std::logic_error("the value of a formula that is no constant");
  return node_->number;
}

namespace {
template <class Visit>
void visit_nodes(const Node& node, std::unordered_set<const Node*>& seen, const Visit& visit) {
  if (!seen.insert(&node).second) return;
  visit(node);
  for (const Expression& child : node.children) visit_nodes(child.node(), seen, visit);
}
}  // namespace

bool Expression::depends_on(std::string_view variable) const {
  return node_->names && std::binary_search(node_->names->begin(), node_->names->end(), variable);
}

std::vector<std::string> Expression::variables() const {
  return node_->names ? *node_->names : std::vector<std::string>{};
}

std::size_t Expression::size() const {
  std::size_t count = 0;
  std::unordered_set<const Node*> seen;
  visit_nodes(*node_, seen, [&](const Node& n) { count += std::max<std::size_t>(1, n.children.size()); });
  return count;
}

// ---- operators ----

Expression operator+(const Expression& a, const Expression& b) { return sum_of(0, {{1, a}, {1, b}}); }
Expression operator-(const Expression& a, const Expression& b) { return sum_of(0, {{1, a}, {-1, b}}); }
Expression operator*(const Expression& a, const Expression& b) { return product_of(1, {a, b}); }
Expression operator/(const Expression& a, const Expression& b) {
  if (a.is_constant() && b.is_constant()) return a.value() / b.value();
  return product_of(1, {a, pow(b, -1.0)});
}
Expression operator-(const Expression& a) { return sum_of(0, {{-1, a}}); }
Expression sqrt(const Expression& u) { return pow(u, 0.5); }
Expression exp(const Expression& u) { return call(Function::exp, {u}); }
Expression log(const Expression& u) { return call(Function::log, {u}); }

}  // namespace fokker
