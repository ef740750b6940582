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

SpaceError::SpaceError(const Setup& setup) : setup_(setup), carries_(setup.flux->carries) {
  const LinearOperator* const rates = setup.scheme->op().linear();
  if (rates != nullptr && rates->base() != nullptr) base_ = setup.sde->separated(setup.grid->centers());
  const int d = setup.grid->dimension();
  const FluxScheme& flux = *setup.flux;
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

void SpaceError::carries_by_fluxes(bool by_fluxes, double since) {
  by_fluxes_ = by_fluxes;
  if (!by_fluxes && since <= t_ && last_.A.size() > 0) forget_fluxes(last_);
}

/// The mean over p of what drives it stays.
void SpaceError::forget_fluxes(Sources& sources) {
  sources.numerical.setZero();
  sources.reduced.setZero();
  sources.distortion = {};
}

Eigen::Vector2d SpaceError::off_mean(const CellLook& cell, const Eigen::Vector2d& mean) const {
  Eigen::Vector2d off = Eigen::Vector2d::Zero();
  for (int i = 0; i < setup_.grid->dimension(); ++i) {
    const Axis& axis = setup_.grid->axis(i);
    const double x = cell.x[i];
    off[i] = (axis.periodic() ? nearest_image(x, mean[i], axis.upper - axis.lower) : x) - mean[i];
  }
  return off;
}

SpaceError::Sources SpaceError::sources(std::span<const CellLook> cells, SpaceLook& out) const {
  const int d = setup_.grid->dimension();
  const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(d, d);
  Sources mean{none, none, none, none, {}};
  const Eigen::Vector2d middle = mean_of(cells);
  double bent[2] = {0, 0};
  for (const CellLook& cell : cells) {
    const Tilt parts = selling_of(cell);
    mean.numerical += cell.weight * numerical_diffusion(cell, parts);
    mean.diffusion(0, 0) += cell.weight * cell.diffusion[0];
    if (d > 1) {
      mean.diffusion(1, 1) += cell.weight * cell.diffusion[2];
      mean.diffusion(0, 1) = mean.diffusion(1, 0) += cell.weight * cell.diffusion[1];
    }
    for (int i = 0; i < d; ++i) {
      const std::size_t k = i;
      const double h = setup_.grid->axis(i).width();
      for (int m = 0; m < d; ++m) mean.A(i, m) += cell.weight * cell.drift_slope[k][m];
      if (cell.inner) bent[k] += cell.weight * std::abs(cell.curvature[2 * k]) * h * h;
    }
    add_distortion(cell, parts, off_mean(cell, middle), mean.distortion);
    if (!parts || !parts->capped) continue;
    const double hx = setup_.grid->axis(0).width(), hy = setup_.grid->axis(1).width();
    out.reduced_fraction += cell.weight;
    mean.reduced(0, 1) += cell.weight * (parts->xy * hx * hy - cell.diffusion[1]);
    mean.reduced(1, 0) = mean.reduced(0, 1);
  }
  if (!by_fluxes_) {
    forget_fluxes(mean);
    out.reduced_fraction = 0;
  }
  // int |p''| of a Gaussian of width s is 4 exp(-1/2) / sqrt(2 pi) / s^2.
  const double of_gaussian = 4 / std::sqrt(2 * std::numbers::pi * std::numbers::e);
  for (int i = 0; i < d; ++i) out.width[i] = std::sqrt(of_gaussian / bent[i]);
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
    const std::size_t k = i;
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
