#include "foreign_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "fokker/base/expression.hpp"

/// What people type who come from Python, C, MATLAB or a page of mathematics.
namespace fokker {
namespace {

struct Foreign {
  std::string_view found, write;
};

constexpr Foreign names[] = {
    {"pow", "a^b for a power"},
    {"power", "a^b for a power"},
    {"ln", "log(x), the natural logarithm"},
    {"log10", "log(x)/log(10)"},
    {"log2", "log(x)/log(2)"},
    {"log1p", "log(1 + x)"},
    {"expm1", "exp(x) - 1"},
    {"where", "if(c, a, b)"},
    {"piecewise", "if(c, a, b)"},
    {"select", "if(c, a, b)"},
    {"heaviside", "x > 0, which is 1 or 0"},
    {"step", "x > 0, which is 1 or 0"},
    {"fabs", "abs(x)"},
    {"absolute", "abs(x)"},
    {"sgn", "sign(x)"},
    {"square", "x^2"},
    {"cbrt", "x^(1/3), or sign(x)*abs(x)^(1/3) where x may be negative"},
    {"arcsin", "asin(x)"},
    {"arccos", "acos(x)"},
    {"arctan", "atan(x)"},
    {"arctan2", "atan2(y, x)"},
    {"arcsinh", "log(x + sqrt(x^2 + 1))"},
    {"arccosh", "log(x + sqrt(x^2 - 1))"},
    {"arctanh", "log((1 + x)/(1 - x))/2"},
    {"tg", "tan(x)"},
    {"ctg", "1/tan(x)"},
    {"cot", "1/tan(x)"},
    {"sec", "1/cos(x)"},
    {"csc", "1/sin(x)"},
    {"sech", "1/cosh(x)"},
    {"csch", "1/sinh(x)"},
    {"coth", "1/tanh(x)"},
    {"hypot", "sqrt(a^2 + b^2)"},
    {"clip", "min(max(x, lower), upper)"},
    {"minimum", "min(a, b)"},
    {"maximum", "max(a, b)"},
    {"and", "a*b for conditions that both hold"},
    {"or", "max(a, b) for conditions of which one holds"},
    {"not", "1 - a for a condition that does not hold"},
    {"lambda", "the formula alone, without arguments"},
    {"true", "1"},
    {"false", "0"},
    {"time", "t for time"},
    {"rand", "noise into sde.noise: formulas have no random numbers"},
    {"randn", "noise into sde.noise: formulas have no random numbers"},
    {"random", "noise into sde.noise: formulas have no random numbers"},
    {"normal", "noise into sde.noise: formulas have no random numbers"},
};

constexpr Foreign signs[] = {
    {"&", "a*b for conditions that both hold"},
    {"|", "max(a, b) for conditions of which one holds, abs(x) for a modulus"},
    {"!", "1 - a for a condition that does not hold"},
    {"?", "if(c, a, b)"},
    {"\xE2\x88\x92", "- for minus (this is a sign that only looks like it)"},
    {"\xE2\x80\x93", "- for minus (this is a dash)"},
    {"\xC3\x97", "* to multiply"},
    {"\xC2\xB7", "* to multiply"},
    {"\xC2\xB2", "^2"},
    {"\xC2\xB3", "^3"},
    {"\xCF\x80", "pi"},
    {"\xE2\x88\x9A", "sqrt(x)"},
    {"\xE2\x89\xA4", "<="},
    {"\xE2\x89\xA5", ">="},
};

std::string lower(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

}  // namespace

std::string foreign_name_hint(std::string_view name) {
  const std::string small = lower(name);
  if (small != name && name.size() > 1 && is_reserved(small)) return fmt::format("write {}, in small letters", small);
  for (const Foreign& row : names)
    if (row.found == small) return fmt::format("write {}", row.write);
  return "";
}

std::string_view foreign_sign_hint(std::string_view text) {
  for (const Foreign& row : signs)
    if (text.starts_with(row.found)) return row.write;
  return "";
}

}  // namespace fokker
