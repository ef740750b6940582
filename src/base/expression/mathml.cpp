#include "fokker/base/mathml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include "expression_node.hpp"

/// A formula as MathML: the walk of expression_text.cpp, with fractions and powers in place of / and ^.
namespace fokker {
namespace {

using Node = Expression::Node;

enum Precedence { comparison, sum, product, primary };

constexpr std::size_t longest = 64 * 1024;

constexpr std::array<std::string_view, 24> greek{
    "alpha", "beta", "gamma",   "delta", "epsilon", "zeta", "eta",   "theta", "iota",    "kappa", "lambda", "mu",
    "nu",    "xi",   "omicron", "pi",    "rho",     "-",    "sigma", "tau",   "upsilon", "phi",   "chi",    "psi"};

/// &#945; for alpha, &#969; for omega; the name itself where it is no Greek letter. In the table "-" is the other
/// sigma.
std::string letters(std::string_view name) {
  constexpr int alpha = 945, capital = 32;
  if (name == "omega" || name == "Omega") return fmt::format("&#{};", name[0] == 'o' ? 969 : 937);
  std::string lower(name);
  if (!lower.empty()) lower[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(lower[0])));
  const auto* const row = std::find(greek.begin(), greek.end(), lower);
  if (row == greek.end()) return std::string(name);
  return fmt::format("&#{};", alpha + static_cast<int>(row - greek.begin()) - (lower == name ? 0 : capital));
}

std::string operation(std::string_view sign) { return fmt::format("<mo>{}</mo>", sign); }
std::string row(const std::string& parts) { return "<mrow>" + parts + "</mrow>"; }
std::string fenced(const std::string& parts, std::string_view left = "(", std::string_view right = ")") {
  return row(operation(left) + parts + operation(right));
}
std::string fraction(const std::string& above, const std::string& below) {
  return "<mfrac>" + row(above) + row(below) + "</mfrac>";
}

bool is_quotient(const Expression& e) { return constant_exponent(e).value_or(1) < 0; }

class Writer {
 public:
  std::string write(const Expression& e, Precedence context = comparison) {
    std::string text = bare(e);
    total_ += text.size();
    if (total_ > 16 * longest || text.size() > longest)
      throw std::length_error("the formula is too long to be written out");
    return precedence(e) < context ? fenced(text) : text;
  }

 private:
  static Precedence precedence(const Expression& e) {
    const Node& node = e.node();
    switch (node.kind) {
      case Kind::constant:
        return node.number < 0 ? sum : primary;
      case Kind::sum:
        return sum;
      case Kind::product:
        return node.number < 0 ? sum : product;
      case Kind::call:
        return node.function <= Function::not_equal ? comparison : primary;
      case Kind::variable:
      case Kind::power:
        return primary;
    }
    return primary;
  }

  std::string bare(const Expression& e) {
    const Node& node = e.node();
    switch (node.kind) {
      case Kind::constant:
        return mathml_of_number(node.number);
      case Kind::variable:
        return mathml_of_name(node.name);
      case Kind::sum:
        return terms(node);
      case Kind::product:
        return factors(node.number, node.children);
      case Kind::power:
        return power(e);
      case Kind::call:
        return called(node);
    }
    return {};
  }

  std::string terms(const Node& node) {
    const bool number_first = node.number > 0 && node.coefficients[0] < 0;  // 1 - x rather than -x + 1
    std::string text = number_first ? mathml_of_number(node.number) : "";
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const double c = node.coefficients[i];
      if (c < 0)
        text += operation("&#8722;");
      else if (!text.empty())
        text += operation("+");
      const Node& child = node.children[i].node();
      text +=
          child.kind == Kind::product ? factors(std::abs(c), child.children) : factors(std::abs(c), {node.children[i]});
    }
    if (node.number == 0 || number_first) return text;
    return text + operation(node.number < 0 ? "&#8722;" : "+") + mathml_of_number(std::abs(node.number));
  }

  std::string factors(double number, const std::vector<Expression>& all) {
    std::string above, below;
    for (const Expression& factor : all) {
      const bool under = is_quotient(factor);
      const Expression shown = under ? pow(factor.node().children[0], -factor.node().children[1].value()) : factor;
      std::string& place = under ? below : above;
      if (!place.empty()) place += operation("&#8290;");
      place += write(shown, sole(all, under) && under ? comparison : product);
    }
    const std::string sign = number < 0 ? operation("&#8722;") : "";
    const double size = std::abs(number);
    if (size != 1 || above.empty()) {
      const bool digits_follow = above.find("<mn>") < above.find("<mi>");  // 2 3^x is no 23^x
      above = mathml_of_number(size) + (above.empty() ? "" : operation(digits_follow ? "&#183;" : "&#8290;") + above);
    }
    return sign + (below.empty() ? above : fraction(above, below));
  }

  /// Is one factor alone above or below the bar?
  static bool sole(const std::vector<Expression>& all, bool under) {
    return std::count_if(all.begin(), all.end(), [&](const Expression& e) { return is_quotient(e) == under; }) == 1;
  }

  std::string power(const Expression& e) {
    const Node& node = e.node();
    if (is_quotient(e)) return factors(1, {e});
    if (constant_exponent(e) == 0.5) return "<msqrt>" + write(node.children[0]) + "</msqrt>";
    const Kind kind = node.children[0].node().kind;
    const bool simple = kind == Kind::variable || (kind == Kind::constant && node.children[0].value() >= 0);
    const std::string base = simple ? write(node.children[0]) : fenced(write(node.children[0]));
    return "<msup>" + row(base) + row(write(node.children[1])) + "</msup>";
  }

  std::string called(const Node& node) {
    if (node.function <= Function::not_equal) {
      constexpr const char* signs[] = {"&lt;", "&#8804;", "=", "&#8800;"};
      return write(node.children[0], sum) + operation(signs[static_cast<int>(node.function)]) +
             write(node.children[1], sum);
    }
    if (node.function == Function::absolute) return fenced(write(node.children[0]), "|", "|");
    if (node.function == Function::exp) return "<msup><mi>e</mi>" + row(write(node.children[0])) + "</msup>";
    std::string arguments;
    for (const Expression& child : node.children) arguments += (arguments.empty() ? "" : operation(",")) + write(child);
    std::string name;
    for (const FunctionName& known : functions())
      if (known.function == node.function) name = known.name;
    return "<mi>" + name + "</mi>" + operation("&#8289;") + fenced(arguments);
  }

  std::size_t total_ = 0;
};

}  // namespace

std::string mathml_of_number(double number) {
  if (std::isinf(number)) return (number < 0 ? operation("&#8722;") : "") + "<mi>&#8734;</mi>";
  const std::string digits = fmt::format("{:.6g}", std::abs(number));
  const std::string sign = std::signbit(number) && number != 0 ? operation("&#8722;") : "";
  const std::size_t e = digits.find('e');
  if (e == std::string::npos) return sign + "<mn>" + digits + "</mn>";
  const int exponent = std::stoi(digits.substr(e + 1));
  const std::string ten = fmt::format("<msup><mn>10</mn><mrow>{}<mn>{}</mn></mrow></msup>",
                                      exponent < 0 ? operation("&#8722;") : "", std::abs(exponent));
  const std::string front = digits.substr(0, e);
  return row(sign + (front == "1" ? ten : "<mn>" + front + "</mn>" + operation("&#215;") + ten));
}

std::string mathml_of_name(std::string_view name) {
  const std::size_t line = name.find('_');
  if (line == std::string_view::npos || line == 0 || line + 1 == name.size()) return "<mi>" + letters(name) + "</mi>";
  return fmt::format("<msub><mi>{}</mi><mi>{}</mi></msub>", letters(name.substr(0, line)),
                     letters(name.substr(line + 1)));
}

std::string mathml_of(const Expression& expression) { return row(Writer().write(expression)); }

}  // namespace fokker
