#include "fokker/model/transition_table.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

namespace fokker {
namespace {

constexpr int even_knots = 1024;

/// What switches or hides between 0 and the horizon, and even steps between. Ascending, the first 0.
std::vector<double> all_knots(const LinearGaussian& linear, double horizon) {
  std::vector<double> knots{0};
  if (!(horizon > 0)) return knots;
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
  std::vector<double> knots;                      // none before the first question
  std::vector<GaussianTransition> distributions;  // of the first knots

  /// Makes the distributions of knot k and of those before it known.
  void reach(std::size_t k, const LinearGaussian& linear) {
    while (distributions.size() <= k) {
      const double from = knots[distributions.size() - 1], to = knots[distributions.size()];
      distributions.push_back(composed(distributions.back(), linear.distribution_between_knots(from, to)));
    }
  }
};

TransitionTable::TransitionTable(LinearCoefficients coefficients, double horizon)
    : linear_(std::move(coefficients)), horizon_(horizon), known_(std::make_shared<Known>()) {}

GaussianTransition TransitionTable::to(double t) const {
  if (linear_.coefficients().constant()) return linear_.distribution(0, t);
  const std::lock_guard guard(known_->lock);
  if (known_->knots.empty()) {
    known_->distributions = {linear_.distribution(0, 0)};
    known_->knots = all_knots(linear_, horizon_);
  }
  const std::vector<double>& knots = known_->knots;
  const auto after = std::upper_bound(knots.begin() + 1, knots.end(), t);
  const auto k = static_cast<std::size_t>(after - knots.begin()) - 1;
  known_->reach(k, linear_);
  const GaussianTransition& last = known_->distributions[k];
  if (t == knots[k]) return last;
  return composed(
      last, after == knots.end() ? linear_.distribution(knots[k], t) : linear_.distribution_between_knots(knots[k], t));
}

}  // namespace fokker
