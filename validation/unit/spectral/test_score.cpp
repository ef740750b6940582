// Freezes the spectral score: the closed form's to nine digits where the mask says so, at faces, centres and walls, the
// continuation beyond it, the logarithm on a circle; and the check of characteristic functions.
#include <doctest/doctest.h>

#include <cmath>

#include "fokker/spectral/characteristic.hpp"
#include "fokker/spectral/score.hpp"
#include "spectral_support.hpp"

using namespace spectral_support;
using Nodes = SpectralScore::Nodes;

namespace {

struct Points {
  std::vector<double> x, y;
  [[nodiscard]] PointsIn in() const { return {std::ssize(x), y.empty() ? 1 : 2, {x.data(), y.data()}}; }
};

/// Where `nodes` keeps its values, cell by cell.
Points points_of(const Grid& grid, Nodes nodes) {
  Points all;
  for (Index cell = 0; cell < grid.cells(); ++cell) {
    const Index i = cell % grid.nx(), j = cell / grid.nx();
    all.x.push_back(nodes == Nodes::faces_x ? grid.axis(0).face(i + 1) : grid.axis(0).center(i));
    if (grid.dimension() > 1)
      all.y.push_back(nodes == Nodes::faces_y ? grid.axis(1).face(j + 1) : grid.axis(1).center(j));
  }
  return all;
}

}  // namespace

TEST_CASE("the score is the closed form's wherever the mask says so") {
  const auto grid = plane(5, 96);
  const GaussianMixture distribution({{0.4, Eigen::Vector2d(-1, 0.3), Eigen::Matrix2d{{0.3, 0.1}, {0.1, 0.2}}},
                                      {0.6, Eigen::Vector2d(0.8, -0.2), Eigen::Matrix2d{{0.2, -0.05}, {-0.05, 0.3}}}});
  SpectralScore score(grid);
  const Field p = averages(grid, distribution);
  score.prepare(0, p.view());
  CHECK(score.follows_p());
  Index beyond = 0;
  for (const Nodes nodes : {Nodes::faces_x, Nodes::faces_y, Nodes::cells}) {
    const Points at = points_of(*grid, nodes);
    const auto n = at.x.size();
    std::vector<double> own(2 * n), exact(2 * n), log_p(n);
    score.score(at.in(), {{own.data(), own.data() + n}});
    const MixtureScore closed(distribution);
    closed.score(at.in(), {{exact.data(), exact.data() + n}});
    closed.log_density(at.in(), log_p.data());
    std::size_t believed = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const bool upper_wall = (nodes == Nodes::faces_x && at.x[i] == 5) || (nodes == Nodes::faces_y && at.y[i] == 5);
      CHECK(own[i] == score.values(nodes, 0)[i]);
      CHECK(own[n + i] == score.values(nodes, 1)[i]);
      const double off = std::hypot(own[i] - exact[i], own[n + i] - exact[n + i]);
      believed += score.mask(nodes)[i];
      if (log_p[i] > std::log(1e-4)) {
        CHECK(score.mask(nodes)[i] == 1);
        CHECK(off < 1e-9);
      } else if (score.mask(nodes)[i]) {
        CHECK(off < 5e-12 / std::exp(log_p[i]));  // of the averages, good to 1e-12 of the peak
      } else if (!upper_wall) {
        CHECK(off < 0.1 * (1 + std::hypot(exact[i], exact[n + i])));  // differences of log p
      }
      if (nodes != Nodes::cells && !score.mask(nodes)[i]) ++beyond;
    }
    CHECK(believed > n / 5);
    CHECK(believed < n);
  }
  CHECK(score.continued() == beyond);
  CHECK(score.without_score() == 0);
}

TEST_CASE("on a circle the logarithm is used and walls are mirrored elsewhere") {
  const auto circle = line(0, 6.283185307179586, 48, P);
  SpectralScore score(circle);
  score.prepare(0, averages(circle, "exp(2*cos(x) + sin(2*x))").view());
  CHECK(score.continued() == 0);
  for (Index i = 0; i < 48; ++i) {
    const double x = circle->axis(0).face(i + 1);
    CHECK(score.values(Nodes::faces_x, 0)[i] == doctest::Approx(-2 * std::sin(x) + 2 * std::cos(2 * x)).epsilon(1e-9));
  }
  const double first_face = 0;
  double s = 0;
  score.score({1, 1, {&first_face, nullptr}}, {{&s, nullptr}});
  CHECK(s == score.values(Nodes::faces_x, 0)[47]);

  const auto box = line(0, 1, 48);
  SpectralScore walls(box);
  walls.prepare(0, averages(box, "2 + cos(pi*x)").view());
  for (Index i = 0; i < 48; ++i) {
    const double x = box->axis(0).face(i + 1), pi = 3.141592653589793;
    CHECK(std::abs(walls.values(Nodes::faces_x, 0)[i] + pi * std::sin(pi * x) / (2 + std::cos(pi * x))) < 1e-11);
  }
}

TEST_CASE("where cells hold nothing the score is 0 and counted and other points are refused") {
  const auto grid = line(-4, 4, 80);
  Field p = averages(grid, gaussian(0, 0.2));
  for (Index i = 0; i < 5; ++i) p.values[i] = 0;
  SpectralScore score(grid);
  score.prepare(0, p.view());
  CHECK(score.without_score() == 5);  // faces with an empty cell on a side
  CHECK(score.values(Nodes::faces_x, 0)[3] == 0);
  const double inside = 0.0312;
  double s = 0;
  CHECK_THROWS_AS(score.score({1, 1, {&inside, nullptr}}, {{&s, nullptr}}), std::invalid_argument);
}

TEST_CASE("characteristic functions agree for the distribution itself and tell its errors") {
  const auto grid = plane(5, 80);
  const SpectralGrid torus(grid, {false, false});
  const GaussianMixture distribution({{0.3, Eigen::Vector2d(-1, 0.5), Eigen::Matrix2d{{0.3, 0.1}, {0.1, 0.2}}},
                                      {0.7, Eigen::Vector2d(0.4, -0.2), Eigen::Matrix2d{{0.2, -0.05}, {-0.05, 0.3}}}});
  const Field p = averages(grid, distribution);
  CHECK(characteristic_error(torus, p.view(), distribution) < 1e-13);
  // a mean that is off by e changes the phase: k e |phi|
  const double e = 1e-4;
  const GaussianMixture one = gaussian(0.1, 0, 0.3, 0, 0.3), moved = gaussian(0.1 + e, 0, 0.3, 0, 0.3);
  const double found = characteristic_error(torus, averages(grid, one).view(), moved);
  CHECK(found == doctest::Approx(e / std::sqrt(0.3) * std::exp(-0.5)).epsilon(0.02));  // largest at k^2 V = 1
  // a wrapped distribution has the same values at the wave numbers of its circle
  const auto circle = line(0, 4, 64, P);
  CHECK(characteristic_error(SpectralGrid(circle, {false, false}), averages(circle, gaussian(3.7, 0.5)).view(),
                             gaussian(3.7, 0.5)) < 1e-13);
}
