#include "closure_rates.hpp"

namespace fokker {

ClosureState ClosureRates::operator()(double t, const ClosureState& y) {
  set_points(y);
  const bool plane = on_plane(y);
  for (auto& column : f_) column.resize(weight_.size());
  for (auto& column : D_) column.resize(weight_.size());
  const PointsIn points{
      static_cast<Index>(weight_.size()), plane ? 2 : 1, {x_[0].data(), plane ? x_[1].data() : nullptr}};
  sde_.drift(points, t, {{f_[0].data(), plane ? f_[1].data() : nullptr}});
  sde_.diffusion(points, t, {D_[0].data(), plane ? D_[1].data() : nullptr, plane ? D_[2].data() : nullptr});
  ClosureState rate = ClosureState::Zero(y.size());
  size_ = rate;
  for (int k = 0; k < space_.dimension; ++k)
    for (std::size_t i = 0; i < weight_.size(); ++i) {
      const double term = weight_[i] * (f_[k][i] *= sign_[k][i]);
      rate[k] += term;
      size_[k] += std::abs(term);
    }
  for (std::size_t i = 0; i < weight_.size(); ++i) add(i, rate);
  return rate;
}

void ClosureRates::set_points(const ClosureState& y) {
  weight_.clear();
  for (int k = 0; k < 2; ++k) {
    off_[k].clear();
    x_[k].clear();
    sign_[k].clear();
  }
  // First along x, then along y given x; the other way round where x hardly spreads, and y given x is ill
  // conditioned.
  const bool plane = on_plane(y);
  const int one = plane && y[4] > 1e3 * y[2] ? 1 : 0, other = 1 - one;
  const double s = deviation(y, one);
  set(first_, y, one, y[one], s);
  const double lean = plane && s > 0 && !is_uniform(y, one, space_) ? y[3] / (s * s) : 0;
  const double rest = plane ? std::sqrt(std::max(0.0, y[variance_slot(y, other)] - lean * lean * s * s)) : 0;
  for (std::size_t i = 0; i < first_.off.size(); ++i) {
    if (!plane) {
      place(0, y[0], first_.off[i]);
      weight_.push_back(first_.weight[i]);
      continue;
    }
    const double shift = lean * first_.off[i];
    set(second_, y, other, y[other] + shift, rest);
    for (std::size_t j = 0; j < second_.off.size(); ++j) {
      place(one, y[one], first_.off[i]);
      place(other, y[other], shift + second_.off[j]);
      weight_.push_back(first_.weight[i] * second_.weight[j]);
    }
  }
}

void ClosureRates::set(NormalSums& sums, const ClosureState& y, int k, double mean, double deviation) const {
  if (is_uniform(y, k, space_))
    sums.set_uniform(space_.upper[k] - space_.lower[k]);
  else
    sums.set(mean, deviation);
}

void ClosureRates::place(int k, double mean, double off) {
  const double a = space_.lower[k], b = space_.upper[k];
  double x = mean + off, sign = 1;
  if (space_.periodic[k]) {
    x -= (b - a) * std::floor((x - a) / (b - a));
  } else if (std::isfinite(a) && std::isfinite(b)) {
    const double round = 2 * (b - a), along = x - a - round * std::floor((x - a) / round);
    sign = along > b - a ? -1 : 1;
    x = a + (along > b - a ? round - along : along);
  } else if (x < a || x > b) {
    sign = -1;
    x = 2 * (x < a ? a : b) - x;
  }
  off_[k].push_back(off);
  x_[k].push_back(x);
  sign_[k].push_back(sign);
}

void ClosureRates::add(std::size_t i, ClosureState& rate) {
  const auto count = [&](int k, double term) {
    rate[k] += weight_[i] * term;
    size_[k] += weight_[i] * std::abs(term);
  };
  const double fx = f_[0][i] - rate[0], dx = off_[0][i];
  if (space_.dimension == 1) return count(1, 2 * (dx * fx + D_[0][i]));
  const double fy = f_[1][i] - rate[1], dy = off_[1][i];
  count(2, 2 * (dx * fx + D_[0][i]));
  count(3, dx * fy + dy * fx + 2 * sign_[0][i] * sign_[1][i] * D_[1][i]);
  count(4, 2 * (dy * fy + D_[2][i]));
}

}  // namespace fokker
