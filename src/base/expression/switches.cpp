#include "fokker/base/switches.hpp"

#include <algorithm>
#include <unordered_set>

#include "expression_node.hpp"

namespace fokker {
namespace {

class Collection {
 public:
  void visit(const Expression& e) {
    if (!seen_.insert(&e.node()).second) return;
    const Expression::Node& node = e.node();
    if (node.kind == Kind::call) look_at(node);
    for (const Expression& child : node.children) visit(child);
  }

  [[nodiscard]] std::vector<Expression> found() && { return std::move(found_); }

 private:
  void look_at(const Expression::Node& node) {
    switch (node.function) {
      case Function::less:
      case Function::less_equal:
      case Function::minimum:
      case Function::maximum:
        return add(node.children[0] - node.children[1]);
      case Function::absolute:
      case Function::sign:
      case Function::atan2:
        return add(node.children[0]);
      default:
        return;
    }
  }

  void add(const Expression& e) {
    if (e.is_constant()) return;
    const Expression opposite = -e;
    const auto known = [&](const Expression& other) { return other == e || other == opposite; };
    if (std::none_of(found_.begin(), found_.end(), known)) found_.push_back(e);
  }

  std::unordered_set<const Expression::Node*> seen_;
  std::vector<Expression> found_;
};

}  // namespace

std::vector<Expression> switches(std::span<const Expression> expressions) {
  Collection all;
  for (const Expression& e : expressions) all.visit(e);
  return std::move(all).found();
}

}  // namespace fokker
