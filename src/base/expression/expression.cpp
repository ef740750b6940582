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

}  // namespace

// ---- the canonical constructors ----

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

Expression sum_of(double number, std::vector<Summand> terms) {
  std::vector<Summand> flat;
  for (Summand& term : terms) {
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
                   [](const Summand& a, const Summand& b) { return compare(a.factor, b.factor) < 0; });

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
    std::vector<Summand> exponents;
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

Expression rebuild(const Node& node, std::vector<Expression> children) {
  switch (node.kind) {
    case Kind::sum: {
      std::vector<Summand> terms;
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

bool leads_with_minus(const Expression& e) {
  const Node& node = e.node();
  if (node.kind == Kind::sum) return node.coefficients[0] < 0;
  return (node.kind == Kind::product || node.kind == Kind::constant) && node.number < 0;
}

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
