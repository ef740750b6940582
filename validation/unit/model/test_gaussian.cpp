// Freezes the cell averages of Gaussians: 1e-12 of the peak against an independent formula of the bivariate normal
// integral for every shape of covariance, relative accuracy in the tails, exact limits for singular covariances, images
// on periodic axes, and the symmetries that no scheme can restore once an initial density has lost them.
#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "fokker/base/quadrature.hpp"
#include "fokker/model/density.hpp"

using namespace fokker;

namespace {

constexpr double pi = std::numbers::pi;

std::vector<double> uniform_faces(double lower, double upper, int n) {
  std::vector<double> faces(static_cast<std::size_t>(n) + 1);
  for (int i = 0; i <= n; ++i) faces[i] = lower + (upper - lower) * i / n;
  return faces;
}

Gaussian gaussian_2d(double mx, double my, double vxx, double vxy, double vyy) {
  Gaussian g{1, Eigen::Vector2d(mx, my), Eigen::MatrixXd(2, 2)};
  g.covariance << vxx, vxy, vxy, vyy;
  return g;
}

struct Cells {
  std::vector<double> x, y;
  bool periodic_x = false, periodic_y = false;
  [[nodiscard]] CellFaces faces() const { return {y.empty() ? 1 : 2, {x, y}, {periodic_x, periodic_y}}; }
  [[nodiscard]] std::vector<double> averages(const Density& density) const {
    std::vector<double> out((x.size() - 1) * (y.empty() ? 1 : y.size() - 1));
    density.cell_averages(faces(), out);
    return out;
  }
  [[nodiscard]] double volume(std::size_t c) const {
    const std::size_t nx = x.size() - 1;
    return (x[c % nx + 1] - x[c % nx]) * (y.empty() ? 1 : y[c / nx + 1] - y[c / nx]);
  }
  [[nodiscard]] double mass(const std::vector<double>& p) const {
    double total = 0;
    for (std::size_t c = 0; c < p.size(); ++c) total += p[c] * volume(c);
    return total;
  }
};

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

double Phi(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

using Real = long double;

Real Phi_long(Real z) { return 0.5L * std::erfc(-z / std::numbers::sqrt2_v<Real>); }

// P(X < h, Y < k) at correlation sign * cos(angle): Phi(h) Phi(k) + sign/(2 pi) int_0^{pi/2 - angle}
// exp(-(h^2 + k^2 - 2 h k sin u) / (2 cos^2 u)) du, k with the sign (Sheppard; Genz 2004, eq. 3), on panels that shrink
// geometrically towards u = pi/2. In long double, because four of them cancel. Shares no line with the code.
Real bivariate_cdf(Real h, Real k, Real sign, Real angle) {
  Real sum = 0;
  const Real kk = sign * k;
  for (Real outer = 0.5L * std::numbers::pi_v<Real>; outer > angle;) {
    const Real inner = std::max(angle, outer * 0.9L);
    const Real center = 0.5L * (outer + inner), half = 0.5L * (outer - inner);
    for (int q = 0; q < 8; ++q) {
      const Real v = center + half * GaussRule<8>::node[q];                           // u = pi/2 - v
      const Real s = std::sin(v), gap = 2 * std::sin(0.5L * v) * std::sin(0.5L * v);  // 1 - cos v
      sum += half * GaussRule<8>::weight[q] * std::exp(-((h - kk) * (h - kk) + 2 * h * kk * gap) / (2 * s * s));
    }
    outer = inner;
  }
  return Phi_long(h) * Phi_long(k) + sign * sum / (2 * std::numbers::pi_v<Real>);
}

double cell_mass(const Gaussian& g, double xl, double xr, double yl, double yr) {
  const Real vxx = g.covariance(0, 0), vxy = g.covariance(0, 1), vyy = g.covariance(1, 1);
  const Real sx = std::sqrt(vxx), sy = std::sqrt(vyy), sign = vxy < 0 ? -1 : 1;
  const Real angle = std::atan2(std::sqrt(vxx * vyy - vxy * vxy), std::abs(vxy));
  const Real a = (xl - static_cast<Real>(g.mean[0])) / sx, b = (xr - static_cast<Real>(g.mean[0])) / sx;
  const Real c = (yl - static_cast<Real>(g.mean[1])) / sy, d = (yr - static_cast<Real>(g.mean[1])) / sy;
  const auto cdf = [&](Real h, Real k) { return bivariate_cdf(h, k, sign, angle); };
  return static_cast<double>(cdf(b, d) - cdf(a, d) - cdf(b, c) + cdf(a, c));
}

double peak(const Gaussian& g) { return 1 / (2 * pi * std::sqrt(g.covariance.determinant())); }

// Tensor Gauss-Legendre over one small cell: relative accuracy where the density is smooth.
double smooth_average(const Density& density, double xl, double xr, double yl, double yr) {
  double sum = 0;
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < 8; ++j) {
      const double x = 0.5 * (xl + xr) + 0.5 * (xr - xl) * GaussRule<8>::node[i];
      const double y = 0.5 * (yl + yr) + 0.5 * (yr - yl) * GaussRule<8>::node[j];
      double value = 0;
      density.evaluate({1, 2, {&x, &y}}, &value);
      sum += 0.25 * GaussRule<8>::weight[i] * GaussRule<8>::weight[j] * value;
    }
  return sum;
}

}  // namespace

TEST_CASE("one-dimensional cell masses keep their digits in tails and in short cells") {
  // mpmath at 60 digits: (Phi(b) - Phi(a)) / (b - a)
  const GaussianMixture normal({{1, Eigen::VectorXd::Zero(1), Eigen::MatrixXd::Identity(1, 1)}});
  const auto average = [&](double a, double b) { return Cells{{a, b}, {}}.averages(normal)[0]; };
  struct Row {
    double a, b, exact;
  };
  const std::vector<Row> rows{
      {0.0, 1e-09, 0.39894228040143268},
      {0.5, 0.500001, 0.35206523874792378},
      {-0.3, 0.3, 0.39303807396317546},
      {-1e-07, 2e-07, 0.39894228040143068},
      {-40.0, 40.0, 0.0125},
      {2.0, 2.01, 0.053453751874773255},
      {5.0, 6.0, 2.8566498423415621e-7},
      {8.0, 8.001, 5.0321149454758362e-15},
      {12.0, 12.5, 3.5454990955576026e-33},
      {20.0, 20.0014, 5.4443697012725081e-88},
      {20.0, 20.002, 5.4119834703253537e-88},
      {30.0, 33.0, 1.6355713090493957e-198},
      {-37.0, -36.75, 2.3250289033643237e-295},
      {-0.01, 0.0199, 0.39892253316794043},
  };
  for (const Row& row : rows) {
    CAPTURE(row.a);
    CAPTURE(row.b);
    CHECK(std::abs(average(row.a, row.b) / row.exact - 1) < 2e-13);
    CHECK(average(row.a, row.b) == average(-row.b, -row.a));
  }
}

TEST_CASE("correlated cell masses agree with the bivariate normal integral") {
  double worst = 0;
  for (const double r : {1e-12, 0.1, -0.5, 0.9, -0.99, 0.9999, -0.999999, 0.999999})
    for (const double ratio : {1.0, 30.0, 0.01})
      for (const double size : {0.01, 0.1, 0.7, 3.0, 50.0}) {  // cell widths in deviations
        const double sx = 0.3, sy = sx * ratio;
        const Gaussian g = gaussian_2d(0.123, -0.456, sx * sx, r * sx * sy, sy * sy);
        const int n = 6;
        const Cells cells{uniform_faces(0.123 - 2.71 * size * sx, 0.123 + 3.29 * size * sx, n),
                          uniform_faces(-0.456 - 3.14 * size * sy, -0.456 + 2.86 * size * sy, n)};
        const std::vector<double> p = cells.averages(GaussianMixture({g}));
        double error = 0;
        for (int i = 0; i < n; ++i)
          for (int j = 0; j < n; ++j) {
            const double exact = cell_mass(g, cells.x[i], cells.x[i + 1], cells.y[j], cells.y[j + 1]);
            error = std::max(error, std::abs(p[i + n * j] - exact / cells.volume(i + n * j)));
          }
        error /= std::min(peak(g), 1 / cells.volume(0));  // cells that hold everything: relative to that
        CAPTURE(r);
        CAPTURE(ratio);
        CAPTURE(size);
        CHECK(error < 1e-12);
        worst = std::max(worst, error);
      }
  MESSAGE("largest error of an average relative to the peak: " << worst);
}

TEST_CASE("correlated averages agree with quadrature of the point values out to the tails") {
  for (const double r : {0.3, -0.9, 0.999}) {
    const Gaussian g = gaussian_2d(0.1, 0.2, 1.0, r * 2.0, 4.0);
    const GaussianMixture mixture({g});
    const double s = std::sqrt(1 - r * r), h = 0.03 * s;
    for (const double distance : {0.0, 1.0, 5.0, 12.0, 25.0, 35.0})
      for (const double angle : {0.0, 0.4, 1.1, 2.0, 3.0, 4.5}) {
        const double u = distance * std::cos(angle), v = distance * std::sin(angle);
        const double x = 0.1 + u, y = 0.2 + 2 * (r * u + s * v);
        const Cells cell{{x, x + h}, {y, y + 2 * h}};
        const double exact = smooth_average(mixture, x, x + h, y, y + 2 * h);
        CAPTURE(r);
        CAPTURE(distance);
        CAPTURE(angle);
        CHECK(std::abs(cell.averages(mixture)[0] / exact - 1) < 2e-12);
      }
  }
}

TEST_CASE("all of the mass is in a box that is large enough") {
  for (const double r : {0.0, 0.5, -0.99, 0.999999, 1.0}) {
    const Gaussian g = gaussian_2d(0.3, -0.2, 0.09, r * 0.3 * 0.5, 0.25);
    const Cells cells{uniform_faces(-4, 4.5, 73), uniform_faces(-6, 5, 41)};
    CHECK(std::abs(cells.mass(cells.averages(GaussianMixture({g}))) - 1) < 3e-14);
  }
}

TEST_CASE("swapping axes and mirroring them keeps averages to rounding") {
  const Cells cells{uniform_faces(-2, 2, 40), uniform_faces(-2, 2, 40)};
  const std::size_t n = 40;
  for (const double r : {0.7, -0.999}) {
    const Gaussian g = gaussian_2d(0.25, -0.5, 0.16, r * 0.4 * 0.3, 0.09);
    const std::vector<double> p = cells.averages(GaussianMixture({g}));
    const std::vector<double> swapped =
        cells.averages(GaussianMixture({gaussian_2d(-0.5, 0.25, 0.09, r * 0.4 * 0.3, 0.16)}));
    const std::vector<double> mirrored =
        cells.averages(GaussianMixture({gaussian_2d(-0.25, -0.5, 0.16, -r * 0.4 * 0.3, 0.09)}));
    const std::vector<double> turned =
        cells.averages(GaussianMixture({gaussian_2d(-0.25, 0.5, 0.16, r * 0.4 * 0.3, 0.09)}));
    std::vector<double> a(p.size()), b(p.size()), c(p.size());
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        a[i + n * j] = swapped[j + n * i];
        b[i + n * j] = mirrored[n - 1 - i + n * j];
        c[i + n * j] = turned[n - 1 - i + n * (n - 1 - j)];
      }
    CHECK(largest_difference(p, a) < 2e-14 * peak(g));
    CHECK(largest_difference(p, b) < 2e-15 * peak(g));
    CHECK(largest_difference(p, c) < 2e-15 * peak(g));
  }
}

TEST_CASE("singular covariances are exact and are the limit of regular ones") {
  const Cells cells{uniform_faces(-1, 1, 10), uniform_faces(-1, 1, 10)};
  const auto masses = [&](const Gaussian& g) {
    std::vector<double> p = cells.averages(GaussianMixture({g}));
    for (std::size_t c = 0; c < p.size(); ++c) p[c] *= cells.volume(c);
    return p;
  };
  SUBCASE("a point fills its cell") {
    const std::vector<double> p = masses(gaussian_2d(0.07, -0.33, 0, 0, 0));
    CHECK(p[5 + 10 * 3] == doctest::Approx(1).epsilon(1e-15));
    CHECK(std::count(p.begin(), p.end(), 0.0) == 99);
  }
  SUBCASE("a point on a corner is shared by four") {
    const Cells even{{-1, 0, 1}, {-1, 0, 1}};
    const std::vector<double> p = even.averages(GaussianMixture({gaussian_2d(0, 0, 0, 0, 0)}));
    for (const double value : p) CHECK(value == 0.25);
  }
  SUBCASE("a point on an outer face stays inside") {
    const Cells line{{-1, 0, 1}, {}};
    const std::vector<double> p =
        line.averages(GaussianMixture({{1, Eigen::VectorXd::Constant(1, 1.0), Eigen::MatrixXd::Zero(1, 1)}}));
    CHECK(p[0] == 0);
    CHECK(p[1] == 1);
  }
  SUBCASE("one variance 0") {
    const std::vector<double> p = masses(gaussian_2d(0.07, 0.1, 0, 0, 0.04));
    for (int j = 0; j < 10; ++j)
      CHECK(std::abs(p[5 + 10 * j] - (Phi((cells.y[j + 1] - 0.1) / 0.2) - Phi((cells.y[j] - 0.1) / 0.2))) < 1e-15);
  }
  SUBCASE("a line carries the one-dimensional distribution") {
    // y = 2 x - 0.1 with x ~ N(0.05, 0.1^2): cell of x in [0, 0.2], y in [0, 0.2] is x in [0.05, 0.15]
    const std::vector<double> p = masses(gaussian_2d(0.05, 0, 0.01, 0.02, 0.04));
    CHECK(std::abs(p[5 + 10 * 5] - (Phi(1) - Phi(0))) < 1e-15);
    CHECK(p[5 + 10 * 8] == 0);
  }
  SUBCASE("regular ones tend to them") {
    // y = 2 x - 0.2 runs through the corner (0.2, 0.2), where a spread across the line moves mass of first order
    const std::vector<double> line = masses(gaussian_2d(0.05, -0.1, 0.01, 0.02, 0.04));
    double previous = 1;
    for (const double gap : {1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-14}) {
      const double error = largest_difference(masses(gaussian_2d(0.05, -0.1, 0.01, 0.02 * (1 - gap), 0.04)), line);
      CHECK(error < 0.2 * std::sqrt(gap));
      CHECK(error < 0.2 * previous);
      previous = error;
    }
  }
}

TEST_CASE("periodic axes wrap a Gaussian onto the box") {
  const double L = 2;
  Cells box{uniform_faces(-1, 1, 16), {}, true};
  SUBCASE("one axis: sum of images over a long plain axis") {
    for (const double deviation : {0.0, 0.01, 0.3, 1.0, 2.9, 3.1, 40.0})
      for (const double mean : {0.03, 0.97, -7.4}) {
        const GaussianMixture g(
            {{1, Eigen::VectorXd::Constant(1, mean), Eigen::MatrixXd::Constant(1, 1, deviation * deviation)}});
        const int images = 401;
        const Cells line{uniform_faces(-images * L / 2, images * L / 2, images * 16), {}};
        const std::vector<double> flat = line.averages(g), wrapped = box.averages(g);
        std::vector<double> sum(16, 0.0);
        for (std::size_t c = 0; c < flat.size(); ++c) sum[c % 16] += flat[c];
        CAPTURE(deviation);
        CAPTURE(mean);
        CHECK(largest_difference(sum, wrapped) < 2e-13 * *std::max_element(sum.begin(), sum.end()));
        CHECK(std::abs(box.mass(wrapped) - 1) < 1e-14);
      }
  }
  SUBCASE("two axes with correlation") {
    for (const bool both : {false, true})
      for (const double scale : {0.05, 0.4, 1.0, 2.5}) {
        const Gaussian g = gaussian_2d(0.9, -0.8, scale * scale, 0.8 * scale * scale * 0.6, 0.36 * scale * scale);
        const Cells torus{uniform_faces(-1, 1, 8), uniform_faces(-1, 1, 8), true, both};
        const int mx = 61, my = both ? 61 : 1;
        const Cells plane{uniform_faces(-mx, mx, mx * 8), uniform_faces(-my, my, my * 8)};
        const std::vector<double> flat = plane.averages(GaussianMixture({g}));
        std::vector<double> sum(64, 0.0);
        for (std::size_t c = 0; c < flat.size(); ++c) sum[c % 8 + 8 * ((c / (mx * 8)) % 8)] += flat[c];
        const std::vector<double> wrapped = torus.averages(GaussianMixture({g}));
        CAPTURE(scale);
        CAPTURE(both);
        CHECK(largest_difference(sum, wrapped) < 1e-13 * *std::max_element(sum.begin(), sum.end()));
      }
  }
  SUBCASE("a point on the ends of the ring is shared by the first and the last cell") {
    const std::vector<double> p =
        box.averages(GaussianMixture({{1, Eigen::VectorXd::Constant(1, 3.0), Eigen::MatrixXd::Zero(1, 1)}}));
    CHECK(p.front() * 0.125 == 0.5);
    CHECK(p.back() * 0.125 == 0.5);
  }
}

TEST_CASE("mixtures add their components") {
  const Gaussian a{0.3, Eigen::VectorXd::Constant(1, -2.0), Eigen::MatrixXd::Constant(1, 1, 0.09)};
  const Gaussian b{0.7, Eigen::VectorXd::Constant(1, 1.5), Eigen::MatrixXd::Constant(1, 1, 0.25)};
  const GaussianMixture mixture({a, b});
  CHECK(std::abs(mixture.mean()[0] - 0.45) < 1e-15);
  CHECK(std::abs(mixture.covariance()(0, 0) - (0.3 * (0.09 + 2.45 * 2.45) + 0.7 * (0.25 + 1.05 * 1.05))) < 1e-14);
  const double x = 1.0;
  double value = 0;
  mixture.evaluate({1, 1, {&x, nullptr}}, &value);
  const double exact = 0.3 * std::exp(-50.0) / std::sqrt(2 * pi * 0.09) + 0.7 * std::exp(-0.5) / std::sqrt(pi / 2);
  CHECK(std::abs(value - exact) < 1e-15);
  CHECK_THROWS_AS(GaussianMixture({gaussian_2d(0, 0, 1, 2, 1)}), std::invalid_argument);
  CHECK_THROWS_AS(GaussianMixture({gaussian_2d(0, 0, -1, 0, 1)}), std::invalid_argument);
  CHECK_THROWS_AS(GaussianMixture(std::vector<Gaussian>{}), std::invalid_argument);
}

TEST_CASE("a uniform density averages to its overlap") {
  const Cells cells{{0, 1, 2, 3}, {0, 2, 4}};
  const std::vector<double> p = cells.averages(UniformDensity({0.5, 0}, {2.5, 3}));
  const std::vector<double> exact{0.5 / 6, 1.0 / 6, 0.5 / 6, 0.25 / 6, 0.5 / 6, 0.25 / 6};
  CHECK(largest_difference(p, exact) < 1e-16);
  CHECK(std::abs(cells.mass(p) - 1) < 1e-15);
}
