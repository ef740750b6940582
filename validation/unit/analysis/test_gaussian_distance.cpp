// Freezes the l1 distance of Gaussians against direct integrals, closed forms and symmetries.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "fokker/analysis/gaussian_distance.hpp"

using namespace fokker;
using Eigen::MatrixXd;

namespace {

MatrixXd diagonal(double x, double y) { return Eigen::Vector2d(x, y).asDiagonal(); }
MatrixXd line(double variance) { return MatrixXd::Constant(1, 1, variance); }

/// The midpoint rule on [-10, 10]^2.
double by_quadrature(const MatrixXd& V, const MatrixXd& W) {
  const auto density = [](const MatrixXd& C, double x, double y) {
    const double det = C(0, 0) * C(1, 1) - C(0, 1) * C(0, 1);
    return std::exp(-0.5 * (C(1, 1) * x * x - 2 * C(0, 1) * x * y + C(0, 0) * y * y) / det) /
           (2 * std::numbers::pi * std::sqrt(det));
  };
  constexpr int n = 800;
  const double h = 20.0 / n;
  double sum = 0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const double x = -10 + (i + 0.5) * h, y = -10 + (j + 0.5) * h;
      sum += std::abs(density(V, x, y) - density(W, x, y)) * h * h;
    }
  return sum;
}

}  // namespace

TEST_CASE("l1 of Gaussians on a line") {
  CHECK(gaussian_l1(line(1), line(1)) == 0);
  CHECK(gaussian_l1(line(2), line(2 * (1 + 1e-12))) ==
        doctest::Approx(1e-12 * 2 / std::sqrt(2 * std::numbers::pi * std::numbers::e)));
  // N(0, 1) and N(0, 4) cross at x = sqrt(8 log(2) / 3).
  const double x = std::sqrt(8 * std::log(2) / 3);
  CHECK(gaussian_l1(line(1), line(4)) ==
        doctest::Approx(2 * (std::erf(x / std::sqrt(2.0)) - std::erf(x / 2 / std::sqrt(2.0)))).epsilon(1e-13));
  CHECK(gaussian_l1(line(4), line(1)) == doctest::Approx(gaussian_l1(line(1), line(4))).epsilon(1e-13));
  CHECK(gaussian_l1(line(1), line(0)) == 2);
  CHECK(gaussian_l1(line(1), line(-1)) == 2);
  CHECK(gaussian_l1(line(1), line(1e-12)) == doctest::Approx(2).epsilon(1e-5));
}

TEST_CASE("l1 of Gaussians in the plane") {
  // Half the variance in both directions: they cross on a circle, 1/2 exactly.
  CHECK(gaussian_l1(diagonal(1, 1), diagonal(0.5, 0.5)) == doctest::Approx(0.5).epsilon(1e-12));
  CHECK(gaussian_l1(diagonal(3, 7), diagonal(3, 7)) < 1e-15);
  // One direction alone: the distance on a line.
  CHECK(gaussian_l1(diagonal(1, 2), diagonal(4, 2)) == doctest::Approx(gaussian_l1(line(1), line(4))).epsilon(1e-5));
  MatrixXd V(2, 2), W(2, 2);
  V << 1, 0.5, 0.5, 2;
  W << 0.7, -0.2, -0.2, 1.1;
  CHECK(gaussian_l1(V, W) == doctest::Approx(by_quadrature(V, W)).epsilon(1e-4));
  CHECK(gaussian_l1(V, W) == doctest::Approx(gaussian_l1(W, V)).epsilon(1e-6));
  CHECK(gaussian_l1(V, V - 1.5 * V) == 2);
  W << 1, 1, 1, 1;  // singular
  CHECK(gaussian_l1(V, W) == 2);
}
