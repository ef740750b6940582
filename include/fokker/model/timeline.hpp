#pragma once
#include <array>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "fokker/base/expression.hpp"

namespace fokker {

/// The part of space in which coefficients are looked at: ends of the axes and widths of their cells [x].
struct Box {
  int dimension = 1;
  std::array<double, 2> lower{}, upper{1, 1}, cell{1, 1};
};

/// How coefficients depend on time, as far as steps have to know: where they switch, so that no step runs across, and
/// how long a step may be, so that nothing that comes and goes is stepped over.
class Timeline {
 public:
  /// One thing up to `before`, another from `after` on. Neighbouring doubles as a rule; the same where values do not
  /// jump (a kink). Time goes on at `after` when it has come to `before`.
  struct Break {
    double before, after;
  };
  /// A stretch over which coefficients are known by a few values: steps in it are no longer than it is.
  struct Stretch {
    double from, to;
  };

  /// Nothing depends on time.
  Timeline() = default;
  /// Both in order. `unseen`: changes that last less may have been overlooked; 0: none was.
  Timeline(std::vector<Break> breaks, std::vector<Stretch> stretches, double unseen);

  /// Where a step from t to `wanted` has to end: there, or where the first switch on the way comes.
  [[nodiscard]] double limit(double t, double wanted) const;
  /// Where time goes on after a step that ended at t.
  [[nodiscard]] double resume(double t) const;
  /// The longest step from t: none enters a stretch by more than the length of it.
  [[nodiscard]] double longest_step(double t) const;
  /// What lies ahead of t on the way to `wanted`: up to where it is alike, and how long the stretch is that t lies in.
  /// Stretches as long as `shorter` or longer do not count, and outside of the others the length is infinite.
  struct Ahead {
    double to, stretch;
  };
  [[nodiscard]] Ahead ahead(double t, double wanted, double shorter) const;
  [[nodiscard]] double unseen() const { return unseen_; }
  [[nodiscard]] const std::vector<Break>& breaks() const { return breaks_; }
  [[nodiscard]] const std::vector<Stretch>& stretches() const { return stretches_; }

  /// The same with switches and `stops` (ascending) that are nearer to each other than `same` made to meet: a step that
  /// ends at the one ends at the other.
  [[nodiscard]] Timeline meeting(std::span<const double> stops, double same) const;
  /// In tau = end - t.
  [[nodiscard]] Timeline reversed(double end) const;

 private:
  std::vector<Break> breaks_;
  std::vector<Stretch> stretches_;
  double unseen_ = 0;
};

/// Formulas of the axes and t, the last of `variables`, and for each what is too little of it to matter: its largest
/// value in a stretch times the length of the stretch.
struct TimedFormulas {
  std::vector<Expression> formulas;
  std::vector<double> negligible;
  std::vector<std::string> variables;
};

/// Finds the switches in t alone to the last bit, however close: intervals of time over which bounds of a condition
/// (enclosure.hpp) leave it undecided are halved until it has changed between two neighbouring doubles. Then halves
/// what lies between until, in every one of 64 pieces of the box, each formula
///
///     bends by at most  |d^3/dt^3| length^3 <= 4 max |values|,  or varies by a tenth of its values, or is negligible,
///
/// with bounds again, so that a pulse of any length is met; a stretch between switches through which all are monotone
/// in time needs no halving. Conditions of time and point together may change their answer in 1/16 of the pieces.
[[nodiscard]] Timeline find_timeline(const TimedFormulas& timed, const Box& box, double from, double to);

/// Points of (from, to), ascending, between which formulas of t alone neither jump nor hide anything from an adaptive
/// quadrature. A jump is two of them, one on either side.
[[nodiscard]] std::vector<double> time_knots(std::span<const Expression> formulas, double from, double to);

}  // namespace fokker
