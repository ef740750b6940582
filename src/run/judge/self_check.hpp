#pragma once
#include <cmath>

#include "fokker/run/judgement.hpp"
#include "fokker/run/observers.hpp"
#include "fokker/run/setup.hpp"
#include "space_error.hpp"
#include "step_check.hpp"
#include "wall_check.hpp"

namespace fokker {

/// What a run thinks of its own box and grid, from looks at p all along the way: at the output times, at no more than
/// about 60 steps between, the first ones closer together, and where coefficients switch or come and go. Touches
/// neither the state nor the scheme.
class SelfCheck {
 public:
  /// `stationary`: to judge one density that does not move.
  explicit SelfCheck(const Setup& setup, bool stationary = false);
  /// Around every step that begins at `before`: looks at the step where its length was given, and at both sides of
  /// switches.
  void before_step(double before, std::span<const double> state);
  void after_step(double before, double after, std::span<const double> state);
  /// The flux is known to give way to the default one at t.
  void expect_way_given(double t) { gives_way_ = t; }
  /// The fluxes are known to be left behind at t (TimeStepper::left_fluxes).
  void expect_fluxes_left(double t) { leaves_fluxes_ = t; }
  /// Looks when it is time to.
  void after_step(const Moment& now);
  /// Always looks.
  void frame(const Moment& now);
  /// Between two steps.
  void keep(Archive& archive) {
    archive(space_, walls_, steps_, looked_at_, next_, closer_, spread_, last_width_, judged_);
  }
  /// Sums up, at the end of the run. Call once.
  [[nodiscard]] Judgement conclude(const Moment& now);
  /// The same of a stationary density. Call once, and nothing else.
  [[nodiscard]] Judgement judge(const Field& p);

 private:
  void look(const Moment& now, bool frame);
  SpaceLook follow(double t, std::span<const double> p);
  [[nodiscard]] bool has_changed(double t) const;
  [[nodiscard]] std::span<const double> cells_of(std::span<const double> state) const;
  [[nodiscard]] bool gave_way(double t) const;
  [[nodiscard]] std::string when(double t) const;
  [[nodiscard]] Judgement sum_up(const Moment& now);
  void look_at_width(double t, const std::array<double, 2>& width);
  void warn_of_walls(const Moment& now);
  void warn_of_flux(const Moment& now);
  void warn_of_drift(const Moment& now);
  void warn_of_steps();
  void warn_of_reduced_terms();
  void warn_of_negative_mass(const Moment& now);
  bool warns_of_width();
  void warn_of_features(const Moment& now);
  void warn_of_mass(const Moment& now);

  const Setup& setup_;
  bool stationary_;
  SpaceError space_;
  WallCheck walls_;
  StepCheck steps_;
  double gives_way_ = INFINITY, leaves_fluxes_ = INFINITY;
  double looked_at_ = -1, next_ = 0;
  long closer_ = 0;               // looks for the sake of what coefficients did
  std::array<bool, 2> spread_{};  ///< p was wide enough once
  std::array<double, 2> last_width_{};
  Judgement judged_;
};

}  // namespace fokker
