#include "space_error.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "fokker/analysis/gaussian_distance.hpp"

namespace fokker {
namespace {

constexpr double one_peak = 1.5;  // sharper than its Gaussian by that: more than one peak

/// |c| h/2 (coth(Pe/2) - 2/Pe), without a difference of large terms.
double fitted_diffusion(double c, double h, double D) {
  if (!(D > 0)) return 0.5 * std::abs(c) * h;
  const double peclet = std::abs(c) * h / D;
  if (peclet < 0.1) return D * peclet * peclet / 12;  // next: a factor 1 - Pe^2/60
  return 0.5 * std::abs(c) * h * (1 / std::tanh(0.5 * peclet) - 2 / peclet);
}

/// A neighbour of `x` among the images of a coordinate on a circle.
double nearest_image(double x, double to, double period) { return x - period * std::round((x - to) / period); }

double mean_on(const Axis& axis, std::span<const CellLook> cells, std::size_t k) {
  if (!axis.periodic()) {
    double mean = 0;
    for (const CellLook& cell : cells) mean += cell.weight * cell.x[k];
    return mean;
  }
  double c = 0, s = 0;
  const double turn = 2 * std::numbers::pi / (axis.upper - axis.lower);
  for (const CellLook& cell : cells) {
    c += cell.weight * std::cos(turn * (cell.x[k] - axis.lower));
    s += cell.weight * std::sin(turn * (cell.x[k] - axis.lower));
  }
  return axis.lower + std::atan2(s, c) / turn;
}

/// The matrix of a line as one of the plane, with `other` for the direction that is not there.
Eigen::Matrix2d in_plane(const Eigen::MatrixXd& line, double other) {
  if (line.rows() > 1) return line;
  return Eigen::Vector2d(line(0, 0), other).asDiagonal();
}

/// Walls and bends of the drift hold p together where its linear part does not: by which factor, along each axis, p has
/// stayed narrower than that part would have made it.
Eigen::MatrixXd confinement(const Eigen::MatrixXd& V, const Eigen::MatrixXd& expected) {
  Eigen::MatrixXd held = Eigen::MatrixXd::Identity(V.rows(), V.cols());
  for (Index k = 0; k < V.rows(); ++k)
    if (V(k, k) < expected(k, k)) held(k, k) = std::sqrt(V(k, k) / expected(k, k));
  return held;
}

}  // namespace

Eigen::MatrixXd carried(const Eigen::MatrixXd& V, const Eigen::MatrixXd& A, const Eigen::MatrixXd& Q, double dt) {
  const Eigen::MatrixXd unit = Eigen::MatrixXd::Identity(A.rows(), A.cols());
  constexpr double small = 1.0 / 64;
  int doublings = 0;
  double step = dt;
  for (; A.norm() * step > small && doublings < 200; ++doublings) step /= 2;
  const auto exponential = [&](double s) -> Eigen::MatrixXd {
    const Eigen::MatrixXd B = A * s;
    return unit + B * (unit + B / 2 * (unit + B / 3 * (unit + B / 4)));
  };
  Eigen::MatrixXd E = exponential(step);
  const Eigen::MatrixXd half = exponential(step / 2);
  Eigen::MatrixXd grown = step / 6 * (Q + 4 * half * Q * half.transpose() + E * Q * E.transpose());  // Simpson
  for (int k = 0; k < doublings; ++k) {
    grown += (E * grown * E.transpose()).eval();
    E = (E * E).eval();
  }
  return E * V * E.transpose() + grown;
}

SpaceError::SpaceError(const Setup& setup) : setup_(setup) {
  const LinearOperator* const rates = setup.scheme->op().linear();
  if (rates != nullptr && rates->base() != nullptr) base_ = setup.sde->separated(setup.grid->centers());
  const int d = setup.grid->dimension();
  const FluxScheme& flux = *setup.flux;
  carries_ = flux.name == "upwind"               ? Carries::upwind
             : flux.name == "scharfetter_gummel" ? Carries::fitted
                                                 : Carries::exactly;
  const SchemeReport report = setup.scheme->report(0);
  limited_ = flux.limited_velocity && report.limited_faces > 0;
  two_cells_ = flux.form == "drift_diffusion" && !flux.wide;
  parabolas_ = flux.name == "muscl";
  cross_terms_ = d > 1 && !flux.wide && !setup.sde->traits().diagonal;
  cell_rates_ = report.cell_rates;
  numerical_ = reduced_ = Eigen::MatrixXd::Zero(d, d);
}

void SpaceError::give_way() {
  carries_ = Carries::fitted;
  two_cells_ = true;
  cross_terms_ = setup_.grid->dimension() > 1 && !setup_.sde->traits().diagonal;
}

Eigen::MatrixXd SpaceError::numerical_diffusion(const CellLook& cell) const {
  const int d = setup_.grid->dimension();
  Eigen::MatrixXd added = Eigen::MatrixXd::Zero(d, d);
  if (carries_ == Carries::exactly) return added;
  if (carries_ == Carries::fitted && skew(cell)) return along_edges(cell, selling_of(cell));
  for (int i = 0; i < d; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const double h = setup_.grid->axis(i).width(), D = cell.diffusion[2 * k];
    if ((limited_ && D == 0) || (carries_ == Carries::fitted && cell.fades[k])) continue;
    const bool advects = setup_.flux->form == "effective_drift";
    const double a = std::abs(cell.carriage[k]), v = std::abs(cell.velocity[k]);
    added(i, i) = carries_ == Carries::fitted ? fitted_diffusion(std::min(a, v), h, D) : 0.5 * h * (advects ? v : a);
  }
  return added;
}

bool SpaceError::skew(const CellLook& cell) const {
  const double xx = cell.diffusion[0], xy = cell.diffusion[1], yy = cell.diffusion[2];
  return cross_terms_ && xy != 0 && !singular_tensor(xx, xy, yy);
}

SellingDecomposition SpaceError::selling_of(const CellLook& cell) const {
  const double hx = setup_.grid->axis(0).width(), hy = setup_.grid->axis(1).width();
  int reach[2] = {offset_cap, offset_cap};
  for (int k = 0; cell_rates_ && k < 2; ++k) {  // both ways within the box (drift_diffusion_cells.cpp)
    const Axis& axis = setup_.grid->axis(k);
    if (axis.periodic()) continue;
    const auto i = static_cast<Index>((cell.x[static_cast<std::size_t>(k)] - axis.lower) / axis.width());
    reach[k] = static_cast<int>(std::clamp<Index>(std::min(i, axis.cells - 1 - i), 0, offset_cap));
  }
  return selling(cell.diffusion[0] / (hx * hx), cell.diffusion[1] / (hx * hy), cell.diffusion[2] / (hy * hy), reach[0],
                 reach[1]);
}

/// The same for a tensor with cross terms, in index units on the edges of Selling's decomposition: what drives an edge
/// e away from balance is e . D^-1 v. The share theta of the drift that edges take, and faces the rest of, is that of
/// the flux (drift_diffusion_tensor.cpp).
Eigen::MatrixXd SpaceError::along_edges(const CellLook& cell, const SellingDecomposition& parts) const {
  const Eigen::Vector2d h(setup_.grid->axis(0).width(), setup_.grid->axis(1).width());
  const double xx = cell.diffusion[0] / (h[0] * h[0]), yy = cell.diffusion[2] / (h[1] * h[1]), xy = parts.xy;
  const Eigen::Vector2d a(cell.carriage[0] / h[0], cell.carriage[1] / h[1]);
  const Eigen::Vector2d v(cell.velocity[0] / h[0], cell.velocity[1] / h[1]);
  Eigen::Matrix2d inverse;
  inverse << yy, -xy, -xy, xx;
  inverse /= xx * yy - xy * xy;
  double largest = 0, spread = 0;
  for (std::size_t k = 0; k < parts.rate.size(); ++k) {
    const Eigen::Vector2d e(parts.x[k], parts.y[k]);
    const double peclet = std::abs(e.dot(inverse * a));
    if (parts.rate[k] > 0) largest = std::max(largest, peclet);
    spread += parts.rate[k] * peclet * peclet * e.squaredNorm();
  }
  const double theta = fitted_share(largest, spread, std::abs(a[0]) + std::abs(a[1]));
  Eigen::Matrix2d added = 0.5 * (1 - theta) * a.cwiseAbs().cwiseMin(v.cwiseAbs()).asDiagonal().toDenseMatrix();
  for (std::size_t k = 0; k < parts.rate.size(); ++k) {
    const Eigen::Vector2d e(parts.x[k], parts.y[k]);
    const double force = theta * std::min(std::abs(e.dot(inverse * a)), std::abs(e.dot(inverse * v)));
    if (parts.rate[k] > 0) added += fitted_diffusion(force * parts.rate[k], 1, parts.rate[k]) * e * e.transpose();
  }
  return added.cwiseProduct(h * h.transpose());
}

/// What the steps of a cell's edges add to the fourth cumulant. Along the axes a fitted flux keeps stationary laws, and
/// only what moves is off: the share |v| / (|v| + |a|).
void SpaceError::add_steps(const CellLook& cell, Sources& mean) const {
  const int d = setup_.grid->dimension();
  if (parabolas_)
    for (int i = 0; i < d; ++i) {
      Eigen::Vector2d step = Eigen::Vector2d::Zero();
      step[i] = setup_.grid->axis(i).width();
      add_power(mean.lattice, -cell.weight * 2 * std::abs(cell.velocity[static_cast<std::size_t>(i)]) / step[i], step);
    }
  if (!two_cells_) return;
  if (skew(cell)) {
    const SellingDecomposition parts = selling_of(cell);
    const double hx = setup_.grid->axis(0).width(), hy = setup_.grid->axis(1).width();
    for (std::size_t k = 0; k < parts.rate.size(); ++k)
      add_power(mean.lattice, cell.weight * 2 * parts.rate[k], {hx * parts.x[k], hy * parts.y[k]});
    return;
  }
  for (int i = 0; i < d; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const double h = setup_.grid->axis(i).width(), a = std::abs(cell.carriage[k]), v = std::abs(cell.velocity[k]);
    if (v == 0 || cell.fades[k]) continue;
    Eigen::Vector2d step = Eigen::Vector2d::Zero();
    step[i] = h;
    add_power(mean.lattice, cell.weight * 2 * cell.diffusion[2 * k] / (h * h) * v / (v + a), step);
  }
}

SpaceError::Sources SpaceError::sources(std::span<const CellLook> cells, SpaceLook& out) const {
  const int d = setup_.grid->dimension();
  const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(d, d);
  Sources mean{none, none, none, none, {}};
  double bent[2] = {0, 0};
  for (const CellLook& cell : cells) {
    mean.numerical += cell.weight * numerical_diffusion(cell);
    mean.diffusion(0, 0) += cell.weight * cell.diffusion[0];
    if (d > 1) {
      mean.diffusion(1, 1) += cell.weight * cell.diffusion[2];
      mean.diffusion(0, 1) = mean.diffusion(1, 0) += cell.weight * cell.diffusion[1];
    }
    for (int i = 0; i < d; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const double h = setup_.grid->axis(i).width();
      for (int m = 0; m < d; ++m) mean.A(i, m) += cell.weight * cell.drift_slope[k][static_cast<std::size_t>(m)];
      if (cell.inner) bent[k] += cell.weight * std::abs(cell.curvature[2 * k]) * h * h;
    }
    add_steps(cell, mean);
    if (!cross_terms_ || cell.diffusion[1] == 0) continue;
    const SellingDecomposition parts = selling_of(cell);
    if (!parts.capped) continue;
    const double hx = setup_.grid->axis(0).width(), hy = setup_.grid->axis(1).width();
    out.reduced_share += cell.weight;
    mean.reduced(0, 1) += cell.weight * (parts.xy * hx * hy - cell.diffusion[1]);
    mean.reduced(1, 0) = mean.reduced(0, 1);
  }
  // int |p''| of a Gaussian of width s is 4 exp(-1/2) / sqrt(2 pi) / s^2.
  const double of_gaussian = 4 / std::sqrt(2 * std::numbers::pi * std::numbers::e);
  for (int i = 0; i < d; ++i) out.width[static_cast<std::size_t>(i)] = std::sqrt(of_gaussian / bent[i]);
  return mean;
}

Eigen::MatrixXd SpaceError::covariance(std::span<const CellLook> cells) const {
  const int d = setup_.grid->dimension();
  double mean[2] = {0, 0};
  for (int i = 0; i < d; ++i) mean[i] = mean_on(setup_.grid->axis(i), cells, static_cast<std::size_t>(i));
  Eigen::MatrixXd V = Eigen::MatrixXd::Zero(d, d);
  for (const CellLook& cell : cells) {
    double off[2] = {0, 0};
    for (int i = 0; i < d; ++i) {
      const Axis& axis = setup_.grid->axis(i);
      const double x = cell.x[static_cast<std::size_t>(i)];
      off[i] = (axis.periodic() ? nearest_image(x, mean[i], axis.upper - axis.lower) : x) - mean[i];
    }
    for (int i = 0; i < d; ++i)
      for (int m = 0; m < d; ++m) V(i, m) += cell.weight * off[i] * off[m];
  }
  for (int i = 0; i < d; ++i) {  // the density inside a cell
    const double h = setup_.grid->axis(i).width();
    V(i, i) += h * h / 12;
  }
  return V;
}

double SpaceError::distance(std::span<const CellLook> cells, const Eigen::MatrixXd& V,
                            const Eigen::MatrixXd& added) const {
  if (added.isZero(0)) return 0;
  double bent = 0;
  for (const CellLook& cell : cells) {
    if (!cell.inner) continue;
    double sum = added(0, 0) * cell.curvature[0];
    if (V.rows() > 1) sum += 2 * added(0, 1) * cell.curvature[1] + added(1, 1) * cell.curvature[2];
    bent += 0.5 * cell.weight * std::abs(sum);
  }
  const double little = 1e-4 * V.diagonal().minCoeff() / added.stableNorm();
  const double of_gaussian = gaussian_l1(V, V - little * added) / little;
  const double sharpness = bent / of_gaussian;
  const Eigen::MatrixXd scaled = sharpness * added;
  const double off = gaussian_l1(V, V - scaled);
  const bool told = sharpness < one_peak && own_.trace() < V.trace() && own_.determinant() > 0;
  return told ? std::min(off, gaussian_l1(own_ + scaled, own_)) : off;
}

double SpaceError::contraction() const {
  if (last_.A.size() == 0) return 0;
  return -last_.A.trace() / static_cast<double>(last_.A.rows()) * (base_ ? base_->factor(t_) : 1);
}

SpaceLook SpaceError::settle(std::span<const double> p) {
  look(0, p);
  constexpr double times = 30;
  own_.setZero();  // no start to compare with
  return last_.A.size() > 0 && last_.A.norm() > 0 ? advance(0, times / last_.A.norm(), p) : SpaceLook{};
}

std::vector<CellLook> SpaceError::cells_at(double t, std::span<const double> p) const {
  return base_ ? look_at_cells(*setup_.grid, *base_->base, 0, p) : look_at_cells(*setup_.grid, *setup_.sde, t, p);
}

SpaceLook SpaceError::look(double t, std::span<const double> p) {
  return advance(t, base_ ? setup_.scheme->op().linear()->elapsed(t_, t).value() : t - t_, p);
}

void SpaceError::renew(double t, std::span<const double> p) {
  if (base_ || first_) return;
  SpaceLook out;
  Sources now = sources(cells_at(t, p), out);
  if (now.A.allFinite() && now.numerical.allFinite()) last_ = std::move(now);
}

SpaceLook SpaceError::advance(double t, double dt, std::span<const double> p) {
  SpaceLook out;
  const std::vector<CellLook> cells = cells_at(t, p);
  if (cells.empty()) return out;
  Sources now = sources(cells, out);
  if (!now.A.allFinite() || !now.numerical.allFinite()) return out;
  const Eigen::MatrixXd V = covariance(cells);
  if (std::exchange(first_, false)) {
    own_ = V;
  } else {
    const Eigen::MatrixXd A = 0.5 * (last_.A + now.A), diffusion = last_.diffusion + now.diffusion;
    const Eigen::MatrixXd numerical = last_.numerical + now.numerical, reduced = last_.reduced + now.reduced;
    const Eigen::MatrixXd held = confinement(V, carried(covariance_, A, diffusion + numerical + reduced, dt));
    own_ = held * carried(own_, A, diffusion, dt) * held;
    numerical_ = held * carried(numerical_, A, numerical, dt) * held;
    if (has_fourth_cumulant()) {
      for (std::size_t n = 0; n < now.lattice.size(); ++n) last_.lattice[n] = 0.5 * (last_.lattice[n] + now.lattice[n]);
      lattice_ = turned(carried(lattice_, in_plane(A, 0), last_.lattice, dt), in_plane(held, 1));
    }
    reduced_ = held * carried(reduced_, A, reduced, dt) * held;
  }
  t_ = t;
  covariance_ = V;
  last_ = std::move(now);
  out.flux_l1 = distance(cells, V, numerical_);
  if (has_fourth_cumulant()) out.flux_l1 = std::min(2.0, out.flux_l1 + l1_of(lattice_, in_plane(V, 1)));
  out.reduced_l1 = distance(cells, V, reduced_);
  return out;
}

}  // namespace fokker
