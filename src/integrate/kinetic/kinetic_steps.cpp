#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/integrate/kinetic.hpp"
#include "kinetic_splitting.hpp"

namespace fokker {
namespace {

/// [cells] of a standard deviation, from which points stand for a density: the fluxes, upwind along x, cost more than
/// stencils on what is barely resolved (l1 0.18 against 7e-5 at 2 cells of an oscillator; docs/decisions/0024).
constexpr double wide_enough = 1.5;
/// What has become narrower than this is less than stencils can tell, and goes back to the fluxes.
constexpr double too_narrow = 0.9;
/// Tolerances of mass beside a wall that make a run of `auto` hand over: what a hundred steps may be off by.
constexpr double surrender_at = 100;

/// Steps of kinetic_splitting. What is narrower than its stencils (a point, and what has not spread from it) goes on by
/// the fluxes of the operator, in cell averages, until it is wide enough; the state holds values at points from there
/// on, unless p becomes narrower than a cell. Where more than the tolerance runs against the walls the fluxes, which
/// know them, take over for good, if they may; and where the tolerance cannot be met.
class KineticSteps final : public TimeStepper {
 public:
  KineticSteps(const Operator& op, const StepperOptions& options)
      : op_(op), grid_(options.canonical.flow->grid()), options_(options), dt_(options.dt) {
    auto method = std::make_unique<KineticSplitting>(op, *options.canonical.flow, options.keep_positive);
    if (options.surrenders) method->allow_at_walls(surrender_at);
    method->aim({.tolerance = options.tolerance, .positive = options.keep_positive, .controlled = !options.dt});
    splitting_ = method.get();
    constexpr double any = std::numeric_limits<double>::infinity();
    const StepBound bound{
        .op = &op, .factor = any, .promised = options.keep_positive, .watched = options.keep_positive};
    constexpr int order = 3;  // of the estimate
    points_ = options.dt ? make_fixed_steps(std::move(method), bound, options.dt)
                         : make_free_steps(std::move(method), bound, options.tolerance, order);
    options_.canonical = {};
    options_.dt.reset();
  }

  StepResult step(const StepRequest& request, std::span<double> state) override {
    if (phase_ == Phase::narrow && is_wide(cells(state))) to_points(request.t, state);
    if (phase_ == Phase::points && has_collapsed(state)) to_fluxes(Phase::narrow, request, state);
    if (phase_ != Phase::points) return step_on_fluxes(request, state);
    try {
      return points_->step(request, state);
    } catch (const NumericalError& error) {
      if (!options_.surrenders) throw;
      surrendered_ = {request.t, error.what()};
      to_fluxes(Phase::surrendered, request, state);
      return step_on_fluxes(request, state);
    }
  }

  double first_step(double t, std::span<const double> state, double limit) override {
    if (phase_ == Phase::points || is_wide(cells(state))) return points_->first_step(t, state, limit);
    fluxes_dt_ = on_fluxes({t, 0, limit}).first_step(t, state, limit);
    return dt_ ? *dt_ : fluxes_dt_;
  }

  /// Phase, since when and why, the splitting's memory, the stepper on the fluxes and what it was made for.
  void keep(Archive& archive) override {
    archive(phase_, left_, surrendered_.t, surrendered_.why, row_, made_at_, fluxes_dt_);
    splitting_->keep(archive);
    points_->keep(archive);
    if (row_ < 0) return;
    if (archive.reads()) {
      if (!(row_ < static_cast<double>(steppers().size()))) throw ArchiveError("it names a stepper that there is not");
      fluxes_ = make_stepper(steppers()[static_cast<std::size_t>(row_)], op_, options_, made_at_);
    }
    fluxes_->keep(archive);
  }

  void averages(std::span<const double> state, std::span<double> p) const override {
    TimeStepper::averages(state, p);
    if (phase_ == Phase::points) averages_from_points(grid_, p);
  }
  [[nodiscard]] double left_fluxes() const override { return left_; }
  [[nodiscard]] Surrender surrender() const override { return surrendered_; }
  [[nodiscard]] long rhs_evaluations() const override {
    return points_->rhs_evaluations() + (fluxes_ ? fluxes_->rhs_evaluations() : 0);
  }
  [[nodiscard]] long factorisations() const override { return fluxes_ ? fluxes_->factorisations() : 0; }
  [[nodiscard]] long underflows() const override {
    return points_->underflows() + (fluxes_ ? fluxes_->underflows() : 0);
  }

 private:
  enum class Phase { narrow, points, surrendered };

  [[nodiscard]] bool is_wide(std::span<const double> p) const { return wide_enough_for_points(grid_, p); }
  [[nodiscard]] bool has_collapsed(std::span<const double> state) const {
    const auto width = width_of(grid_, cells(state));
    return width[0] < too_narrow || width[1] < too_narrow;
  }
  template <class Number>
  [[nodiscard]] std::span<Number> cells(std::span<Number> state) const {
    return state.first(static_cast<std::size_t>(op_.cells()));
  }
  void to_points(double t, std::span<double> state) {
    points_from_averages(grid_, cells(state));
    phase_ = Phase::points;
    left_ = t;
  }
  void to_fluxes(Phase phase, const StepRequest& request, std::span<double> state) {
    averages_from_points(grid_, cells(state));
    phase_ = phase;
    left_ = std::numeric_limits<double>::infinity();
    fluxes_dt_ = on_fluxes(request).first_step(request.t, state, request.limit);
  }

  /// Steps of the fluxes have a length of their own, also where time.dt is that of the splitting.
  StepResult step_on_fluxes(const StepRequest& request, std::span<double> state) {
    TimeStepper& fluxes = on_fluxes(request);
    StepResult done = fluxes.step({request.t, std::min(fluxes_dt_, request.dt), request.limit}, state);
    fluxes_dt_ = done.next_dt;
    if (dt_) done.next_dt = *dt_;
    return done;
  }

  /// The stepper on the fluxes, the cheapest for the way ahead when it is first wanted.
  TimeStepper& on_fluxes(const StepRequest& request) {
    if (fluxes_) return *fluxes_;
    const StepperChoice choice = choose_stepper(op_, grid_.dimension(), options_, request.t, request.limit - request.t);
    row_ = static_cast<double>(choice.row - steppers().data());
    made_at_ = request.t;
    fluxes_ = make_stepper(*choice.row, op_, options_, request.t);
    return *fluxes_;
  }

  const Operator& op_;
  const Grid& grid_;
  StepperOptions options_;    // of the stepper on the fluxes: without the flow, and without dt
  std::optional<double> dt_;  // of the splitting
  KineticSplitting* splitting_;
  std::unique_ptr<TimeStepper> points_, fluxes_;
  Phase phase_ = Phase::narrow;
  double left_ = std::numeric_limits<double>::infinity();
  Surrender surrendered_;
  double row_ = -1, made_at_ = 0, fluxes_dt_ = 0;
};

}  // namespace

bool wide_enough_for_points(const Grid& grid, std::span<const double> p) {
  const auto width = width_of(grid, p);
  return width[0] >= wide_enough && width[1] >= wide_enough;
}

std::unique_ptr<TimeStepper> make_kinetic_steps(const Operator& op, const StepperOptions& options) {
  return std::make_unique<KineticSteps>(op, options);
}

}  // namespace fokker
