// Freezes cross terms beside walls where D vanishes: where rates of the cells by themselves are taken, what a cell
// sends off (drift and covariance of the SDE, also in the cells at the wall), orders of a square-root variance far
// below Feller with a correlated price, mirror images and exchanged axes.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "fokker/model/formula_sde.hpp"
#include "lambda_sde.hpp"

using namespace fokker;
using namespace fokker::test;

namespace {

constexpr Boundary R = Boundary::reflecting;

std::shared_ptr<const FormulaSde> formulas(const std::array<const char*, 2>& f,
                                           const std::array<std::array<const char*, 2>, 2>& G) {
  const std::vector<std::string> names{"x", "y", "t"};
  SdeFormulas given;
  given.variables = {"x", "y"};
  for (const char* drift : f) given.drift.push_back(parse_expression(drift, names));
  for (const auto& row : G) given.noise.push_back({parse_expression(row[0], names), parse_expression(row[1], names)});
  return std::make_shared<const FormulaSde>(std::move(given));
}

// x log-price, y variance; 2 kappa theta / sigma^2 = 0.3125, correlation -0.75.
std::shared_ptr<const FormulaSde> heston() {
  return formulas({"-y/2", "0.1 - y"}, {{{"sqrt(y)", "0"}, {"-0.6*sqrt(y)", "0.8*sqrt(1 - 0.75^2)*sqrt(y)"}}});
}
std::shared_ptr<const Grid> heston_grid(Index n) { return grid_2d(axis(-3, 3, n), axis(0, 2, n, R, R, "y")); }

bool by_cells(const std::shared_ptr<const Sde>& sde, double y_lower = 0, double y_upper = 2) {
  const auto grid = grid_2d(axis(-3, 3, 12), axis(y_lower, y_upper, 12, R, R, "y"));
  return make_drift_diffusion(grid, sde, flux("scharfetter_gummel"), {0, 1})->report(0).cell_rates;
}

}  // namespace

TEST_CASE("rates are those of cells where D vanishes at a wall and the tensor beside it is tilted and of full rank") {
  CHECK(by_cells(heston()));
  CHECK_FALSE(by_cells(heston(), 0.2));  // D > 0 at the wall
  CHECK(by_cells(formulas({"0", "0"}, {{{"y", "0"}, {"0.5*y", "0.5*y"}}})));
  CHECK(by_cells(formulas({"0", "0"}, {{{"sqrt(-y)", "0"}, {"0.5*sqrt(-y)", "sqrt(-y)"}}}), -2, 0));
  CHECK(by_cells(formulas({"0", "0"}, {{{"sqrt(y*t)", "0"}, {"0.5*sqrt(y*t)", "sqrt(y)"}}})));  // not at t = 0
  CHECK_FALSE(by_cells(formulas({"0", "0"}, {{{"sqrt(y)", "0"}, {"0.5*sqrt(y)", "0"}}})));      // rank one
  CHECK_FALSE(by_cells(formulas({"0", "0"}, {{{"1", "0"}, {"0.5", "0.8"}}})));
  // D_yy alone vanishes, D_xx does not: a tilted tensor cannot be of full rank at the wall, it is in the cell before it
  CHECK(by_cells(formulas({"0", "0"}, {{{"1", "0"}, {"0.5*sqrt(y)", "sqrt(y)"}}})));
}

TEST_CASE("what a cell sends off has the drift of the SDE and its covariance where offsets fit") {
  const Index n = 40;
  const auto grid = heston_grid(n);
  const auto scheme = make_drift_diffusion(grid, heston(), flux("scharfetter_gummel"));
  const LinearOperator& op = *scheme->op().linear();
  std::vector<double> x_rate(n * n), y_rate(x_rate), xx(x_rate), xy(x_rate), yy(x_rate);
  op.assemble(0, [&](Index row, Index column, double value) {
    const std::size_t c = column;
    const double dx = grid->axis(0).center(row % n) - grid->axis(0).center(column % n),
                 dy = grid->axis(1).center(row / n) - grid->axis(1).center(column / n);
    x_rate[c] += value * dx;
    y_rate[c] += value * dy;
    xx[c] += value * dx * dx;
    xy[c] += value * dx * dy;
    yy[c] += value * dy * dy;
  });
  for (Index j = 0; j + 1 < n; ++j)
    for (Index i = 8; i < n - 8; ++i) {
      const std::size_t c = i + n * j;
      const double y = grid->axis(1).center(j), h = grid->axis(1).width();
      CAPTURE(j);
      CHECK(x_rate[c] == doctest::Approx(-0.5 * y).epsilon(1e-3));
      CHECK(std::abs(y_rate[c] - (0.1 - y)) <
            (j == 0 ? 0.2 : 0.05) * h + 0.006);  // at the wall the mean point in a cell
      CHECK(xx[c] == doctest::Approx(y).epsilon(0.05));
      if (j < 3 || j >= n - 4) continue;
      CHECK(yy[c] == doctest::Approx(0.64 * y).epsilon(0.05));
      CHECK(xy[c] == doctest::Approx(-0.6 * y).epsilon(0.02));
    }
}

TEST_CASE("beside the wall the way back carries what the way out cannot") {
  // In index units D ~ (235, -1928, 28080): offsets of 8 and 9 cells along y, that no cell of the first rows has room
  // for. Offsets capped by the distance to the wall carried j/8.2 of D_xy in row j, and none in row 0.
  const Index nx = 48, ny = 401;
  const auto grid = grid_2d(axis(0.7967, 0.7967 + 48 * 4.6544 / 101, nx), axis(0, 0.7568, ny, R, R, "y"));
  const auto sde = formulas({"-0.01 - y/2", "0.05 - y"},
                            {{{"sqrt(y)", "0"}, {"-0.75*sqrt(0.2)*sqrt(y)", "sqrt(1 - 0.75^2)*sqrt(0.2)*sqrt(y)"}}});
  const auto scheme = make_drift_diffusion(grid, sde, flux("scharfetter_gummel"));
  CHECK(scheme->op().positive());
  std::vector<std::array<double, 5>> sums(static_cast<std::size_t>(ny));
  const double hx = grid->axis(0).width(), hy = grid->axis(1).width();
  scheme->op().linear()->assemble(0, [&](Index row, Index column, double value) {
    if (column % nx != nx / 2 || row == column) return;
    CHECK(value >= 0);
    const double dx = static_cast<double>(row % nx - column % nx) * hx,
                 dy = static_cast<double>(row / nx - column / nx) * hy;
    auto& sum = sums[column / nx];
    const std::array terms{dx, dy, dx * dx, dx * dy, dy * dy};
    for (std::size_t k = 0; k < 5; ++k) sum[k] += value * terms[k];
  });
  double carried = 0, all = 0;  // under the distribution y^(-1/2), first 9 rows
  for (std::size_t j = 0; j < 40; ++j) {
    CAPTURE(j);
    const double y = grid->axis(1).center(static_cast<Index>(j)), xy = -0.75 * std::sqrt(0.2) * y;
    const auto& sum = sums[j];
    CHECK(std::abs(sum[0] + 0.01 + y / 2) < 1e-6);
    CHECK(std::abs(sum[1] - (0.05 - y)) < 5e-4);
    CHECK(sum[2] == doctest::Approx(y).epsilon(j == 0 ? 0.1 : 0.03));
    if (j > 0) CHECK(sum[4] == doctest::Approx(0.2 * y).epsilon(0.04));
    if (j > 8) CHECK(sum[3] == doctest::Approx(xy).epsilon(0.005));
    if (j <= 8) {
      carried += sum[3] / std::sqrt(y);
      all += xy / std::sqrt(y);
    }
  }
  CHECK(carried / all > 0.8);
  CHECK(carried / all < 1.05);
}

TEST_CASE("a variance far below Feller with a correlated price keeps both means to their orders") {
  std::map<Index, std::array<double, 2>> off;
  for (const Index n : {24, 48, 96}) {
    const auto grid = heston_grid(n);
    const auto scheme = make_drift_diffusion(grid, heston(), flux("scharfetter_gummel"));
    auto p = averages(*grid, [](double x, double y) { return std::exp(-2 * x * x) * y * std::exp(-10 * y); });
    const auto mean = [&](const std::function<double(double, double)>& f) {
      double sum = 0, all = 0;
      for (Index c = 0; c < n * n; ++c) {
        const double weight = p[c];
        sum += weight * f(grid->axis(0).center(c % n), grid->axis(1).center(c / n));
        all += weight;
      }
      return sum / all;
    };
    const auto y = [](double, double v) { return v; };
    const double h = grid->axis(0).width(), own = std::sinh(h / 2) / (h / 2);
    const auto price = [own](double x, double) { return own * std::exp(x); };
    const double before = mean(y), price_before = mean(price);
    evolve(scheme->op(), 0, 0.5, p);
    off[n] = {std::abs(mean(y) - (0.1 + (before - 0.1) * std::exp(-0.5))), std::abs(mean(price) - price_before)};
    CHECK(*std::min_element(p.begin(), p.end()) >= 0);
  }
  CAPTURE(off[48][0]);
  CAPTURE(off[96][0]);
  CAPTURE(off[96][1]);
  CHECK(off[96][0] < 7e-4);
  CHECK(off[96][1] < 2e-5);
  CHECK(std::log2(off[24][0] / off[96][0]) / 2 > 1.3);
  CHECK(std::log2(off[24][1] / off[96][1]) / 2 > 1.7);
}

TEST_CASE("mirrored and exchanged axes give the mirrored and exchanged rates of cells") {
  const Index n = 20;
  const auto rates = [&](const std::shared_ptr<const FormulaSde>& sde, const std::shared_ptr<const Grid>& grid,
                         const std::function<Index(Index, Index)>& cell) {
    const auto scheme = make_drift_diffusion(grid, sde, flux("scharfetter_gummel"));
    const auto straight = random_state(scheme->op());
    std::vector<double> p(straight.size());
    for (Index j = 0; j < n; ++j)
      for (Index i = 0; i < n; ++i) p[cell(i, j)] = straight[i + n * j];
    const auto out = rate_of(scheme->op(), 0, p);
    std::vector<double> back(out.size());
    for (Index j = 0; j < n; ++j)
      for (Index i = 0; i < n; ++i) back[i + n * j] = out[cell(i, j)];
    return back;
  };
  const auto plain = rates(heston(), heston_grid(n), [n](Index i, Index j) { return i + n * j; });
  const auto mirrored =
      rates(formulas({"y/2", "-0.1 - y"}, {{{"sqrt(-y)", "0"}, {"0.6*sqrt(-y)", "0.8*sqrt(1 - 0.75^2)*sqrt(-y)"}}}),
            grid_2d(axis(-3, 3, n), axis(-2, 0, n, R, R, "y")), [n](Index i, Index j) { return i + n * (n - 1 - j); });
  const auto exchanged =
      rates(formulas({"0.1 - x", "-x/2"}, {{{"-0.6*sqrt(x)", "0.8*sqrt(1 - 0.75^2)*sqrt(x)"}, {"sqrt(x)", "0"}}}),
            grid_2d(axis(0, 2, n), axis(-3, 3, n, R, R, "y")), [n](Index i, Index j) { return j + n * i; });
  const double scale = largest(plain);
  for (std::size_t c = 0; c < plain.size(); ++c) {
    CHECK(std::abs(mirrored[c] - plain[c]) < 1e-12 * scale);
    CHECK(std::abs(exchanged[c] - plain[c]) < 1e-12 * scale);
  }
}
