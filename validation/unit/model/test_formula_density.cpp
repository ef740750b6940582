// Freezes the averages of densities given as formulas: 1e-12 of the peak where they are smooth, the same through a kink
// or a jump along an axis, bounded work and a stated error for an oblique jump, and nothing hidden when a value is no
// number.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "fokker/model/density.hpp"

using namespace fokker;

namespace {

std::vector<double> uniform_faces(double lower, double upper, int n) {
  std::vector<double> faces(static_cast<std::size_t>(n) + 1);
  for (int i = 0; i <= n; ++i) faces[i] = lower + (upper - lower) * i / n;
  return faces;
}

FormulaDensity density(const std::string& text, int dimension, double t = 0) {
  const std::vector<std::string> names{"x", "y", "t"};
  return {parse_expression(text, names), std::vector<std::string>(names.begin(), names.begin() + dimension), t};
}

std::vector<double> averages(const Density& p, const std::vector<double>& x, const std::vector<double>& y = {}) {
  std::vector<double> out((x.size() - 1) * (y.empty() ? 1 : y.size() - 1));
  p.cell_averages({y.empty() ? 1 : 2, {x, y}}, out);
  return out;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

/// Averages of a function from its antiderivative.
template <class Integral>
std::vector<double> exact(const std::vector<double>& x, const Integral& integral) {
  std::vector<double> out;
  for (std::size_t i = 0; i + 1 < x.size(); ++i)
    out.push_back((integral(x[i + 1]) - integral(x[i])) / (x[i + 1] - x[i]));
  return out;
}

}  // namespace

TEST_CASE("smooth formulas average to 1e-13 of their peak on coarse and fine grids") {
  for (const int n : {3, 10, 200}) {
    const std::vector<double> x = uniform_faces(-6, 5, n), y = uniform_faces(-4, 6, n + 1);
    Gaussian g{1, Eigen::Vector2d(0.3, 0.6), Eigen::MatrixXd(2, 2)};
    g.covariance << 0.5, 0.3, 0.3, 0.7;  // determinant 0.26
    const FormulaDensity p =
        density("exp(-(0.7*(x-0.3)^2 - 0.6*(x-0.3)*(y-0.6) + 0.5*(y-0.6)^2)/0.52)/(2*pi*sqrt(0.26))", 2);
    CHECK(largest_difference(averages(p, x, y), averages(GaussianMixture({g}), x, y)) < 1e-13);
  }
}

TEST_CASE("kinks and jumps of one axis lose no digits") {
  const std::vector<double> x = uniform_faces(-3, 4, 17);
  const auto laplace = [](double z) { return z < 0 ? std::exp(z) : 2 - std::exp(-z); };
  CHECK(largest_difference(averages(density("exp(-abs(x))", 1), x), exact(x, laplace)) < 2e-13);
  const auto step = [](double z) { return std::max(0.0, z - 0.1234); };
  CHECK(largest_difference(averages(density("if(x > 0.1234, 1, 0)", 1), x), exact(x, step)) < 1e-12);
  const auto roots = [](double z) { return 2.0 / 3.0 * (z < 0 ? -std::pow(-z, 1.5) : std::pow(z, 1.5)); };
  CHECK(largest_difference(averages(density("sqrt(abs(x))", 1), x), exact(x, roots)) < 1e-11);
  const std::vector<double> y = uniform_faces(0, 1, 2);
  const std::vector<double> plane = averages(density("exp(-abs(x - 0.02))*y", 2), x, y);
  const std::vector<double> line = exact(x, [&](double z) { return laplace(z - 0.02); });
  for (std::size_t i = 0; i < line.size(); ++i) {
    CHECK(std::abs(plane[i] - 0.25 * line[i]) < 2e-13);
    CHECK(std::abs(plane[i + line.size()] - 0.75 * line[i]) < 2e-13);
  }
}

TEST_CASE("an oblique jump is resolved as far as the work bound allows") {
  const std::vector<double> x = uniform_faces(-1, 1, 16);
  const std::vector<double> p = averages(density("if(x^2 + y^2 < 0.64, 1, 0)", 2), x, x);
  double area = 0;
  for (const double average : p) area += average / 64;
  CHECK(std::abs(area - 0.64 * std::numbers::pi) < 3e-6);
  CHECK(*std::max_element(p.begin(), p.end()) == doctest::Approx(1).epsilon(1e-12));
}

TEST_CASE("time is fixed and values that are no numbers are handed on") {
  const std::vector<double> x{0, 1, 2};
  CHECK(averages(density("t*x", 1, 3), x)[1] == doctest::Approx(4.5).epsilon(1e-14));
  const std::vector<double> broken = averages(density("log(1 - x)", 1), x);
  CHECK(std::abs(broken[0] + 1) < 1e-11);  // integrable singularity on the face
  CHECK(std::isnan(broken[1]));
  double value = 0;
  const double at = 0.5;
  density("t + x", 1, 2).evaluate({1, 1, {&at, nullptr}}, &value);
  CHECK(value == 2.5);
}

TEST_CASE("a formula that is negative in part of a cell only is seen to be") {
  const std::vector<double> x = uniform_faces(-1, 1, 4), y = uniform_faces(0, 1, 2);
  const auto lowest = [](const FormulaDensity& p, const std::vector<double>& along, const std::vector<double>& across) {
    CellFaces faces{p.dimension(), {along, across}};
    std::vector<double> out((along.size() - 1) * (across.empty() ? 1 : across.size() - 1));
    const Lowest found = p.averages_and_lowest(faces, out);
    CHECK(*std::min_element(out.begin(), out.end()) > 0);
    return found;
  };
  const Lowest dip = lowest(density("1 - 1.5*exp(-(20*(x - 0.3))^2)", 1), x, {});
  CHECK(dip.value < -0.4);
  CHECK(dip.value > -0.5);
  CHECK(dip.cell == 2);
  CHECK(std::abs(dip.at[0] - 0.3) < 0.02);
  const Lowest plane = lowest(density("1 - 1.5*exp(-(20*(x - 0.3))^2 - (9*(y - 0.7))^2)", 2), x, y);
  CHECK(plane.value < -0.4);
  CHECK(plane.cell == 6);
  CHECK(std::abs(plane.at[1] - 0.7) < 0.05);
  std::vector<double> out(4);
  CHECK(std::isnan(density("sqrt(x)", 1).averages_and_lowest({1, {x, {}}}, out).value));
}
