// Freezes where single steps end: mirror images in the metric of D, the order in which walls are met, wrapping, the
// frequency of the Brownian bridge, and that nothing ever ends outside the box.
#include <doctest/doctest.h>

#include <cmath>

#include "fokker/particles/walls.hpp"

using namespace fokker;

namespace {

constexpr Stream stream{1, Purpose::bridge, 1};

Grid box(Boundary x_lower, Boundary x_upper, Boundary y) {
  return Grid({{"x", 0, 1, 4, x_lower, x_upper}, {"y", 0, 2, 4, y, y}});
}

int settled(const Walls& walls, Position start, Tensor D, Position& end) {
  return walls.settle(start, D, 0.01, stream, 7, end);
}

}  // namespace

TEST_CASE("reflection is the mirror image in the metric of D") {
  const Walls walls(box(Boundary::reflecting, Boundary::reflecting, Boundary::reflecting));
  Position end{-0.125, 1};
  CHECK(settled(walls, {0.1, 1}, {0.5, 0.25, 1}, end) == -1);
  CHECK(end[0] == 0.125);
  CHECK(end[1] == 1.125);  // back by 2 b (D n)/(n . D n) = 0.25 (1, 0.5), b = 0.125
  end = {0.5, 2.25};
  CHECK(settled(walls, {0.5, 1.9}, {0.5, 0.25, 1}, end) == -1);
  CHECK(end[0] == 0.375);
  CHECK(end[1] == 1.75);
  end = {1.25, 1};  // nothing diffuses through this wall
  CHECK(settled(walls, {0.5, 1}, {0, 0, 1}, end) == -1);
  CHECK(end[0] == 0.75);
  CHECK(end[1] == 1);
  end = {-0.125, -0.25};  // a corner
  CHECK(settled(walls, {0.1, 0.1}, {1, 0, 1}, end) == -1);
  CHECK(end[0] == 0.125);
  CHECK(end[1] == 0.25);
}

TEST_CASE("thin tensors and long steps still end in the box") {
  const Walls walls(box(Boundary::reflecting, Boundary::reflecting, Boundary::reflecting));
  for (const double cosine : {-1.0, -0.999, 0.0, 0.9, 0.999999, 1.0})
    for (const double length : {0.1, 3.0, 1e3, 1e200})
      for (int turn = 0; turn < 16; ++turn) {
        Position end{0.5 + length * std::cos(turn * 0.4), 1 + length * std::sin(turn * 0.4)};
        CHECK(settled(walls, {0.5, 1}, {1, cosine, 1}, end) == -1);
        CHECK((end[0] > 0 && end[0] < 1 && end[1] > 0 && end[1] < 2));
      }
}

TEST_CASE("walls are met in the order of the straight line") {
  const Walls walls(box(Boundary::absorbing, Boundary::reflecting, Boundary::absorbing));
  Position end{-0.1, -0.3};
  CHECK(settled(walls, {0.1, 0.9}, {1, 0, 1}, end) == 0);  // x first
  end = {-0.3, -0.1};
  CHECK(settled(walls, {0.9, 0.1}, {1, 0, 1}, end) == 2);  // y first
  end = {0.5, 2.1};
  CHECK(settled(walls, {0.5, 1.9}, {1, 0, 1}, end) == 3);
  end = {1.6, 1.9};  // mirrored at x = 1, and far from every absorbing side
  CHECK(settled(walls, {0.9, 1.5}, {1e-6, 0, 1e-6}, end) == -1);
  CHECK(end[0] == doctest::Approx(0.4).epsilon(1e-14));
}

TEST_CASE("wrapping takes the neighbour along when a mirrored end crosses the ends of the ring") {
  const Walls walls(box(Boundary::reflecting, Boundary::reflecting, Boundary::periodic));
  Position end{0.5, 7.25};
  CHECK(settled(walls, {0.5, 1.5}, {1, 0, 1}, end) == -1);
  CHECK(end[1] == 1.25);
  end = {1.25, 0.125};
  CHECK(settled(walls, {0.9, 0.1}, {0.5, 0.25, 1}, end) == -1);
  CHECK(end[0] == 0.75);
  CHECK(end[1] == 1.875);  // back by 0.5 (1, 0.5): y = -0.125
}

TEST_CASE("the bridge is crossed as often as exp(-a b/(D_nn dt)) says") {
  const Walls walls(Grid({{"x", 0, 1, 4, Boundary::absorbing, Boundary::absorbing}}));
  const double a = 0.06, b = 0.09, D = 0.5, dt = 0.01, chance = std::exp(-a * b / (D * dt));
  const int draws = 100'000;
  for (const int side : {0, 1}) {
    int crossed = 0, wrong_side = 0;
    for (int i = 0; i < draws; ++i) {
      const Position start{side == 0 ? a : 1 - a, 0};
      Position end{side == 0 ? b : 1 - b, 0};
      const int left = walls.settle(start, {D, 0, 0}, dt, stream, static_cast<std::uint64_t>(i), end);
      wrong_side += left == 1 - side;
      crossed += left == side;
    }
    CHECK(wrong_side == 0);
    CHECK(std::abs(crossed - draws * chance) < 4 * std::sqrt(draws * chance * (1 - chance)));
  }
}
