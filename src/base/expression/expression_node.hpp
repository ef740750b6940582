#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "fokker/base/expression.hpp"

/// The inside of a formula, seen by the files of this module that build, print, differentiate and compile it.
namespace fokker {

enum class Kind : std::uint8_t { constant, variable, power, call, product, sum };

enum class Function : std::uint8_t {
  less,
  less_equal,
  equal,
  not_equal,
  choose,
  minimum,
  maximum,
  absolute,
  sign,
  exp,
  log,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  atan2,
  sinh,
  cosh,
  tanh,
  erf,
  erfc
};

/// A node of the canonical tree:
///   constant  number
///   variable  name
///   power     children[0] ^ children[1]               (sqrt(u) is u^0.5; e^u is the call exp(u))
///   call      function(children...)                   (a > b is less(b, a))
///   product   number * children[0] * children[1] ...  (no product or constant inside, each base once, sorted)
///   sum       number + coefficients[i] * children[i]  (no sum or constant inside, each term once, sorted)
struct Expression::Node {
  Kind kind = Kind::constant;
  Function function = Function::less;
  double number = 0;
  std::string name;
  std::vector<Expression> children;
  std::vector<double> coefficients;

  // Filled in by `make_node`.
  std::shared_ptr<const std::vector<std::string>> names;  ///< of the variables below, sorted; shared where equal
  std::array<std::uint64_t, 2> fingerprint{};  ///< 128 bits of the content: two nodes are equal when these are
  int depth = 1;
  bool finite = true;  ///< no number in the tree is inf or nan
};

inline constexpr int max_depth = 2000;          ///< of a tree, so that recursion over it fits any stack
inline constexpr std::size_t max_size = 20000;  ///< nodes of a formula

/// The work that one request may cost, counted in nodes that are made or looked at on the way, whatever the size of its
/// result: what is multiplied out or differentiated may grow exponentially and shrink again. A request with more is a
/// std::length_error.
class Budget {
 public:
  explicit Budget(std::size_t input_nodes) : left_(50'000 + 20 * input_nodes) {}
  void spend(std::size_t nodes) {
    if (nodes > left_) refuse();
    left_ -= nodes;
  }
  /// What a request hands out is no larger than what the parser lets in.
  static Expression check(Expression result) {
    if (result.size() > max_size) refuse();
    return result;
  }

 private:
  [[noreturn]] static void refuse() { throw std::length_error("the formula grows beyond 20000 nodes"); }
  std::size_t left_;
};

struct Summand {
  double coefficient;
  Expression factor;
};

/// number + sum of terms, number * product of factors, function(arguments): canonical. Throws std::length_error when
/// the tree would be deeper than `max_depth`.
[[nodiscard]] Expression sum_of(double number, std::vector<Summand> terms);
[[nodiscard]] Expression product_of(double number, std::vector<Expression> factors);
[[nodiscard]] Expression call(Function function, std::vector<Expression> arguments);
/// The node as it is, with what `Node` says is filled in; its content is canonical already.
[[nodiscard]] Expression make_node(Expression::Node node);
/// The function of numbers: as many as it takes, of three.
[[nodiscard]] double value_of(Function function, const double* arguments);
/// The node again with other children.
[[nodiscard]] Expression rebuild(const Expression::Node& node, std::vector<Expression> children);

/// Parts of a larger request, which pays for them.
[[nodiscard]] Expression derivative(const Expression& expression, std::string_view variable, Budget& budget);
[[nodiscard]] Expression substitute(const Expression& expression, const std::map<std::string, Expression>& values,
                                    Budget& budget);
[[nodiscard]] Expression expand(const Expression& expression, Budget& budget);

/// Total order of formulas by content, the same in every run and on every machine.
[[nodiscard]] int compare(const Expression& a, const Expression& b);

/// Whether the formula is written with a minus in front; every formula is so or its negative is, except for zero.
[[nodiscard]] bool leads_with_minus(const Expression& e);

[[nodiscard]] inline bool is_call(const Expression& e, Function f) {
  return e.node().kind == Kind::call && e.node().function == f;
}
/// The exponent of a power when it is a number.
[[nodiscard]] inline std::optional<double> constant_exponent(const Expression& e) {
  if (e.node().kind != Kind::power || !e.node().children[1].is_constant()) return std::nullopt;
  return e.node().children[1].value();
}

/// What a formula may call, by the name it is called by. `sqrt` is absent: it is a power.
struct FunctionName {
  std::string_view name;
  Function function;
  int arguments;
};
[[nodiscard]] std::span<const FunctionName> functions();

}  // namespace fokker
