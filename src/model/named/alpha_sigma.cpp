#include <fmt/format.h>

#include <cmath>

#include "isotropic.hpp"
#include "rows.hpp"

namespace fokker {

NamedModel alpha_sigma_model(const std::vector<std::string>& variables, const Expression& alpha,
                             const Expression& sigma, bool blurred) {
  const Expression phi = derivative(alpha, "t") / alpha, variance = sigma * sigma;
  const Expression rate = expand(derivative(variance, "t") - 2.0 * variance * phi);
  const Expression claimed = blurred ? variance : variance - alpha * alpha * at_zero(variance);
  return {isotropic(variables, phi, rate),
          same_on_all(variables.size(), {alpha, claimed, 0, claimed}, blurred),
          "",
          {{"sigma", "g^2 = (sigma^2)' - 2 sigma^2 alpha'/alpha", rate}}};
}

namespace {

std::optional<NamedModel> read(ModelKeys& keys) {
  keys.require("alpha", "a formula of t");
  const auto alpha = keys.formula("alpha");
  keys.require("sigma", "a formula of t");
  const auto sigma = keys.formula("sigma");
  const bool blurred = keys.flag("blurred");
  if (!alpha || !sigma) return std::nullopt;
  const double start = values_at(*alpha, {0})[0];
  if (!(std::abs(start - 1) <= 1e-9)) {
    keys.report("alpha", fmt::format("alpha(0) is {:.6g}, must be 1: the initial density is the data", start));
    return std::nullopt;
  }
  return alpha_sigma_model(keys.variables(), *alpha, *sigma, blurred);
}

}  // namespace

ModelRow alpha_sigma_row() {
  return {.name = "alpha_sigma",
          .uses = {"alpha", "sigma", "blurred"},
          .read = read,
          .f = "x alpha'/alpha",
          .g = "sqrt((sigma^2)' - 2 sigma^2 alpha'/alpha)",
          .keys = "alpha, sigma = formulas of t, alpha(0) = 1; blurred = false as for ve",
          .closed_form =
              "alpha, conditional variance sigma^2 - alpha^2 sigma^2(0); prior of that variance, or "
              "sigma^2(end) where blurred",
          .reference = "Kingma et al., NeurIPS 2021 (variational diffusion models)",
          .when_not = "alpha that reaches 0: the drift is infinite there"};
}

}  // namespace fokker
