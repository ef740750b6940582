// Freezes the distances between two sets of cell averages: what is an integral is one, cdfs are linear inside cells,
// and zeros, negative values and NaN count as the docstrings say.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "fokker/analysis/norms.hpp"

using namespace fokker;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

Grid line(Index cells, double lower, double upper) { return Grid({{"x", lower, upper, cells}}); }

}  // namespace

TEST_CASE("norms are integrals") {
  const Grid grid({{"x", 0, 2, 4}, {"y", 0, 3, 2}});  // volume 0.75
  const std::vector<double> p{1, 2, 3, 4, 5, 6, 7, 8}, q{1, 2, 3, 4, 5, 6, 10, 4};
  const Norms n = norms(grid, p, q);
  CHECK(n.l1 == doctest::Approx(0.75 * 7).epsilon(1e-15));
  CHECK(n.l2 == doctest::Approx(std::sqrt(0.75 * 25)).epsilon(1e-15));
  CHECK(n.linf == 4);
  CHECK(n.kl == doctest::Approx(0.75 * (7 * std::log(0.7) + 8 * std::log(2.0))).epsilon(1e-14));
}

TEST_CASE("norms keep what cancellation and rounding would lose") {
  const Grid grid = line(3, 0, 3);
  const Norms n = norms(grid, std::vector{1e16, 1., 1.}, std::vector{0., 0., 0.});
  CHECK(n.l1 == 1e16 + 2);
  CHECK(norms(grid, std::vector{1e-310, 1., 1.}, std::vector{1e-320, 1., 1.}).kl < 1e-308);
}

TEST_CASE("the divergence counts empty cells as it must") {
  const Grid grid = line(2, 0, 2);
  CHECK(norms(grid, std::vector{0., 1.}, std::vector{1., 1.}).kl == 0);
  CHECK(norms(grid, std::vector{-1e-3, 1.}, std::vector{1., 1.}).kl == 0);
  CHECK(norms(grid, std::vector{0.5, 1.}, std::vector{-1e-9, 1.}).kl == inf);
  CHECK(norms(grid, std::vector{0., 1.}, std::vector{0., 1.}).kl == 0);
}

TEST_CASE("the divergence leaves out what lies where the reference underflows and says how much") {
  const Grid grid = line(2, 0, 1);  // volume 1/2
  for (const double underflow : {0.0, -1e-30, 1e-310}) {
    const Norms next_to_nothing = norms(grid, std::vector{1.9e-12, 2.}, std::vector{underflow, 1.});
    CHECK(next_to_nothing.kl == doctest::Approx(std::log(2.0)).epsilon(1e-14));
    CHECK(next_to_nothing.kl_left_out == doctest::Approx(0.95e-12).epsilon(1e-14));
    const Norms too_much = norms(grid, std::vector{2.1e-12, 2.}, std::vector{underflow, 1.});
    CHECK(too_much.kl == inf);
    CHECK(too_much.kl_left_out == doctest::Approx(1.05e-12).epsilon(1e-14));
  }
  CHECK(norms(grid, std::vector{1e-12, 2.}, std::vector{1e-300, 1.}).kl_left_out == 0);
}

TEST_CASE("a NaN in the values is a NaN in the result") {
  const Grid grid = line(3, 0, 3);
  const std::vector<double> good{1, 2, 3};
  for (const std::vector<double>& bad :
       {std::vector{undefined, 1., 1.}, std::vector{1., undefined, 1.}, std::vector{1., 1., undefined}}) {
    const Norms n = norms(grid, bad, good);
    CHECK(std::isnan(n.l1));
    CHECK(std::isnan(n.l2));
    CHECK(std::isnan(n.linf));
    CHECK(std::isnan(n.kl));
    CHECK(std::isnan(norms(grid, good, bad).kl));
    CHECK(std::isnan(kolmogorov_smirnov(grid, bad, good)));
    CHECK(std::isnan(wasserstein1(grid, good, bad)));
    CHECK(std::isnan(entropy(grid, bad)));
    CHECK(std::isnan(moments(grid, bad).mass));
  }
}

TEST_CASE("moving a density by whole cells costs its mass times the way") {
  const Grid grid = line(40, -3, 5);  // h = 0.2
  std::vector<double> p(40, 0), q(40, 0);
  for (std::size_t i = 0; i < 9; ++i) p[i + 3] = q[i + 20] = 1 + std::sin(static_cast<double>(i));
  CHECK(wasserstein1(grid, p, q) == doctest::Approx(17 * 0.2).epsilon(1e-14));
  CHECK(wasserstein1(grid, q, p) == doctest::Approx(17 * 0.2).epsilon(1e-14));
  for (double& value : q) value *= 7;
  CHECK(wasserstein1(grid, p, q) == doctest::Approx(17 * 0.2).epsilon(1e-14));
  CHECK(wasserstein1(grid, p, p) == 0);
}

// P - Q = 0, 1/2, -1/2, 0 at the faces: triangles of 1/4, twice 1/8, 1/4.
TEST_CASE("cdfs that cross inside a cell are integrated on both sides of the crossing") {
  CHECK(wasserstein1(line(3, 0, 3), std::vector{1., 0., 1.}, std::vector{0., 2., 0.}) == doctest::Approx(0.75));
  CHECK(wasserstein1(line(3, 0, 3), std::vector{2., 0., 6.}, std::vector{0., 2., 0.}) ==
        doctest::Approx(0.25 / 2 + (0.0625 + 0.5625) / 2 + 0.75 / 2).epsilon(1e-15));
}

TEST_CASE("on a circle mass goes the shorter way round") {
  const Grid circle({{"x", -3, 5, 40, Boundary::periodic, Boundary::periodic}});
  std::vector<double> p(40, 0), q(40, 0);
  for (std::size_t i = 0; i < 9; ++i) p[i + 3] = 1 + std::sin(static_cast<double>(i));
  for (const std::size_t way : {0, 1, 7, 11, 29, 39}) {  // beyond, part of it goes round
    CAPTURE(way);
    for (std::size_t i = 0; i < 40; ++i) q[(i + way) % 40] = p[i];
    const double shorter = 0.2 * static_cast<double>(std::min<std::size_t>(way, 40 - way));
    CHECK(wasserstein1(circle, p, q) == doctest::Approx(shorter).epsilon(1e-12));
    CHECK(wasserstein1(circle, q, p) == doctest::Approx(shorter).epsilon(1e-12));
  }
}

TEST_CASE("Kuiper's distance does not ask where the circle is cut") {
  const Grid circle({{"x", 0, 1, 4, Boundary::periodic, Boundary::periodic}});
  std::vector<double> p{4, 0, 0, 0}, q{0, 0, 4, 0};
  for (int turn = 0; turn < 4; ++turn) {
    CHECK(kolmogorov_smirnov(circle, p, q) == doctest::Approx(1));
    std::rotate(p.begin(), p.begin() + 1, p.end());
    std::rotate(q.begin(), q.begin() + 1, q.end());
  }
  // up by 1/2, then down by 1/4 twice and by 1/4 below 0
  CHECK(kolmogorov_smirnov(circle, std::vector{3., 0., 0., 1.}, std::vector{1., 1., 2., 0.}) == doctest::Approx(0.75));
}

TEST_CASE("the Wasserstein distance asks for one axis") {
  const Grid grid({{"x", 0, 1, 2}, {"y", 0, 1, 2}});
  CHECK_THROWS_AS((void)wasserstein1(grid, std::vector<double>(4, 1.), std::vector<double>(4, 1.)),
                  std::invalid_argument);
}

TEST_CASE("Kolmogorov-Smirnov takes the largest distance over faces and marginals") {
  CHECK(kolmogorov_smirnov(line(3, 0, 3), std::vector{1., 0., 1.}, std::vector{0., 2., 0.}) == 0.5);
  const Grid grid({{"x", 0, 1, 3}, {"y", 0, 1, 2}});
  const std::vector<double> p{1, 1, 1, 1, 1, 1}, along_y{2, 2, 2, 1, 1, 1}, along_x{3, 0, 0, 3, 0, 0};
  CHECK(kolmogorov_smirnov(grid, p, along_y) == doctest::Approx(2. / 3 - 0.5).epsilon(1e-14));
  CHECK(kolmogorov_smirnov(grid, p, along_x) == doctest::Approx(2. / 3).epsilon(1e-14));
}

TEST_CASE("entropy of a uniform density is the logarithm of its support") {
  const Grid grid = line(10, 0, 5);
  std::vector<double> p(10, 0);
  for (std::size_t i = 2; i < 6; ++i) p[i] = 0.5;
  CHECK(entropy(grid, p) == doctest::Approx(std::log(2.0)).epsilon(1e-15));
  p[9] = -0.3;
  CHECK(entropy(grid, p) == doctest::Approx(std::log(2.0)).epsilon(1e-15));
}
