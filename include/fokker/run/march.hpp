#pragma once
#include <span>

#include "fokker/base/stop.hpp"
#include "fokker/integrate/stepper.hpp"
#include "fokker/model/timeline.hpp"

namespace fokker {

/// Steps of a stepper from one stop to the next: they end at every switch of the coefficients, go on behind it, and do
/// not step over what the timeline says may come. Its memory is (t, dt).
class March {
 public:
  /// `timeline`: made to meet the stops. Both are borrowed. A row whose step is exact for any factor of time (an
  /// exponential) is bound by switches alone.
  March(TimeStepper& stepper, const StepperRow& row, const Timeline& timeline)
      : stepper_(stepper), timeline_(timeline), exact_in_time_(row.exponential) {}

  [[nodiscard]] double t() const { return t_; }
  /// Chooses the length of the first step, to `stop` at most.
  void begin(double stop, std::span<const double> state) {
    leave();
    dt_ = stepper_.first_step(t_, state, timeline_.limit(t_, stop));
  }
  /// One accepted step on the way to `stop`, the next time at which somebody wants the state.
  StepResult step(double stop, std::span<double> state) {
    const double longest = exact_in_time_ ? dt_ : timeline_.longest_step(t_);
    const StepResult done = stepper_.step({t_, dt_ < longest ? dt_ : longest, timeline_.limit(t_, stop)}, state);
    t_ = done.t < stop ? timeline_.resume(done.t) : done.t;
    dt_ = done.next_dt;
    return done;
  }
  /// Lets time pass up to t, if that is not past yet.
  void wait(double t) { t_ = t > t_ ? t : t_; }
  void keep(Archive& archive) {
    archive(t_, dt_);
    stepper_.keep(archive);
  }
  /// To be called when what had to be done at a stop is done.
  void leave() { t_ = timeline_.resume(t_); }

 private:
  TimeStepper& stepper_;
  const Timeline& timeline_;
  bool exact_in_time_;
  double t_ = 0, dt_ = 0;
};

}  // namespace fokker
