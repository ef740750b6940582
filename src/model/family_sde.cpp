#include "fokker/model/family_sde.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "fokker/base/tape.hpp"

namespace fokker {
namespace {

constexpr Index block = Tape::block;

/// body(first, points) for each block of at most 256 of the points.
template <class Body>
void in_blocks(const PointsIn& x, const Body& body) {
  for (Index first = 0; first < x.size; first += block) {
    PointsIn part{std::min(block, x.size - first), x.dimension, {}};
    for (std::size_t k = 0; k < static_cast<std::size_t>(x.dimension); ++k) part.axis[k] = x.axis[k] + first;
    body(first, part);
  }
}

}  // namespace

FamilySde::FamilySde(std::shared_ptr<const Sde> base, std::shared_ptr<ScoreSource> score, double lambda)
    : base_(std::move(base)),
      score_(std::move(score)),
      lambda_(lambda),
      prepared_(std::numeric_limits<double>::quiet_NaN()) {
  if (!base_ || !score_) throw std::invalid_argument("a family needs an SDE and its score");
  if (score_->follows_p()) throw std::invalid_argument("a family needs a score that does not wait for a run");
  if (base_->dimension() != score_->dimension())
    throw std::invalid_argument("the score has another dimension than the SDE");
  if (!(lambda_ >= 0 && std::isfinite(lambda_))) throw std::invalid_argument("lambda must be a number >= 0");
}

void FamilySde::prepare(double t) {
  score_->prepare(t, {});
  prepared_ = t;
}

// velocity -= (1 - lambda^2) D s
void FamilySde::add_score_part(const PointsIn& x, double t, PointsOut velocity) const {
  if (t != prepared_) throw std::logic_error("the score was prepared for another time");
  const double fraction = 1 - lambda_ * lambda_;
  in_blocks(x, [&](Index first, const PointsIn& part) {
    std::array<std::array<double, block>, 2> s;
    std::array<std::array<double, block>, 3> D;
    score_->score(part, {{s[0].data(), s[1].data()}});
    base_->diffusion(part, t, {D[0].data(), D[1].data(), D[2].data()});
    if (x.dimension == 1) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(part.size); ++i)
        velocity.axis[0][static_cast<std::size_t>(first) + i] -= fraction * D[0][i] * s[0][i];
      return;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(part.size); ++i) {
      velocity.axis[0][static_cast<std::size_t>(first) + i] -= fraction * (D[0][i] * s[0][i] + D[1][i] * s[1][i]);
      velocity.axis[1][static_cast<std::size_t>(first) + i] -= fraction * (D[1][i] * s[0][i] + D[2][i] * s[1][i]);
    }
  });
}

// f - (1 - lambda^2)(div D + D s) = lambda^2 f + (1 - lambda^2)(a - D s), because div D = f - a.
void FamilySde::drift(const PointsIn& x, double t, PointsOut f) const {
  base_->flux_velocity(x, t, f);
  const double squared = lambda_ * lambda_;
  if (squared > 0)
    in_blocks(x, [&](Index first, const PointsIn& part) {
      std::array<std::array<double, block>, 2> base;
      base_->drift(part, t, {{base[0].data(), base[1].data()}});
      for (std::size_t k = 0; k < static_cast<std::size_t>(x.dimension); ++k)
        for (std::size_t i = 0; i < static_cast<std::size_t>(part.size); ++i) {
          double& value = f.axis[k][static_cast<std::size_t>(first) + i];
          value += squared * (base[k][i] - value);
        }
    });
  add_score_part(x, t, f);
}

// That drift less lambda^2 div D leaves a - (1 - lambda^2) D s.
void FamilySde::flux_velocity(const PointsIn& x, double t, PointsOut a) const {
  base_->flux_velocity(x, t, a);
  add_score_part(x, t, a);
}

void FamilySde::flux_velocity_along(int axis, const PointsIn& x, double t, double* a) const {
  base_->flux_velocity_along(axis, x, t, a);
}

void FamilySde::diffusion(const PointsIn& x, double t, TensorOut D) const {
  base_->diffusion(x, t, D);
  scale_tensor(x, lambda_ * lambda_, D);
}

void FamilySde::diffusion_rounding(const PointsIn& x, double t, TensorOut error) const {
  base_->diffusion_rounding(x, t, error);
  scale_tensor(x, lambda_ * lambda_, error);
}

void FamilySde::noise(const PointsIn& x, double t, double* const* columns) const {
  base_->noise(x, t, columns);
  for (int k = 0; k < base_->noise_count() * base_->dimension(); ++k)
    for (Index i = 0; i < x.size; ++i) columns[k][i] *= lambda_;
}

Traits FamilySde::traits() const {
  Traits traits = base_->traits();
  traits.autonomous = false;
  traits.linear = false;
  traits.deterministic = traits.deterministic || lambda_ == 0;
  return traits;
}

}  // namespace fokker
