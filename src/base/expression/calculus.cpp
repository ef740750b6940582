#include <cmath>
#include <numbers>
#include <unordered_map>

#include "expression_node.hpp"

/// What walks over a tree and builds another: derivative, substitution, expansion. Shared parts are walked once.
namespace fokker {
namespace {

using Node = Expression::Node;

/// Results by content: equal parts are walked once, shared or not.
class Known {
 public:
  [[nodiscard]] const Expression* find(const Expression& e) const {
    const auto known = results_.find(e.node().fingerprint);
    return known == results_.end() ? nullptr : &known->second;
  }
  void add(const Expression& e, const Expression& result) { results_.emplace(e.node().fingerprint, result); }

 private:
  using Key = std::array<std::uint64_t, 2>;
  struct Hash {
    std::size_t operator()(const Key& key) const { return static_cast<std::size_t>(key[0]); }
  };
  std::unordered_map<Key, Expression, Hash> results_;
};

class Differentiation {
 public:
  Differentiation(std::string_view variable, Budget& budget) : variable_(variable), budget_(budget) {}

  Expression of(const Expression& e) {
    if (!e.depends_on(variable_)) return 0.0;
    if (const Expression* known = done_.find(e)) return *known;
    Expression result = compute(e);
    budget_.spend(1 + result.node().children.size());
    done_.add(e, result);
    return result;
  }

 private:
  Expression compute(const Expression& e) {
    const Node& node = e.node();
    switch (node.kind) {
      case Kind::constant:
        return 0.0;
      case Kind::variable:
        return node.name == variable_ ? 1.0 : 0.0;
      case Kind::sum:
        return sum(node);
      case Kind::product:
        return product(node);
      case Kind::power:
        return power(e);
      case Kind::call:
        return chain(e);
    }
    throw std::logic_error("derivative: unknown node");
  }

  Expression sum(const Node& node) {
    std::vector<Summand> terms;
    for (std::size_t i = 0; i < node.children.size(); ++i)
      terms.push_back({node.coefficients[i], of(node.children[i])});
    return sum_of(0, std::move(terms));
  }

  Expression product(const Node& node) {
    std::vector<Summand> terms;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const Expression slope = of(node.children[i]);
      if (slope.is_zero()) continue;
      std::vector<Expression> factors = node.children;
      factors[i] = slope;
      budget_.spend(factors.size());
      terms.push_back({node.number, product_of(1, std::move(factors))});
    }
    return sum_of(0, std::move(terms));
  }

  Expression power(const Expression& e) {
    const Expression &base = e.node().children[0], &exponent = e.node().children[1];
    const Expression db = of(base), de = of(exponent);
    Expression result = db.is_zero() ? Expression(0.0) : exponent * pow(base, exponent - 1.0) * db;
    return de.is_zero() ? result : result + e * log(base) * de;
  }

  /// f(u)' = f'(u) u'; the pieces of abs, min, max, if keep their own slopes (almost everywhere).
  Expression chain(const Expression& e) {
    const std::vector<Expression>& a = e.node().children;
    const Expression& u = a[0];
    switch (e.node().function) {
      case Function::less:
      case Function::less_equal:
      case Function::equal:
      case Function::not_equal:
      case Function::sign:
        return 0.0;
      case Function::choose:
        return call(Function::choose, {u, of(a[1]), of(a[2])});
      case Function::minimum:
        return call(Function::choose, {call(Function::less, {u, a[1]}), of(u), of(a[1])});
      case Function::maximum:
        return call(Function::choose, {call(Function::less, {u, a[1]}), of(a[1]), of(u)});
      case Function::atan2: {
        const Expression dy = of(u), dx = of(a[1]);
        if (dy.is_zero() && dx.is_zero()) return 0.0;
        return (a[1] * dy - u * dx) / (u * u + a[1] * a[1]);
      }
      default:
        break;
    }
    const Expression du = of(u);
    return du.is_zero() ? Expression(0.0) : slope(e.node().function, e, u) * du;
  }

  static Expression slope(Function function, const Expression& e, const Expression& u) {
    switch (function) {
      case Function::absolute:
        return call(Function::sign, {u});
      case Function::exp:
        return e;
      case Function::log:
        return 1.0 / u;
      case Function::sin:
        return call(Function::cos, {u});
      case Function::cos:
        return -call(Function::sin, {u});
      case Function::tan:
        return 1.0 + e * e;
      case Function::asin:
        return pow(1.0 - u * u, -0.5);
      case Function::acos:
        return -pow(1.0 - u * u, -0.5);
      case Function::atan:
        return 1.0 / (1.0 + u * u);
      case Function::sinh:
        return call(Function::cosh, {u});
      case Function::cosh:
        return call(Function::sinh, {u});
      case Function::tanh:
        return 1.0 - e * e;
      case Function::erf:
        return 2 * std::numbers::inv_sqrtpi * exp(-u * u);
      case Function::erfc:
        return -2 * std::numbers::inv_sqrtpi * exp(-u * u);
      default:
        throw std::logic_error("derivative: unknown function");
    }
  }

  std::string_view variable_;
  Budget& budget_;
  Known done_;
};

class Substitution {
 public:
  Substitution(const std::map<std::string, Expression>& values, Budget& budget) : values_(values), budget_(budget) {}

  Expression of(const Expression& e) {
    const Node& node = e.node();
    if (node.kind == Kind::constant) return e;
    if (node.kind == Kind::variable) {
      const auto value = values_.find(node.name);
      return value == values_.end() ? e : value->second;
    }
    if (const Expression* known = done_.find(e)) return *known;
    std::vector<Expression> children;
    bool changed = false;
    for (const Expression& child : node.children) {
      children.push_back(of(child));
      changed = changed || &children.back().node() != &child.node();
    }
    Expression result = changed ? rebuild(node, std::move(children)) : e;
    budget_.spend(1 + result.node().children.size());
    done_.add(e, result);
    return result;
  }

 private:
  const std::map<std::string, Expression>& values_;
  Budget& budget_;
  Known done_;
};

class Expansion {
 public:
  explicit Expansion(Budget& budget) : budget_(budget) {}

  Expression of(const Expression& e) {
    const Node& node = e.node();
    if (node.children.empty()) return e;
    if (const Expression* known = done_.find(e)) return *known;
    std::vector<Expression> children;
    for (const Expression& child : node.children) children.push_back(of(child));
    const Expression rebuilt = rebuild(node, std::move(children));
    Expression result = multiply_out(rebuilt);
    budget_.spend(1 + result.node().children.size());
    done_.add(e, result);
    return result;
  }

 private:
  static constexpr std::size_t max_terms = 64;

  static std::size_t terms(const Expression& e) {
    const Node& node = e.node();
    return node.kind == Kind::sum ? node.children.size() + (node.number != 0) : 1;
  }

  /// a (b + c) = a b + a c for every pair of terms, as long as the result stays small.
  Expression multiply(const Expression& a, const Expression& b) {
    if (terms(a) * terms(b) > max_terms || (terms(a) == 1 && terms(b) == 1)) return times(a, b);
    std::vector<Summand> result;
    const Node &left = a.node(), &right = b.node();
    const auto distribute = [&](double c, const Expression& factor) {
      if (right.kind != Kind::sum) {
        result.push_back({c, times(factor, b)});
        return;
      }
      result.push_back({c * right.number, factor});
      for (std::size_t j = 0; j < right.children.size(); ++j)
        result.push_back({c * right.coefficients[j], times(factor, right.children[j])});
    };
    if (left.kind != Kind::sum) {
      distribute(1, a);
    } else {
      distribute(left.number, 1.0);
      for (std::size_t i = 0; i < left.children.size(); ++i) distribute(left.coefficients[i], left.children[i]);
    }
    return sum_of(0, std::move(result));
  }

  Expression times(const Expression& a, const Expression& b) {
    budget_.spend(1 + a.node().children.size() + b.node().children.size());
    return a * b;
  }

  Expression multiply_out(const Expression& e) {
    const Kind kind = e.node().kind;
    if (kind != Kind::sum && kind != Kind::product && kind != Kind::power) return e;
    if (const Expression* known = multiplied_.find(e)) return *known;
    budget_.spend(1 + e.node().children.size());
    Expression result = multiply_out(e.node(), e);
    multiplied_.add(e, result);
    return result;
  }

  Expression multiply_out(const Node& node, const Expression& e) {
    if (node.kind == Kind::sum) {  // terms that only now turned into products of sums
      std::vector<Summand> result;
      for (std::size_t i = 0; i < node.children.size(); ++i)
        result.push_back({node.coefficients[i], multiply_out(node.children[i])});
      return sum_of(node.number, std::move(result));
    }
    if (node.kind == Kind::product) {
      std::vector<Expression> monomial, sums;
      for (const Expression& child : node.children) {
        const Expression factor = multiply_out(child);
        (factor.node().kind == Kind::sum ? sums : monomial).push_back(factor);
      }
      if (sums.empty()) return e;
      Expression result = product_of(node.number, std::move(monomial));
      for (const Expression& factor : sums) result = multiply(result, factor);
      return result;
    }
    const auto exponent = constant_exponent(e);
    if (!exponent || *exponent != std::floor(*exponent) || *exponent < 2 || *exponent > 8) return e;
    const Expression& base = node.children[0];
    if (base.node().kind != Kind::sum) return e;
    Expression result = base;
    for (int k = 1; k < *exponent; ++k) {
      if (terms(result) * terms(base) > max_terms) return e;
      result = multiply(result, base);
    }
    return result;
  }

  Budget& budget_;
  Known done_, multiplied_;
};

}  // namespace

Expression derivative(const Expression& expression, std::string_view variable, Budget& budget) {
  return Budget::check(Differentiation(variable, budget).of(expression));
}

Expression substitute(const Expression& expression, const std::map<std::string, Expression>& values, Budget& budget) {
  return Budget::check(Substitution(values, budget).of(expression));
}

Expression expand(const Expression& expression, Budget& budget) {
  // Multiplying out may join powers, sqrt(x + 1) sqrt(x + 1) = x + 1, that can be multiplied out in turn.
  constexpr int rounds = 4;
  Expression result = expression;
  for (int round = 0; round < rounds; ++round) {
    const Expression next = Expansion(budget).of(result);
    if (next == result) break;
    result = next;
  }
  return Budget::check(result);
}

Expression derivative(const Expression& expression, std::string_view variable) {
  Budget budget(expression.size());
  return derivative(expression, variable, budget);
}

Expression substitute(const Expression& expression, const std::map<std::string, Expression>& values) {
  std::size_t nodes = expression.size();
  for (const std::string& name : expression.variables())
    if (const auto value = values.find(name); value != values.end()) nodes += value->second.size();
  Budget budget(nodes);
  return substitute(expression, values, budget);
}

Expression expand(const Expression& expression) {
  Budget budget(expression.size());
  return expand(expression, budget);
}

}  // namespace fokker
