#include "space_error.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "fokker/analysis/gaussian_distance.hpp"
#include "linear_flow.hpp"

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

Eigen::Matrix2d slope_of(const CellLook& cell) {
  Eigen::Matrix2d A;
  A << cell.drift_slope[0][0], cell.drift_slope[0][1], cell.drift_slope[1][0], cell.drift_slope[1][1];
  return A;
}

/// What acts between two looks: the mean of both, but for the velocity, which the linear drift A turns and damps (where
/// it does); what it is at the end beyond that is taken by half.
DistortionSource between(const DistortionSource& before, const DistortionSource& after, const Eigen::Matrix2d& A,
                         double dt) {
  DistortionSource mean = after;
  const Doubling plan(A, dt);
  Eigen::Matrix2d E = plan.flow(plan.step());
  for (int k = 0; k < plan.doublings(); ++k) E = (E * E).eval();
  constexpr double keeps = 2;
  const bool turns = E.norm() <= keeps;
  Eigen::Vector2d rest = before.velocity + after.velocity;
  if (turns) rest = after.velocity - E * before.velocity;
  mean.velocity = turns ? before.velocity : Eigen::Vector2d::Zero().eval();
  mean.steady.add(1, before.steady);
  mean.steady.scale(0.5);
  for (std::size_t j = 0; j < 2; ++j) {
    mean.along[j].add(1, before.along[j]);
    mean.along[j].scale(0.5);
    mean.steady.add(0.5 * rest[static_cast<Index>(j)], mean.along[j]);
  }
  return mean;
}

}  // namespace

Eigen::MatrixXd carried(const Eigen::MatrixXd& V, const Eigen::MatrixXd& A, const Eigen::MatrixXd& Q, double dt) {
  const Doubling plan(A, dt);
  Eigen::MatrixXd E = plan.flow(plan.step());
  const Eigen::MatrixXd half = plan.flow(plan.step() / 2);
  Eigen::MatrixXd grown = plan.step() / 6 * (Q + 4 * half * Q * half.transpose() + E * Q * E.transpose());  // Simpson
  for (int k = 0; k < plan.doublings(); ++k) {
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
  if (flux.form == "effective_drift")
    carries_ = flux.name == "muscl"   ? Carries::parabolas
               : flux.name == "weno5" ? Carries::five_cells
                                      : Carries::upwind_advection;
  else
    carries_ = flux.wide                           ? Carries::four_cells
               : flux.name == "scharfetter_gummel" ? Carries::fitted
               : flux.name == "central"            ? Carries::central
                                                   : Carries::upwind;
  const SchemeReport report = setup.scheme->report(0);
  limited_ = flux.limited_velocity && report.limited_faces > 0;
  cross_terms_ = d > 1 && !flux.wide && !setup.sde->traits().diagonal;
  cell_rates_ = report.cell_rates;
  numerical_ = reduced_ = Eigen::MatrixXd::Zero(d, d);
}

void SpaceError::give_way() {
  carries_ = Carries::fitted;
  cross_terms_ = setup_.grid->dimension() > 1 && !setup_.sde->traits().diagonal;
}

Eigen::MatrixXd SpaceError::numerical_diffusion(const CellLook& cell) const {
  const int d = setup_.grid->dimension();
  Eigen::MatrixXd added = Eigen::MatrixXd::Zero(d, d);
  const bool advects = carries_ == Carries::upwind_advection;
  if (carries_ != Carries::fitted && carries_ != Carries::upwind && !advects) return added;
  if (carries_ == Carries::fitted && skew(cell)) return along_edges(cell, selling_of(cell));
  for (int i = 0; i < d; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const double h = setup_.grid->axis(i).width(), D = cell.diffusion[2 * k];
    if ((limited_ && D == 0) || (carries_ == Carries::fitted && cell.fades[k])) continue;
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
  const int cap = cell_rates_ ? cell_offset_cap : offset_cap;
  int reach[2] = {cap, cap};
  // Both ways within the box: what is mirrored at a wall (drift_diffusion_cells.cpp) is taken for lost, a bound.
  for (int k = 0; cell_rates_ && k < 2; ++k) {
    const Axis& axis = setup_.grid->axis(k);
    if (axis.periodic()) continue;
    const auto i = static_cast<Index>((cell.x[static_cast<std::size_t>(k)] - axis.lower) / axis.width());
    reach[k] = static_cast<int>(std::clamp<Index>(std::min(i, axis.cells - 1 - i), 0, cap));
  }
  return selling(cell.diffusion[0] / (hx * hx), cell.diffusion[1] / (hx * hy), cell.diffusion[2] / (hy * hy), reach[0],
                 reach[1]);
}

namespace {

/// A tensor with cross terms in index units, as the flux sees it.
struct IndexUnits {
  Eigen::Vector2d h, a, v;  // widths; carriage and velocity [1/t]
  Eigen::Matrix2d D, inverse;
  IndexUnits(const Grid& grid, const CellLook& cell, const SellingDecomposition& parts)
      : h(grid.axis(0).width(), grid.axis(1).width()),
        a(cell.carriage[0] / h[0], cell.carriage[1] / h[1]),
        v(cell.velocity[0] / h[0], cell.velocity[1] / h[1]) {
    D << cell.diffusion[0] / (h[0] * h[0]), parts.xy, parts.xy, cell.diffusion[2] / (h[1] * h[1]);
    inverse = D.inverse();
  }
  /// The share of the drift that edges take, and faces the rest of (drift_diffusion_tensor.cpp).
  [[nodiscard]] double on_edges(const SellingDecomposition& parts) const {
    double largest = 0, spread = 0;
    for (std::size_t k = 0; k < parts.rate.size(); ++k) {
      const Eigen::Vector2d e(parts.x[k], parts.y[k]);
      const double peclet = std::abs(e.dot(inverse * a));
      if (parts.rate[k] > 0) largest = std::max(largest, peclet);
      spread += parts.rate[k] * peclet * peclet * e.squaredNorm();
    }
    return fitted_share(largest, spread, std::abs(a[0]) + std::abs(a[1]));
  }
};

/// The velocity that a fitted flux is wrong about: that of the current, no faster than what drives it.
Eigen::Vector2d slower(const Eigen::Vector2d& v, const Eigen::Vector2d& a) {
  return v.cwiseMax(-a.cwiseAbs()).cwiseMin(a.cwiseAbs());
}

}  // namespace

/// The same for a tensor with cross terms, in index units on the edges of Selling's decomposition: what drives an edge
/// e away from balance is e . D^-1 v.
Eigen::MatrixXd SpaceError::along_edges(const CellLook& cell, const SellingDecomposition& parts) const {
  const IndexUnits in(*setup_.grid, cell, parts);
  const double theta = in.on_edges(parts);
  Eigen::Matrix2d added = 0.5 * (1 - theta) * in.a.cwiseAbs().cwiseMin(in.v.cwiseAbs()).asDiagonal().toDenseMatrix();
  for (std::size_t k = 0; k < parts.rate.size(); ++k) {
    const Eigen::Vector2d e(parts.x[k], parts.y[k]);
    const double force = theta * std::min(std::abs(e.dot(in.inverse * in.a)), std::abs(e.dot(in.inverse * in.v)));
    if (parts.rate[k] > 0) added += fitted_diffusion(force * parts.rate[k], 1, parts.rate[k]) * e * e.transpose();
  }
  return added.cwiseProduct(in.h * in.h.transpose());
}

Eigen::Vector2d SpaceError::off_mean(const CellLook& cell, const Eigen::Vector2d& mean) const {
  Eigen::Vector2d off = Eigen::Vector2d::Zero();
  for (int i = 0; i < setup_.grid->dimension(); ++i) {
    const Axis& axis = setup_.grid->axis(i);
    const double x = cell.x[static_cast<std::size_t>(i)];
    off[i] = (axis.periodic() ? nearest_image(x, mean[i], axis.upper - axis.lower) : x) - mean[i];
  }
  return off;
}

/// An edge e that carries gain . u of the velocity u, in steps of the given rate.
void SpaceError::add_edge(const CellLook& cell, const Eigen::Vector2d& u, const Eigen::Vector2d& e,
                          const Eigen::Vector2d& gain, double rate, const Eigen::Vector2d& off,
                          DistortionSource& to) const {
  const double w = cell.weight;
  for (int j = 0; j < 2; ++j) to.along[static_cast<std::size_t>(j)].add_power(-w * gain[j] / 6, e, 3);
  to.steady.add_power(w * gain.dot(u) / 6, e, 3, off);
  to.steady.add_power(w * rate / 12, e, 4);
  if (carries_ == Carries::central) to.steady.add_power(w * gain.dot(slope_of(cell) * e) / 3, e, 2);
}

void SpaceError::add_distortion(const CellLook& cell, const Eigen::Vector2d& off, DistortionSource& to) const {
  const Eigen::Vector2d a(cell.carriage[0], cell.carriage[1]), v(cell.velocity[0], cell.velocity[1]);
  const bool fitted = carries_ == Carries::fitted;
  Eigen::Vector2d u = fitted ? slower(v, a) : a;
  for (int i = 0; i < 2; ++i)
    if (two_cells() && cell.fades[static_cast<std::size_t>(i)]) u[i] = 0;
  to.velocity += cell.weight * u;
  if (two_cells() && skew(cell)) {
    const SellingDecomposition parts = selling_of(cell);
    const IndexUnits in(*setup_.grid, cell, parts);
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
    const auto k = static_cast<std::size_t>(i);
    const double h = setup_.grid->axis(i).width(), D = cell.diffusion[2 * k], w = cell.weight;
    const Eigen::Vector2d unit = Eigen::Vector2d::Unit(i);
    const double speed = std::abs(v[i]), share = fitted ? (speed > 0 ? speed / (speed + std::abs(a[i])) : 0) : 1;
    if (carries_ == Carries::parabolas || (limited_ && D == 0))
      to.steady.add_power(-w * speed * std::pow(h, 3) / 12, unit, 4);
    else if (carries_ == Carries::five_cells)
      to.steady.add_power(w * speed * std::pow(h, 5) / 60, unit, 6);
    else if (two_cells() && !cell.fades[k])
      add_edge(cell, u, unit * h, unit / h, share * D / (h * h), off, to);
  }
  if (carries_ == Carries::four_cells) add_four_cells(cell, off, to);
}

void SpaceError::add_four_cells(const CellLook& cell, const Eigen::Vector2d& off, DistortionSource& to) const {
  for (int i = 0; i < setup_.grid->dimension(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    const double scale = cell.weight * std::pow(setup_.grid->axis(i).width(), 4);
    const Eigen::Vector2d unit = Eigen::Vector2d::Unit(i);
    to.along[k].add_power(scale / 30, unit, 5);
    to.steady.add_power(-scale * cell.carriage[k] / 30, unit, 5, off);
    to.steady.add_power(-scale * cell.drift_slope[k][k] * 4 / 30, unit, 4);
    to.steady.add_power(-scale * cell.diffusion[2 * k] / 90, unit, 6);
    to.steady.add_power(-scale * cell.diffusion[1] / 15, unit, 5, Eigen::Vector2d::Unit(1 - i));
  }
}

SpaceError::Sources SpaceError::sources(std::span<const CellLook> cells, SpaceLook& out) const {
  const int d = setup_.grid->dimension();
  const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(d, d);
  Sources mean{none, none, none, none, {}};
  const Eigen::Vector2d middle = mean_of(cells);
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
    add_distortion(cell, off_mean(cell, middle), mean.distortion);
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

Eigen::Vector2d SpaceError::mean_of(std::span<const CellLook> cells) const {
  Eigen::Vector2d mean = Eigen::Vector2d::Zero();
  for (int i = 0; i < setup_.grid->dimension(); ++i)
    mean[i] = mean_on(setup_.grid->axis(i), cells, static_cast<std::size_t>(i));
  return mean;
}

Eigen::MatrixXd SpaceError::covariance(std::span<const CellLook> cells) const {
  const int d = setup_.grid->dimension();
  const Eigen::Vector2d mean = mean_of(cells);
  Eigen::MatrixXd V = Eigen::MatrixXd::Zero(d, d);
  for (const CellLook& cell : cells) {
    const Eigen::Vector2d off = off_mean(cell, mean);
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

/// V narrowed along each axis to the width that p has by its curvature: that of one peak among several, or of a packet
/// that trails waves. Not where p stands against a wall at which D vanishes, or bends where D jumps: what is sharp
/// there is D's.
Eigen::MatrixXd SpaceError::of_peaks(std::span<const CellLook> cells, const Eigen::MatrixXd& V,
                                     const std::array<double, 2>& width) const {
  const Eigen::MatrixXd sharp = V.inverse();
  Eigen::MatrixXd narrowed = Eigen::MatrixXd::Identity(V.rows(), V.cols());
  for (Index i = 0; i < V.rows(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    if (std::any_of(cells.begin(), cells.end(), [&](const CellLook& cell) { return cell.fades[k] || cell.uneven[k]; }))
      continue;
    narrowed(i, i) = std::min(1.0, width[k] * setup_.grid->axis(static_cast<int>(i)).width() * std::sqrt(sharp(i, i)));
  }
  return narrowed * V * narrowed;
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
    const Eigen::Matrix2d turns = in_plane(A, 0);
    distortion_ = turned(carried(distortion_, turns, between(last_.distortion, now.distortion, turns, dt), dt),
                         in_plane(held, 1));
    reduced_ = held * carried(reduced_, A, reduced, dt) * held;
  }
  t_ = t;
  covariance_ = V;
  last_ = std::move(now);
  out.flux_l1 = distance(cells, V, numerical_);
  out.flux_l1 = std::min(2.0, out.flux_l1 + l1_of(distortion_, in_plane(of_peaks(cells, V, out.width), 1)));
  out.reduced_l1 = distance(cells, V, reduced_);
  return out;
}

}  // namespace fokker
