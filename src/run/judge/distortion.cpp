#include "distortion.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "linear_flow.hpp"

namespace fokker {
namespace {

constexpr int degree = Distortion::degree;
using Powers = std::array<double, degree + 1>;

/// The coefficients of (e . k)^n by the power of k_x.
Powers binomial(const Eigen::Vector2d& e, int n) {
  Powers now{1};
  for (int m = 1; m <= n; ++m)
    for (int a = m; a >= 0; --a) {
      const std::size_t k = a;
      now[k] = e[1] * now[k] + (a > 0 ? e[0] * now[k - 1] : 0);
    }
  return now;
}

/// He_n(x) = x He_{n-1} - (n-1) He_{n-2}.
Powers hermite(double x) {
  Powers He{1, x};
  for (std::size_t n = 2; n < He.size(); ++n) He[n] = x * He[n - 1] - static_cast<double>(n - 1) * He[n - 2];
  return He;
}

}  // namespace

void Distortion::add_power(double factor, const Eigen::Vector2d& e, int n) {
  const Powers power = binomial(e, n);
  for (int a = 0; a <= n; ++a) at(a, n - a) += factor * power[a];
}

void Distortion::add_power(double factor, const Eigen::Vector2d& e, int n, const Eigen::Vector2d& u) {
  const Powers power = binomial(e, n);
  for (int a = 0; a <= n; ++a) {
    at(a + 1, n - a) += factor * power[a] * u[0];
    at(a, n - a + 1) += factor * power[a] * u[1];
  }
}

void Distortion::add(double factor, const Distortion& other) {
  for (std::size_t n = 0; n < c_.size(); ++n) c_[n] += factor * other.c_[n];
}

void Distortion::scale(double factor) {
  for (double& c : c_) c *= factor;
}

/// Q(E^T k).
Distortion turned(const Distortion& Q, const Eigen::Matrix2d& E) {
  Distortion now;
  for (int n = 1; n <= degree; ++n)
    for (int a = 0; a <= n; ++a) {
      if (Q.at(a, n - a) == 0) continue;
      const Powers first = binomial(E.col(0), a), second = binomial(E.col(1), n - a);
      for (int i = 0; i <= a; ++i)
        for (int j = 0; j <= n - a; ++j) now.at(i + j, n - i - j) += Q.at(a, n - a) * first[i] * second[j];
    }
  return now;
}

Distortion carried(const Distortion& Q, const Eigen::Matrix2d& A, const DistortionSource& source, double dt) {
  const Doubling plan(A, dt);
  Eigen::Matrix2d E = plan.flow(plan.step());
  const Eigen::Matrix2d half = plan.flow(plan.step() / 2);
  Distortion grown, moved[2];  // per unit of the velocity at the beginning
  grown.add(plan.step(), turned(source.steady, half));
  for (int j = 0; j < 2; ++j)
    for (int i = 0; i < 2; ++i) moved[j].add(plan.step() * half(i, j), turned(source.along[i], half));
  for (int k = 0; k < plan.doublings(); ++k) {
    grown.add(1, turned(grown, E));
    const Distortion before[2] = {moved[0], moved[1]};
    for (int j = 0; j < 2; ++j) {
      moved[j] = turned(before[j], E);
      for (int i = 0; i < 2; ++i) moved[j].add(E(i, j), before[i]);
    }
    E = (E * E).eval();
  }
  grown.add(1, turned(Q, E));
  for (int j = 0; j < 2; ++j) grown.add(source.velocity[j], moved[j]);
  return grown;
}

double l1_of(const Distortion& Q, const Eigen::Matrix2d& V) {
  const Eigen::LLT<Eigen::Matrix2d> factor(V);
  if (factor.info() != Eigen::Success) return 2;
  const Eigen::Matrix2d to_unit = factor.matrixL().solve(Eigen::Matrix2d::Identity());
  const Distortion unit = turned(Q, to_unit);  // in coordinates where V is the unit matrix: (-d)^n N = He_n N
  constexpr int n = 48;                        // midpoints on [-6, 6]
  constexpr double h = 12.0 / n;
  std::array<Powers, n> He;
  std::array<double, n> weight{};
  for (std::size_t i = 0; i < n; ++i) {
    const double x = -6 + (static_cast<double>(i) + 0.5) * h;
    He[i] = hermite(x);
    weight[i] = h * std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
  }
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      double value = 0;
      for (int m = 1; m <= degree; ++m)
        for (int a = 0; a <= m; ++a) value += (m % 2 == 0 ? 1 : -1) * unit.at(a, m - a) * He[i][a] * He[j][m - a];
      sum += std::abs(value) * weight[i] * weight[j];
    }
  return std::min(2.0, sum);
}

}  // namespace fokker
