#pragma once
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/operator/canonical_flow.hpp"
#include "fokker/operator/flux_correction.hpp"
#include "fokker/operator/operator.hpp"

namespace fokker {

/// What is asked of one step: start at `t`, use about `dt`, do not pass `limit` (the next time that matters).
struct StepRequest {
  double t, dt, limit;
};

/// What one accepted step did. `t` is exactly `limit` when it landed there; `next_dt` is the untruncated proposal for
/// the next step; `rejected` counts the tries thrown away.
struct StepResult {
  double t, next_dt;
  int rejected = 0;
};

/// Moves a state in time. What it remembers is (t, dt, state) and what `keep` keeps: no multistep history, so that a
/// resumed run equals an unbroken one bit for bit. No allocation inside a step once every step length was in
/// use.
class TimeStepper {
 public:
  virtual ~TimeStepper() = default;
  /// One accepted step; request.limit > request.t (std::logic_error otherwise); `state` holds the state at result.t
  /// afterwards. Rates are asked for at times in [t, limit] only. A step that is all of the way is taken however short
  /// it is. Throws NumericalError (index, time) for a non-finite value, for a negative cell where positivity was
  /// promised, and when dt underflows; Stopped within a step (base/stop.hpp). `state` is as it was then.
  virtual StepResult step(const StepRequest& request, std::span<double> state) = 0;
  /// A first dt for a run that starts at t.
  [[nodiscard]] virtual double first_step(double t, std::span<const double> state, double limit) = 0;
  /// What the steps ahead depend on beside (t, dt, state): a stepper that was made with the same arguments and reads it
  /// before its first step goes on bit for bit. Counts begin at 0.
  virtual void keep(Archive& archive) = 0;
  [[nodiscard]] virtual long rhs_evaluations() const = 0;  ///< calls of Operator::apply and of linear solves
  [[nodiscard]] virtual long factorisations() const { return 0; }
  /// Cells set to zero so far because |p| had sunk below the smallest normal double, 2.2e-308, where the sign and all
  /// digits are rounding: no mass that a sum can see.
  [[nodiscard]] virtual long underflows() const = 0;
  /// The cell averages that a state of this stepper stands for, cells() of the operator: the state itself, unless it
  /// holds something else (docs/decisions/0024). What is read of a run is read through this.
  virtual void averages(std::span<const double> state, std::span<double> p) const {
    std::copy_n(state.begin(), p.size(), p.begin());
  }
  /// The time from which p is carried without the fluxes of the operator [t]; infinity: not so far.
  [[nodiscard]] virtual double left_fluxes() const { return std::numeric_limits<double>::infinity(); }
  /// The time from which another row has taken over because what this one takes for granted did not hold, and why; -1:
  /// it has not.
  struct Surrender {
    double t = -1;
    std::string why;
  };
  [[nodiscard]] virtual Surrender surrender() const { return {}; }
  /// What flux correction did to keep p >= 0, where it is at work.
  [[nodiscard]] virtual const Corrections* corrections() const { return nullptr; }
};

class Method;  // one step of a method as arithmetic, private to this module

/// How a row finds the length of its steps where no dt is given.
enum class StepControl {
  bound,    ///< at its bound
  free,     ///< any length, by the error estimate
  dyadic,   ///< powers of two, so that factorisations serve again
  paired,   ///< equal parts of the way, for the same reason; two halves are held against the whole step
  careful,  ///< any length, growing to twice the one before at most
  leap      ///< all the way at once, halved while the error is above the tolerance
};

/// A triangle with these corners, left of 0 and on both sides of it, in which |R(z)| <= 1; 0: none.
struct Reach {
  double real = 0, imaginary = 0;
};

/// A row of `list steppers`.
struct StepperRow {
  std::string_view name;
  int order;              ///< measured by the unit tests; 0: exact to the tolerance for any dt
  bool adaptive;          ///< has an error estimate; the others take a fixed dt (explicit ones default to their bound)
  bool implicit;          ///< needs a LinearOperator
  bool splits = false;    ///< needs its parts along the axes too (OnEdges::split)
  bool kinetic = false;   ///< moves p by itself: needs StepperOptions::canonical
  bool freezes = false;   ///< takes, for want of a LinearOperator, the one at a density that is held (FrozenForm)
  double positive_limit;  ///< p >= 0 is kept for dt * max|A_ii| up to this (infinity: any dt; 0: watched, not proved)
  double stable_limit;    ///< no mode of a generator grows for dt * max|A_ii| up to this (infinity: any dt)
  Reach reach{};          ///< of dt * eigenvalues: what is stable beyond, where drift outweighs diffusion
  std::string_view guarantee, reference, when_not;
  std::unique_ptr<Method> (*method)(const Operator&);  ///< null: not made of an operator
  StepControl control = StepControl::bound;
  double step_limit = 0;     ///< of dt * max|A_ii| for other reasons than p >= 0 and stability, which then set none
  bool convex = false;       ///< averages of Euler steps: keeps its promise for limited fluxes and varying rates too
  bool exponential = false;  ///< of one matrix: needs LinearOperator::base
  bool keeps_sign = true;    ///< false: no step size keeps p >= 0, so runs that ask for it cannot have this row
};
[[nodiscard]] std::span<const StepperRow> steppers();
[[nodiscard]] const StepperRow* find_stepper(std::string_view name);

struct StepperOptions {
  std::optional<double> dt{};  ///< fixed step [t]; without it adaptive, or at the positivity/stability bound
  double tolerance = 1e-6;     ///< estimated error per step in the integral l1 norm
  bool keep_positive = true;   ///< bound steps by positive_limit, reject steps that go negative
  Canonical canonical{};       ///< the problem as one of inertia, or why it is none; the flow outlives the stepper
  bool surrenders = false;     ///< a row that fails on what it takes for granted hands over (`auto`), or ends the run
};

/// `op` must outlive the stepper. Throws UsageError when the row does not fit (implicit with a nonlinear operator,
/// crank_nicolson without dt, a fixed dt beyond the positivity bound at time t0: the message carries the largest one).
[[nodiscard]] std::unique_ptr<TimeStepper> make_stepper(const StepperRow& row, const Operator& op,
                                                        const StepperOptions& options, double t0);

/// What `auto` chose and the sentence that says why.
struct StepperChoice {
  const StepperRow* row;
  std::string reason;
  double products = 0;  ///< its estimated cost; 0 for fixed steps
};
/// The row that a cost model (docs/steppers.md) finds cheapest for a run of length `span` with `outputs` equal
/// intervals, among those that keep what `options` ask for.
[[nodiscard]] StepperChoice choose_stepper(const Operator& op, int dimension, const StepperOptions& options, double t0,
                                           double span, int outputs = 1);

}  // namespace fokker
