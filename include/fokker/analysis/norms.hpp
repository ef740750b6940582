#pragma once
#include <Eigen/Core>
#include <span>

#include "fokker/base/archive.hpp"
#include "fokker/grid/grid.hpp"

/// Numbers about one density, and distances between two sets of cell averages on one grid (cells() values each). Norms
/// are integrals; all sums are compensated and in one fixed order; a NaN in the values is a NaN in the result.
namespace fokker {

struct Norms {
  double l1 = 0;    ///< int |p - q| dx
  double l2 = 0;    ///< sqrt(int (p - q)^2 dx)
  double linf = 0;  ///< max |p - q|
  /// int p log(p / q) dx over the cells with p > 0. Cells whose q underflows (below the normal doubles, or not
  /// positive) are left out while p has less than 1e-12 of mass there; more makes it infinite.
  double kl = 0;
  double kl_left_out = 0;  ///< the mass of p in cells whose q underflows
  void keep(Archive& archive) { archive(l1, l2, linf, kl, kl_left_out); }
};
inline constexpr double most_kl_left_out = 1e-12;
[[nodiscard]] Norms norms(const Grid& grid, std::span<const double> p, std::span<const double> q);

/// Wasserstein-1 in 1D, int |P(x) - Q(x)| dx [x] of the two cdfs, both scaled to mass 1 (cdfs linear inside cells); on
/// a periodic axis mass goes the shorter way round: int |P - Q - c| dx with the best constant c. Throws
/// std::invalid_argument in 2D.
[[nodiscard]] double wasserstein1(const Grid& grid, std::span<const double> p, std::span<const double> q);

/// Largest |P - Q| over the faces and over the marginal cdfs (scaled to mass 1); on a periodic axis Kuiper's largest
/// P - Q less the smallest, wherever the circle is cut.
[[nodiscard]] double kolmogorov_smirnov(const Grid& grid, std::span<const double> p, std::span<const double> q);

/// Conditional mean and covariance (scaled to mass 1), from a conservative reconstruction inside cells, so that they
/// are those of the density whose averages the cells hold (fourth order; Sheppard's correction in the interior, right
/// at walls too). On a periodic axis the mean is the direction of int p exp(i angle) dx, in [lower, upper) (the middle
/// of the axis for a density without direction), and deviations from it go the shorter way round. NaN where the mass is
/// 0.
struct Moments {
  double mass = 0;
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};
[[nodiscard]] Moments moments(const Grid& grid, std::span<const double> p);

/// Largest components of the differences of two densities' moments: means [x] and covariances [x^2]. On a periodic axis
/// means differ by |int (p - q) exp(i angle) dx| times the radius of the circle, which is their distance for narrow
/// densities and defined for all; deviations of both are then counted from the mean of q.
struct MomentErrors {
  double mean = 0, covariance = 0;
};
[[nodiscard]] MomentErrors moment_errors(const Grid& grid, std::span<const double> p, std::span<const double> q);

/// -int p log p dx; cells with p <= 0 add nothing.
[[nodiscard]] double entropy(const Grid& grid, std::span<const double> p);

/// Point value from cell averages (de-averaged): derivative of the interpolated primitive on six faces per axis (fifth
/// order), shifted inwards at walls, wrapped on periodic axes; all faces there are when an axis has fewer. The point
/// must lie in the box (std::invalid_argument).
[[nodiscard]] double point_value(const Grid& grid, std::span<const double> p, std::span<const double> point);

}  // namespace fokker
