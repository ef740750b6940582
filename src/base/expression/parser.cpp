#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "expression_node.hpp"
#include "foreign_names.hpp"

namespace fokker {
namespace {

constexpr std::size_t max_text = 16 * 1024;
constexpr int max_nesting = 256;

constexpr std::array<FunctionName, 19> function_table{{
    {"if", Function::choose, 3},    {"min", Function::minimum, 2}, {"max", Function::maximum, 2},
    {"abs", Function::absolute, 1}, {"sign", Function::sign, 1},   {"exp", Function::exp, 1},
    {"log", Function::log, 1},      {"sin", Function::sin, 1},     {"cos", Function::cos, 1},
    {"tan", Function::tan, 1},      {"asin", Function::asin, 1},   {"acos", Function::acos, 1},
    {"atan", Function::atan, 1},    {"atan2", Function::atan2, 2}, {"sinh", Function::sinh, 1},
    {"cosh", Function::cosh, 1},    {"tanh", Function::tanh, 1},   {"erf", Function::erf, 1},
    {"erfc", Function::erfc, 1},
}};

constexpr std::array<ExpressionName, 22> name_table{{
    {"if", "if(c, a, b): a where c is not 0, else b"},
    {"min", "min(a, b): the smaller of the two"},
    {"max", "max(a, b): the larger of the two"},
    {"abs", "abs(x): x without its sign"},
    {"sign", "sign(x): -1, 0 or 1"},
    {"exp", "exp(x): e to the power x"},
    {"log", "log(x): the natural logarithm"},
    {"sqrt", "sqrt(x): the square root"},
    {"sin", "sin(x): the sine, x in radians"},
    {"cos", "cos(x): the cosine, x in radians"},
    {"tan", "tan(x): the tangent, x in radians"},
    {"asin", "asin(x): the angle in radians whose sine is x"},
    {"acos", "acos(x): the angle in radians whose cosine is x"},
    {"atan", "atan(x): the angle in radians whose tangent is x"},
    {"atan2", "atan2(y, x): the angle of the point (x, y), from -pi to pi"},
    {"sinh", "sinh(x): (exp(x) - exp(-x))/2"},
    {"cosh", "cosh(x): (exp(x) + exp(-x))/2"},
    {"tanh", "tanh(x): sinh(x)/cosh(x)"},
    {"erf", "erf(x): the error function, 2/sqrt(pi) times the integral of exp(-z^2) from 0 to x"},
    {"erfc", "erfc(x): 1 - erf(x), with all digits for large x"},
    {"pi", "pi: 3.14159..."},
    {"e", "e: 2.71828..."},
}};

/// "min(a, b)" of "min(a, b): the smaller of the two".
std::string_view usage_of(std::string_view word) {
  for (const ExpressionName& row : name_table)
    if (row.name == word) return row.doc.substr(0, row.doc.find(':'));
  return word;
}

bool in_name_table(std::string_view word) {
  return std::any_of(name_table.begin(), name_table.end(), [&](const ExpressionName& row) { return row.name == word; });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return starts_name(c) || is_digit(c); }

/// comparison: sum [(< | <= | > | >= | == | !=) sum]
/// sum:        product {(+ | -) product}
/// product:    unary {(* | /) unary}
/// unary:      (- | +) unary | power
/// power:      primary [^ unary]                        right-associative, tighter than the minus before it
/// primary:    number | name | name(comparison, ...) | (comparison)
class Parser {
 public:
  Parser(std::string_view text, std::span<const std::string> names) : text_(text), names_(names) {}

  Expression formula() {
    if (text_.size() > max_text) fail("a formula is at most 16384 bytes long", max_text);
    skip_space();
    if (at_end()) fail("the formula is empty", 0);
    Expression result = comparison();
    if (!at_end()) fail_at_operator();
    if (result.size() > max_size) fail("the formula has more than 20000 nodes", 0);
    return result;
  }

 private:
  // ---- the text ----

  [[noreturn]] void fail(const std::string& what, std::size_t position) const { throw ExpressionError(what, position); }
  [[nodiscard]] bool at_end() const { return position_ == text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  void skip_space() {
    while (!at_end() && std::string_view(" \t\r\n").find(peek()) != std::string_view::npos) ++position_;
  }
  void advance(std::size_t bytes) {
    position_ += bytes;
    skip_space();
  }
  bool take(std::string_view token) {
    if (text_.substr(position_, token.size()) != token) return false;
    advance(token.size());
    return true;
  }

  /// The thing at the caret as a message names it: a word, a number or one (UTF-8) character.
  [[nodiscard]] std::string found() const {
    if (at_end()) return "the end";
    std::size_t end = position_ + 1;
    if (continues_name(peek()) || (peek() == '.' && is_digit(peek(1)))) {
      while (end < text_.size() && (continues_name(text_[end]) || text_[end] == '.')) ++end;
    } else {
      while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
    }
    return fmt::format("'{}'", text_.substr(position_, std::min<std::size_t>(end - position_, 40)));
  }

  [[noreturn]] void fail_at_operator() const {
    const std::string_view foreign = foreign_sign_hint(text_.substr(position_));
    std::string hint = foreign.empty() ? "" : fmt::format("; write {}", foreign);
    const char c = peek();
    if (c == ',' && position_ > 0 && is_digit(text_[position_ - 1]) && is_digit(peek(1)))
      hint = "; decimals are written with a point";
    if (continues_name(c) || c == '(' || c == '.') hint = "; write * to multiply";
    if (c == '_' && position_ > 0 && is_digit(text_[position_ - 1])) hint = "; numbers in formulas stand without _";
    if (text_.substr(position_, 3) == "if " || text_.substr(position_, 3) == "if(") hint = "; write if(c, a, b)";
    if (c == '=') hint = "; write == to compare";
    if (c == '*') hint = "; write ^ for a power";
    if (c == '<' || c == '>' || text_.substr(position_, 2) == "==" || text_.substr(position_, 2) == "!=")
      hint = "; comparisons do not chain: write (a < b)*(b < c)";
    fail(fmt::format("expected an operator or the end, found {}{}", found(), hint), position_);
  }

  [[noreturn]] void fail_at_operand() const {
    const std::string_view foreign = foreign_sign_hint(text_.substr(position_));
    std::string hint = foreign.empty() ? "" : fmt::format("; write {}", foreign);
    if (peek() == '*') hint = "; write ^ for a power";
    fail(fmt::format("expected a number, a name or '(', found {}{}", found(), hint), position_);
  }

  /// Counts nesting for as long as it lives.
  class Nesting {
   public:
    Nesting(Parser& parser, std::size_t position) : parser_(parser) {
      if (++parser_.nesting_ > max_nesting) parser_.fail("nested deeper than 256", position);
    }
    ~Nesting() { --parser_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Parser& parser_;
  };

  /// Refuses what folded to inf or nan; the text between start and here says what that was.
  template <class Build>
  Expression finite(std::size_t start, std::size_t caret, const Build& build) const {
    std::optional<Expression> result;
    try {
      result = build();
    } catch (const std::length_error& error) {
      fail(error.what(), caret);
    }
    if (result->node().finite) return *result;
    std::string_view source = text_.substr(start, position_ - start);
    while (!source.empty() && source.back() == ' ') source.remove_suffix(1);
    const bool shortened = source.size() > 40;
    fail(fmt::format("'{}{}' is not a finite number", source.substr(0, 40), shortened ? "..." : ""), caret);
  }

  // ---- the grammar ----

  Expression comparison() {
    const std::size_t start = position_;
    const Expression left = sum();
    const auto compare_with = [&](Function function, bool swapped) {
      const Expression right = sum();
      return finite(start, start, [&] {
        return swapped ? call(function, {right, left}) : call(function, {left, right});
      });
    };
    if (take("<=")) return compare_with(Function::less_equal, false);
    if (take(">=")) return compare_with(Function::less_equal, true);
    if (take("==")) return compare_with(Function::equal, false);
    if (take("!=")) return compare_with(Function::not_equal, false);
    if (take("<")) return compare_with(Function::less, false);
    if (take(">")) return compare_with(Function::less, true);
    return left;
  }

  Expression sum() {
    const std::size_t start = position_;
    std::vector<Summand> terms{{1, product()}};
    while (peek() == '+' || peek() == '-') {
      const double sign = peek() == '+' ? 1 : -1;
      advance(1);
      terms.push_back({sign, product()});
    }
    if (terms.size() == 1) return terms[0].factor;
    return finite(start, start, [&] { return sum_of(0, std::move(terms)); });
  }

  Expression product() {
    const std::size_t start = position_;
    std::vector<Expression> factors{unary()};
    double number = 1;  // kept apart so that 1/3 is one division, rounded once
    if (factors[0].is_constant()) {
      number = factors[0].value();
      factors.clear();
    }
    bool alone = true;
    while ((peek() == '*' && peek(1) != '*') || peek() == '/') {
      const bool divide = peek() == '/';
      const std::size_t caret = position_;
      advance(1);
      const Expression factor = unary();
      alone = false;
      if (!factor.is_constant()) {
        factors.push_back(divide ? finite(start, caret, [&] { return pow(factor, -1.0); }) : factor);
        continue;
      }
      if (divide && factor.is_zero()) fail("division by zero", caret);
      number = divide ? number / factor.value() : number * factor.value();
    }
    if (alone && !factors.empty()) return factors[0];
    return finite(start, start, [&] { return product_of(number, std::move(factors)); });
  }

  Expression unary() {
    const std::size_t start = position_;
    if (peek() != '-' && peek() != '+') return power();
    const Nesting nesting(*this, start);
    const bool minus = peek() == '-';
    advance(1);
    const Expression operand = unary();
    return minus ? finite(start, start, [&] { return -operand; }) : operand;
  }

  Expression power() {
    const std::size_t start = position_;
    const Expression base = primary();
    if (peek() != '^') return base;
    const std::size_t caret = position_;
    const Nesting nesting(*this, caret);
    advance(1);
    const Expression exponent = unary();
    if (base.is_constant() && base.value() <= 0 && !exponent.is_constant()) {
      fail(fmt::format("{} to a power that varies is not a real number everywhere", base.value()), caret);
    }
    return finite(start, caret, [&] { return pow(base, exponent); });
  }

  Expression primary() {
    if (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) return number();
    if (starts_name(peek())) return name();
    if (peek() != '(') fail_at_operand();
    const std::size_t open = position_;
    const Nesting nesting(*this, open);
    advance(1);
    Expression inside = comparison();
    close(open);
    return inside;
  }

  void close(std::size_t open) {
    if (take(")")) return;
    if (!at_end()) fail_at_operator();
    fail(fmt::format("the '(' at column {} is never closed", open + 1), position_);
  }

  Expression number() {
    double value = 0;
    const char* first = text_.data() + position_;
    const auto [last, error] = std::from_chars(first, text_.data() + text_.size(), value);
    const std::size_t length = last - first;
    if (error == std::errc::result_out_of_range) {
      fail(fmt::format("'{}' is out of the range of a double (about 5e-324 to 1.8e308)",
                       text_.substr(position_, std::min<std::size_t>(length, 40))),
           position_);
    }
    advance(length);
    return value;
  }

  Expression name() {
    const std::size_t start = position_;
    std::size_t end = start;
    while (end < text_.size() && continues_name(text_[end])) ++end;
    const std::string word(text_.substr(start, end - start));
    advance(end - start);
    if (std::find(names_.begin(), names_.end(), word) != names_.end()) {
      if (peek() == '(') fail(fmt::format("'{}' is not a function; write * to multiply", word), position_);
      return Expression::variable(word);
    }
    if (word == "pi" || word == "e") {
      if (peek() == '(') fail(fmt::format("'{}' is not a function; write * to multiply", word), position_);
      return word == "pi" ? std::numbers::pi : std::numbers::e;
    }
    if (!in_name_table(word)) fail(unknown(word, text_.substr(end)), start);
    if (peek() != '(') fail(fmt::format("'{0}' is a function; write {0}(...)", word), start);
    return function_call(word, start);
  }

  Expression function_call(const std::string& word, std::size_t start) {
    const std::size_t open = position_;
    const Nesting nesting(*this, open);
    advance(1);
    std::vector<Expression> arguments;
    if (!take(")")) {
      do arguments.push_back(comparison());
      while (take(","));
      close(open);
    }
    const auto* row = std::find_if(function_table.begin(), function_table.end(),
                                   [&](const FunctionName& f) { return f.name == word; });
    const std::size_t needed = row == function_table.end() ? 1 : static_cast<std::size_t>(row->arguments);
    if (arguments.size() != needed) {
      fail(fmt::format("{} needs {} argument{}, got {}; write {}", word, needed, needed == 1 ? "" : "s",
                       arguments.size(), usage_of(word)),
           start);
    }
    return finite(start, start, [&] {
      return row == function_table.end() ? sqrt(arguments[0]) : call(row->function, std::move(arguments));
    });
  }

  [[nodiscard]] std::string unknown(const std::string& word, std::string_view behind) const {
    std::vector<std::string> candidates(names_.begin(), names_.end());
    for (const ExpressionName& row : name_table) candidates.emplace_back(row.name);
    const std::string shown = word.size() > 40 ? word.substr(0, 40) + "..." : word;
    if (behind.size() > 1 && behind[0] == '.' && starts_name(behind[1])) {  // np.exp
      std::size_t end = 2;
      while (end < behind.size() && end < 40 && continues_name(behind[end])) ++end;
      const std::string_view function = behind.substr(1, end - 1);
      const std::string hint = foreign_name_hint(function);
      return fmt::format("unknown name '{}.{}'; {}", shown, function,
                         hint.empty() ? fmt::format("write {} alone: formulas have no modules", function) : hint);
    }
    const std::string hint = foreign_name_hint(word);
    if (!hint.empty()) return fmt::format("unknown name '{}'; {}", shown, hint);
    std::string nearest = nearest_name(word, candidates);
    for (const std::string& name : names_)  // X for x; T is more likely a temperature than t
      if (nearest.empty() && name != "t" && same_letters(name, word)) nearest = name;
    if (!nearest.empty()) return fmt::format("unknown name '{}'; did you mean '{}'?", shown, nearest);
    if (names_.empty()) return fmt::format("unknown name '{}'; no variables are allowed here", shown);
    return fmt::format("unknown name '{}'; known here: {}", shown, fmt::join(names_, ", "));
  }

  std::string_view text_;
  std::span<const std::string> names_;
  std::size_t position_ = 0;
  int nesting_ = 0;
};

}  // namespace

Expression parse_expression(std::string_view text, std::span<const std::string> names) {
  return Parser(text, names).formula();
}

std::span<const FunctionName> functions() { return function_table; }

std::span<const ExpressionName> expression_names() { return name_table; }

bool is_reserved(std::string_view name) { return name == "t" || in_name_table(name); }

}  // namespace fokker
