#include "fokker/model/score.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "fokker/base/errors.hpp"

namespace fokker {
namespace {

/// What one point gathers over the components. With w_k the posterior weights and g_k = -V_k^-1 (x - m_k):
/// s = sum w_k g_k and Hess log p = sum w_k (g_k g_k^T - V_k^-1) - s s^T.
struct PointTotals {
  double top = 0, sum = 0;  // log p = top + log sum
  double gx = 0, gy = 0, xx = 0, xy = 0, yy = 0;
};

/// A spread of more than four turns is as even as one of four to e^-300; fewer images do.
Eigen::MatrixXd bounded_on(const Torus& torus, Eigen::MatrixXd covariance) {
  for (Index k = 0; k < covariance.rows(); ++k) {
    const double most = 4 * torus.period[static_cast<std::size_t>(k)], spread = std::sqrt(covariance(k, k));
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
    Component c;
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
void MixtureScore::add_images(Component first, const Eigen::MatrixXd& covariance, const Torus& torus) {
  std::array<std::vector<double>, 2> places;
  for (std::size_t k = 0; k < 2; ++k) {
    const double period = torus.period[k], mean = first.mean[k];
    if (!(period > 0)) {
      places[k] = {mean};
      continue;
    }
    const double reach = std::max(period, 9.5 * std::sqrt(covariance(static_cast<Index>(k), static_cast<Index>(k))));
    const double from = std::ceil((torus.lower[k] - reach - mean) / period);
    const double to = std::floor((torus.lower[k] + period + reach - mean) / period);
    for (double image = from; image <= to; ++image) places[k].push_back(mean + image * period);
  }
  for (const double x : places[0])
    for (const double y : places[1]) {
      first.mean = {x, y};
      components_.push_back(first);
    }
}

double MixtureScore::on_box(std::size_t k, double x) const {
  const double period = torus_.period[k], from = x - torus_.lower[k];
  return period > 0 ? x - period * std::floor(from / period) : x;
}

template <class Out>
void MixtureScore::at_each(const PointsIn& x, const Out& out) const {
  for (Index i = 0; i < x.size; ++i) {
    const double at_x = on_box(0, x.axis[0][i]), at_y = dimension_ == 2 ? on_box(1, x.axis[1][i]) : 0;
    PointTotals all;
    bool first = true;
    for (const Component& c : components_) {
      const double dx = at_x - c.mean[0], dy = at_y - c.mean[1];
      const double gx = -(c.precision[0] * dx + c.precision[1] * dy), gy = -(c.precision[1] * dx + c.precision[2] * dy);
      const double log_p = c.log_weight + 0.5 * (gx * dx + gy * dy);
      if (first || log_p > all.top) {  // the largest exponent so far becomes the unit
        const double shrink = first ? 0 : std::exp(all.top - log_p);
        for (double* value : {&all.sum, &all.gx, &all.gy, &all.xx, &all.xy, &all.yy}) *value *= shrink;
        all.top = log_p;
        first = false;
      }
      const double w = std::exp(log_p - all.top);
      all.sum += w;
      all.gx += w * gx;
      all.gy += w * gy;
      all.xx += w * (gx * gx - c.precision[0]);
      all.xy += w * (gx * gy - c.precision[1]);
      all.yy += w * (gy * gy - c.precision[2]);
    }
    out(i, all);
  }
}

void MixtureScore::log_density(const PointsIn& x, double* out) const {
  at_each(x, [&](Index i, const PointTotals& all) { out[i] = all.top + std::log(all.sum); });
}

void MixtureScore::score(const PointsIn& x, PointsOut s) const {
  at_each(x, [&](Index i, const PointTotals& all) {
    s.axis[0][i] = all.gx / all.sum;
    if (dimension_ == 2) s.axis[1][i] = all.gy / all.sum;
  });
}

void MixtureScore::jacobian(const PointsIn& x, TensorOut H) const {
  at_each(x, [&](Index i, const PointTotals& all) {
    const double sx = all.gx / all.sum, sy = all.gy / all.sum;
    H.xx[i] = all.xx / all.sum - sx * sx;
    if (dimension_ == 1) return;
    H.xy[i] = all.xy / all.sum - sx * sy;
    H.yy[i] = all.yy / all.sum - sy * sy;
  });
}

void ClosedScore::prepare(double t, std::span<const double> /*p*/) {
  if (now_ && t == t_) return;
  try {
    now_.emplace(law_.at(t), law_.torus());
  } catch (const std::invalid_argument& error) {
    throw NumericalError(error.what(), t);
  }
  t_ = t;
}

}  // namespace fokker
