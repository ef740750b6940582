#pragma once
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// One coefficient on the faces of an axis, row by row, rows padded with 0 to whole vectors. One row stands for all
/// where all are the same: functions of x alone and constants then stay in cache.
class FaceColumn {
 public:
  static constexpr Index vector = 8;
  void resize(Index width, Index rows);
  [[nodiscard]] double* row_to_fill(Index j) { return values_.data() + width_ * j; }
  /// Looks whether the rows first..last-1, the only ones in use, are all the same or 0, up to `rounding`.
  void look(Index first, Index last, double rounding);
  [[nodiscard]] double largest(Index first, Index last) const;
  /// Gives back what `look` found to be repeated.
  void settle();
  [[nodiscard]] bool zero() const { return zero_; }
  [[nodiscard]] const double* row(Index j) const { return values_.data() + (uniform_ ? 0 : width_ * j); }
  [[nodiscard]] std::size_t bytes() const { return values_.capacity() * sizeof(double); }

 private:
  Index width_ = 0;  // a multiple of `vector`
  bool uniform_ = false, zero_ = true;
  std::vector<double> values_;
};

/// The coefficients of the fourth-order flux on the faces of one axis (central4_rows.hpp), from two Gauss points g on
/// each face, so that averages of products are complete to fourth order: with u' = sqrt 3 (u_2 - u_1)/h' across,
///     <u v> = <u><v> + h'^2/12 u' v'
struct AxisCoefficients {
  FaceColumn value, slope, across, curvature, twist;
  Index width = 0;            ///< faces of a row: nx + 1 for axis 0, nx for axis 1
  Index first = 0, last = 0;  ///< rows in use
  [[nodiscard]] bool reaches_across() const { return !across.zero() || !curvature.zero() || !twist.zero(); }
};

/// Averages of a = f - div D and D over faces. Faces on reflecting walls carry nothing and are never looked at.
class Central4Coefficients {
 public:
  explicit Central4Coefficients(const Grid& grid);
  /// Throws NumericalError where something is not finite or D not positive semidefinite.
  void build(const Sde& sde, double t);
  void settle();
  [[nodiscard]] const AxisCoefficients& axis(int k) const { return axes_[k]; }
  [[nodiscard]] std::size_t bytes() const;

 private:
  Index fill_row(const Sde& sde, double t, int k, Index row);
  void close_ring(int k);

  const Grid& grid_;
  std::vector<AxisCoefficients> axes_;
};

}  // namespace fokker
