#pragma once
#include <string>
#include <string_view>

#include "fokker/base/expression.hpp"

namespace fokker {

/// The formula as presentation MathML, an <mrow> without <math> around it: fractions, powers, roots, functions; numbers
/// have six digits. Throws std::length_error beyond 64 KiB.
[[nodiscard]] std::string mathml_of(const Expression& expression);
/// A name as a formula shows it: sigma_x is a Greek letter with a subscript.
[[nodiscard]] std::string mathml_of_name(std::string_view name);
/// A number with six digits, in powers of ten where it is large or small.
[[nodiscard]] std::string mathml_of_number(double number);

}  // namespace fokker
