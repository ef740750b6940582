#pragma once
#include <Eigen/Core>
#include <span>

#include "fokker/base/tape.hpp"
#include "fokker/grid/grid.hpp"

/// Numbers about one density, and distances between two sets of cell averages on one grid (cells() values each). Norms
/// are integrals; all sums are compensated and in one fixed order; a NaN in the values is a NaN in the result.
namespace fokker {

struct Norms {
  double l1 = 0;    ///< int |p - q| dx
  double l2 = 0;    ///< sqrt(int (p - q)^2 dx)
  double linf = 0;  ///< max |p - q|
  double kl = 0;    ///< int p log(p / q) dx; cells with p <= 0 add nothing, p > 0 >= q adds infinity
};
[[nodiscard]] Norms norms(const Grid& grid, std::span<const double> p, std::span<const double> q);

/// Wasserstein-1 in 1D, int |P(x) - Q(x)| dx [x] of the two cdfs, both scaled to mass 1 (cdfs linear inside cells; from
/// end to end also on a periodic axis). Throws std::invalid_argument in 2D.
[[nodiscard]] double wasserstein1(const Grid& grid, std::span<const double> p, std::span<const double> q);

/// Largest |P - Q| over the faces and over the marginal cdfs (scaled to mass 1).
[[nodiscard]] double kolmogorov_smirnov(const Grid& grid, std::span<const double> p, std::span<const double> q);

/// Conditional mean and covariance (scaled to mass 1), from a conservative reconstruction inside cells, so that they
/// are those of the density whose averages the cells hold (fourth order; Sheppard's correction in the interior, right
/// at walls too). NaN where the mass is 0.
struct Moments {
  double mass = 0;
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};
[[nodiscard]] Moments moments(const Grid& grid, std::span<const double> p);

/// -int p log p dx; cells with p <= 0 add nothing.
[[nodiscard]] double entropy(const Grid& grid, std::span<const double> p);

/// int g(x) p(x) dx, p reconstructed conservatively inside cells, g by Gauss-Legendre (4 nodes per axis and cell); `g`
/// has the axes as inputs and one output. Not divided by the mass.
[[nodiscard]] double expectation(const Grid& grid, std::span<const double> p, const Tape& g);

/// Point value from cell averages (de-averaged): derivative of the interpolated primitive on six faces per axis (fifth
/// order), shifted inwards at walls, wrapped on periodic axes; all faces there are when an axis has fewer. The point
/// must lie in the box (std::invalid_argument).
[[nodiscard]] double point_value(const Grid& grid, std::span<const double> p, std::span<const double> point);

}  // namespace fokker
