// Freezes what is read off inside cells: moments and expectations of the density whose averages the cells hold, exact
// for parabolas and of fourth order beyond, walls included; point values exact for polynomials of degree four and of
// fifth order, walls and both dimensions included.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "fokker/analysis/formula_integral.hpp"
#include "fokker/analysis/norms.hpp"

using namespace fokker;

namespace {

using std::numbers::pi;
using Primitive = std::function<double(double)>;

Axis axis_of(const char* name, double lower, double upper, Index cells, Boundary side = Boundary::reflecting) {
  return {name, lower, upper, cells, side, side};
}

/// Cell averages of the density with this primitive.
std::vector<double> averages(const Axis& axis, const Primitive& F) {
  std::vector<double> p;
  for (Index i = 0; i < axis.cells; ++i) p.push_back((F(axis.face(i + 1)) - F(axis.face(i))) / axis.width());
  return p;
}

/// Cell averages of a sum of products of one density per axis.
std::vector<double> averages(const Grid& grid, const std::vector<std::array<Primitive, 2>>& terms) {
  std::vector<double> p(grid.cells(), 0);
  for (const auto& term : terms) {
    const std::vector<double> x = averages(grid.axis(0), term[0]), y = averages(grid.axis(1), term[1]);
    for (std::size_t j = 0, cell = 0; j < y.size(); ++j)
      for (std::size_t i = 0; i < x.size(); ++i, ++cell) p[cell] += x[i] * y[j];
  }
  return p;
}

double mean_of(const Grid& grid, const std::vector<double>& p, const char* text,
               const std::vector<std::string>& names) {
  return expectation(grid, p, parse_expression(text, names), names);
}

/// x^n / n, the primitive of x^(n-1)
Primitive power(int n) {
  return [n](double x) { return std::pow(x, n) / n; };
}

double order(double coarse, double fine) { return std::log2(std::abs(coarse) / std::abs(fine)); }

}  // namespace

TEST_CASE("moments of uniform and linear densities are exact with walls") {
  const Grid grid({axis_of("x", 1, 4, 7)});
  const Moments uniform = moments(grid, std::vector<double>(7, 0.25));
  CHECK(uniform.mass == doctest::Approx(0.75).epsilon(1e-15));
  CHECK(uniform.mean[0] == doctest::Approx(2.5).epsilon(1e-15));
  CHECK(uniform.covariance(0, 0) == doctest::Approx(9. / 12).epsilon(1e-14));
  const Moments linear = moments(grid, averages(grid.axis(0), power(2)));  // p = x
  CHECK(linear.mean[0] == doctest::Approx(63. / 3 / 7.5).epsilon(1e-15));
  CHECK(linear.covariance(0, 0) == doctest::Approx(255. / 4 / 7.5 - 2.8 * 2.8).epsilon(1e-13));
}

TEST_CASE("moments of a parabola in two dimensions are exact with walls and its twist") {
  for (const Index cells : {2, 3, 4, 9}) {
    CAPTURE(cells);
    const Grid grid({axis_of("x", 0, 2, cells + 1), axis_of("y", -1, 2, cells)});
    // p = 1 + x^2 + x y + y: parabolic along x (3 or more cells), linear along y
    const std::vector<double> p =
        averages(grid, {{power(1), power(1)}, {power(3), power(1)}, {power(2), power(2)}, {power(1), power(2)}});
    // int over [0, 2] of x^n: 2, 2, 8/3, 4, 32/5; over [-1, 2] of y^n: 3, 3/2, 3, 15/4
    const double mass = 6 + 8 + 3 + 3, x = 6 + 12 + 4 + 3, y = 3 + 4 + 6 + 6;
    const double xx = 8 + 96. / 5 + 6 + 4, yy = 6 + 8 + 7.5 + 7.5, xy = 3 + 6 + 8 + 6;
    const Moments m = moments(grid, p);
    CHECK(m.mass == doctest::Approx(mass).epsilon(1e-14));
    CHECK(m.mean[0] == doctest::Approx(x / mass).epsilon(1e-14));
    CHECK(m.mean[1] == doctest::Approx(y / mass).epsilon(1e-14));
    CHECK(m.covariance(0, 0) == doctest::Approx(xx / mass - x * x / mass / mass).epsilon(1e-13));
    CHECK(m.covariance(1, 1) == doctest::Approx(yy / mass - y * y / mass / mass).epsilon(1e-13));
    CHECK(m.covariance(0, 1) == doctest::Approx(xy / mass - x * y / mass / mass).epsilon(1e-12));
    CHECK(m.covariance(1, 0) == m.covariance(0, 1));
  }
}

TEST_CASE("moments of a normal density carry no trace of the cells") {
  const Grid grid({axis_of("x", -8, 9, 40)});  // h = 0.425 for a standard deviation of 0.7
  const Moments m =
      moments(grid, averages(grid.axis(0), [](double x) { return std::erf((x - 0.3) / 0.7 / std::sqrt(2.0)) / 2; }));
  CHECK(std::abs(m.mass - 1) < 1e-14);
  CHECK(std::abs(m.mean[0] - 0.3) < 1e-14);
  CHECK(std::abs(m.covariance(0, 0) - 0.49) < 1e-13);
}

TEST_CASE("moments are of fourth order where mass stands at the walls") {
  // p = e^x / (e - 1) on [0, 1]
  const auto errors = [](Index cells) {
    const Grid grid({axis_of("x", 0, 1, cells)});
    const Moments m = moments(grid, averages(grid.axis(0), [](double x) { return std::exp(x); }));
    const double mean = 1 / (std::numbers::e - 1), square = (std::numbers::e - 2) / (std::numbers::e - 1);
    return std::array{m.mean[0] - mean, m.covariance(0, 0) - (square - mean * mean)};
  };
  const auto coarse = errors(40), fine = errors(80);
  for (std::size_t k = 0; k < 2; ++k) {
    CHECK(order(coarse[k], fine[k]) > 3.85);
    CHECK(std::abs(fine[k]) < 5e-10);
  }
}

// p = (1 + cos(x - 1)/2) / 2 pi on the circle: the mean is exact (slopes sum to 0), the second moment is not.
TEST_CASE("moments go round a periodic axis") {
  // p = (1 + cos(x - at)/2)/(2 pi): mean direction `at`, variance about it pi^2/3 - 2 * 1/2
  const double variance = pi * pi / 3 - 1;
  const auto result = [](Index cells, double at) {
    const Grid grid({axis_of("x", 0, 2 * pi, cells, Boundary::periodic)});
    return moments(grid, averages(grid.axis(0), [at](double x) { return (x + std::sin(x - at) / 2) / (2 * pi); }));
  };
  for (const double at : {0.01, 1.0, pi, 4.0, 2 * pi - 0.02}) {
    CAPTURE(at);
    const auto error = [&](Index cells) { return result(cells, at).covariance(0, 0) - variance; };
    CHECK(std::abs(result(32, at).mean[0] - at) < 1e-14);
    CHECK(std::abs(error(64)) < 2e-5);
    CHECK(std::abs(error(256)) < 2e-7);
  }
}

TEST_CASE("a narrow density on the ends of the ring has the moments it has elsewhere") {
  const Grid circle({axis_of("x", -2, 2, 80, Boundary::periodic), axis_of("y", 0, 1, 10)});
  const Grid open({axis_of("x", -2, 2, 80), axis_of("y", 0, 1, 10)});
  std::vector<double> here(800, 0), seam(800, 0);
  for (Index j = 0; j < 10; ++j)
    for (Index i = 30; i < 50; ++i) {
      const double value = std::exp(-std::pow(static_cast<double>(i) - 40 - static_cast<double>(j) / 2, 2) / 12);
      here[i + 80 * j] = value;
      seam[(i + 38) % 80 + 80 * j] = value;
    }
  const Moments plain = moments(open, here), wrapped = moments(circle, seam);
  CHECK(std::abs(std::remainder(plain.mean[0] + 38 * 0.05 - wrapped.mean[0], 4)) < 0.01);
  CHECK((plain.covariance - wrapped.covariance).cwiseAbs().maxCoeff() < 3e-3 * plain.covariance(0, 0));
  CHECK(wrapped.covariance(0, 1) == doctest::Approx(plain.covariance(0, 1)).epsilon(0.02));
  const MomentErrors same = moment_errors(circle, seam, seam);
  CHECK(same.mean == 0);
  CHECK(same.covariance == 0);
}

TEST_CASE("errors of moments on a circle are small where densities differ little whatever their direction") {
  const Grid circle({axis_of("x", 0, 2 * pi, 60, Boundary::periodic)});
  const auto bumps = [&](double tilt) {
    return averages(circle.axis(0),
                    [=](double x) { return (x + std::sin(2 * x) / 4 + tilt * std::sin(x - 2)) / (2 * pi); });
  };
  const MomentErrors uniform = moment_errors(circle, bumps(1e-7), bumps(-1e-7));  // directions opposite to each other
  CHECK(uniform.mean == doctest::Approx(1e-7).epsilon(1e-4));
  CHECK(uniform.covariance < 1e-6);
  const std::vector<double> p = averages(circle.axis(0), [](double x) { return std::erf(8 * (x - 2)) / 2; }),
                            q = averages(circle.axis(0), [](double x) { return std::erf(8 * (x - 2.1)) / 2; });
  CHECK(moment_errors(circle, p, q).mean == doctest::Approx(0.1).epsilon(0.01));
}

TEST_CASE("moments of an axis of one cell are those of a uniform density") {
  const Grid grid({axis_of("x", 0, 3, 1), axis_of("y", 0, 2, 3)});
  const Moments m = moments(grid, std::vector{1., 1., 1.});
  CHECK(m.mean[0] == doctest::Approx(1.5));
  CHECK(m.covariance(0, 0) == doctest::Approx(0.75));
  CHECK(m.covariance(1, 1) == doctest::Approx(4. / 12));
  CHECK(m.covariance(0, 1) == doctest::Approx(0));
}

TEST_CASE("an expectation of one is the mass and of a square the second moment") {
  const Grid grid({axis_of("x", 0, 2, 33), axis_of("y", -1, 2, 17)});
  const std::vector<double> p = averages(
      grid, {{[](double x) { return std::exp(x); }, [](double y) { return std::atan(y); }}, {power(2), power(5)}});
  const Moments m = moments(grid, p);
  const std::vector<std::string> names{"x", "y"};
  CHECK(mean_of(grid, p, "1", names) == doctest::Approx(m.mass).epsilon(1e-15));
  CHECK(mean_of(grid, p, "x*y", names) ==
        doctest::Approx(m.mass * (m.covariance(0, 1) + m.mean[0] * m.mean[1])).epsilon(1e-13));
  CHECK(mean_of(grid, p, "y^2", names) ==
        doctest::Approx(m.mass * (m.covariance(1, 1) + m.mean[1] * m.mean[1])).epsilon(1e-13));
}

TEST_CASE("expectations are of fourth order and exact for a density that is a parabola") {
  const Axis axis = axis_of("x", 0, 1, 300);  // more than one block of cells
  const std::vector<std::string> names{"x"};
  CHECK(mean_of(Grid({axis}), averages(axis, power(3)), "x^3", names) == doctest::Approx(1. / 6).epsilon(1e-14));
  const auto error = [&](Index cells) {
    const Grid grid({axis_of("x", 0, 1, cells)});
    const double exact = (1 + std::numbers::e * (std::sin(1.0) - std::cos(1.0))) / 2;
    return mean_of(grid, averages(grid.axis(0), [](double x) { return std::exp(x); }), "sin(x)", names) - exact;
  };
  CHECK(order(error(40), error(80)) > 3.85);
  CHECK(std::abs(error(80)) < 7e-10);
}

TEST_CASE("point values of polynomials of degree four are exact up to the walls") {
  const Primitive F = [](double x) { return x + x * x / 2 - x * x * x + std::pow(x, 5) / 5; };
  const auto f = [](double x) { return 1 + x - 3 * x * x + std::pow(x, 4); };
  for (const Index cells : {5, 6, 30}) {
    CAPTURE(cells);
    const Grid grid({axis_of("x", -1, 1.5, cells)});
    const std::vector<double> p = averages(grid.axis(0), F);
    for (const double x : {-1.0, -0.999, -0.7, 0.0, 0.25, 1.1, 1.49, 1.5})
      CHECK(std::abs(point_value(grid, p, std::vector{x}) - f(x)) < 1e-12);
  }
  const Grid grid({axis_of("x", -1, 1, 6), axis_of("y", 0, 2, 7)});
  const std::vector<double> p = averages(grid, {{power(5), power(3)}, {power(2), power(5)}});  // x^4 y^2 + x y^4
  for (const double x : {-1.0, -0.3, 1.0})
    for (const double y : {0.0, 0.9, 2.0})
      CHECK(std::abs(point_value(grid, p, std::vector{x, y}) - (std::pow(x, 4) * y * y + x * std::pow(y, 4))) < 1e-12);
}

TEST_CASE("point values are of fifth order in one and two dimensions") {
  const auto worst = [](Index cells) {
    const Grid grid({axis_of("x", 0, 2, cells)});
    const std::vector<double> p = averages(grid.axis(0), [](double x) { return std::sin(3 * x) / 3; });
    double error = 0;
    for (int k = 0; k <= 1000; ++k)
      error = std::max(error, std::abs(point_value(grid, p, std::vector{k / 500.}) - std::cos(3 * k / 500.)));
    return error;
  };
  CHECK(order(worst(40), worst(80)) > 4.8);
  CHECK(worst(80) < 2e-7);
  const auto worst_2d = [](Index cells) {
    const Grid grid({axis_of("x", 0, 2, cells), axis_of("y", 0, 1, cells)});
    const std::vector<double> p =
        averages(grid, {{[](double x) { return std::sin(3 * x) / 3; }, [](double y) { return std::exp(y); }}});
    double error = 0;
    for (const double x : {0.0, 0.01, 0.777, 1.9, 2.0})
      for (const double y : {0.0, 0.31, 0.999, 1.0})
        error = std::max(error, std::abs(point_value(grid, p, std::vector{x, y}) - std::cos(3 * x) * std::exp(y)));
    return error;
  };
  CHECK(order(worst_2d(40), worst_2d(80)) > 4.7);
}

TEST_CASE("point values wrap on a periodic axis") {
  const Grid grid({axis_of("x", 0, 2 * pi, 64, Boundary::periodic)});
  const std::vector<double> p = averages(grid.axis(0), [](double x) { return x + std::sin(x - 1) / 2; });
  for (const double x : {0.0, 0.01, 1.0, 6.2, 2 * pi})
    CHECK(std::abs(point_value(grid, p, std::vector{x}) - (1 + std::cos(x - 1) / 2)) < 1e-7);
  const Grid one({axis_of("x", 0, 1, 1, Boundary::periodic)});
  CHECK(point_value(one, std::vector{0.7}, std::vector{0.2}) == doctest::Approx(0.7).epsilon(1e-14));
}

TEST_CASE("an axis of few cells uses all of them") {
  const Grid grid({axis_of("x", 0, 3, 3)});
  const std::vector<double> p = averages(grid.axis(0), power(3));
  CHECK(std::abs(point_value(grid, p, std::vector{2.9}) - 2.9 * 2.9) < 1e-13);
  CHECK(point_value(Grid({axis_of("x", 0, 1, 1)}), std::vector{0.3}, std::vector{1.0}) == 0.3);
}

TEST_CASE("a point outside of the box is refused") {
  const Grid grid({axis_of("x", 0, 1, 8)});
  const std::vector<double> p(8, 1);
  CHECK_THROWS_AS((void)point_value(grid, p, std::vector{1.0000001}), std::invalid_argument);
  CHECK_THROWS_AS((void)point_value(grid, p, std::vector{std::nan("")}), std::invalid_argument);
  CHECK_THROWS_AS((void)point_value(grid, p, std::vector{0.5, 0.5}), std::invalid_argument);
}
