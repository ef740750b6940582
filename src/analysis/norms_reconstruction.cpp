#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "fokker/analysis/norms.hpp"
#include "fokker/base/compensated_sum.hpp"
#include "marginals.hpp"
#include "reconstruction.hpp"

namespace fokker {
namespace {

/// Weights of `count` cells of unit width from 0 on: derivative at z of the polynomial through their primitive.
std::array<double, 5> primitive_weights(double z, int count) {
  std::array<double, 5> weights{};
  for (int face = 1; face <= count; ++face) {  // the primitive is 0 at face 0
    double derivative = 0;
    for (int k = 0; k <= count; ++k) {
      if (k == face) continue;
      double product = 1. / (face - k);
      for (int l = 0; l <= count; ++l)
        if (l != face && l != k) product *= (z - l) / (face - l);
      derivative += product;
    }
    for (int cell = 0; cell < face; ++cell) weights[cell] += derivative;
  }
  return weights;
}

/// Cells of one axis and their weights in a point value.
struct LineWeights {
  int count = 1;
  std::array<Index, 5> cell{};
  std::array<double, 5> weight{1, 0, 0, 0, 0};
};

LineWeights line_weights(const Axis& axis, Index i, double x) {
  LineWeights line{.count = static_cast<int>(axis.periodic() ? 5 : std::min<Index>(axis.cells, 5))};
  const Index first = axis.periodic() ? i - 2 : std::clamp<Index>(i - 2, 0, axis.cells - line.count);
  line.weight = primitive_weights((x - axis.lower) / axis.width() - static_cast<double>(first), line.count);
  for (int c = 0; c < line.count; ++c) line.cell[c] = (first + c + 2 * axis.cells) % axis.cells;
  return line;
}

// With d = centre - reference and p the parabola of the cell, the cell adds to int (x_k - r_k) p, int (x_k - r_k)^2 p
// and int (x_0 - r_0)(x_1 - r_1) p, over its volume,
//   d p + h slope/12,     d^2 p + h d slope/6 + h^2 (p/12 + curvature/360),
//   d_0 d_1 p + (d_0 h_1 slope_1 + d_1 h_0 slope_0)/12 + h_0 h_1 twist/144.
// Slopes, curvatures and twists are sums over neighbours in line, so all of these are weights on the cell averages:
// those of an axis on its marginal, and the mixed one the product of the first two.
struct MomentWeights {
  std::vector<double> first, second;
};

// On a circle what lies beyond the point opposite to the reference, at z in its cell, is nearer by a turn L the other
// way: with S_k = int_z^1/2 u^k p(u) du over its part of the cell, first loses L S_0 and second 2 L (d S_0 + h S_1) -
// L^2 S_0; so do all cells after it up to the end of the axis. Before, all are on the side where the axis begins.
void go_round(const Axis& axis, double reference, MomentWeights& w) {
  const double h = axis.width(), turn = axis.upper - axis.lower, middle = axis.lower + 0.5 * turn;
  const bool high = reference < middle;  // the opposite point lies above the reference
  const double opposite = high ? reference + 0.5 * turn : reference - 0.5 * turn, shift = high ? -turn : turn;
  const auto cut = std::clamp<Index>(static_cast<Index>((opposite - axis.lower) / h), 0, axis.cells - 1);
  const auto move = [&](Index i, double from, double to) {
    const double d = axis.center(i) - reference, a = from, b = to;
    const double c0 = b - a, c1 = (b * b - a * a) / 2, c2 = (b * b * b - a * a * a) / 3,
                 c3 = (b * b * b * b - a * a * a * a) / 4;
    const Stencil near = stencil(axis, i);
    const auto add = [&](Index cell, double s0, double s1) {
      w.first[cell] += shift * s0;
      w.second[cell] += 2 * shift * (d * s0 + h * s1) + shift * shift * s0;
    };
    add(i, c0, c1);
    for (std::size_t k = 0; k < 3; ++k)
      add(near.cell[k], near.slope[k] * c1 + near.curvature[k] * (c2 - c0 / 12) / 2,
          near.slope[k] * c2 + near.curvature[k] * (c3 - c1 / 12) / 2);
  };
  const double z = std::clamp((opposite - axis.center(cut)) / h, -0.5, 0.5);
  if (high) {
    move(cut, z, 0.5);
    for (Index i = cut + 1; i < axis.cells; ++i) move(i, -0.5, 0.5);
  } else {
    for (Index i = 0; i < cut; ++i) move(i, -0.5, 0.5);
    move(cut, -0.5, z);
  }
}

MomentWeights moment_weights(const Axis& axis, double reference) {
  const double h = axis.width();
  MomentWeights w{std::vector<double>(axis.cells), std::vector<double>(axis.cells)};
  for (Index i = 0; i < axis.cells; ++i) {
    const double d = axis.center(i) - reference;
    const std::size_t own = i;
    w.first[own] += d;
    w.second[own] += d * d + h * h / 12;
    const Stencil near = stencil(axis, i);
    for (std::size_t a = 0; a < 3; ++a) {
      const std::size_t cell = near.cell[a];
      w.first[cell] += h * near.slope[a] / 12;
      w.second[cell] += h * d * near.slope[a] / 6 + h * h * near.curvature[a] / 360;
    }
  }
  if (axis.periodic()) go_round(axis, reference, w);
  return w;
}

double weighted(const std::vector<double>& weights, const std::vector<double>& values) {
  CompensatedSum sum;
  for (std::size_t i = 0; i < values.size(); ++i) sum.add(weights[i] * values[i]);
  return sum.value();
}

/// int p exp(i angle) dx over the mass, from a marginal; the angle is 0 at the lower end. Averages over cells know it
/// but for the factor that averaging takes off.
std::complex<double> direction(const Axis& axis, const std::vector<double>& marginal, double mass) {
  const double step = 2 * std::numbers::pi / static_cast<double>(axis.cells);
  CompensatedSum real, imaginary;
  for (std::size_t i = 0; i < marginal.size(); ++i) {
    const double angle = step * (static_cast<double>(i) + 0.5);
    real.add(marginal[i] * std::cos(angle));
    imaginary.add(marginal[i] * std::sin(angle));
  }
  const double averaging = axis.cells > 1 ? std::sin(step / 2) / (step / 2) : 1;
  return std::complex(real.value(), imaginary.value()) / (mass * averaging);
}

double circular_mean(const Axis& axis, const std::complex<double>& towards) {
  constexpr double no_direction = 1e-9;
  const double turn = axis.upper - axis.lower;
  if (std::abs(towards) < no_direction) return axis.lower + 0.5 * turn;
  const double fraction = std::arg(towards) / (2 * std::numbers::pi);
  const double mean = axis.lower + turn * (fraction < 0 ? fraction + 1 : fraction);
  return mean < axis.upper ? mean : axis.lower;
}

double mean_of(const Axis& axis, const std::vector<double>& marginal, double mass) {
  if (axis.periodic()) return circular_mean(axis, direction(axis, marginal, mass));
  const double middle = axis.lower + 0.5 * (axis.upper - axis.lower);
  return middle + weighted(moment_weights(axis, middle).first, marginal) / mass;
}

/// Second moments about a point, over the mass.
Eigen::MatrixXd second_moments(const Grid& grid, std::span<const double> p, const Marginals& marginal, double mass,
                               const Eigen::VectorXd& about) {
  const int dimension = grid.dimension();
  Eigen::MatrixXd second(dimension, dimension);
  std::array<MomentWeights, 2> centred;
  for (int k = 0; k < dimension; ++k) {
    const std::size_t at = k;
    centred[at] = moment_weights(grid.axis(k), about[k]);
    second(k, k) = weighted(centred[at].second, marginal[at]) / mass;
  }
  if (dimension == 1) return second;
  CompensatedSum mixed;
  for (Index j = 0; j < grid.ny(); ++j) {
    const double *row = p.data() + grid.nx() * j, *weight = centred[0].first.data();
    mixed.add(centred[1].first[j] *
              row_sum(centred[0].first.size(), [=](std::size_t i) { return weight[i] * row[i]; }));
  }
  second(0, 1) = second(1, 0) = mixed.value() / mass;
  return second;
}

}  // namespace

Moments moments(const Grid& grid, std::span<const double> p) {
  const Marginals marginal = marginals(grid, p);
  const double mass = total(marginal[0]);
  Moments result{grid.volume() * mass, Eigen::VectorXd(grid.dimension()), {}};
  for (int k = 0; k < grid.dimension(); ++k) result.mean[k] = mean_of(grid.axis(k), marginal[k], mass);
  result.covariance = second_moments(grid, p, marginal, mass, result.mean);
  return result;
}

MomentErrors moment_errors(const Grid& grid, std::span<const double> p, std::span<const double> q) {
  const Marginals P = marginals(grid, p), Q = marginals(grid, q);
  const double p_mass = total(P[0]), q_mass = total(Q[0]);
  Eigen::VectorXd own(grid.dimension()), theirs(grid.dimension());
  MomentErrors errors;
  for (int k = 0; k < grid.dimension(); ++k) {
    const std::size_t at = k;
    const Axis& axis = grid.axis(k);
    theirs[k] = mean_of(axis, Q[at], q_mass);
    own[k] = axis.periodic() ? theirs[k] : mean_of(axis, P[at], p_mass);
    const double radius = (axis.upper - axis.lower) / (2 * std::numbers::pi);
    const double off = axis.periodic()
                           ? radius * std::abs(direction(axis, P[at], p_mass) - direction(axis, Q[at], q_mass))
                           : std::abs(own[k] - theirs[k]);
    errors.mean = larger(errors.mean, off);
  }
  const Eigen::MatrixXd off = second_moments(grid, p, P, p_mass, own) - second_moments(grid, q, Q, q_mass, theirs);
  for (Index k = 0; k < off.size(); ++k) errors.covariance = larger(errors.covariance, std::abs(off(k)));
  return errors;
}

double point_value(const Grid& grid, std::span<const double> p, std::span<const double> point) {
  if (static_cast<int>(point.size()) != grid.dimension())
    throw std::invalid_argument("point_value: a point needs one coordinate per axis");
  const Index cell = grid.find(point);
  if (cell < 0) throw std::invalid_argument("point_value: the point lies outside of the box");
  const LineWeights x = line_weights(grid.axis(0), cell % grid.nx(), point[0]);
  const LineWeights y = grid.dimension() > 1 ? line_weights(grid.axis(1), cell / grid.nx(), point[1]) : LineWeights{};
  double value = 0;
  for (std::size_t b = 0; b < static_cast<std::size_t>(y.count); ++b)
    for (std::size_t a = 0; a < static_cast<std::size_t>(x.count); ++a)
      value += x.weight[a] * y.weight[b] * p[x.cell[a] + grid.nx() * y.cell[b]];
  return value;
}

}  // namespace fokker
