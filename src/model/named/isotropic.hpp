#pragma once
#include "fokker/model/named_model.hpp"

// What models have in common that treat all axes alike.
namespace fokker {

inline Expression at_zero(const Expression& formula) { return substitute(formula, {{"t", Expression(0.0)}}); }

/// The same drift factor and noise on every axis: f = phi x, D = g^2/2 I.
inline SdeFormulas isotropic(const std::vector<std::string>& variables, const Expression& phi,
                             const Expression& g_squared) {
  SdeFormulas formulas;
  formulas.variables = variables;
  formulas.diffusion.assign(variables.size(), std::vector<Expression>(variables.size()));
  for (std::size_t k = 0; k < variables.size(); ++k) {
    formulas.drift.push_back(phi * Expression::variable(variables[k]));
    formulas.diffusion[k][k] = 0.5 * g_squared;
  }
  return formulas;
}

inline Schedule same_on_all(std::size_t dimension, const AxisSchedule& axis, bool blurred = false) {
  return {std::vector<AxisSchedule>(dimension, axis), blurred};
}

}  // namespace fokker
