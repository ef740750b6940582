#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Formulas: text -> tree -> exact derivative -> simplified tree. A tape (tape.hpp) evaluates it over columns.
///
/// Grammar: numbers, names, + - * / ^ (right-associative, binds tighter than unary minus), parentheses, comparisons
/// < <= > >= == != (value 1 or 0), if(c, a, b), min, max, abs, sign, exp, log, sqrt, sin, cos, tan, asin, acos, atan,
/// atan2, sinh, cosh, tanh, erf, erfc, and the constants pi and e.
namespace fokker {

/// A text that is not a formula; `position` is the byte offset of the caret in the text.
class ExpressionError : public std::runtime_error {
 public:
  ExpressionError(const std::string& text, std::size_t position) : runtime_error(text), position_(position) {}
  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  std::size_t position_;
};

/// An immutable formula; copying shares the tree. Every constructor and operator simplifies (constants folded, 0 and 1
/// absorbed, like terms and factors collected in one canonical order), so equal sums and products compare equal.
/// Identities hold wherever both sides are defined: x/x = 1, sqrt(u)^2 = u, sqrt(u^2) = abs(u), exp(log(u)) = u.
/// Constants fold as doubles do, to inf or nan as well (only the parser refuses those). A tree deeper than 2000 is a
/// std::length_error.
class Expression {
 public:
  struct Node;

  Expression() : Expression(0.0) {}
  Expression(double constant);  // NOLINT(google-explicit-constructor): numbers are formulas
  [[nodiscard]] static Expression variable(std::string name);

  [[nodiscard]] bool is_constant() const;
  /// The number of a constant formula; throws std::logic_error for any other.
  [[nodiscard]] double value() const;
  [[nodiscard]] bool is_zero() const { return is_constant() && value() == 0.0; }
  [[nodiscard]] bool depends_on(std::string_view variable) const;
  /// Names of the variables that occur, sorted.
  [[nodiscard]] std::vector<std::string> variables() const;
  /// Text that parses back to an equal formula (if it holds no inf or nan). Throws std::length_error beyond 64 KiB.
  [[nodiscard]] std::string to_string() const;
  /// Number of distinct nodes, a sum or product of n parts counting as n.
  [[nodiscard]] std::size_t size() const;

  friend bool operator==(const Expression&, const Expression&);  ///< same canonical tree

  [[nodiscard]] const Node& node() const { return *node_; }
  explicit Expression(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  [[nodiscard]] const std::shared_ptr<const Node>& shared() const { return node_; }

 private:
  std::shared_ptr<const Node> node_;
};

Expression operator+(const Expression&, const Expression&);
Expression operator-(const Expression&, const Expression&);
Expression operator*(const Expression&, const Expression&);
Expression operator/(const Expression&, const Expression&);
Expression operator-(const Expression&);
Expression pow(const Expression& base, const Expression& exponent);
Expression sqrt(const Expression&);
Expression exp(const Expression&);
Expression log(const Expression&);

/// Parses `text`; a name that is neither a function, a constant nor in `names` is an error with the nearest one.
/// Bounds: 16 KiB of text, nesting 256, 20 000 nodes; folding to a non-finite constant is an error.
/// Throws ExpressionError.
[[nodiscard]] Expression parse_expression(std::string_view text, std::span<const std::string> names);

/// Exact partial derivative (abs, sign, min, max, if and comparisons: the derivative almost everywhere).
/// Throws std::length_error when the result would exceed 20 000 nodes, or what it takes on the way a budget of nodes
/// (50 000, and 20 for each of the formula's own), as everything below does: work and memory stay bounded.
[[nodiscard]] Expression derivative(const Expression& expression, std::string_view variable);

/// int_0^v of the formula in the variable v, where it is known in closed form: sums of v^n g(a v + b) with g one of
/// exp, c^u, sin, cos, sinh, cosh, of powers of a v + b, and of tan(a v + b). Nothing for any other formula, for one
/// that is not integrable at 0, and for one that grows too large. It holds as far as no singularity lies between 0 and
/// v.
[[nodiscard]] std::optional<Expression> integral_from_zero(const Expression& expression, std::string_view variable);

/// Replaces variables by formulas, all at once. Throws std::length_error when the result would exceed 20 000 nodes.
[[nodiscard]] Expression substitute(const Expression& expression, const std::map<std::string, Expression>& values);

/// Products and small powers of sums multiplied out (as far as 64 terms), so that what cancels does: the place to ask
/// whether a formula is zero or depends on a variable. Throws std::length_error beyond 20 000 nodes.
[[nodiscard]] Expression expand(const Expression& expression);

/// expressions[i] = factor * rest[i] with no rest depending on `variable` and factor depending on nothing else.
struct CommonFactor {
  bool found = false;
  Expression factor;
  std::vector<Expression> rest;
};
/// Pulls one factor in `variable` alone out of all expressions at once (zero expressions fit any factor); `found` is
/// false when there is none. Sums are searched term by term. A proof or 'no': never a numerical guess.
[[nodiscard]] CommonFactor common_factor(std::span<const Expression> expressions, std::string_view variable);

/// Functions and constants a formula may use, for error messages and `list functions`.
struct ExpressionName {
  std::string_view name, doc;
};
[[nodiscard]] std::span<const ExpressionName> expression_names();
/// Not for axes, parameters and definitions: t, and what a formula may use anyway.
[[nodiscard]] bool is_reserved(std::string_view name);

/// The candidate nearest to `name` (edit distance at most a third of its length, at least 1), or "" when none is near.
[[nodiscard]] std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace fokker
