#pragma once
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <random>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/scheme/drift_diffusion.hpp"

namespace fokker::test {

/// An Sde from functions of one point, for tests of the scheme that should not depend on the formula engine. The flux
/// velocity a = f - div D is given directly (the drift is reported as a: the scheme uses nothing else of it).
struct LambdaSde : Sde {
  using Velocity = std::function<std::array<double, 2>(double x, double y, double t)>;
  using Tensor = std::function<std::array<double, 3>(double x, double y, double t)>;

  int d = 1;
  Velocity a;
  Tensor D;  // xx, xy, yy
  Traits known;
  std::function<double(double, double)> gibbs;
  std::optional<TimeSeparated> factor;

  [[nodiscard]] int dimension() const override { return d; }
  void drift(const PointsIn& x, double t, PointsOut f) const override { flux_velocity(x, t, f); }
  void flux_velocity(const PointsIn& x, double t, PointsOut out) const override {
    for (Index i = 0; i < x.size; ++i) {
      const auto value = a(x.axis[0][i], d > 1 ? x.axis[1][i] : 0, t);
      for (int k = 0; k < d; ++k) out.axis[k][i] = value[k];
    }
  }
  void diffusion(const PointsIn& x, double t, TensorOut out) const override {
    for (Index i = 0; i < x.size; ++i) {
      const auto value = D(x.axis[0][i], d > 1 ? x.axis[1][i] : 0, t);
      out.xx[i] = value[0];
      if (d > 1) out.xy[i] = value[1];
      if (d > 1) out.yy[i] = value[2];
    }
  }
  [[nodiscard]] int noise_count() const override { return d; }
  void noise(const PointsIn&, double, double* const*) const override {}
  [[nodiscard]] Traits traits() const override { return known; }
  [[nodiscard]] bool has_gibbs() const override { return static_cast<bool>(gibbs); }
  void log_gibbs(const PointsIn& x, double* out) const override {
    for (Index i = 0; i < x.size; ++i) out[i] = gibbs(x.axis[0][i], d > 1 ? x.axis[1][i] : 0);
  }
  [[nodiscard]] std::optional<TimeSeparated> separated(const PointsIn&) const override { return factor; }
};

inline std::shared_ptr<LambdaSde> sde_1d(std::function<double(double)> a, std::function<double(double)> D) {
  auto sde = std::make_shared<LambdaSde>();
  sde->a = [a](double x, double, double) { return std::array{a(x), 0.0}; };
  sde->D = [D](double x, double, double) { return std::array{D(x), 0.0, 0.0}; };
  sde->known = {.autonomous = true, .diagonal = true, .diffusion_autonomous = true};
  return sde;
}

inline std::shared_ptr<LambdaSde> sde_2d(std::function<std::array<double, 2>(double, double)> a,
                                         std::function<std::array<double, 3>(double, double)> D, bool diagonal) {
  auto sde = std::make_shared<LambdaSde>();
  sde->d = 2;
  sde->a = [a](double x, double y, double) { return a(x, y); };
  sde->D = [D](double x, double y, double) { return D(x, y); };
  sde->known = {.autonomous = true, .diagonal = diagonal, .diffusion_autonomous = true};
  return sde;
}

inline Axis axis(double lower, double upper, Index cells, Boundary at_lower = Boundary::reflecting,
                 Boundary at_upper = Boundary::reflecting, const char* name = "x") {
  return {name, lower, upper, cells, at_lower, at_upper};
}

inline std::shared_ptr<const Grid> grid_1d(Axis x) { return std::make_shared<Grid>(std::vector{std::move(x)}); }
inline std::shared_ptr<const Grid> grid_2d(Axis x, Axis y) {
  return std::make_shared<Grid>(std::vector{std::move(x), std::move(y)});
}

inline const FluxScheme& flux(const char* name) {
  const FluxScheme* row = find_flux(name);
  REQUIRE(row != nullptr);
  return *row;
}

/// Random state: cells in [0, 1), outflows 0.
inline std::vector<double> random_state(const Operator& op, unsigned seed = 1) {
  std::mt19937 engine(seed);
  std::vector<double> state(op.size(), 0.0);
  for (Index i = 0; i < op.cells(); ++i) state[i] = std::uniform_real_distribution<>()(engine);
  return state;
}

inline std::vector<double> rate_of(const Operator& op, double t, const std::vector<double>& state) {
  std::vector<double> rate(state.size(), -7.0);
  op.apply(t, state, rate);
  return rate;
}

/// volume * sum(cells) + sum(outflows), Neumaier-compensated.
inline double mass(const Operator& op, const std::vector<double>& v) {
  double sum = 0, lost = 0;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double value = static_cast<Index>(i) < op.cells() ? op.cell_volume() * v[i] : v[i];
    const double next = sum + value;
    lost += std::abs(sum) >= std::abs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
  }
  return sum + lost;
}

inline double largest(const std::vector<double>& v) {
  double most = 0;
  for (const double value : v) most = std::max(most, std::abs(value));
  return most;
}

/// n steps of SSPRK(3,3) from t over `span`, as many as stable_step asks for (dt a fraction `safety` of it).
inline void evolve(const Operator& op, double t, double span, std::vector<double>& p, double safety = 0.9,
                   double longest = 1e300) {
  const auto steps = static_cast<Index>(std::ceil(span / std::min(longest, safety * op.stable_step(t))));
  const double dt = span / static_cast<double>(steps);
  std::vector<double> rate(p.size()), u(p.size());
  for (Index n = 0; n < steps; ++n, t += dt) {
    op.apply(t, p, rate);
    for (std::size_t i = 0; i < p.size(); ++i) u[i] = p[i] + dt * rate[i];
    op.apply(t + dt, u, rate);
    for (std::size_t i = 0; i < p.size(); ++i) u[i] = 0.75 * p[i] + 0.25 * (u[i] + dt * rate[i]);
    op.apply(t + 0.5 * dt, u, rate);
    for (std::size_t i = 0; i < p.size(); ++i) p[i] = (p[i] + 2 * (u[i] + dt * rate[i])) / 3;
  }
}

/// Cell averages of a function by 6 x 6 Gauss-Legendre points.
inline std::vector<double> averages(const Grid& grid, const std::function<double(double, double)>& f) {
  constexpr std::array node{-0.932469514203152, -0.661209386466265, -0.238619186083197,
                            0.238619186083197,  0.661209386466265,  0.932469514203152};
  constexpr std::array weight{0.171324492379170, 0.360761573048139, 0.467913934572691,
                              0.467913934572691, 0.360761573048139, 0.171324492379170};
  const bool plane = grid.dimension() > 1;
  std::vector<double> out(grid.cells() + grid.outflows(), 0.0);
  for (Index j = 0; j < grid.ny(); ++j)
    for (Index i = 0; i < grid.nx(); ++i)
      for (std::size_t a = 0; a < 6; ++a)
        for (std::size_t b = 0; b < (plane ? 6u : 1u); ++b) {
          const double x = grid.axis(0).center(i) + 0.5 * grid.axis(0).width() * node[a];
          const double y = plane ? grid.axis(1).center(j) + 0.5 * grid.axis(1).width() * node[b] : 0;
          out[i + grid.nx() * j] += 0.5 * weight[a] * (plane ? 0.5 * weight[b] : 1) * f(x, y);
        }
  return out;
}

inline double l1_distance(const Operator& op, const std::vector<double>& p, const std::vector<double>& q) {
  std::vector<double> difference(p.size(), 0.0);
  for (Index i = 0; i < op.cells(); ++i) difference[i] = p[i] - q[i];
  return op.norm_l1(difference);
}

}  // namespace fokker::test
