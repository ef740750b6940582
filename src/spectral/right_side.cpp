#include "right_side.hpp"

#include <algorithm>
#include <cmath>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/quadrature.hpp"

namespace fokker {

namespace {

constexpr Index grain = 4096;

/// Middle of the range of each component, D_xy cut to what keeps the tensor positive semidefinite.
Tensor middle_of_range(const std::array<std::vector<double>, 5>& coefficients, int dimension) {
  const auto middle = [&](std::size_t k) {
    const auto [low, high] = std::minmax_element(coefficients[k].begin(), coefficients[k].end());
    return (*low + *high) / 2;
  };
  if (dimension == 1) return {middle(2), 0, 0};
  const Tensor range{middle(2), middle(3), middle(4)};
  const double most = std::sqrt(range[0] * range[2]);
  return {range[0], std::clamp(range[1], -most, most), range[2]};
}

}  // namespace

SpectralSolver::RightSide::RightSide(const SpectralGrid& torus, std::shared_ptr<const Sde> sde)
    : torus_(torus), sde_(std::move(sde)), traits_(sde_->traits()) {
  const int d = torus.grid().dimension();
  const Index top_x = torus.dealiased(0), top_y = d > 1 ? torus.dealiased(1) : 0;
  for (Index m = 0; m <= top_x; ++m) kx_.push_back(torus.wave_numbers(0)[m]);
  for (Index m = 0; m <= 2 * top_y; ++m)
    ky_.push_back(torus.wave_numbers(1)[m <= top_y ? m : torus.size(1) - (2 * top_y + 1) + m]);
  const Index points = torus.transform().points();
  for (int axis = 0; axis < d; ++axis)
    for (Index point = 0; point < points; ++point) {
      const Index i = axis == 0 ? point % torus.size(0) : point / torus.size(0);
      points_[axis].push_back(torus.grid().axis(axis).center(torus.cell(axis, i)));
      signs_[axis].push_back(torus.image(axis, i) ? -1 : 1);
    }
  for (const std::size_t k : {0, 1, 2, 3, 4}) {
    if (d == 1 && (k == 1 || k > 2)) continue;
    coefficients_[k].resize(points);
    work_[k].resize(points);
    products_[k].resize(torus.transform().modes());
  }
  full_.resize(torus.transform().modes());
  values_.resize(points);
}

void SpectralSolver::RightSide::keep(const Complex* full, Complex* kept) const {
  const Index row = torus_.size(0) / 2 + 1, top_y = std::ssize(ky_) / 2;
  for (Index m = 0; m < std::ssize(ky_); ++m) {
    const Complex* from = full + row * (m <= top_y ? m : torus_.size(1) - std::ssize(ky_) + m);
    kept = std::copy(from, from + kx_.size(), kept);
  }
}

void SpectralSolver::RightSide::fill(const Complex* kept, Complex* full) const {
  const Index row = torus_.size(0) / 2 + 1, top_y = std::ssize(ky_) / 2;
  std::fill(full, full + torus_.transform().modes(), Complex{});
  for (Index m = 0; m < std::ssize(ky_); ++m, kept += kx_.size())
    std::copy(kept, kept + kx_.size(), full + row * (m <= top_y ? m : torus_.size(1) - std::ssize(ky_) + m));
}

Tensor SpectralSolver::RightSide::tensor_at_first_point(double t) const {
  Tensor D{};
  sde_->diffusion({1, torus_.grid().dimension(), {points_[0].data(), points_[1].data()}}, t, {&D[0], &D[1], &D[2]});
  return D;
}

bool SpectralSolver::RightSide::begin_step(double t) {
  if (traits_.additive || (looked_up_ && traits_.diffusion_autonomous)) return false;
  common_ = {};
  looked_up_ = false;
  look_up(t);
  common_ = middle_of_range(coefficients_, torus_.grid().dimension());
  looked_up_ = false;
  return true;
}

Tensor SpectralSolver::RightSide::common(double from, double to) const {
  Tensor total{};
  if (!traits_.additive || traits_.diffusion_autonomous) {
    const Tensor rate = traits_.additive ? tensor_at_first_point(from) : common_;
    for (std::size_t k = 0; k < 3; ++k) total[k] = rate[k] * (to - from);
    return total;
  }
  for (std::size_t node = 0; node < GaussRule<4>::node.size(); ++node) {
    const Tensor D = tensor_at_first_point((from + to) / 2 + GaussRule<4>::node[node] * (to - from) / 2);
    for (std::size_t k = 0; k < 3; ++k) total[k] += GaussRule<4>::weight[node] * (to - from) / 2 * D[k];
  }
  return total;
}

void SpectralSolver::RightSide::look_up(double t) {
  if (looked_up_ && (traits_.autonomous || t == looked_up_at_)) return;
  const int d = torus_.grid().dimension();
  auto& [fx, fy, xx, xy, yy] = coefficients_;
  parallel_for(0, std::ssize(values_), grain, [&](Index first, Index last) {
    const PointsIn x{last - first, d, {points_[0].data() + first, d > 1 ? points_[1].data() + first : nullptr}};
    sde_->drift(x, t, {{fx.data() + first, d > 1 ? fy.data() + first : nullptr}});
    if (!traits_.additive) {
      sde_->diffusion(x, t, {xx.data() + first, xy.data() + first, yy.data() + first});
      for (Index i = first; i < last; ++i) xx[i] -= common_[0];
      for (Index i = first; i < last && d > 1; ++i) {
        xy[i] = xy[i] * signs_[0][i] * signs_[1][i] - common_[1];
        yy[i] -= common_[2];
      }
    }
    for (Index i = first; i < last; ++i) fx[i] *= signs_[0][i];
    for (Index i = first; i < last && d > 1; ++i) fy[i] *= signs_[1][i];
  });
  active_.clear();
  for (std::size_t k = 0; k < coefficients_.size(); ++k) {
    bool any = false;
    for (const double value : coefficients_[k]) {
      if (!std::isfinite(value)) throw NumericalError("a drift or diffusion coefficient is not finite", t);
      any = any || value != 0;
    }
    if (any) active_.push_back(k);
  }
  looked_up_ = true;
  looked_up_at_ = t;
}

void SpectralSolver::RightSide::multiply_and_transform(std::size_t product) {
  for (std::size_t i = 0; i < values_.size(); ++i) work_[product][i] = coefficients_[product][i] * values_[i];
  torus_.transform().forward(work_[product].data(), products_[product].data());
}

void SpectralSolver::RightSide::apply(double t, const Complex* p, Complex* slope) {
  look_up(t);
  fill(p, full_.data());
  torus_.transform().backward(full_.data(), values_.data());
  parallel_for(0, std::ssize(active_), 1, [&](Index first, Index last) {
    for (Index k = first; k < last; ++k) multiply_and_transform(active_[k]);
  });
  std::fill(slope, slope + modes(), Complex{});
  const Index row = torus_.size(0) / 2 + 1, top_y = std::ssize(ky_) / 2;
  for (const std::size_t product : active_)
    for (Index m = 0; m < std::ssize(ky_); ++m) {
      const Complex* from = products_[product].data() + row * (m <= top_y ? m : torus_.size(1) - std::ssize(ky_) + m);
      Complex* to = slope + m * std::ssize(kx_);
      const double ky = ky_[m];
      for (std::size_t i = 0; i < kx_.size(); ++i) {
        const double kx = kx_[i];
        const Complex value = from[i];
        if (product < 2) {  // -i k (f p)_k
          const double k = product == 0 ? kx : ky;
          to[i] += Complex{k * value.imag(), -k * value.real()};
        } else {  // -k k' ((D - C) p)_kk'
          to[i] -= (product == 2 ? kx * kx : product == 3 ? 2 * kx * ky : ky * ky) * value;
        }
      }
    }
}

double SpectralSolver::RightSide::first_step(double t) {
  look_up(t);
  double rate = 0;
  for (int axis = 0; axis < torus_.grid().dimension(); ++axis) {
    double fastest = 0;
    for (const double f : coefficients_[axis]) fastest = std::max(fastest, std::abs(f));
    rate += fastest * (axis == 0 ? kx_.back() : ky_[ky_.size() / 2]);
  }
  return rate > 0 ? 1 / rate : 1;
}

double SpectralSolver::RightSide::uncommon_rate() const {
  if (traits_.additive) return 0;
  const double kx = kx_.back(), ky = ky_[ky_.size() / 2], weights[] = {kx * kx, 2 * kx * ky, ky * ky};
  double rate = 0;
  for (std::size_t k = 2; k < coefficients_.size(); ++k) {
    double most = 0;
    for (const double value : coefficients_[k]) most = std::max(most, std::abs(value));
    rate += most * weights[k - 2];
  }
  return rate;
}

double SpectralSolver::RightSide::mass_at_walls() const {
  const Grid& grid = torus_.grid();
  const auto near = [&](int axis, Index i) {
    const Axis& own = grid.axis(axis);
    return !own.periodic() && !torus_.mirrored(axis) && (i < 2 || i >= own.cells - 2);
  };
  double mass = 0;
  for (Index j = 0; j < grid.ny(); ++j) {
    const double* row = values_.data() + torus_.size(0) * j;
    if (grid.dimension() > 1 && near(1, j)) {
      for (Index i = 0; i < grid.nx(); ++i) mass += std::abs(row[i]);
    } else {
      for (const Index i : {Index{0}, Index{1}, grid.nx() - 2, grid.nx() - 1})
        if (i >= 0 && near(0, i)) mass += std::abs(row[i]);
    }
  }
  return mass * grid.volume();
}

}  // namespace fokker
