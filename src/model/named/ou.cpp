#include "isotropic.hpp"
#include "rows.hpp"

namespace fokker {

NamedModel ou_model(const std::vector<std::string>& variables, const std::vector<double>& theta,
                    const std::vector<double>& mu, const std::vector<double>& sigma) {
  NamedModel model{isotropic(variables, 0.0, 0.0), Schedule{}, "", {}};
  const Expression t = Expression::variable("t");
  for (std::size_t k = 0; k < variables.size(); ++k) {
    model.formulas.drift[k] = -theta[k] * (Expression::variable(variables[k]) - mu[k]);
    model.formulas.diffusion[k][k] = sigma[k] * sigma[k] / 2;
    const double stationary = sigma[k] * sigma[k] / (2 * theta[k]);
    model.schedule->axes.push_back(
        {exp(-theta[k] * t), stationary * (1.0 - exp(-2 * theta[k] * t)), mu[k], stationary});
  }
  return model;
}

namespace {

std::optional<NamedModel> read(ModelKeys& keys) {
  const std::vector<std::string> variables = keys.variables();
  keys.require("theta", "a number > 0, or one per axis");
  const auto theta = keys.per_axis("theta", true);
  const auto mu = keys.has("mu") ? keys.per_axis("mu", false) : std::vector<double>(variables.size(), 0);
  keys.require("sigma", "a number > 0, or one per axis");
  const auto sigma = keys.per_axis("sigma", true);
  if (!theta || !mu || !sigma) return std::nullopt;
  return ou_model(variables, *theta, *mu, *sigma);
}

}  // namespace

ModelRow ou_row() {
  return {.name = "ou",
          .uses = {"theta", "mu", "sigma"},
          .read = read,
          .f = "-theta (x - mu)",
          .g = "sigma",
          .keys = "theta, mu = 0, sigma: numbers, or lists of one per axis",
          .closed_form =
              "alpha = e^{-theta t}, conditional variance sigma^2/(2 theta) (1 - e^{-2 theta t}), prior "
              "Normal(mu, sigma^2/(2 theta))",
          .reference = "Uhlenbeck and Ornstein, Phys. Rev. 36 (1930) 823",
          .when_not = "axes that push each other: write the drift as formulas"};
}

}  // namespace fokker
