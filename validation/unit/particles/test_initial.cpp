// Freezes where particles start: each distribution against its own moments or histogram, within 4 standard errors.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "fokker/base/parallel.hpp"
#include "fokker/particles/initial.hpp"

using namespace fokker;

namespace {

constexpr std::size_t draws = 200'000;
const double error = 4 / std::sqrt(static_cast<double>(draws));

using Columns = std::array<std::vector<double>, 2>;

Columns placed(const Grid& grid, const InitialDistribution& distribution, std::size_t n = draws) {
  Columns columns;
  for (int k = 0; k < grid.dimension(); ++k) columns[k].resize(n);
  draw_particles(grid, distribution, 77, {columns[0], columns[1]});
  return columns;
}

double mean(const std::vector<double>& x, double shift = 0, int power = 1) {
  double sum = 0;
  for (const double value : x) sum += std::pow(value - shift, power);
  return sum / static_cast<double>(x.size());
}

Gaussian gaussian(double weight, std::vector<double> at, std::vector<double> covariance) {
  const auto d = static_cast<Index>(at.size());
  return {weight, Eigen::Map<Eigen::VectorXd>(at.data(), d), Eigen::Map<Eigen::MatrixXd>(covariance.data(), d, d)};
}

/// 2 x on [0, 1].
class Slope final : public Density {
 public:
  [[nodiscard]] int dimension() const override { return 1; }
  void cell_averages(const CellFaces& faces, std::span<double> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = faces.axis[0][i] + faces.axis[0][i + 1];
  }
  void evaluate(const PointsIn& x, double* out) const override {
    for (Index i = 0; i < x.size; ++i) out[i] = 2 * x.axis[0][i];
  }
};

}  // namespace

TEST_CASE("a mixture is drawn with its weights and covariances") {
  const Grid grid({{"x", -10, 10, 8}, {"y", -10, 10, 8}});
  const GaussianMixture mixture({gaussian(0.25, {-2, 1}, {0.5, 0.3, 0.3, 0.4}), gaussian(0.75, {2, 0}, {0, 0, 0, 1})});
  const Columns at = placed(grid, {.density = &mixture, .cells = nullptr, .point = {}});
  std::vector<double> x, y;
  for (std::size_t i = 0; i < draws; ++i) {
    if (at[0][i] == 2) continue;  // the second component does not spread in x
    x.push_back(at[0][i]);
    y.push_back(at[1][i]);
  }
  CHECK(std::abs(static_cast<double>(x.size()) / draws - 0.25) < error * std::sqrt(0.25 * 0.75));
  const double mx = mean(x), my = mean(y), few = 2 * error;
  CHECK(std::abs(mx + 2) < few * std::sqrt(0.5));
  CHECK(std::abs(my - 1) < few * std::sqrt(0.4));
  CHECK(std::abs(mean(x, mx, 2) - 0.5) < few * std::sqrt(2.0) * 0.5);
  CHECK(std::abs(mean(y, my, 2) - 0.4) < few * std::sqrt(2.0) * 0.4);
  double product = 0;
  for (std::size_t i = 0; i < x.size(); ++i) product += (x[i] - mx) * (y[i] - my) / static_cast<double>(x.size());
  CHECK(std::abs(product - 0.3) < few * std::sqrt(0.2 + 0.09));
}

TEST_CASE("a Gaussian is truncated at walls and wrapped on a torus") {
  const GaussianMixture half({gaussian(1, {0}, {1})});
  const Columns cut = placed(Grid({{"x", 0, 20, 8}}), {.density = &half, .cells = nullptr, .point = {}});
  CHECK(*std::min_element(cut[0].begin(), cut[0].end()) >= 0);
  CHECK(std::abs(mean(cut[0]) - std::sqrt(2 / M_PI)) < error * std::sqrt(1 - 2 / M_PI));

  const GaussianMixture wide({gaussian(1, {0.9}, {0.04})});
  const Grid torus({{"x", -1, 1, 8, Boundary::periodic, Boundary::periodic}});
  const Columns wrapped = placed(torus, {.density = &wide, .cells = nullptr, .point = {}});
  double real = 0;  // E cos(pi x) = e^{-pi^2 V/2} cos(pi m), wrapped or not
  for (const double x : wrapped[0]) real += std::cos(M_PI * x) / static_cast<double>(draws);
  CHECK(*std::min_element(wrapped[0].begin(), wrapped[0].end()) >= -1);
  CHECK(*std::max_element(wrapped[0].begin(), wrapped[0].end()) <= 1);
  CHECK(std::abs(real - std::exp(-M_PI * M_PI * 0.02) * std::cos(0.9 * M_PI)) < error * 0.5);
}

TEST_CASE("a distribution far outside the box falls back to its cell averages") {
  // N(-8, 1) beyond 0: almost exponential with rate 8 there
  const Grid grid({{"x", 0, 4, 64}});
  auto shared = std::make_shared<Grid>(grid);
  const GaussianMixture far({gaussian(1, {-8}, {1})});
  Field cells(shared);
  double total = 0;
  for (Index i = 0; i < 64; ++i) {
    const double a = grid.axis(0).face(i) + 8, b = grid.axis(0).face(i + 1) + 8;
    cells.values[i] = std::erfc(a / std::sqrt(2.0)) - std::erfc(b / std::sqrt(2.0));
    total += cells.values[i] * grid.volume();
  }
  cells.values /= total;
  const Columns at = placed(grid, {.density = &far, .cells = &cells, .point = {}});
  // Mills: E[X | X > 8] - 8 = phi(8)/Q(8) - 8 = 0.1211977, standard deviation 0.117
  const double q = 0.5 * std::erfc(8 / std::sqrt(2.0)), phi = std::exp(-32) / std::sqrt(2 * M_PI);
  CHECK(std::abs(mean(at[0]) - (phi / q - 8)) < error * 0.12);
  CHECK_THROWS_AS((void)placed(grid, {.density = &far, .cells = nullptr, .point = {}}), std::invalid_argument);
}

TEST_CASE("other distributions are drawn by cell and by density within the cell") {
  // two cells only: moments come out right because of the rejection inside them
  const Grid grid({{"x", 0, 1, 2}});
  Field cells(std::make_shared<Grid>(grid));
  cells.values << 0.5, 1.5;
  const Slope slope;
  const Columns fine = placed(grid, {.density = &slope, .cells = &cells, .point = {}});
  CHECK(std::abs(mean(fine[0]) - 2.0 / 3) < error * std::sqrt(1.0 / 18));
  CHECK(std::abs(mean(fine[0], 2.0 / 3, 2) - 1.0 / 18) < error * std::sqrt(1.0 / 135 - 1.0 / 324));
  const Columns even = placed(grid, {.density = nullptr, .cells = &cells, .point = {}});
  CHECK(std::abs(mean(even[0]) - 0.625) < error * std::sqrt(0.0678));
}

TEST_CASE("cells in 2D are drawn by their fraction and negative ones are empty") {
  const Grid grid({{"x", 0, 3, 3}, {"y", 0, 2, 2}});
  Field cells(std::make_shared<Grid>(grid));
  cells.values << 0.1, 0.2, -0.3, 0.05, 0.4, 0.25;
  const Columns at = placed(grid, {.density = nullptr, .cells = &cells, .point = {}});
  std::vector<double> fraction(6, 0.0);
  for (std::size_t i = 0; i < draws; ++i) fraction[grid.find(std::vector<double>{at[0][i], at[1][i]})] += 1.0 / draws;
  for (std::size_t c = 0; c < 6; ++c) CHECK(std::abs(fraction[c] - std::max(cells.values[Index(c)], 0.0)) < error / 2);
  CHECK(fraction[2] == 0);
}

TEST_CASE("a particle's start does not depend on threads or on how many others there are") {
  const Grid grid({{"x", 0, 1, 16}});
  Field cells(std::make_shared<Grid>(grid));
  cells.values.setConstant(1);
  const Slope slope;
  const InitialDistribution distribution{.density = &slope, .cells = &cells, .point = {}};
  const Columns many = placed(grid, distribution, 10'000);
  const ThreadLimit one(1);
  const Columns few = placed(grid, distribution, 1001);
  for (std::size_t i = 0; i < few[0].size(); ++i) CHECK(few[0][i] == many[0][i]);
}

TEST_CASE("a point is where it was said to be") {
  const Grid grid({{"x", 0, 1, 4}, {"y", 0, 1, 4}});
  const Columns at = placed(grid, {.density = nullptr, .cells = nullptr, .point = std::vector{0.25, 0.7}}, 300);
  CHECK(std::count(at[0].begin(), at[0].end(), 0.25) == 300);
  CHECK(std::count(at[1].begin(), at[1].end(), 0.7) == 300);
  CHECK_THROWS_AS((void)placed(grid, {.density = nullptr, .cells = nullptr, .point = std::vector{0.25, 1.7}}, 3),
                  std::invalid_argument);
  CHECK_THROWS_AS((void)placed(grid, {}, 3), std::invalid_argument);
}
