#include "fourth_cumulant.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace fokker {
namespace {

void add(FourthCumulant& K, double factor, const FourthCumulant& other) {
  for (std::size_t n = 0; n < K.size(); ++n) K[n] += factor * other[n];
}

}  // namespace

void add_power(FourthCumulant& K, double factor, const Eigen::Vector2d& e) {
  for (std::size_t n = 0; n < K.size(); ++n) K[n] += factor * e[n & 1] * e[n >> 1 & 1] * e[n >> 2 & 1] * e[n >> 3 & 1];
}

FourthCumulant turned(const FourthCumulant& K, const Eigen::Matrix2d& E) {
  FourthCumulant now = K;
  for (std::size_t bit = 1; bit < 16; bit *= 2) {
    const FourthCumulant before = now;
    for (std::size_t n = 0; n < 16; ++n) {
      const int i = (n & bit) != 0 ? 1 : 0;
      now[n] = E(i, 0) * before[n & ~bit] + E(i, 1) * before[n | bit];
    }
  }
  return now;
}

FourthCumulant carried(const FourthCumulant& K, const Eigen::Matrix2d& A, const FourthCumulant& source, double dt) {
  constexpr double small = 1.0 / 64;
  int doublings = 0;
  double step = dt;
  for (; A.norm() * step > small && doublings < 200; ++doublings) step /= 2;
  const auto exponential = [&](double s) -> Eigen::Matrix2d {
    const Eigen::Matrix2d B = A * s, unit = Eigen::Matrix2d::Identity();
    return unit + B * (unit + B / 2 * (unit + B / 3 * (unit + B / 4)));
  };
  Eigen::Matrix2d E = exponential(step);
  FourthCumulant grown{};
  add(grown, step, turned(source, exponential(step / 2)));
  for (int k = 0; k < doublings; ++k) {
    add(grown, 1, turned(grown, E));
    E = (E * E).eval();
  }
  add(grown, 1, turned(K, E));
  return grown;
}

double l1_of(const FourthCumulant& K, const Eigen::Matrix2d& V) {
  const Eigen::LLT<Eigen::Matrix2d> factor(V);
  if (factor.info() != Eigen::Success) return 2;
  const Eigen::Matrix2d to_unit = factor.matrixL().solve(Eigen::Matrix2d::Identity());
  const FourthCumulant k = turned(K, to_unit);  // in coordinates where V is the unit matrix
  // The fourth Hermite polynomial contracted with k: k wwww - 6 tr(k) ww + 3 tr tr(k).
  const double trace[3] = {k[0] + k[3], k[4] + k[7], k[12] + k[15]};  // over the first two indices: xx, xy, yy
  constexpr int n = 40;                                               // midpoints on [-5, 5]
  constexpr double h = 10.0 / n;
  double sum = 0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const double x = -5 + (i + 0.5) * h, y = -5 + (j + 0.5) * h;
      const double fourth = k[0] * x * x * x * x + 4 * k[1] * x * x * x * y + 6 * k[3] * x * x * y * y +
                            4 * k[7] * x * y * y * y + k[15] * y * y * y * y;
      const double second = trace[0] * x * x + 2 * trace[1] * x * y + trace[2] * y * y;
      sum += std::abs(fourth - 6 * second + 3 * (trace[0] + trace[2])) * std::exp(-0.5 * (x * x + y * y));
    }
  return std::min(2.0, sum * h * h / (2 * std::numbers::pi) / 24);
}

}  // namespace fokker
