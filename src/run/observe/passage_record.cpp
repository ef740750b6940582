#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/run/observers.hpp"

namespace fokker {

PassageRecord::PassageRecord(const Setup& setup) : setup_(setup), sides_(setup.grid->absorbing_sides()) {
  rate_.resize(sides_.size());
  outflow_.resize(sides_.size());
  sums_.resize(sides_.size());
  state_.resize(static_cast<std::size_t>(setup.scheme->op().size()));
  change_.resize(state_.size());
}

void PassageRecord::keep(Archive& archive) {
  archive(rate_, outflow_, sums_, t_, inside_, initial_);
  goes_on_ = archive.reads();
}

void PassageRecord::begin(const Moment& now) {
  if (goes_on_) return;
  outflow_ = now.balance->outflow;
  initial_ = now.balance->mass_initial;
  inside_ = now.balance->mass;
  take_rates(now);
}

/// Before the clock of a start from a point nothing moves.
void PassageRecord::take_rates(const Moment& now) {
  t_ = now.t;
  if (now.t < setup_.clock) return;
  if (setup_.scheme->outflow_rates(now.t, now.p->view(), rate_)) return;
  std::copy(now.state.begin(), now.state.end(), state_.begin());
  std::copy(now.p->values.begin(), now.p->values.end(), state_.begin());
  setup_.scheme->op().apply(now.t, state_, change_);
  for (std::size_t k = 0; k < rate_.size(); ++k) rate_[k] = change_[static_cast<std::size_t>(setup_.grid->cells()) + k];
}

/// Over a step of length h from t on, with C rising by c and slopes a and b at its ends,
///   int s dC = t c + h c/2 - h^2 (a - b)/12,
///   int s^2 dC = t^2 c + 2 t (int s dC - t c) + h^2 (3 c/10 - h (a/15 - b/10)).
void PassageRecord::look(const Moment& now) {
  const double h = now.t - t_, from = t_;
  if (!(h > 0)) return;
  const bool moves = from >= setup_.clock;
  const std::vector<double> before = rate_;
  take_rates(now);
  for (std::size_t k = 0; k < sides_.size() && moves; ++k) {
    const double c = now.balance->outflow[k] - outflow_[k];
    const auto slope = [&](double rate) { return c > 0 ? std::clamp(rate, 0.0, 3 * c / h) : c / h; };
    const double a = slope(before[k]), b = slope(rate_[k]);
    const double late = h * (c / 2 - h * (a - b) / 12);
    sums_[k].first += from * c + late;
    sums_[k].second += from * (from * c + 2 * late) + h * h * (0.3 * c - h * (a / 15 - b / 10));
  }
  outflow_ = now.balance->outflow;
  inside_ = now.balance->mass;
}

void PassageRecord::look_behind(const Moment& now) { take_rates(now); }

Passages PassageRecord::through(const std::string& side) const {
  double left = 0, first = 0, second = 0;
  for (std::size_t k = 0; k < sides_.size(); ++k) {
    if (!side.empty() && sides_[k] != side) continue;
    left += outflow_[k];
    first += sums_[k].first;
    second += sums_[k].second;
  }
  if (!(left > 0)) return {left, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
  const double mean = first / left;
  return {left, mean, second / left - mean * mean};
}

double PassageRecord::least_mean() const {
  double first = 0;
  for (const Sum& sum : sums_) first += sum.first;
  return (first + t_ * inside_) / initial_;
}

bool PassageRecord::lower_bound() const {
  constexpr double negligible = 1e-6;
  const Passages all = through("");
  return !all.any() || inside() * (t_ - all.mean) > negligible * all.mean;
}

std::string PassageRecord::note(const std::string& side) const {
  if (!lower_bound()) return "";
  return fmt::format("{:.3g} of the mass is still inside: a lower bound{}", inside(),
                     side.empty() ? fmt::format(", and the mean of all is at least {:.6g}", least_mean()) : "");
}

}  // namespace fokker
