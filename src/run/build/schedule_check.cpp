#include "schedule_check.hpp"

#include <cmath>

#include "fokker/analysis/norms.hpp"

namespace fokker {

GaussianMixture initial_mixture(const Setup& setup) {
  if (const auto* mixture = std::get_if<InitialMixture>(&setup.config.initial))
    return GaussianMixture(mixture->components);
  const auto d = static_cast<Eigen::Index>(setup.config.axes.size());
  if (const auto* start = std::get_if<InitialPoint>(&setup.config.initial))
    return GaussianMixture(
        {Gaussian{1, Eigen::Map<const Eigen::VectorXd>(start->point.data(), d), Eigen::MatrixXd::Zero(d, d)}});
  const Moments m = moments(*setup.grid, setup.initial.view());
  return GaussianMixture({Gaussian{1, m.mean, m.covariance}});
}

std::optional<PriorMismatch> prior_mismatch(const Setup& setup) {
  const auto& schedule = setup.config.schedule;
  if (!schedule) return std::nullopt;
  const double end = setup.config.time.end;
  const GridFaces cells(*setup.grid);
  Field distribution(setup.grid), prior(setup.grid);
  schedule->claimed(initial_mixture(setup), end).cell_averages(cells.faces, distribution.view());
  schedule->prior(end).cell_averages(cells.faces, prior.view());
  const Norms distance = norms(*setup.grid, distribution.view(), prior.view());
  PriorMismatch result;
  result.l1 = distance.l1;
  // sum p log(p/q) - p + q: not negative, whatever of either lies outside the box.
  result.kl = std::max(0.0, distance.kl - distribution.mass() + prior.mass());
  result.moments = !std::holds_alternative<InitialMixture>(setup.config.initial) &&
                   !std::holds_alternative<InitialPoint>(setup.config.initial);
  return result;
}

}  // namespace fokker
