#include "space_error.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "fokker/analysis/gaussian_distance.hpp"
#include "fokker/scheme/selling.hpp"

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
  const int d = setup.grid->dimension();
  const FluxScheme& flux = *setup.flux;
  carries_ = flux.name == "upwind"               ? Carries::upwind
             : flux.name == "scharfetter_gummel" ? Carries::fitted
                                                 : Carries::exactly;
  const SchemeReport report = setup.scheme->report(0);
  limited_ = flux.limited_velocity && report.limited_faces > 0;
  cuts_ = d > 1 && !flux.wide && !setup.sde->traits().diagonal;
  numerical_ = reduced_ = Eigen::MatrixXd::Zero(d, d);
}

Eigen::MatrixXd SpaceError::numerical_diffusion(const CellLook& cell) const {
  const int d = setup_.grid->dimension();
  Eigen::MatrixXd added = Eigen::MatrixXd::Zero(d, d);
  if (carries_ == Carries::exactly) return added;
  if (carries_ == Carries::fitted && cuts_ && cell.diffusion[1] != 0) return along_edges(cell);
  for (int i = 0; i < d; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const double h = setup_.grid->axis(i).width(), D = cell.diffusion[2 * k];
    if (limited_ && D == 0) continue;
    const bool advects = setup_.flux->form == "effective_drift";
    added(i, i) = carries_ == Carries::fitted ? fitted_diffusion(cell.velocity[k], h, D)
                                              : 0.5 * h * std::abs(advects ? cell.velocity[k] : cell.carriage[k]);
  }
  return added;
}

/// The same for a tensor with cross terms, on the edges of Selling's decomposition: what drives an edge e away from
/// balance is e . D^-1 v.
Eigen::MatrixXd SpaceError::along_edges(const CellLook& cell) const {
  const double hx = setup_.grid->axis(0).width(), hy = setup_.grid->axis(1).width();
  const double xx = cell.diffusion[0] / (hx * hx), yy = cell.diffusion[2] / (hy * hy);
  const SellingDecomposition parts = selling(xx, cell.diffusion[1] / (hx * hy), yy);
  const double u = cell.velocity[0] / hx, v = cell.velocity[1] / hy, det = xx * yy - parts.xy * parts.xy;
  Eigen::MatrixXd added = Eigen::MatrixXd::Zero(2, 2);
  for (std::size_t k = 0; k < parts.rate.size(); ++k) {
    if (!(parts.rate[k] > 0)) continue;
    const Eigen::Vector2d e(parts.x[k], parts.y[k]);
    const double force = (e[0] * (yy * u - parts.xy * v) + e[1] * (xx * v - parts.xy * u)) / det;
    added += fitted_diffusion(force * parts.rate[k], 1, parts.rate[k]) * e * e.transpose();
  }
  const Eigen::Vector2d h(hx, hy);
  return added.cwiseProduct(h * h.transpose());
}

/// D_xy as the edges carry it, less D_xy.
double SpaceError::reduction(const CellLook& cell) const {
  const double hx = setup_.grid->axis(0).width(), hy = setup_.grid->axis(1).width();
  const SellingDecomposition parts =
      selling(cell.diffusion[0] / (hx * hx), cell.diffusion[1] / (hx * hy), cell.diffusion[2] / (hy * hy));
  return parts.capped ? parts.xy * hx * hy - cell.diffusion[1] : 0;
}

SpaceError::Sources SpaceError::sources(std::span<const CellLook> cells, SpaceLook& out) const {
  const int d = setup_.grid->dimension();
  const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(d, d);
  Sources mean{none, none, none, none};
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
    if (!cuts_) continue;
    const double cut = reduction(cell);
    if (cut == 0) continue;
    out.reduced_share += cell.weight;
    mean.reduced(0, 1) += cell.weight * cut;
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
  const double little = 1e-4 * V.diagonal().minCoeff() / added.norm();
  const double of_gaussian = gaussian_l1(V, V - little * added) / little;
  const double sharpness = bent / of_gaussian;
  const Eigen::MatrixXd scaled = sharpness * added;
  const double off = gaussian_l1(V, V - scaled);
  const bool told = sharpness < one_peak && own_.trace() < V.trace() && own_.determinant() > 0;
  return told ? std::min(off, gaussian_l1(own_ + scaled, own_)) : off;
}

SpaceLook SpaceError::look(double t, std::span<const double> p) {
  SpaceLook out;
  const std::vector<CellLook> cells = look_at_cells(*setup_.grid, *setup_.sde, t, p);
  if (cells.empty()) return out;
  Sources now = sources(cells, out);
  if (!now.A.allFinite() || !now.numerical.allFinite()) return out;
  const Eigen::MatrixXd V = covariance(cells);
  if (std::exchange(first_, false)) {
    own_ = V;
  } else {
    const Eigen::MatrixXd A = 0.5 * (last_.A + now.A);
    numerical_ = carried(numerical_, A, last_.numerical + now.numerical, t - t_);
    own_ = carried(own_, A, last_.diffusion + now.diffusion, t - t_);
    reduced_ = carried(reduced_, A, last_.reduced + now.reduced, t - t_);
  }
  t_ = t;
  last_ = std::move(now);
  out.flux_l1 = distance(cells, V, numerical_);
  out.reduced_l1 = distance(cells, V, reduced_);
  return out;
}

}  // namespace fokker
