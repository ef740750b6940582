#include "fokker/run/closed_form.hpp"

#include <fmt/format.h>

#include <Eigen/Core>

namespace fokker {

ClosedForm closed_form(const Case& config, const FormulaSde& sde, const std::string& key, const std::string& remedy) {
  const auto no = [&](const std::string& why) { refuse(config, key, "no closed form: " + why + "; " + remedy); };
  const auto coefficients = sde.linear();
  if (!coefficients) no("the drift must be linear in the axes and the noise must not depend on them");
  const auto d = config.axes.size();
  for (std::size_t k = 0; k < d; ++k)
    for (std::size_t i = 0; i < d; ++i)
      if (config.axes[k].periodic() && (!coefficients->A[d * i + k].is_zero() || !coefficients->A[d * k + i].is_zero()))
        no(fmt::format("axis '{}' is periodic and the drift depends on it", config.axes[k].name));
  Torus torus;
  for (std::size_t k = 0; k < d; ++k)
    if (const Axis& axis = config.axes[k]; axis.periodic()) {
      torus.lower[k] = axis.lower;
      torus.period[k] = axis.upper - axis.lower;
    }
  if (const auto* mixture = std::get_if<InitialMixture>(&config.initial))
    return {*coefficients, GaussianMixture(mixture->components), config.time.end, torus};
  const auto* start = std::get_if<InitialPoint>(&config.initial);
  if (start == nullptr) no("the initial density must be gaussian, mixture or point");
  const auto n = static_cast<Eigen::Index>(d);
  return {*coefficients,
          GaussianMixture(
              {Gaussian{1, Eigen::Map<const Eigen::VectorXd>(start->point.data(), n), Eigen::MatrixXd::Zero(n, n)}}),
          config.time.end, torus};
}

ClosedForm flow_form(const Setup& setup, const std::string& key, const std::string& remedy) {
  const auto no = [&](const std::string& why) { refuse(setup.config, key, why + "; " + remedy); };
  const auto sides = setup.grid->absorbing_sides();
  if (!sides.empty())
    no(fmt::format("side {} absorbs: the flow keeps what it carries, where particles of the SDE leave", sides.front()));
  ClosedForm distribution = closed_form(setup.config, *setup.formulas, key, remedy);
  try {
    static_cast<void>(MixtureScore(distribution.at(0)));
  } catch (const std::invalid_argument&) {
    no("the start has no score (a point, or a singular covariance); start from a narrow gaussian instead");
  }
  return distribution;
}

}  // namespace fokker
