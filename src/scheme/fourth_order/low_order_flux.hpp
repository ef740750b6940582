#pragma once
#include <functional>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// The positive low-order partner of a flux on the same faces: Scharfetter-Gummel with the diagonal of D (cross terms
/// are left to the correction), J/h = left p_L + right p_R, left >= 0 >= right. Explicit Euler steps of at most 0.9 / w
/// keep p >= 0 exactly in floating point, however the step to be accompanied was made.
class PositiveFaces {
 public:
  explicit PositiveFaces(const Grid& grid);
  void build(const Sde& sde, double t);

  /// Euler steps from t to `end` with the rates times factor(t): `p` moves, `sum` becomes the integral of factor * p.
  /// Returns the number of steps. Polls for a stop before every one.
  long advance(double t, double end, const std::function<double(double)>& factor, double* p, double* sum);
  /// J -= what the state p carries through every face: nx + 1 faces to a row, nx to a row of y faces.
  void subtract_fluxes(const double* p, double* Jx, double* Jy) const;
  /// What p loses through an absorbing side (0 and 1 lower and upper x, 2 and 3 y) [1/t, times the factor].
  [[nodiscard]] double outflow(int side, const double* p) const;
  [[nodiscard]] std::size_t bytes() const;

 private:
  void build_faces(const Sde& sde, double t, int k, Index row);
  void close_ring(int k);
  void find_exit_rate();
  void fluxes_of_x_faces(const double* p, Index row, Index begin, Index end, double* J) const;
  void fluxes_of_y_faces(const double* p, Index face, Index begin, Index end, double* J) const;

  const Grid& grid_;
  std::vector<double> left_[2], right_[2];
  std::vector<double> next_;
  double exit_rate_ = 0;
};

}  // namespace fokker
