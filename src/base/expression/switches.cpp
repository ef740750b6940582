#include "fokker/base/switches.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "expression_node.hpp"

namespace fokker {
namespace {

/// Formulas, each once, in the order of the trees that they are parts of.
class Collection {
 public:
  template <class Look>
  void visit(const Expression& e, const Look& look) {
    if (!seen_.insert(&e.node()).second) return;
    look(e, *this);
    for (const Expression& child : e.node().children) visit(child, look);
  }
  void add(const Expression& e) {
    if (e.is_constant()) return;
    const Expression opposite = -e;
    const auto known = [&](const Expression& other) { return other == e || other == opposite; };
    if (std::none_of(found_.begin(), found_.end(), known)) found_.push_back(e);
  }
  [[nodiscard]] std::vector<Expression> found() && { return std::move(found_); }

 private:
  std::unordered_set<const Expression::Node*> seen_;
  std::vector<Expression> found_;
};

template <class Look>
std::vector<Expression> collected(std::span<const Expression> expressions, const Look& look) {
  Collection all;
  for (const Expression& e : expressions) all.visit(e, look);
  return std::move(all).found();
}

}  // namespace

std::vector<Expression> switches(std::span<const Expression> expressions) {
  return collected(expressions, [](const Expression& e, Collection& all) {
    const Expression::Node& node = e.node();
    if (node.kind != Kind::call) return;
    switch (node.function) {
      case Function::less:
      case Function::less_equal:
      case Function::minimum:
      case Function::maximum:
        return all.add(node.children[0] - node.children[1]);
      case Function::absolute:
      case Function::sign:
      case Function::atan2:
        return all.add(node.children[0]);
      default:
        return;
    }
  });
}

std::vector<Expression> poles(std::span<const Expression> expressions) {
  return collected(expressions, [](const Expression& e, Collection& all) {
    const auto exponent = constant_exponent(e);
    if (e.node().kind == Kind::power && (!exponent || *exponent < 0 || *exponent != std::floor(*exponent)))
      all.add(e.node().children[0]);
    if (is_call(e, Function::log)) all.add(e.node().children[0]);
    if (is_call(e, Function::tan)) all.add(call(Function::cos, {e.node().children[0]}));
  });
}

}  // namespace fokker
