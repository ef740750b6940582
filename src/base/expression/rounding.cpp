#include "fokker/base/rounding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <unordered_map>

#include "expression_node.hpp"

namespace fokker {
namespace {

constexpr double units = 4;  // in the last place: what an operation is off by, vector functions included
constexpr double epsilon = units * std::numeric_limits<double>::epsilon();

class RoundingWalk {
 public:
  RoundingWalk(std::span<const std::string> variables, std::span<const double> values)
      : variables_(variables), values_(values) {}

  Rounded of(const Expression& e) {
    const auto known = done_.find(&e.node());
    if (known != done_.end()) return known->second;
    Rounded result = compute(e.node());
    result.error += epsilon * std::abs(result.value);
    done_.emplace(&e.node(), result);
    return result;
  }

 private:
  // Without what the last operation itself rounds, except where sums and products are several operations.
  Rounded compute(const Expression::Node& node) {
    switch (node.kind) {
      case Kind::constant:
        return {node.number, 0};
      case Kind::variable:
        return {value_of_variable(node.name), 0};
      case Kind::sum:
        return sum(node);
      case Kind::product:
        return product(node);
      case Kind::power: {
        const Rounded base = of(node.children[0]), exponent = of(node.children[1]);
        return worst([](const double* u) { return std::pow(u[0], u[1]); }, {base, exponent, {}}, 2);
      }
      case Kind::call:
        return function(node);
    }
    throw std::logic_error("evaluate_with_rounding: unknown node");
  }

  double value_of_variable(const std::string& name) const {
    const auto found = std::find(variables_.begin(), variables_.end(), name);
    if (found == variables_.end()) throw std::invalid_argument("evaluate_with_rounding: no value for " + name);
    return values_[found - variables_.begin()];
  }

  Rounded sum(const Expression::Node& node) {
    Rounded all{node.number, epsilon * std::abs(node.number)};
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const Rounded part = of(node.children[i]);
      const double factor = node.coefficients[i], size = std::abs(factor * part.value);
      all.value += factor * part.value;
      all.error += std::abs(factor) * part.error + epsilon * (size + std::abs(all.value));
    }
    return all;
  }

  Rounded product(const Expression::Node& node) {
    Rounded all{node.number, epsilon * std::abs(node.number)};
    for (const Expression& child : node.children) {
      const Rounded factor = of(child);
      const double value = all.value * factor.value;
      all.error = (std::abs(all.value) + all.error) * factor.error + std::abs(factor.value) * all.error +
                  epsilon * std::abs(value);
      all.value = value;
    }
    return all;
  }

  Rounded function(const Expression::Node& node) {
    if (node.function == Function::choose) {
      const bool first = of(node.children[0]).value != 0;
      return of(node.children[first ? 1 : 2]);
    }
    Rounded arguments[3];
    const std::size_t count = node.children.size();
    for (std::size_t i = 0; i < count; ++i) arguments[i] = of(node.children[i]);
    if (is_step(node.function)) {
      const double at[3] = {arguments[0].value, arguments[1].value, arguments[2].value};
      return {value_of(node.function, at), 0};
    }
    return worst([&](const double* u) { return value_of(node.function, u); },
                 {arguments[0], arguments[1], arguments[2]}, count);
  }

  // What jumps is not rounded: either side of a jump is what the formula says.
  static bool is_step(Function function) {
    return function == Function::less || function == Function::less_equal || function == Function::equal ||
           function == Function::not_equal || function == Function::sign;
  }

  // The value, and how far it moves when each argument moves by its error to either side (where that is defined).
  template <class Of>
  static Rounded worst(const Of& value_at, std::array<Rounded, 3> arguments, std::size_t count) {
    double at[3] = {arguments[0].value, arguments[1].value, arguments[2].value};
    Rounded result{value_at(at), 0};
    for (std::size_t k = 0; k < count; ++k) {
      double furthest = 0;
      for (const double side : {-1.0, 1.0}) {
        at[k] = arguments[k].value + side * arguments[k].error;
        const double move = std::abs(value_at(at) - result.value);
        if (move > furthest) furthest = move;
      }
      at[k] = arguments[k].value;
      result.error += furthest;
    }
    return result;
  }

  std::span<const std::string> variables_;
  std::span<const double> values_;
  std::unordered_map<const Expression::Node*, Rounded> done_;
};

}  // namespace

Rounded evaluate_with_rounding(const Expression& expression, std::span<const std::string> variables,
                               std::span<const double> values) {
  if (variables.size() != values.size()) throw std::invalid_argument("evaluate_with_rounding: one value per variable");
  return RoundingWalk(variables, values).of(expression);
}

}  // namespace fokker
