#pragma once
#include <limits>
#include <span>

#include "../line_view.hpp"
#include "stationary_weights_rule.hpp"

namespace fokker {

/// Sums over a stretch of a line, as logarithms, from which its fluxes follow without a derivative of D (theory section
/// 17). With E = exp(int f/D), m = D^(a - 1) E and r = D^-a / E, a density with the steady flux J is p = m q, q' = -J
/// r. What depends on where E is 1 comes twice: E = 1 at the lower and at the upper end.
struct Stretch {
  static constexpr double infinite = std::numeric_limits<double>::infinity();

  double rise = 0;                                        ///< int f/D
  double mass_lower = -infinite, mass_upper = -infinite;  ///< int m
  double path_lower = -infinite, path_upper = -infinite;  ///< int r
  double upward = -infinite;    ///< int m(x) int_x^upper r: mass over flux, out of the upper end
  double downward = -infinite;  ///< int m(x) int_lower^x r
};

/// A below B.
[[nodiscard]] Stretch joined(const Stretch& A, const Stretch& B);
/// Seen from the other side.
[[nodiscard]] Stretch mirrored(const Stretch& s);
/// log(e^a + e^b)
[[nodiscard]] double log_add(double a, double b);

/// How a face sees the cell beside it, as logarithms with E = 1 on the face: the cell average of m, and of the
/// resistance of the way from x to the face, weighted by m. A steady flux J through both cells of an edge has
///
///     J = (p_L / mean_L - p_R / mean_R) / (resistance_L + resistance_R)
///
/// with p_L and p_R their averages: exact for the stationary density, with or without a current, and for constant
/// coefficients the exponentially fitted flux. An infinite mean is a trap, infinite resistance a barrier.
struct CellEnd {
  double mean = std::numeric_limits<double>::quiet_NaN(), resistance = std::numeric_limits<double>::quiet_NaN();
};

/// A cell that is looked at closely.
struct CellFlux {
  CellEnd lower, upper;
  /// log of the cell average over the steady flux out of that end when q = 0 there (an absorbing wall); infinite where
  /// nothing gets there.
  double out_lower = Stretch::infinite, out_upper = Stretch::infinite;
  bool vanishes_lower = false, vanishes_upper = false;  ///< D is 0 at that end (or infinite)
  /// ... and E is 0 or infinite there: `between` decides who passes, by the exponents of E in the distance.
  bool blocked_lower = false, blocked_upper = false;
  double drift_lower = 0, drift_upper = 0;
  Stretch lower_half, upper_half;  ///< up to the middle; not where D vanishes inside
  Stretch whole;
  bool parted = false;  ///< D vanishes inside
};

/// Looks closely at cells of one line: Gauss panels between the points where coefficients break, graded towards zeros
/// of D. At a zero, by the exponents k of E and M of D there, the density is integrable, or mass is trapped; the zero
/// is reached, or is a barrier; where drift runs through it, it is a valve: nothing comes back, and p = J / f.
class Conductance {
 public:
  Conductance(const PanelRule& rule, const LineView& view) : rule_(rule), view_(view), a_(view.reading()) {}

  /// `breaks`: sorted points where f or D may jump or bend; those outside of the cell are ignored.
  [[nodiscard]] CellFlux cell(double lower, double upper, std::span<const double> breaks) const;
  /// The same for a cell that is known to be smooth, D > 0.
  [[nodiscard]] CellFlux smooth_cell(double lower, double upper) const;

 private:
  struct Zero;
  struct Piece;

  [[nodiscard]] Stretch panel(double lower, double upper, int depth = 0) const;
  [[nodiscard]] Stretch regular(double lower, double upper, std::span<const double> cuts) const;
  [[nodiscard]] Piece towards_zero(double zero, double regular_end) const;
  [[nodiscard]] Piece piece(double lower, double upper, std::span<const double> cuts, bool zero_lower,
                            bool zero_upper) const;
  [[nodiscard]] bool vanishes(double end, double inside) const;
  [[nodiscard]] double zero_inside(double lower, double upper) const;
  [[nodiscard]] double least_between(double left, double right) const;
  void part(CellFlux& cell, const Piece& below, const Piece& above, double h) const;
  void see(CellFlux& cell, double h) const;

  const PanelRule& rule_;
  const LineView& view_;
  double a_;
};

}  // namespace fokker
