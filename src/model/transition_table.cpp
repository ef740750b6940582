#include "fokker/model/transition_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

namespace fokker {
namespace {

constexpr int even_knots = 1024;

/// What switches or hides between 0 and the horizon, and even steps between.
std::vector<double> all_knots(const LinearGaussian& linear, double horizon) {
  std::vector<double> knots{0};
  if (linear.coefficients().constant() || !(horizon > 0)) return knots;
  const std::vector<double> found = linear.knots(0, horizon);
  knots.insert(knots.end(), found.begin(), found.end());
  const double step = horizon / even_knots;
  for (int k = 1; k <= even_knots; ++k) {
    const double t = k == even_knots ? horizon : k * step;
    const auto next = std::lower_bound(found.begin(), found.end(), t - 1e-3 * step);
    if (next == found.end() || *next > t + 1e-3 * step) knots.push_back(t);
  }
  std::sort(knots.begin(), knots.end());
  return knots;
}

}  // namespace

struct TransitionTable::Known {
  std::mutex lock;
  std::vector<GaussianTransition> distributions;  // of the first knots
};

TransitionTable::TransitionTable(LinearCoefficients coefficients, double horizon)
    : linear_(std::move(coefficients)), knots_(all_knots(linear_, horizon)), known_(std::make_shared<Known>()) {
  known_->distributions.push_back(linear_.distribution(0, 0));
}

GaussianTransition TransitionTable::to(double t) const {
  if (linear_.coefficients().constant()) return linear_.distribution(0, t);
  const auto after = std::upper_bound(knots_.begin() + 1, knots_.end(), t);
  return from_knot(static_cast<std::size_t>(after - knots_.begin()) - 1, t);
}

GaussianTransition TransitionTable::at_knot(std::size_t k) const {
  const std::lock_guard guard(known_->lock);
  std::vector<GaussianTransition>& distributions = known_->distributions;
  while (distributions.size() <= k) {
    const double from = knots_[distributions.size() - 1], to = knots_[distributions.size()];
    distributions.push_back(composed(distributions.back(), linear_.distribution_between_knots(from, to)));
  }
  return distributions[k];
}

GaussianTransition TransitionTable::from_knot(std::size_t k, double t) const {
  const GaussianTransition known = at_knot(k);
  if (t == knots_[k]) return known;
  const bool beyond = k + 1 == knots_.size();
  return composed(known,
                  beyond ? linear_.distribution(knots_[k], t) : linear_.distribution_between_knots(knots_[k], t));
}

}  // namespace fokker
