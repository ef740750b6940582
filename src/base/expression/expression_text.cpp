#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "expression_node.hpp"

/// A formula as text that parses back to the same tree: numbers with as many digits as that takes, parentheses only
/// where precedence asks for them.
namespace fokker {
namespace {

using Node = Expression::Node;

enum Precedence { comparison, sum, product, power, primary };

/// Shared parts are written wherever they occur: a small tree may have an endless text.
constexpr std::size_t longest = 64 * 1024;

class Writer {
 public:
  std::string text(const Expression& e) {
    write(e, comparison);
    return std::move(out_);
  }

 private:
  void write(const Expression& e, Precedence context) {
    if (out_.size() > longest) throw std::length_error("the formula is too long to be written out");
    const bool wrap = precedence(e) < context;
    if (wrap) out_ += '(';
    write_bare(e);
    if (wrap) out_ += ')';
  }

  static Precedence precedence(const Expression& e) {
    const Node& node = e.node();
    switch (node.kind) {
      case Kind::constant:
        return node.number < 0 ? sum : primary;
      case Kind::variable:
        return primary;
      case Kind::sum:
        return sum;
      case Kind::product:
        return node.number < 0 ? sum : product;
      case Kind::power:
        return is_root(e) ? primary : is_quotient(e) ? product : power;
      case Kind::call:
        return node.function <= Function::not_equal ? comparison : primary;
    }
    return primary;
  }

  static bool is_root(const Expression& e) { return constant_exponent(e) == 0.5; }
  static bool is_quotient(const Expression& e) { return constant_exponent(e).value_or(1) < 0; }

  void write_number(double x) { fmt::format_to(std::back_inserter(out_), "{}", x); }

  void write_bare(const Expression& e) {
    const Node& node = e.node();
    switch (node.kind) {
      case Kind::constant:
        write_number(node.number);
        break;
      case Kind::variable:
        out_ += node.name;
        break;
      case Kind::sum:
        write_sum(node);
        break;
      case Kind::product:
        write_product(node.number, node.children);
        break;
      case Kind::power:
        write_power(e);
        break;
      case Kind::call:
        write_call(node);
        break;
    }
  }

  void write_sum(const Node& node) {
    // A positive term goes first where there is one: 1 - x rather than -x + 1.
    const bool number_first = node.number > 0 && node.coefficients[0] < 0;
    if (number_first) write_number(node.number);
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const double c = node.coefficients[i];
      if (i > 0 || number_first) out_ += c < 0 ? " - " : " + ";
      if (i == 0 && !number_first && c < 0) out_ += '-';
      const Node& child = node.children[i].node();
      if (child.kind == Kind::product) {
        write_product(std::abs(c), child.children);
      } else {
        write_product(std::abs(c), {node.children[i]});
      }
    }
    if (node.number == 0 || number_first) return;
    out_ += node.number < 0 ? " - " : " + ";
    write_number(std::abs(node.number));
  }

  /// 2/3 rather than 0.6666666666666666, where that is the same double.
  static std::pair<double, double> fraction(double number) {
    constexpr int largest = 100;
    if (fmt::formatted_size("{}", number) < 10) return {number, 1};
    for (int q = 3; q <= largest; ++q) {
      const double p = std::round(number * q);
      if (p >= 1 && p <= largest && p / q == number) return {p, q};
    }
    return {number, 1};
  }

  /// -number * a * b / (c * d)
  void write_product(double number, const std::vector<Expression>& factors) {
    if (number < 0) out_ += '-';
    const auto [size, divisor] = fraction(std::abs(number));
    std::vector<Expression> below;
    const bool any_above =
        std::any_of(factors.begin(), factors.end(), [](const Expression& f) { return !is_quotient(f); });
    if (size != 1 || !any_above) write_number(size);
    bool first = size == 1 && any_above;
    for (const Expression& f : factors) {
      if (is_quotient(f)) {
        below.push_back(pow(f.node().children[0], -f.node().children[1].value()));
        continue;
      }
      if (!first) out_ += '*';
      first = false;
      write(f, power);
    }
    if (divisor != 1) {
      out_ += '/';
      write_number(divisor);
    }
    if (below.empty()) return;
    out_ += below.size() > 1 ? "/(" : "/";
    for (std::size_t i = 0; i < below.size(); ++i) {
      if (i > 0) out_ += '*';
      write(below[i], power);
    }
    if (below.size() > 1) out_ += ')';
  }

  void write_power(const Expression& e) {
    const Node& node = e.node();
    if (is_root(e)) {
      out_ += "sqrt(";
      write(node.children[0], comparison);
      out_ += ')';
    } else if (is_quotient(e)) {
      write_product(1, {e});
    } else {
      write(node.children[0], primary);
      out_ += '^';
      write(node.children[1], primary);
    }
  }

  void write_call(const Node& node) {
    if (node.function <= Function::not_equal) {
      const char* const symbols[] = {" < ", " <= ", " == ", " != "};
      write(node.children[0], sum);
      out_ += symbols[static_cast<int>(node.function)];
      write(node.children[1], sum);
      return;
    }
    for (const FunctionName& row : functions()) {
      if (row.function == node.function) out_ += row.name;
    }
    out_ += '(';
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      if (i > 0) out_ += ", ";
      write(node.children[i], comparison);
    }
    out_ += ')';
  }

  std::string out_;
};

}  // namespace

std::string Expression::to_string() const { return Writer().text(*this); }

}  // namespace fokker
