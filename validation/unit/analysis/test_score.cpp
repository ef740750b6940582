// Freezes the score of cell averages (order 4, exact in the tails of a Gaussian to that order), its mask, the Fisher
// divergence and the entropy production of a known current.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "fokker/analysis/score.hpp"
#include "fokker/model/formula_sde.hpp"
#include "fokker/model/score.hpp"

using namespace fokker;

namespace {

std::shared_ptr<const Grid> plane(Index n, Boundary wall = Boundary::reflecting) {
  return std::make_shared<Grid>(std::vector<Axis>{{"x", -7, 7, n, wall, wall}, {"y", -6, 6, n, wall, wall}});
}

GaussianMixture two_hills() {
  Eigen::MatrixXd a(2, 2), b(2, 2);
  a << 0.5, 0.2, 0.2, 0.4;
  b << 0.4, 0, 0, 0.3;
  return GaussianMixture({{0.6, Eigen::Vector2d(-1, 0), a}, {0.4, Eigen::Vector2d(1, 0.5), b}});
}

Field averages(const std::shared_ptr<const Grid>& grid, const Density& distribution) {
  std::array<std::vector<double>, 2> faces;
  CellFaces cells{grid->dimension(), {}, {}};
  for (int k = 0; k < grid->dimension(); ++k) {
    const std::size_t at = k;
    for (Index i = 0; i <= grid->axis(k).cells; ++i) faces[at].push_back(grid->axis(k).face(i));
    cells.axis[at] = faces[at];
  }
  Field p(grid);
  distribution.cell_averages(cells, p.view());
  return p;
}

double divergence(Index n) {
  const auto grid = plane(n);
  const Field p = averages(grid, two_hills());
  std::vector<double> sx(p.view().size()), sy(sx.size());
  MixtureScore(two_hills()).score(grid->centers(), {{sx.data(), sy.data()}});
  return fisher_divergence(*grid, p.view(), sx.data(), sy.data());
}

}  // namespace

TEST_CASE("the score of cell averages has order 4") {
  const double coarse = std::sqrt(divergence(96)), fine = std::sqrt(divergence(192));
  CHECK(std::log2(coarse / fine) > 3.7);
  CHECK(fine < 1e-3);
}

TEST_CASE("where p is 0 the score is missing and doubles carry 16 digits of the maximum") {
  const auto grid = std::make_shared<Grid>(std::vector<Axis>{{"x", 0, 1, 6}});
  const std::vector<double> p{1, 1e-10, 1e-15, 1e-17, 0, 1};
  std::vector<double> s(6);
  score_field(*grid, p, s.data(), nullptr);
  CHECK(std::isfinite(s[0]));
  CHECK(std::isnan(s[4]));
  CHECK(std::isnan(s[3]));
  CHECK(carried_by_doubles(p) == std::vector<double>{1, 1, 1, 0, 0, 1});
}

TEST_CASE("on a ring the score goes around") {
  const auto grid = std::make_shared<Grid>(
      std::vector<Axis>{{"x", 0, 2 * std::numbers::pi, 64, Boundary::periodic, Boundary::periodic}});
  Field p(grid);
  const double h = grid->axis(0).width();
  for (Index i = 0; i < 64; ++i) p.values[i] = 2 + std::sin(h / 2) / (h / 2) * std::sin(grid->axis(0).center(i));
  std::vector<double> s(64);
  score_field(*grid, p.view(), s.data(), nullptr);
  for (Index i = 0; i < 64; ++i) {
    const double x = grid->axis(0).center(i);
    CHECK(std::abs(s[i] - std::cos(x) / (2 + std::sin(x))) < 5e-5);
  }
}

TEST_CASE("entropy production of a current and its absence where D is singular") {
  const auto grid = plane(4);
  SdeFormulas formulas;
  formulas.variables = {"x", "y"};
  formulas.drift = {0.0, 0.0};
  formulas.diffusion = {{2.0, 0.5}, {0.5, 1.0}};
  const std::vector<double> p(16, 0.5), Jx(16, 1.0), Jy(16, -1.0);
  const auto rate = entropy_production(*grid, FormulaSde(formulas), 0, p, Jx.data(), Jy.data());
  REQUIRE(rate.has_value());
  CHECK((*rate)[5] == doctest::Approx((1.0 + 1.0 + 2.0) / 1.75 / 0.5).epsilon(1e-14));  // J.D^-1 J = 4/1.75
  formulas.diffusion = {{1.0, 1.0}, {1.0, 1.0}};
  CHECK_FALSE(entropy_production(*grid, FormulaSde(formulas), 0, p, Jx.data(), Jy.data()).has_value());
}
