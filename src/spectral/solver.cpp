#include "fokker/spectral/solver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "fokker/base/dormand_prince.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/step_factor.hpp"
#include "fokker/base/stop.hpp"
#include "right_side.hpp"

namespace fokker {

namespace {

constexpr Index grain = 2048;
constexpr long most_steps = 200'000;

/// Do the normal drift and D_xy vanish on both reflecting walls of `axis`? Looked at for some times up to the end.
bool walls_are_mirrors(const Grid& grid, const Sde& sde, int axis, double end) {
  const Axis& own = grid.axis(axis);
  if (own.at_lower != Boundary::reflecting || own.at_upper != Boundary::reflecting) return false;
  const int d = grid.dimension();
  const Axis along = d > 1 ? grid.axis(1 - axis) : Axis{};
  const std::size_t n = 2 * along.cells;
  std::vector<double> nodes(n), other(n), f(2 * n), D(3 * n);
  for (std::size_t i = 0; i < n; ++i) {
    nodes[i] = i % 2 == 0 ? own.lower : own.upper;
    other[i] = along.center(static_cast<Index>(i / 2));
  }
  PointsIn x{static_cast<Index>(n), d, {nodes.data(), other.data()}};
  if (axis == 1) std::swap(x.axis[0], x.axis[1]);
  const double* normal = f.data() + (axis == 1 ? n : 0);
  std::vector<double> inside(2 * grid.cells());
  constexpr int times = 9;
  constexpr double rounding = 1e-12;  // sin(pi) is not 0 to a computer
  for (int k = 0; k < times; ++k) {
    const double t = end * k / (times - 1);
    sde.drift(grid.centers(), t, {{inside.data(), inside.data() + grid.cells()}});
    double fastest = 0;
    for (Index i = 0; i < grid.cells(); ++i) fastest = std::max(fastest, std::abs(inside[axis * grid.cells() + i]));
    sde.drift(x, t, {{f.data(), f.data() + n}});
    sde.diffusion(x, t, {D.data(), D.data() + n, D.data() + 2 * n});
    for (std::size_t i = 0; i < n; ++i) {
      if (!(std::abs(normal[i]) <= rounding * fastest) || !std::isfinite(D[i])) return false;
      if (d > 1 && !(std::abs(D[n + i]) <= rounding * std::sqrt(D[i] * D[2 * n + i]))) return false;
    }
  }
  return true;
}

std::array<bool, 2> mirrored_axes(const Grid& grid, const Sde& sde, double end) {
  return {walls_are_mirrors(grid, sde, 0, end), grid.dimension() > 1 && walls_are_mirrors(grid, sde, 1, end)};
}

/// What makes the method unfit for an equation, whatever the density.
void check_equation(const Grid& grid, const Sde& sde) {
  if (grid.outflows() > 0)
    throw std::invalid_argument("side " + grid.absorbing_sides()[0] +
                                " absorbs: the spectral witness knows periodic boxes and densities that keep away from "
                                "the walls");
  if (sde.traits().deterministic)
    throw std::invalid_argument("D = 0: nothing damps the shortest waves of the spectral witness");
  for (const Axis& axis : grid.axes())
    if (axis.cells < 8) throw std::invalid_argument(fmt::format("axis '{}' has fewer than 8 cells", axis.name));
}

}  // namespace

SpectralSolver::SpectralSolver(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const Field& initial,
                               double end, double tolerance, Timeline timeline)
    : torus_((check_equation(*grid, *sde), grid), mirrored_axes(*grid, *sde, end)),
      right_side_(std::make_unique<RightSide>(torus_, std::move(sde))),
      tolerance_(tolerance),
      timeline_(std::move(timeline)) {
  const std::size_t kept = right_side_->modes();
  std::vector<Complex> full(torus_.transform().modes());
  torus_.to_modes(initial.view(), full.data());
  now_.resize(kept);
  next_.resize(kept);
  for (auto& slope : slopes_) slope.resize(kept);
  for (auto& factor : factors_) factor.resize(kept);
  right_side_->keep(full.data(), now_.data());
  right_side_->begin_step(0);
  right_side_->apply(0, now_.data(), slopes_[0].data());
  dt_ = std::min(right_side_->first_step(0), end);
  look();
  // On the negative axis the pair is stable to 3.3 (and a little beyond, thanks to the integrating factor).
  if (const double steps = end * right_side_->uncommon_rate() / 6.6; steps > most_steps)
    throw std::invalid_argument(fmt::format(
        "D varies so much over the box that its steps would have to be {:.1e}, {:.1e} of them; take fewer cells",
        end / steps, steps));
  if (const std::string reason = distrust(); !reason.empty()) throw std::invalid_argument("at t = 0 " + reason);
}

SpectralSolver::~SpectralSolver() = default;

void SpectralSolver::advance(double t) {
  while (t_ < t) {
    poll_stop();
    const double behind = timeline_.resume(t_);  // a switch: the slope is another one
    const bool moved = std::exchange(t_, behind) != behind;
    if (right_side_->begin_step(t_) || moved) right_side_->apply(t_, now_.data(), slopes_[0].data());
    if (!(t_ < t)) return;
    const double limit = timeline_.limit(t_, t), left = limit - t_, asked = std::min(dt_, timeline_.longest_step(t_));
    const double dt = asked >= left ? left : asked > left / 2 ? left / 2 : asked;
    if (!(dt > 1e-14 * t || dt == left)) throw NumericalError("the step of the spectral witness underflows", t_);
    const double tolerance =
        std::max(tolerance_, 1e-4 * errors_.periodicity);  // the error of the periodic ends is there anyway
    const double error = try_step(dt, limit) / tolerance;
    if (!(error <= 1)) {
      ++rejected_;
      dt_ = dt * step_factor(1 / error, 5, 1);
      continue;
    }
    dt_ = std::max(dt_ > dt ? dt_ : 0.0, dt * step_factor(1 / error, 5, 5));
    t_ = dt == left ? limit : t_ + dt;
    std::swap(now_, next_);
    std::swap(slopes_[0], slopes_[6]);
    errors_.time += error * tolerance;
    if (++steps_ > most_steps) throw NumericalError("the spectral witness needs more than 200000 steps", t_);
    look();
  }
}

// What the right side holds at a time it finds again.
void SpectralSolver::keep(Archive& archive) {
  const std::size_t modes = now_.size();
  archive(t_, dt_, steps_, rejected_, errors_, now_, slopes_[0]);
  if (now_.size() != modes || slopes_[0].size() != modes) throw ArchiveError("it holds another number of modes");
}

/// Takes stock of what a step says about the errors; the last `apply` was at now_.
void SpectralSolver::look() {
  std::vector<Complex>& full = scratch_;
  full.resize(torus_.transform().modes());
  right_side_->fill(now_.data(), full.data());
  const SpectrumTail tail = torus_.tail(full.data(), 2. / 3);
  errors_.missing = std::max(errors_.missing, tail.missing);
  errors_.tail_energy = std::max(errors_.tail_energy, tail.energy);
  errors_.walls = std::max(errors_.walls, right_side_->mass_at_walls());
  const Grid& grid = torus_.grid();  // two cells of n hold the wall's density; measured: errors stay below 2/3 n of it
  errors_.periodicity = errors_.walls * static_cast<double>(std::max(grid.nx(), grid.ny())) * 2 / 3;
}

/// exp(-k.(int C dt) k) between the nodes of a step. Their integrals over the gaps, added up, differ from the integral
/// over the step in one go by (much) more than they are wrong: quadrature_error_, a tensor as C dt.
void SpectralSolver::integrate_factors(double dt) {
  const std::vector<double>&kx = right_side_->kx(), &ky = right_side_->ky();
  quadrature_error_ = right_side_->common(t_, t_ + dt);
  for (std::size_t gap = 0; gap < factors_.size(); ++gap) {
    const Tensor C = right_side_->common(t_ + dormand_prince::node[gap] * dt, t_ + dormand_prince::node[gap + 1] * dt);
    for (std::size_t k = 0; k < C.size(); ++k) quadrature_error_[k] -= C[k];
    double* factor = factors_[gap].data();
    parallel_for(0, std::ssize(ky), std::max<Index>(1, grain / std::ssize(kx)), [&](Index first, Index last) {
      for (Index j = first; j < last; ++j) {
        const double y = ky[j];
        double* row = factor + j * std::ssize(kx);
        for (std::size_t i = 0; i < kx.size(); ++i)
          row[i] = std::exp(-(C[0] * kx[i] * kx[i] + 2 * C[1] * kx[i] * y + C[2] * y * y));
      }
    });
  }
}

/// The state after dt in next_, its slope in slopes_[6]; returns the estimated error in the integral l1 norm.
double SpectralSolver::try_step(double dt, double limit) {
  integrate_factors(dt);
  const Index modes = right_side_->modes();
  for (std::size_t stage = 1; stage < std::size(dormand_prince::node); ++stage) {
    poll_stop();
    parallel_for(0, modes, grain, [&](Index first, Index last) {
      for (Index m = first; m < last; ++m) {
        Complex value = now_[m];
        for (std::size_t j = 0; j < stage; ++j) {  // each slope joins at its own node and is damped from there on
          value += dt * dormand_prince::weight[stage][j] * slopes_[j][m];
          if (j < factors_.size()) value *= factors_[j][m];
        }
        next_[m] = value;
      }
    });
    right_side_->apply(std::min(t_ + dormand_prince::node[stage] * dt, limit), next_.data(), slopes_[stage].data());
  }
  const std::vector<double>&kx = right_side_->kx(), &ky = right_side_->ky();
  const auto& [xx, xy, yy] = quadrature_error_;
  const double squares = ordered_sum(0, modes, grain, [&](Index first, Index last) {
    double sum = 0;
    for (Index m = first; m < last; ++m) {
      Complex value{};
      for (std::size_t j = 0; j < std::size(dormand_prince::node); ++j) {
        value += dt * dormand_prince::error_weight[j] * slopes_[j][m];
        if (j < factors_.size()) value *= factors_[j][m];
      }
      const double x = kx[m % std::ssize(kx)], y = ky[m / std::ssize(kx)];
      value += (xx * x * x + 2 * xy * x * y + yy * y * y) * next_[m];
      sum += (x > 0 ? 2 : 1) * std::norm(value);  // the conjugate mode counts too
    }
    return sum;
  });
  double volume = 1;
  for (const Axis& axis : torus_.grid().axes()) volume *= axis.upper - axis.lower;
  return volume * std::sqrt(squares);  // int |e| <= V sqrt(mean e^2)
}

Field SpectralSolver::density() const {
  std::vector<Complex> full(torus_.transform().modes());
  right_side_->fill(now_.data(), full.data());
  Field own(torus_.shared_grid());
  torus_.to_averages(full.data(), own.view());
  return own;
}

std::string SpectralSolver::distrust() const {
  if (errors_.total() <= trust_limit) return "";
  const bool near_wall = errors_.periodicity > trust_limit / 2;
  if (near_wall && errors_.missing > trust_limit / 2)
    return fmt::format(
        "the density is too narrow for its cells or too near to a wall: {:.1e} of the energy of its spectrum "
        "lies in the last third of the band, {:.1e} of the mass within two cells of a wall; take more "
        "cells (4 per standard deviation are enough) or a larger box",
        errors_.tail_energy, errors_.walls);
  if (near_wall)
    return fmt::format(
        "{:.1e} of the mass is within two cells of a wall whose drift or D_xy does not vanish, and there the box "
        "closes "
        "on itself; make the box larger, or leave this witness out where p stays at the wall",
        errors_.walls);
  if (errors_.missing > trust_limit / 2)
    return fmt::format(
        "the density is too narrow for its cells: {:.1e} of the energy of its spectrum lies in the last "
        "third of the band; take more cells (4 per standard deviation are enough)",
        errors_.tail_energy);
  return fmt::format("its steps may have added up to an error of {:.1e}; lower compare.spectral.tolerance",
                     errors_.time);
}

}  // namespace fokker
