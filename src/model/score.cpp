#include "fokker/model/score.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "fokker/base/errors.hpp"
#include "mixture_kernels.hpp"

namespace fokker {
namespace {

/// A spread of more than four turns is as even as one of four to e^-300; fewer images do.
Eigen::MatrixXd bounded_on(const Torus& torus, Eigen::MatrixXd covariance) {
  for (Index k = 0; k < covariance.rows(); ++k) {
    const double most = 4 * torus.period[k], spread = std::sqrt(covariance(k, k));
    if (!(most > 0 && spread > most)) continue;
    covariance.row(k) *= most / spread;
    covariance.col(k) *= most / spread;
  }
  return covariance;
}

}  // namespace

MixtureScore::MixtureScore(const GaussianMixture& mixture, const Torus& torus)
    : dimension_(mixture.dimension()), torus_(torus) {
  for (const Gaussian& g : mixture.components()) {
    if (!(g.weight > 0)) continue;
    const Eigen::MatrixXd covariance = bounded_on(torus, g.covariance);
    const Eigen::LLT<Eigen::MatrixXd> root(covariance);
    const double det = covariance.determinant();
    if (root.info() != Eigen::Success || !(det > 0))
      throw std::invalid_argument("a point, or a Gaussian with a singular covariance, has no score");
    const Eigen::MatrixXd precision = root.solve(Eigen::MatrixXd::Identity(dimension_, dimension_));
    MixtureTerm c;
    c.log_weight = std::log(g.weight) - 0.5 * std::log(det) - 0.5 * dimension_ * std::log(2 * std::numbers::pi);
    c.mean[0] = g.mean[0];
    c.precision[0] = precision(0, 0);
    if (dimension_ == 2) {
      c.mean[1] = g.mean[1];
      c.precision[1] = 0.5 * (precision(0, 1) + precision(1, 0));
      c.precision[2] = precision(1, 1);
    }
    add_images(c, covariance, torus);
  }
}

// Images that reach the box within 9.5 standard deviations (e^-45 of the peak), and the nearest ones in any case.
void MixtureScore::add_images(MixtureTerm first, const Eigen::MatrixXd& covariance, const Torus& torus) {
  std::array<std::vector<double>, 2> points;
  for (std::size_t k = 0; k < 2; ++k) {
    const double period = torus.period[k], mean = first.mean[k];
    if (!(period > 0)) {
      points[k] = {mean};
      continue;
    }
    const double reach = std::max(period, 9.5 * std::sqrt(covariance(static_cast<Index>(k), static_cast<Index>(k))));
    const double from = std::ceil((torus.lower[k] - reach - mean) / period);
    const double to = std::floor((torus.lower[k] + period + reach - mean) / period);
    for (double image = from; image <= to; ++image) points[k].push_back(mean + image * period);
  }
  for (const double x : points[0])
    for (const double y : points[1]) {
      first.mean = {x, y};
      terms_.push_back(first);
    }
}

double MixtureScore::on_box(std::size_t k, double x) const {
  const double period = torus_.period[k], from = x - torus_.lower[k];
  return period > 0 ? x - period * std::floor(from / period) : x;
}

/// Calls out(first point, number of points, totals) for one block of points after the other.
template <class Out>
void MixtureScore::in_blocks(const PointsIn& at, MixtureOrder order, const Out& out) const {
  MixtureTotals totals;
  double x[MixtureTotals::longest], y[MixtureTotals::longest];
  for (Index first = 0; first < at.size; first += MixtureTotals::longest) {
    const Index count = std::min(MixtureTotals::longest, at.size - first), whole = (count + 7) / 8 * 8;
    for (Index i = 0; i < whole; ++i) {
      const Index from = first + std::min(i, count - 1);  // the last vector is filled up with copies
      x[i] = on_box(0, at.axis[0][from]);
      if (dimension_ == 2) y[i] = on_box(1, at.axis[1][from]);
    }
    add_up(terms_, dimension_, order, x, y, whole, totals);
    out(first, count, totals);
  }
}

void MixtureScore::log_density(const PointsIn& x, double* out) const {
  in_blocks(x, MixtureOrder::density, [&](Index first, Index count, const MixtureTotals& all) {
    for (Index i = 0; i < count; ++i) out[first + i] = all.top[i] + std::log(all.sum[i]);
  });
}

void MixtureScore::score(const PointsIn& x, PointsOut s) const {
  in_blocks(x, MixtureOrder::score, [&](Index first, Index count, const MixtureTotals& all) {
    for (Index i = 0; i < count; ++i) s.axis[0][first + i] = all.gx[i] / all.sum[i];
    if (dimension_ == 1) return;
    for (Index i = 0; i < count; ++i) s.axis[1][first + i] = all.gy[i] / all.sum[i];
  });
}

void MixtureScore::jacobian(const PointsIn& x, TensorOut H) const {
  in_blocks(x, MixtureOrder::jacobian, [&](Index first, Index count, const MixtureTotals& all) {
    for (Index i = 0; i < count; ++i) {
      const double sx = all.gx[i] / all.sum[i], sy = all.gy[i] / all.sum[i];
      H.xx[first + i] = all.xx[i] / all.sum[i] - sx * sx;
      if (dimension_ == 1) continue;
      H.xy[first + i] = all.xy[i] / all.sum[i] - sx * sy;
      H.yy[first + i] = all.yy[i] / all.sum[i] - sy * sy;
    }
  });
}

void ClosedScore::prepare(double t, std::span<const double> /*p*/) {
  if (now_ && t == t_) return;
  try {
    now_.emplace(distribution_.at(t), distribution_.torus());
  } catch (const std::invalid_argument& error) {
    throw NumericalError(error.what(), t);
  }
  t_ = t;
}

}  // namespace fokker
