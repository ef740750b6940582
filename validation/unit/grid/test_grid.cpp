// Freezes the geometry that everything else counts on: centres and faces that are exact mirror images (so that x -> -x
// can hold to the bit), a point location that agrees with the faces, point masses with an exact mean, and the numbering
// of cells and outflows.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "fokker/grid/grid.hpp"

using namespace fokker;

namespace {

Axis axis_of(double lower, double upper, Index cells, Boundary side = Boundary::reflecting) {
  return {"x", lower, upper, cells, side, side};
}

}  // namespace

TEST_CASE("centres and faces of a symmetric axis are exact mirror images") {
  for (const double half : {1.0, 0.1, 2.7, 1 / 3.0, 1e-9, 12345.678})
    for (const Index cells : {1, 2, 7, 64, 101, 1000}) {
      const Axis axis = axis_of(-half, half, cells);
      for (Index i = 0; i < cells; ++i) CHECK(axis.center(i) == -axis.center(cells - 1 - i));
      for (Index i = 0; i <= cells; ++i) CHECK(axis.face(i) == -axis.face(cells - i));
    }
  CHECK(axis_of(-0.3, 0.3, 7).center(3) == 0);
  CHECK(axis_of(-0.3, 0.3, 14).face(7) == 0);
}

TEST_CASE("mirroring an axis mirrors its centres and faces to the bit") {
  const Axis axis = axis_of(-0.7, 2.3, 37), mirror = axis_of(-2.3, 0.7, 37);
  for (Index i = 0; i < 37; ++i) CHECK(axis.center(i) == -mirror.center(36 - i));
  for (Index i = 0; i <= 37; ++i) CHECK(axis.face(i) == -mirror.face(37 - i));
}

TEST_CASE("faces end at the walls and keep their order around the centres") {
  for (const Index cells : {1, 3, 10, 333}) {
    const Axis axis = axis_of(0.1, 0.7, cells);
    CHECK(axis.face(0) == 0.1);
    CHECK(axis.face(cells) == 0.7);
    for (Index i = 0; i < cells; ++i) {
      CHECK(axis.face(i) < axis.center(i));
      CHECK(axis.center(i) < axis.face(i + 1));
      CHECK(std::abs(axis.center(i) - (axis.face(i) + axis.face(i + 1)) / 2) < 3e-16);
    }
  }
}

TEST_CASE("the cell of a point agrees with the faces to the last bit") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (const double lower : {0.1, -1 / 3.0, 1e5}) {
    const Grid grid({axis_of(lower, lower + 0.77, 97)});
    const Axis& axis = grid.axis(0);
    for (Index i = 0; i < 97; ++i) {
      CHECK(grid.find(std::vector{axis.center(i)}) == i);
      CHECK(grid.find(std::vector{axis.face(i)}) == i);
      CHECK(grid.find(std::vector{std::nextafter(axis.face(i + 1), -inf)}) == i);
    }
    CHECK(grid.find(std::vector{axis.upper}) == 96);
    CHECK(grid.find(std::vector{std::nextafter(axis.upper, inf)}) == -1);
    CHECK(grid.find(std::vector{std::nextafter(axis.lower, -inf)}) == -1);
    CHECK(grid.find(std::vector{std::nan("")}) == -1);
    CHECK(grid.find(std::vector{inf}) == -1);
  }
}

TEST_CASE("cells are numbered with the first axis fastest") {
  const Grid grid({{"x", 0, 3, 3}, {"y", 10, 30, 2}});
  CHECK(grid.cells() == 6);
  CHECK(grid.volume() == 10);
  CHECK(grid.find(std::vector{2.5, 25.0}) == 5);
  CHECK(grid.find(std::vector{0.5, 31.0}) == -1);
  CHECK(grid.centers().axis[0][4] == 1.5);
  CHECK(grid.centers().axis[1][4] == 25);
  CHECK(grid.describe(4) == "cell (1, 1) at x = 1.5, y = 25");
  CHECK(Grid({{"q", -1, 1, 4}}).describe(3) == "cell 3 at q = 0.75");
}

TEST_CASE("outflows count the absorbing sides in order") {
  const Grid grid({{"x", 0, 1, 2, Boundary::reflecting, Boundary::absorbing},
                   {"v", 0, 1, 2, Boundary::absorbing, Boundary::absorbing}});
  CHECK(grid.outflows() == 3);
  CHECK(grid.absorbing_sides() == std::vector<std::string>{"x_upper", "v_lower", "v_upper"});
  CHECK(grid.outflow(0, 0) == -1);
  CHECK(grid.outflow(0, 1) == 0);
  CHECK(grid.outflow(1, 0) == 1);
  CHECK(grid.outflow(1, 1) == 2);
  CHECK(Grid({axis_of(0, 1, 4, Boundary::periodic)}).outflows() == 0);
}

TEST_CASE("a point keeps its mean between the outermost centres") {
  const Axis axis = axis_of(-1, 2.3, 33);
  for (const double x : {-0.95, -0.9, -0.123, 0.0, 1.9999, 2.25}) {
    const AxisSplit split = split_on(axis, x);
    CHECK(std::abs(split.weight[0] + split.weight[1] - 1) < 1e-15);
    CHECK(std::abs(split.weight[0] * axis.center(split.cell[0]) + split.weight[1] * axis.center(split.cell[1]) - x) <
          4e-15);
    CHECK(std::min(split.weight[0], split.weight[1]) >= 0);
  }
}

TEST_CASE("a point near a wall stays in the last cell and one near the end of a ring wraps") {
  const Axis walled = axis_of(0, 1, 10);
  for (const double x : {0.0, 0.049}) CHECK(split_on(walled, x).cell == std::array<Index, 2>{0, 0});
  for (const double x : {0.951, 1.0}) CHECK(split_on(walled, x).cell == std::array<Index, 2>{9, 9});
  for (const double x : {0.0, 1.0}) {
    const AxisSplit split = split_on(axis_of(0, 1, 10, Boundary::periodic), x);
    CHECK(split.cell == std::array<Index, 2>{9, 0});
    CHECK(split.weight[0] == doctest::Approx(0.5));
    CHECK(split.weight[1] == doctest::Approx(0.5));
  }
}

TEST_CASE("the mass of a field is summed as if in twice the precision") {
  Field field(std::make_shared<const Grid>(Grid({axis_of(0, 4, 4)})));
  field.values << 1e16, 1, -1e16, 1;
  CHECK(field.mass() == 2);
}

TEST_CASE("boundaries have the names that cases use") {
  CHECK(to_string(Boundary::reflecting) == "reflecting");
  CHECK(to_string(Boundary::absorbing) == "absorbing");
  CHECK(to_string(Boundary::periodic) == "periodic");
}
