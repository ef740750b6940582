#include "rehearsal.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "fokker/run/march.hpp"

namespace fokker {
namespace {

/// A run of nothing but steps.
class Trial {
 public:
  explicit Trial(const Setup& setup)
      : setup_(setup),
        stepper_(make_stepper(*setup.stepper_row, setup.scheme->op(), stepper_options(setup), 0)),
        march_(*stepper_, *setup.stepper_row, setup.timeline),
        state_(initial_state(setup)) {}

  Rehearsal go(double most) {
    const std::vector<double>& times = setup_.config.output.times;
    march_.wait(setup_.clock);
    march_.begin(times[1], view());
    for (std::size_t k = 1; k < times.size() && spent() < most; ++k, march_.leave())
      while (march_.t() < times[k] && spent() < most) {
        march_.step(times[k], view());
        way_.emplace_back(march_.t(), products());
      }
    Rehearsal found{products(), march_.t(), {}};
    if (stepper_->corrections()->gave_way >= 0) found.gave_way = stepper_->corrections()->gave_way;
    if (found.until < times.back()) found.products += ahead();
    return found;
  }

 private:
  [[nodiscard]] double products() const {
    return static_cast<double>(stepper_->rhs_evaluations() + stepper_->corrections()->substeps);
  }
  [[nodiscard]] double spent() const { return products() * static_cast<double>(setup_.grid->cells()); }
  std::span<double> view() { return {state_.data(), static_cast<std::size_t>(state_.size())}; }

  /// What was spent by t.
  [[nodiscard]] double by(double t) const {
    const auto after =
        std::lower_bound(way_.begin(), way_.end(), t, [](const auto& at, double then) { return at.first < then; });
    if (after == way_.end()) return products();
    const auto [t0, n0] = after == way_.begin() ? std::pair{0.0, 0.0} : *(after - 1);
    return n0 + (t - t0) / (after->first - t0) * (after->second - n0);
  }

  /// Each doubling of t multiplies what was spent in the one before: twice where steps stay as they are, once where
  /// they grow as t does.
  [[nodiscard]] double ahead() const {
    const double t = march_.t(), doublings = std::log2(setup_.config.time.end / t);
    const double last = by(t) - by(t / 2), before = by(t / 2) - by(t / 4);
    const double ratio = std::clamp(last / before, 1 + 1e-9, 2.0);
    return last * ratio * (std::pow(ratio, doublings) - 1) / (ratio - 1);
  }

  const Setup& setup_;
  std::unique_ptr<TimeStepper> stepper_;
  March march_;
  Eigen::VectorXd state_;
  std::vector<std::pair<double, double>> way_;  // t and the products up to there
};

}  // namespace

std::optional<Rehearsal> rehearse(const Setup& setup, double most) {
  if (setup.stepper->corrections() == nullptr) return std::nullopt;
  return Trial(setup).go(most);
}

}  // namespace fokker
