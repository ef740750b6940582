#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "expression_node.hpp"

namespace fokker {
namespace {

using Node = Expression::Node;

/// e = inside * outside with `inside` in the variable alone and `outside` free of it.
struct Split {
  Expression inside, outside;
};

bool only_in(const Expression& e, std::string_view variable) {
  const auto& names = e.node().names;
  return names && names->size() == 1 && names->front() == variable;
}

/// k with a = k b when both are sums of the same terms in one proportion (to rounding).
std::optional<double> ratio_of_sums(const Node& a, const Node& b) {
  if (a.kind != Kind::sum || b.kind != Kind::sum || a.children != b.children) return std::nullopt;
  const double k = a.coefficients[0] / b.coefficients[0];
  const auto matches = [&](double x, double y) {
    return std::abs(x - k * y) <= 8 * std::numeric_limits<double>::epsilon() * std::abs(x);
  };
  if (!matches(a.number, b.number)) return std::nullopt;
  for (std::size_t i = 0; i < a.children.size(); ++i) {
    if (!matches(a.coefficients[i], b.coefficients[i])) return std::nullopt;
  }
  return k;
}

/// k with a = k b, or nothing when no such number could be proved.
std::optional<double> ratio(const Expression& a, const Expression& b, Budget& budget) {
  budget.spend(1 + a.node().children.size() + b.node().children.size());
  const Expression quotient = a / b;
  if (quotient.is_constant()) return quotient.value();
  if (const auto k = ratio_of_sums(a.node(), b.node())) return k;

  // What is left of the quotient pairs powers of proportional sums: (0.1 + t)^2 / (0.2 + 2 t)^2.
  if (quotient.node().kind == Kind::product) {
    double k = quotient.node().number;
    std::vector<Expression> open = quotient.node().children;
    while (!open.empty()) {
      budget.spend(open.size());
      const Expression last = open.back();
      open.pop_back();
      const auto partner = std::find_if(open.begin(), open.end(), [&](const Expression& other) {
        const Node &p = last.node(), &q = other.node();
        const Expression up = p.kind == Kind::power ? p.children[1] : 1.0;
        const Expression uq = q.kind == Kind::power ? q.children[1] : 1.0;
        if (!up.is_constant() || !(up == -uq)) return false;
        const Expression bp = p.kind == Kind::power ? p.children[0] : last;
        const Expression bq = q.kind == Kind::power ? q.children[0] : other;
        const auto part = ratio_of_sums(bp.node(), bq.node());
        if (part) k *= std::pow(*part, up.value());
        return part.has_value() && std::isfinite(k);
      });
      if (partner == open.end()) break;
      open.erase(partner);
      if (open.empty()) return k;
    }
  }
  return ratio_of_sums(expand(a, budget).node(), expand(b, budget).node());
}

class Splitter {
 public:
  Splitter(std::string_view variable, Budget& budget) : variable_(variable), budget_(budget) {}

  std::optional<Split> of(const Expression& e) {
    if (!e.depends_on(variable_)) return Split{1.0, e};
    if (only_in(e, variable_)) return Split{e, 1.0};
    const auto known = done_.find(e.node().fingerprint);
    if (known != done_.end()) return known->second;
    budget_.spend(1 + e.node().children.size());
    const std::optional<Split> split = compute(e);
    done_.emplace(e.node().fingerprint, split);
    return split;
  }

 private:
  std::optional<Split> compute(const Expression& e) {
    const Node& node = e.node();
    switch (node.kind) {
      case Kind::product:
        return product(node);
      case Kind::power:
        return power(node);
      case Kind::sum: {
        auto split = sum(e);
        return split ? split : sum(expand(e, budget_));
      }
      case Kind::call:
        return node.function == Function::exp ? exponential(std::nullopt, node.children[0]) : std::nullopt;
      default:
        return std::nullopt;
    }
  }

  std::optional<Split> product(const Node& node) {
    std::vector<Expression> inside, outside;
    for (const Expression& child : node.children) {
      const auto part = of(child);
      if (!part) return std::nullopt;
      inside.push_back(part->inside);
      outside.push_back(part->outside);
    }
    return Split{product_of(1, std::move(inside)), product_of(node.number, std::move(outside))};
  }

  std::optional<Split> power(const Node& node) {
    const Expression &base = node.children[0], &exponent = node.children[1];
    if (base.is_constant() && base.value() > 0) return exponential(base, exponent);
    if (!exponent.is_constant() || exponent.value() != std::floor(exponent.value())) return std::nullopt;
    const auto part = of(base);
    if (!part) return std::nullopt;
    return Split{pow(part->inside, exponent), pow(part->outside, exponent)};
  }

  /// base^(a(t) + b(x)) = base^a base^b
  std::optional<Split> exponential(const std::optional<Expression>& base, const Expression& exponent) {
    const Expression expanded = expand(exponent, budget_);
    const Node& node = expanded.node();
    if (node.kind != Kind::sum) return std::nullopt;
    std::vector<Summand> inside, outside;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const bool here = only_in(node.children[i], variable_);
      if (!here && node.children[i].depends_on(variable_)) return std::nullopt;
      (here ? inside : outside).push_back({node.coefficients[i], node.children[i]});
    }
    const auto raise = [&](const Expression& u) { return base ? pow(*base, u) : exp(u); };
    return Split{raise(sum_of(0, std::move(inside))), raise(sum_of(node.number, std::move(outside)))};
  }

  /// Terms with one and the same outside are gathered, a t x + b x = (a t + b) x; then all insides must be
  /// proportional.
  std::optional<Split> sum(const Expression& e) {
    const Node& node = e.node();
    if (node.kind != Kind::sum) return of_other_kind(e);
    struct Group {
      Expression outside;
      std::vector<Summand> inside;
    };
    std::vector<Group> gathered;
    const auto gather = [&](double coefficient, const Split& part) {
      auto group =
          std::find_if(gathered.begin(), gathered.end(), [&](const Group& g) { return g.outside == part.outside; });
      if (group == gathered.end()) group = gathered.insert(group, {part.outside, {}});
      group->inside.push_back({coefficient, part.inside});
    };
    if (node.number != 0) gather(node.number, {1.0, 1.0});
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const auto part = of(node.children[i]);
      if (!part) return std::nullopt;
      gather(node.coefficients[i], *part);
    }
    std::vector<Split> groups;
    for (Group& group : gathered) {
      const Expression inside = sum_of(0, std::move(group.inside));
      if (!inside.is_zero()) groups.push_back({inside, group.outside});
    }
    if (groups.empty()) return Split{1.0, 0.0};
    std::vector<Summand> outside;
    for (const Split& group : groups) {
      const auto k = ratio(group.inside, groups[0].inside, budget_);
      if (!k) return std::nullopt;
      outside.push_back({*k, group.outside});
    }
    return Split{groups[0].inside, sum_of(0, std::move(outside))};
  }

  /// An expansion that is no sum any more.
  std::optional<Split> of_other_kind(const Expression& e) { return e.node().kind == Kind::sum ? std::nullopt : of(e); }

  std::string_view variable_;
  Budget& budget_;
  std::map<std::array<std::uint64_t, 2>, std::optional<Split>> done_;  // by content
};

}  // namespace

CommonFactor common_factor(std::span<const Expression> expressions, std::string_view variable) {
  std::size_t nodes = 0;
  for (const Expression& e : expressions) nodes += e.size();
  Budget budget(nodes);
  Splitter splitter(variable, budget);
  CommonFactor result{.found = true, .factor = 1.0, .rest = {}};
  bool first = true;
  for (const Expression& e : expressions) {
    auto split = e.is_zero() ? Split{1.0, 0.0} : splitter.of(e);
    if (!split) return {};
    if (split->outside.is_zero() || split->inside.is_zero()) {
      result.rest.emplace_back(0.0);
      continue;
    }
    if (first) result.factor = split->inside;
    first = false;
    const auto k = ratio(split->inside, result.factor, budget);
    if (!k) return {};
    result.rest.push_back(*k * split->outside);
  }
  return result;
}

}  // namespace fokker
