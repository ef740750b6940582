#include "fokker/scheme/cell_peclet.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "edge_source.hpp"
#include "fokker/base/parallel.hpp"

namespace fokker {
namespace {

constexpr Index block = EdgeSource::block;

struct Weighted {
  double value, mass;
};

/// The value below which the given mass lies, by selection: linear in the number of values.
double quantile(std::vector<Weighted>& all, double mass) {
  auto first = all.begin(), last = all.end();
  while (last - first > 1) {
    const auto middle = first + (last - first) / 2;
    std::nth_element(first, middle, last, [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
    double below = 0;
    for (auto here = first; here != middle; ++here) below += here->mass;
    if (mass < below) {
      last = middle;
    } else {
      mass -= below;
      first = middle;
    }
  }
  return first->value;
}

}  // namespace

CellPeclets::CellPeclets(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde)
    : grid_(std::move(grid)), sde_(std::move(sde)), at_(std::numeric_limits<double>::quiet_NaN()) {}

void CellPeclets::move_to(double t) {
  if (at_ == t || (!std::isnan(at_) && sde_->traits().autonomous)) return;
  const PointsIn centers = grid_->centers();
  const int dimension = grid_->dimension();
  for (int k = 0; k < dimension; ++k) peclet_[k].resize(grid_->cells());
  parallel_for(0, grid_->cells(), 16 * block, [&](Index begin, Index end) {
    double f[2][block], D[3][block];
    for (Index first = begin; first < end; first += block) {
      const Index n = std::min(block, end - first);
      PointsIn at{n, dimension, {centers.axis[0] + first, dimension > 1 ? centers.axis[1] + first : nullptr}};
      sde_->drift(at, t, {{f[0], f[1]}});
      sde_->diffusion(at, t, {D[0], D[1], D[2]});
      for (int k = 0; k < dimension; ++k)
        for (Index i = 0; i < n; ++i) {
          const double drift = std::abs(f[k][i]) * grid_->axis(k).width(), diffusion = std::max(D[2 * k][i], 0.0);
          peclet_[k][first + i] = drift == 0 ? 0 : drift / diffusion;
        }
    }
  });
  at_ = t;
}

std::span<const double> CellPeclets::along(int k, double t) {
  move_to(t);
  return peclet_[k];
}

PecletRange CellPeclets::range(int k, double t, std::span<const double> p, double fraction) {
  const std::span<const double> peclet = along(k, t);
  std::vector<Weighted> all;
  double mass = 0;
  for (std::size_t i = 0; i < peclet.size(); ++i)
    if (p[i] > 0) {
      all.push_back({peclet[i], p[i]});
      mass += p[i];
    }
  if (all.empty()) return {};
  return {quantile(all, fraction * mass), quantile(all, (1 - fraction) * mass)};
}

}  // namespace fokker
