#include "fokker/model/reverse_sde.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <stdexcept>

namespace fokker {
namespace {

constexpr Index block = 256;  // points worked on at a time, in scratch on the stack

/// Points first .. first + block of a column.
PointsIn part(const PointsIn& x, Index first) {
  PointsIn piece = x;
  piece.size = std::min(block, x.size - first);
  for (int k = 0; k < x.dimension; ++k) piece.axis[k] += first;
  return piece;
}

}  // namespace

ReverseSde::ReverseSde(std::shared_ptr<const Sde> forward, std::shared_ptr<ScoreSource> score, double end,
                       double lambda)
    : forward_(std::move(forward)),
      score_(std::move(score)),
      end_(end),
      lambda_(lambda),
      at_(std::numeric_limits<double>::quiet_NaN()) {
  if (!(lambda >= 0)) throw std::invalid_argument("lambda must not be negative");
  if (score_->dimension() != forward_->dimension()) throw std::invalid_argument("sde and score differ in dimension");
}

double ReverseSde::forward_time(double tau) const {
  if (std::isnan(tau)) throw std::invalid_argument("the time is not a number");
  return std::clamp(end_ - tau, 0.0, end_);
}

void ReverseSde::score_at(const PointsIn& x, double t, PointsOut s) const {
  for (;;) {
    {
      const std::shared_lock standing(moving_);
      if (at_ == t) return score_->score(x, s);
    }
    const std::unique_lock alone(moving_);
    if (at_ == t) continue;
    score_->prepare(t, {});
    at_ = t;
  }
}

void ReverseSde::add_score(const PointsIn& x, double t, double factor, PointsOut out) const {
  std::array<double, block> sx, sy, xx, xy, yy;
  for (Index first = 0; first < x.size; first += block) {
    const PointsIn piece = part(x, first);
    score_at(piece, t, {{sx.data(), sy.data()}});
    forward_->diffusion(piece, t, {xx.data(), xy.data(), yy.data()});
    for (Index i = 0; i < piece.size; ++i) {
      const std::size_t at = i;
      if (x.dimension == 1) {
        out.axis[0][first + i] += factor * (xx[at] * sx[at]);
      } else {
        out.axis[0][first + i] += factor * (xx[at] * sx[at] + xy[at] * sy[at]);
        out.axis[1][first + i] += factor * (xy[at] * sx[at] + yy[at] * sy[at]);
      }
    }
  }
}

void ReverseSde::flux_velocity(const PointsIn& x, double tau, PointsOut a) const {
  const double t = forward_time(tau);
  forward_->flux_velocity(x, t, a);
  for (int k = 0; k < x.dimension; ++k) {
    double* const column = a.axis[k];
    for (Index i = 0; i < x.size; ++i) column[i] = -column[i];
  }
  add_score(x, t, 1 + lambda_ * lambda_, a);
}

// -f + (1 + lambda^2)(f - a + D s), with div D = f - a.
void ReverseSde::drift(const PointsIn& x, double tau, PointsOut f) const {
  const double t = forward_time(tau), fraction = lambda_ * lambda_;
  forward_->drift(x, t, f);
  std::array<double, block> ax, ay;
  for (Index first = 0; first < x.size; first += block) {
    const PointsIn piece = part(x, first);
    forward_->flux_velocity(piece, t, {{ax.data(), ay.data()}});
    for (int k = 0; k < x.dimension; ++k) {
      double* const column = f.axis[k] + first;
      const auto& a = k == 0 ? ax : ay;
      for (Index i = 0; i < piece.size; ++i) column[i] = fraction * column[i] - (1 + fraction) * a[i];
    }
  }
  add_score(x, t, 1 + fraction, f);
}

void ReverseSde::diffusion(const PointsIn& x, double tau, TensorOut D) const {
  forward_->diffusion(x, forward_time(tau), D);
  scale_tensor(x, lambda_ * lambda_, D);
}

void ReverseSde::diffusion_rounding(const PointsIn& x, double tau, TensorOut error) const {
  forward_->diffusion_rounding(x, forward_time(tau), error);
  scale_tensor(x, lambda_ * lambda_, error);
}

void ReverseSde::noise(const PointsIn& x, double tau, double* const* columns) const {
  forward_->noise(x, forward_time(tau), columns);
  for (int k = 0; k < dimension() * noise_count(); ++k)
    for (Index i = 0; i < x.size; ++i) columns[k][i] *= lambda_;
}

Traits ReverseSde::traits() const {
  const Traits forward = forward_->traits();
  Traits traits;
  traits.additive = forward.additive;
  traits.diagonal = forward.diagonal;
  traits.deterministic = forward.deterministic || lambda_ == 0;
  traits.diffusion_autonomous = forward.diffusion_autonomous || traits.deterministic;
  return traits;
}

}  // namespace fokker
