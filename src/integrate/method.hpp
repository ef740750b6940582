#pragma once
#include <memory>
#include <span>
#include <vector>

#include "fokker/integrate/stepper.hpp"

namespace fokker {

/// Where the next advance starts from, as seen from the last one: what was computed there need not be computed again.
/// No memory: a fresh method computes the same bits.
enum class Start {
  fresh,   ///< somewhere else
  again,   ///< the same (t, p): another length of the same step
  follows  ///< the (end, next) that the last one arrived at, to the bit
};

/// What a run is after.
struct Aim {
  double tolerance = 1e-6;  ///< estimated error of a step in the integral l1 norm
  bool positive = true;  ///< p >= 0 is to be kept; else linear systems may be solved by iteration (shifted_solver.hpp)
  bool controlled = false;  ///< somebody looks at error() and rejects steps
};

/// A step to be taken: `next` becomes the state a step of length h after t, where it is `p`; `end` is t + h, or the
/// limit that the step lands on.
struct Advance {
  double t, h, end;
  std::span<const double> p;
  std::span<double> next;
  Start start = Start::fresh;
};

/// One step of a method as pure arithmetic: the size of the step is somebody else's business.
class Method {
 public:
  virtual ~Method() = default;
  /// To be called before the first step.
  virtual void aim(const Aim&) {}
  /// Rates at the start or the end of a step are worth keeping: `Advance::start` is looked at.
  [[nodiscard]] virtual bool keeps_rates() const { return false; }
  /// Those rates, where it keeps any.
  virtual void keep_rates(Archive& /*archive*/) {}
  virtual void advance(const Advance& step) = 0;
  /// Estimated error of `step`, the last one that was advanced, in the integral l1 norm; adaptive methods only.
  virtual double error(const Advance& /*step*/) { return 0; }
  [[nodiscard]] long evaluations() const { return evaluations_; }
  [[nodiscard]] long factorisations() const { return factorisations_; }

 protected:
  long evaluations_ = 0, factorisations_ = 0;
};

/// How many substeps talbot would take over a `way` (LinearOperator::elapsed) in one step: on a ring they are short.
/// Throws as make_talbot does.
[[nodiscard]] double talbot_substeps(const LinearOperator& op, double way);
/// Throws NumericalError where a tensor that varies in time has got cross terms since the start, which `row` cannot
/// take.
void refuse_cross_terms(const Split& split, double t, std::string_view row, std::string_view remedy);

/// Sets subnormal cells to zero and returns how many there were. Below DBL_MIN doubles have absolute, not relative
/// accuracy: a tail that sinks through it ends in a few cells of noise of either sign, whatever the arithmetic and the
/// step. There p is zero to within 2.2e-308, and is set to it.
long flush_subnormal(std::span<double> cells);

/// A first step: the one whose leading error term C dt^order |A^order p| is the tolerance, `most` where that is longer.
double first_by_derivative(const Operator& op, double t, std::span<const double> state, double tolerance, int order,
                           double most);

/// Throws UsageError, with the reason, where `row` cannot serve this operator; talbot may find more.
void check_row(const StepperRow& row, const Operator& op, const StepperOptions& options, double t0);

/// The largest steps a method may take, in units of Operator::stable_step(t).
struct StepBound {
  /// Of implicit methods: p + h A x rounds by about 1e-16 h w in the l1 norm, so steps end where that nears 1e-7.
  static constexpr double rounding = 1e9;
  /// Of stabilised explicit methods: some 500 stages, of which the first and the last still differ by 1e-11.
  static constexpr double stages = 1e5;
  /// Of exponentials: so many products a step, that a run can be stopped.
  static constexpr double products = 1e4;

  const Operator* op;
  double factor;  ///< of stable_step; infinity: any
  bool promised;  ///< p >= 0 is a theorem up to here: a negative cell is an error, not a reason for a smaller step
  bool watched;   ///< p >= 0 is asked for: inspect every step
  Reach reach{};  ///< stable too while dt (|Re| / real + |Im| / imaginary) <= 1; 0: not looked at
  [[nodiscard]] double at(double t) const;
  /// The largest h <= dt that the bound allows, at t, t + h/2 and t + h unless it is the one on rounding; rates are
  /// not looked at beyond `end`. Where they allow far less at the end of such a step than at its start (noise that
  /// fades) h is halved, for what is short there is not for all of the way.
  [[nodiscard]] double limit(double t, double dt, double end) const;
};

/// Fixed dt, or the bound where there is none. A step beyond the bound or with a negative cell is taken in two halves.
std::unique_ptr<TimeStepper> make_fixed_steps(std::unique_ptr<Method> method, StepBound bound,
                                              std::optional<double> dt);
/// How free steps begin and grow.
struct Pace {
  double growth = 5;       ///< from one step to the next, at most
  double least_first = 0;  ///< the first step need not be shorter than this, in units of stable_step
  double fall = 0;         ///< where p >= 0 is watched no cell is to fall by more than e^-fall; 0: not looked at
};
/// Adaptive dt of any size; `order` is that of the error estimate.
std::unique_ptr<TimeStepper> make_free_steps(std::unique_ptr<Method> method, StepBound bound, double tolerance,
                                             int order, const Pace& pace = {});
/// Adaptive dt of powers of two (dyadic_steps.hpp), so that factorisations are used again.
std::unique_ptr<TimeStepper> make_dyadic_steps(std::unique_ptr<Method> method, StepBound bound, double tolerance,
                                               int order);
/// Adaptive dt in equal parts of the way for a `method` of order 2 without an error estimate: steps are taken in two
/// halves, and whole for comparison.
std::unique_ptr<TimeStepper> make_paired_steps(std::unique_ptr<Method> method, StepBound bound, double tolerance);
/// Adaptive dt for formulas that are exact but for what their error tells: all the way to the limit at once, halved
/// while the error is above the tolerance.
std::unique_ptr<TimeStepper> make_leap_steps(std::unique_ptr<Method> method, StepBound bound, double tolerance);
/// Steps of `inner`, a stepper on `correction.recording()`, each made nonnegative by `correction` (docs/steppers.md);
/// with a `tolerance`, halved while that moves more probability.
std::unique_ptr<TimeStepper> make_corrected_steps(std::unique_ptr<TimeStepper> inner, const Operator& op,
                                                  FluxCorrection& correction, const StepperOptions& options);

}  // namespace fokker
