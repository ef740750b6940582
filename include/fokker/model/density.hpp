#pragma once
#include <Eigen/Core>
#include <array>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "fokker/base/expression.hpp"
#include "fokker/base/points.hpp"
#include "fokker/base/tape.hpp"

namespace fokker {

/// Faces of the cells, ascending, one list per axis (n + 1 of them); a periodic axis wraps the density onto the box.
/// Borrowed. Cells are numbered with axis 0 fastest.
struct CellFaces {
  int dimension = 1;
  std::array<std::span<const double>, 2> axis;
  std::array<bool, 2> periodic{false, false};
};

/// The smallest value of a function that was met, and where; NaN as soon as it was met.
struct Lowest {
  double value = std::numeric_limits<double>::infinity();
  Index cell = -1;
  std::array<double, 2> at{0, 0};
};

/// One point, drawn by a number that is uniform in [0, 1) and two independent standard normal ones.
using Sampler = std::function<std::array<double, 2>(double uniform, const std::array<double, 2>& normal)>;

/// A probability density that can be averaged over cells.
class Density {
 public:
  virtual ~Density() = default;
  [[nodiscard]] virtual int dimension() const = 0;
  /// Exact averages over the cells [1/x^d], to 1e-12 of the peak; out has one value per cell.
  virtual void cell_averages(const CellFaces& faces, std::span<double> out) const = 0;
  /// The same averages, and the smallest value that was met on the way: a formula may be negative in part of a cell
  /// whose average is not. Infinity where no value can be negative.
  [[nodiscard]] virtual Lowest averages_and_lowest(const CellFaces& faces, std::span<double> out) const {
    cell_averages(faces, out);
    return {};
  }
  /// Point values [1/x^d] (a point mass gives 0 or infinity).
  virtual void evaluate(const PointsIn& x, double* out) const = 0;
  /// Draws from the distribution on the whole space; empty where only values and averages are known.
  [[nodiscard]] virtual Sampler sampler() const { return {}; }
};

struct Gaussian {
  double weight = 1;
  Eigen::VectorXd mean;        ///< d
  Eigen::MatrixXd covariance;  ///< d x d, symmetric positive semidefinite; singular ones and 0 (a point) are allowed
};

/// Weighted Gaussians, weights summing to 1. Cell averages: products of normal cdf differences for diagonal
/// covariances, theory section 10's one-dimensional integral of conditional cdf differences for correlated ones, exact
/// limits for singular ones; relative accuracy kept in the tails (erfc on the right side). On a periodic axis images
/// are summed until they no longer matter.
class GaussianMixture : public Density {
 public:
  explicit GaussianMixture(std::vector<Gaussian> components);
  [[nodiscard]] int dimension() const override;
  void cell_averages(const CellFaces& faces, std::span<double> out) const override;
  void evaluate(const PointsIn& x, double* out) const override;
  [[nodiscard]] Sampler sampler() const override;
  [[nodiscard]] const std::vector<Gaussian>& components() const { return components_; }
  [[nodiscard]] Eigen::VectorXd mean() const;
  [[nodiscard]] Eigen::MatrixXd covariance() const;

 private:
  std::vector<Gaussian> components_;
};

/// A density given as a formula of the axes (and t, fixed at construction), not normalised: cell averages by tensor
/// Gauss-Legendre quadrature, bisected where two orders disagree.
class FormulaDensity : public Density {
 public:
  FormulaDensity(const Expression& formula, std::vector<std::string> variables, double t = 0);
  [[nodiscard]] int dimension() const override;
  void cell_averages(const CellFaces& faces, std::span<double> out) const override;
  /// The smallest value is that at any point of the quadrature.
  [[nodiscard]] Lowest averages_and_lowest(const CellFaces& faces, std::span<double> out) const override;
  void evaluate(const PointsIn& x, double* out) const override;

 private:
  Tape tape_;
  std::vector<std::string> variables_;
  double t_;
};

/// The same density everywhere in the box.
class UniformDensity : public Density {
 public:
  /// lower, upper: the box, d values each.
  UniformDensity(std::vector<double> lower, std::vector<double> upper);
  [[nodiscard]] int dimension() const override;
  void cell_averages(const CellFaces& faces, std::span<double> out) const override;
  void evaluate(const PointsIn& x, double* out) const override;

 private:
  std::vector<double> lower_, upper_;
};

}  // namespace fokker
