#include <fmt/format.h>

#include <array>

#include "isotropic.hpp"
#include "rows.hpp"

namespace fokker {

NamedModel ve_model(const std::vector<std::string>& variables, const Expression& sigma, bool blurred) {
  const Expression variance = sigma * sigma, rate = derivative(variance, "t");
  const Expression claimed = blurred ? variance : variance - at_zero(variance);
  return {isotropic(variables, 0.0, rate),
          same_on_all(variables.size(), {1.0, claimed, 0, claimed}, blurred),
          "",
          {{"sigma", "g^2 = d(sigma^2)/dt", rate}}};
}

namespace {

std::optional<NamedModel> read(ModelKeys& keys) {
  constexpr std::array<std::string_view, 2> sources = {"sigma", "sigma_min"};
  if (!keys.one_of(sources)) keys.require("sigma", "a formula of t (or sigma_min and sigma_max)");
  const bool grows = keys.has("sigma_min");
  if (grows) keys.require("sigma_max", "a number > sigma_min");
  if (keys.has("sigma_max") && !grows) keys.report("sigma_max", "goes with sigma_min");
  const bool blurred = keys.flag("blurred");
  if (!grows) {
    const auto sigma = keys.formula("sigma");
    if (!sigma) return std::nullopt;
    return ve_model(keys.variables(), *sigma, blurred);
  }
  const auto lower = keys.positive_number("sigma_min"), upper = keys.positive_number("sigma_max");
  if (!lower || !upper) return std::nullopt;
  if (!(*upper > *lower)) {
    keys.report("sigma_max", fmt::format("{}, must be a number > sigma_min = {}", *upper, *lower));
    return std::nullopt;
  }
  return ve_model(keys.variables(), *lower * pow(*upper / *lower, Expression::variable("t")), blurred);
}

}  // namespace

ModelRow ve_row() {
  return {.name = "ve",
          .uses = {"sigma", "sigma_min", "sigma_max", "blurred"},
          .read = read,
          .f = "0",
          .g = "sqrt(d(sigma^2)/dt)",
          .keys =
              "sigma_min, sigma_max (sigma = sigma_min (sigma_max/sigma_min)^t), or sigma = formula of t; blurred = "
              "false: is the initial density the data already blurred by sigma(0)?",
          .closed_form =
              "alpha = 1, conditional variance sigma^2(t) - sigma^2(0); prior of that variance, or "
              "sigma^2(end) where blurred",
          .reference = "Song et al., ICLR 2021, equation 9",
          .when_not = "boxes much narrower than 5 sigma_max: the walls are felt"};
}

}  // namespace fokker
