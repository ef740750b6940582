#include "rehearsal.hpp"

#include "fokker/run/march.hpp"
#include "way.hpp"

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
        way_.add(march_.t(), products());
      }
    Rehearsal found{products(), march_.t(), {}};
    if (stepper_->corrections()->gave_way >= 0) found.gave_way = stepper_->corrections()->gave_way;
    found.products = way_.until(times.back());
    return found;
  }

 private:
  [[nodiscard]] double products() const {
    return static_cast<double>(stepper_->rhs_evaluations() + stepper_->corrections()->substeps);
  }
  [[nodiscard]] double spent() const { return products() * static_cast<double>(setup_.grid->cells()); }
  std::span<double> view() { return {state_.data(), static_cast<std::size_t>(state_.size())}; }

  const Setup& setup_;
  std::unique_ptr<TimeStepper> stepper_;
  March march_;
  Eigen::VectorXd state_;
  Way way_;  // of products
};

}  // namespace

std::optional<Rehearsal> rehearse(const Setup& setup, double most) {
  if (setup.stepper->corrections() == nullptr) return std::nullopt;
  return Trial(setup).go(most);
}

}  // namespace fokker
