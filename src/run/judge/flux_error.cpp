// What the fluxes do wrong in one cell: the diffusion they add, and the distortion of p.
#include <Eigen/LU>
#include <algorithm>
#include <cmath>

#include "space_error.hpp"

namespace fokker {
namespace {

/// |c| h/2 (coth(Pe/2) - 2/Pe), without a difference of large terms.
double fitted_diffusion(double c, double h, double D) {
  if (!(D > 0)) return 0.5 * std::abs(c) * h;
  const double peclet = std::abs(c) * h / D;
  if (peclet < 0.1) return D * peclet * peclet / 12;  // next: a factor 1 - Pe^2/60
  return 0.5 * std::abs(c) * h * (1 / std::tanh(0.5 * peclet) - 2 / peclet);
}

Eigen::Matrix2d slope_of(const CellLook& cell) {
  Eigen::Matrix2d A;
  A << cell.drift_slope[0][0], cell.drift_slope[0][1], cell.drift_slope[1][0], cell.drift_slope[1][1];
  return A;
}

/// A tensor with cross terms in index units, as the flux sees it.
struct IndexUnits {
  Eigen::Vector2d h, a, v;     // widths; advection and velocity [1/t]
  Eigen::Matrix2d D, inverse;  // the latter of a tensor of full rank only
  IndexUnits(const Grid& grid, const CellLook& cell, double xy)
      : h(grid.axis(0).width(), grid.axis(1).width()),
        a(cell.advection[0] / h[0], cell.advection[1] / h[1]),
        v(cell.velocity[0] / h[0], cell.velocity[1] / h[1]) {
    D << cell.diffusion[0] / (h[0] * h[0]), xy, xy, cell.diffusion[2] / (h[1] * h[1]);
    inverse = D.inverse();
  }
  /// The fraction of the drift that edges take, and faces the rest of (drift_diffusion_tensor.cpp).
  [[nodiscard]] double on_edges(const SellingDecomposition& parts) const {
    double largest = 0, spread = 0;
    for (std::size_t k = 0; k < parts.rate.size(); ++k) {
      const Eigen::Vector2d e(parts.x[k], parts.y[k]);
      const double peclet = std::abs(e.dot(inverse * a));
      if (parts.rate[k] > 0) largest = std::max(largest, peclet);
      spread += parts.rate[k] * peclet * peclet * e.squaredNorm();
    }
    return fitted_fraction(largest, spread, std::abs(a[0]) + std::abs(a[1]));
  }
};

/// Noise along one line.
bool along_line(const CellLook& cell) {
  return singular_tensor(cell.diffusion[0], cell.diffusion[1], cell.diffusion[2]);
}

/// The velocity that a fitted flux is wrong about: that of the current, no faster than what drives it.
Eigen::Vector2d slower(const Eigen::Vector2d& v, const Eigen::Vector2d& a) {
  return v.cwiseMax(-a.cwiseAbs()).cwiseMin(a.cwiseAbs());
}

}  // namespace

Eigen::MatrixXd SpaceError::numerical_diffusion(const CellLook& cell, const Tilt& parts) const {
  const int d = setup_.grid->dimension();
  Eigen::MatrixXd added = Eigen::MatrixXd::Zero(d, d);
  const bool advects = carries_ == Carries::upwind_advection;
  if (carries_ != Carries::fitted && carries_ != Carries::upwind && !advects) return added;
  if (carries_ == Carries::fitted && parts && !along_line(cell)) return along_edges(cell, *parts);
  if (carries_ == Carries::fitted && parts && !limited_) return across_line(cell);
  for (int i = 0; i < d; ++i) {
    const std::size_t k = i;
    const double h = setup_.grid->axis(i).width(), D = cell.diffusion[2 * k];
    if ((limited_ && D == 0) || (carries_ == Carries::fitted && cell.fades[k])) continue;
    const double a = std::abs(cell.advection[k]), v = std::abs(cell.velocity[k]);
    added(i, i) = carries_ == Carries::fitted ? fitted_diffusion(std::min(a, v), h, D) : 0.5 * h * (advects ? v : a);
  }
  return added;
}

/// The edge along the line takes the drift along it (split_drift of drift_diffusion_tensor.cpp); the rest has no noise
/// to be fitted to, and the faces carry it upwind.
Eigen::MatrixXd SpaceError::across_line(const CellLook& cell) const {
  const double hx = setup_.grid->axis(0).width(), hy = setup_.grid->axis(1).width();
  const IndexUnits in(*setup_.grid, cell, cell.diffusion[1] / (hx * hy));
  const Eigen::Vector2d rest = in.a - in.D * in.a / in.D.trace();
  return (0.5 * rest.array().abs() * in.h.array().square()).matrix().asDiagonal();
}

SpaceError::Tilt SpaceError::selling_of(const CellLook& cell) const {
  if (!cross_terms_ || cell.diffusion[1] == 0) return std::nullopt;
  const double hx = setup_.grid->axis(0).width(), hy = setup_.grid->axis(1).width();
  const int cap = cell_rates_ ? cell_offset_cap : offset_cap;
  int reach[2] = {cap, cap};
  // Both ways within the box: what is mirrored at a wall (drift_diffusion_cells.cpp) is taken for lost, a bound.
  for (int k = 0; cell_rates_ && k < 2; ++k) {
    const Axis& axis = setup_.grid->axis(k);
    if (axis.periodic()) continue;
    const auto i = static_cast<Index>((cell.x[k] - axis.lower) / axis.width());
    reach[k] = static_cast<int>(std::clamp<Index>(std::min(i, axis.cells - 1 - i), 0, cap));
  }
  return selling(cell.diffusion[0] / (hx * hx), cell.diffusion[1] / (hx * hy), cell.diffusion[2] / (hy * hy), reach[0],
                 reach[1]);
}

/// The numerical diffusion of a tensor with cross terms, in index units on the edges of Selling's decomposition: what
/// drives an edge e away from balance is e . D^-1 v.
Eigen::MatrixXd SpaceError::along_edges(const CellLook& cell, const SellingDecomposition& parts) const {
  const IndexUnits in(*setup_.grid, cell, parts.xy);
  const double theta = in.on_edges(parts);
  Eigen::Matrix2d added = 0.5 * (1 - theta) * in.a.cwiseAbs().cwiseMin(in.v.cwiseAbs()).asDiagonal().toDenseMatrix();
  for (std::size_t k = 0; k < parts.rate.size(); ++k) {
    const Eigen::Vector2d e(parts.x[k], parts.y[k]);
    const double force = theta * std::min(std::abs(e.dot(in.inverse * in.a)), std::abs(e.dot(in.inverse * in.v)));
    if (parts.rate[k] > 0) added += fitted_diffusion(force * parts.rate[k], 1, parts.rate[k]) * e * e.transpose();
  }
  return added.cwiseProduct(in.h * in.h.transpose());
}

/// An edge e that carries gain . u of the velocity u, in steps of the given rate.
void SpaceError::add_edge(const CellLook& cell, const Eigen::Vector2d& u, const Eigen::Vector2d& e,
                          const Eigen::Vector2d& gain, double rate, const Eigen::Vector2d& off,
                          DistortionSource& to) const {
  const double w = cell.weight;
  for (int j = 0; j < 2; ++j) to.along[j].add_power(-w * gain[j] / 6, e, 3);
  to.steady.add_power(w * gain.dot(u) / 6, e, 3, off);
  to.steady.add_power(w * rate / 12, e, 4);
  if (carries_ == Carries::central) to.steady.add_power(w * gain.dot(slope_of(cell) * e) / 3, e, 2);
}

void SpaceError::add_distortion(const CellLook& cell, const Tilt& tilt, const Eigen::Vector2d& off,
                                DistortionSource& to) const {
  const Eigen::Vector2d a(cell.advection[0], cell.advection[1]), v(cell.velocity[0], cell.velocity[1]);
  const bool fitted = carries_ == Carries::fitted;
  Eigen::Vector2d u = fitted ? slower(v, a) : a;
  for (int i = 0; i < 2; ++i)
    if (two_cells() && cell.fades[i]) u[i] = 0;
  to.velocity += cell.weight * u;
  if (two_cells() && tilt && !along_line(cell)) {
    const SellingDecomposition& parts = *tilt;
    const IndexUnits in(*setup_.grid, cell, parts.xy);
    const double theta = fitted ? in.on_edges(parts) : carries_ == Carries::central ? 1 : 0;
    for (std::size_t k = 0; k < parts.rate.size(); ++k) {
      const Eigen::Vector2d e(parts.x[k], parts.y[k]);
      const Eigen::Vector2d gain = theta * parts.rate[k] * (in.inverse * e).cwiseQuotient(in.h);
      add_edge(cell, u, e.cwiseProduct(in.h), gain, parts.rate[k], off, to);
    }
    for (int i = 0; i < 2 && theta < 1; ++i)
      add_edge(cell, u, Eigen::Vector2d::Unit(i) * in.h[i], Eigen::Vector2d::Unit(i) * (1 - theta) / in.h[i], 0, off,
               to);
    return;
  }
  for (int i = 0; i < setup_.grid->dimension(); ++i) {
    const std::size_t k = i;
    const double h = setup_.grid->axis(i).width(), D = cell.diffusion[2 * k], w = cell.weight;
    const Eigen::Vector2d unit = Eigen::Vector2d::Unit(i);
    const double speed = std::abs(v[i]), fraction = fitted ? (speed > 0 ? speed / (speed + std::abs(a[i])) : 0) : 1;
    if (carries_ == Carries::parabolas || (limited_ && D == 0))
      to.steady.add_power(-w * speed * std::pow(h, 3) / 12, unit, 4);
    else if (carries_ == Carries::five_cells)
      to.steady.add_power(w * speed * std::pow(h, 5) / 60, unit, 6);
    else if (carries_ == Carries::upwind_five)
      to.steady.add_power(w * std::abs(a[i]) * std::pow(h, 5) / 60, unit, 6);
    else if (two_cells() && !cell.fades[k])
      add_edge(cell, u, unit * h, unit / h, fraction * D / (h * h), off, to);
  }
  if (carries_ == Carries::four_cells) add_slow_waves(cell, off, to);
  if (carries_ == Carries::four_cells || carries_ == Carries::upwind_five) add_four_cells(cell, to);
}

/// Drift by averages over four cells.
void SpaceError::add_slow_waves(const CellLook& cell, const Eigen::Vector2d& off, DistortionSource& to) const {
  for (int i = 0; i < setup_.grid->dimension(); ++i) {
    const std::size_t k = i;
    const double scale = cell.weight * std::pow(setup_.grid->axis(i).width(), 4);
    const Eigen::Vector2d unit = Eigen::Vector2d::Unit(i);
    to.along[k].add_power(scale / 30, unit, 5);
    to.steady.add_power(-scale * cell.advection[k] / 30, unit, 5, off);
    to.steady.add_power(-scale * cell.drift_slope[k][k] * 4 / 30, unit, 4);
  }
}

/// Diffusion by differences over four cells.
void SpaceError::add_four_cells(const CellLook& cell, DistortionSource& to) const {
  for (int i = 0; i < setup_.grid->dimension(); ++i) {
    const std::size_t k = i;
    const double scale = cell.weight * std::pow(setup_.grid->axis(i).width(), 4);
    const Eigen::Vector2d unit = Eigen::Vector2d::Unit(i);
    to.steady.add_power(-scale * cell.diffusion[2 * k] / 90, unit, 6);
    to.steady.add_power(-scale * cell.diffusion[1] / 15, unit, 5, Eigen::Vector2d::Unit(1 - i));
  }
}

}  // namespace fokker
