// Freezes what a point is on a grid when it is nearer to a wall than half a cell: the scale function at an absorbing
// wall, a late clock where D vanishes at a reflecting one, the same on mirrored sides and on the lines of a plane, and
// that run, series and mass agree on it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "fokker/run/point_start.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

struct Line {
  std::string drift, diffusion;
  Boundary lower = Boundary::absorbing, upper = Boundary::reflecting;
};

std::shared_ptr<const FormulaSde> formulas(const std::vector<Line>& lines) {
  const std::vector<std::string> names{"x", "y", "t"};
  SdeFormulas given;
  given.diffusion.assign(lines.size(), std::vector<Expression>(lines.size()));
  for (std::size_t k = 0; k < lines.size(); ++k) {
    given.variables.push_back(names[k]);
    given.drift.push_back(parse_expression(lines[k].drift, names));
    given.diffusion[k][k] = parse_expression(lines[k].diffusion, names);
  }
  return std::make_shared<FormulaSde>(given);
}

/// On [0, 1] (and [0, 1]) with 10 cells along each axis.
PointStart start(const std::vector<Line>& lines, const std::vector<double>& point) {
  std::vector<Axis> axes;
  for (std::size_t k = 0; k < lines.size(); ++k)
    axes.push_back({k == 0 ? "x" : "y", 0, 1, 10, lines[k].lower, lines[k].upper});
  return start_from_point(std::make_shared<const Grid>(axes), formulas(lines), point);
}

double mean(const PointStart& start, int axis) {
  double sum = 0;
  for (Index cell = 0; cell < start.p.grid->cells(); ++cell)
    sum += start.p.values[cell] * start.p.grid->volume() * start.p.grid->centers().axis[axis][cell];
  return sum;
}

constexpr Boundary R = Boundary::reflecting, A = Boundary::absorbing, P = Boundary::periodic;

}  // namespace

TEST_CASE("a point near an absorbing wall is shared by the scale function") {
  const double c = 0.05;
  struct Row {
    const char *drift, *diffusion;
    std::function<double(double)> s;
  };
  for (const Row& row : {Row{"0", "0.1", [](double x) { return x; }}, Row{"0", "x/2", [](double x) { return x; }},
                         Row{"2", "0.1", [](double x) { return -std::expm1(-20 * x); }},
                         Row{"-2", "0.1", [](double x) { return std::expm1(20 * x); }},
                         Row{"0.2", "x", [](double x) { return std::pow(x, 0.8); }},
                         Row{"0.9", "x", [](double x) { return std::pow(x, 0.1); }},
                         Row{"-3*x", "x", [](double x) { return std::expm1(3 * x); }},
                         Row{"40", "0.1", [](double x) { return -std::expm1(-400 * x); }}})
    for (const double x : {0.0, 1e-12, 1e-5, 0.01, 0.03, 0.0499, 0.05}) {
      CAPTURE(row.drift);
      CAPTURE(row.diffusion);
      CAPTURE(x);
      const double fraction = row.s(x) / row.s(c);
      const PointStart made = start({{row.drift, row.diffusion}}, {x});
      CHECK(made.p.values[0] * 0.1 == doctest::Approx(fraction).epsilon(1e-8));
      CHECK(std::abs(made.p.mass() + made.outflow[0] - 1) < 1e-15);
      CHECK(made.clock == 0);
      // The same from the other side.
      const auto mirrored = [](std::string text) {
        for (std::size_t at = 0; (at = text.find('x', at)) != std::string::npos; at += 5) text.replace(at, 1, "(1-x)");
        return text;
      };
      const PointStart other = start({{"-(" + mirrored(row.drift) + ")", mirrored(row.diffusion), R, A}}, {1 - x});
      CHECK(other.p.values[9] == doctest::Approx(made.p.values[0]).epsilon(1e-4));  // 1 - x has fewer digits
      CHECK(other.outflow[0] == doctest::Approx(made.outflow[0]).epsilon(1e-4));
    }
  CHECK(std::abs(mean(start({{"0", "0.1"}}, {0.02}), 0) - 0.02) < 1e-15);  // a martingale keeps E x
  CHECK(std::abs(mean(start({{"0", "x^2"}}, {0.02}), 0) - 0.02) < 1e-15);
  CHECK(start({{"0", "0.1"}}, {0.01}).note ==
        "the point is 0.1 of a cell from x_lower: 0.8 of it has left there at once");
}

TEST_CASE("drift without diffusion carries a point off or into an absorbing wall") {
  CHECK(start({{"-1", "0"}}, {0.02}).outflow[0] == 1);
  const PointStart off = start({{"2", "0"}}, {0.02});
  CHECK(off.outflow[0] == 0);
  CHECK(off.clock == doctest::Approx(0.03 / 2));
  CHECK(start({{"-1e6", "0.1"}}, {0.02}).outflow[0] == doctest::Approx(1));
  CHECK(start({{"1e6", "0.1"}}, {0.02}).outflow[0] == doctest::Approx(0));
  // A wall that the process cannot reach: f/D' >= 1.
  const PointStart unreached = start({{"1.5", "x"}}, {0.02});
  CHECK(unreached.outflow[0] == 0);
  CHECK(unreached.clock == doctest::Approx(0.03 / 1.5));
}

TEST_CASE("at a reflecting end where D vanishes the clock starts when the wall cell is the distribution") {
  // f = 2 (1 - x) off the wall: the mean reaches 0.05 at -log(1 - 0.05)/2, whatever D is inside.
  for (const char* D : {"x*(2 - x)", "x^2", "x^1.2", "if(x < 0.02, 0, 1)"})
    for (const double x : {0.0, 0.03}) {
      const double t = -0.5 * std::log(0.95 / (1 - x));
      const PointStart made = start({{"2*(1 - x)", D, R, R}}, {x});
      CHECK(made.clock == doctest::Approx(t).epsilon(1e-13));
      CHECK(made.p.values[0] == doctest::Approx(10));
      CHECK(made.note.find("where D vanishes: its wall cell is the distribution from t = ") != std::string::npos);
      const std::string other = std::string(D) == "x^2" ? "(1-x)^2" : "(1-x)*(1+x)";
      CHECK(start({{"-2*x", other, R, R}}, {1 - x}).clock == doctest::Approx(t).epsilon(1e-13));
    }
  // Weak noise is as good as none, noise as strong as drift needs no clock; neither does the middle of the box.
  CHECK(start({{"2", "1e-9", R, R}}, {0}).clock == doctest::Approx(0.025).epsilon(1e-6));
  CHECK(start({{"2", "0.02", R, R}}, {0}).clock ==
        doctest::Approx(0.025 - 0.01 / 2 * (1 - std::exp(-5.0))).epsilon(1e-12));  // mean time to reach 0.05
  const PointStart diffusive = start({{"2", "0.2", R, R}}, {0});
  CHECK(diffusive.clock == 0);
  CHECK(diffusive.note.find("an error of second order") != std::string::npos);
  CHECK(start({{"2*(1 - x)", "x", R, R}}, {0.5}).clock == 0);
  CHECK(start({{"2*(1 - x)", "x", R, R}}, {0.5}).note.empty());
  // Nothing leads away from the wall.
  const PointStart stuck = start({{"x", "x^2", R, R}}, {0});
  CHECK(stuck.clock == 0);
  CHECK(stuck.note.find("the start is off by that distance") != std::string::npos);
}

TEST_CASE("a point away from walls and on the ends of the ring is split with its mean") {
  const PointStart inside = start({{"1", "1", A, A}}, {0.321});
  CHECK(std::abs(mean(inside, 0) - 0.321) < 1e-15);
  CHECK(inside.note.empty());
  const PointStart ring = start({{"1", "x", P, P}}, {0});
  CHECK(ring.p.values[0] == doctest::Approx(5));
  CHECK(ring.p.values[9] == doctest::Approx(5));
  CHECK(ring.clock == 0);
  CHECK_THROWS_AS((void)start({{"1", "1"}}, {1.1}), std::invalid_argument);
}

TEST_CASE("in a plane every axis has its own wall and corners lose to both") {
  const PointStart edge = start({{"0", "0.1"}, {"0", "1", A, A}}, {0.01, 0.42});
  CHECK(edge.outflow[0] == doctest::Approx(0.8));
  CHECK(edge.outflow[1] == 0);
  CHECK(mean(edge, 1) == doctest::Approx(0.2 * 0.42));
  const PointStart corner = start({{"0", "0.1"}, {"0", "1", R, A}}, {0.01, 0.98});
  CHECK(corner.p.mass() == doctest::Approx(0.2 * 0.4));
  CHECK(corner.outflow[0] == doctest::Approx(0.8 * 0.7));
  CHECK(corner.outflow[1] == doctest::Approx(0.6 * 0.6));
  CHECK(corner.p.mass() + corner.outflow[0] + corner.outflow[1] == doctest::Approx(1));
}

TEST_CASE("where the clock of one axis starts late the other one has moved meanwhile") {
  // x is carried off its wall in t = 0.05, while y moves by 3 t and spreads.
  const PointStart made = start({{"1", "x", R, R}, {"3", "0.001*(1 + 0.1*x)", R, R}}, {0, 0.35});
  CHECK(made.clock == doctest::Approx(0.05));
  CHECK(made.p.mass() == doctest::Approx(1));
  CHECK(mean(made, 0) == doctest::Approx(0.05));
  CHECK(mean(made, 1) == doctest::Approx(0.35 + 3 * 0.05).epsilon(1e-3));
  // A corner of two such axes waits for the slower one; the other one moves on from its own time.
  const PointStart corner = start({{"1", "x", R, R}, {"0.5", "0.5*y", R, R}}, {0, 0});
  CHECK(corner.clock == doctest::Approx(0.1));
  CHECK(mean(corner, 0) == doctest::Approx(0.1).epsilon(1e-3));
  CHECK(mean(corner, 1) == doctest::Approx(0.05));
  // Mass that leaves on that line meanwhile is kept count of.
  const PointStart leaves = start({{"1", "x", R, R}, {"0", "1", A, A}}, {0, 0.5});
  CHECK(leaves.p.mass() + leaves.outflow[0] + leaves.outflow[1] == doctest::Approx(1).epsilon(1e-12));
  CHECK(leaves.outflow[0] == doctest::Approx(leaves.outflow[1]));
  CHECK(leaves.outflow[0] > 0.1);
}

namespace {

const char* const near_a_wall = R"(
[[axis]]
name = "x"
range = [0, 1]
cells = 40
boundary = ["absorbing", "reflecting"]
[sde]
drift = ["0"]
diffusion = [["0.1"]]
[initial]
point = [0.001]
[time]
end = 0.05
[output]
frames = 1
)";

}  // namespace

TEST_CASE("a run counts what a wall takes of a point at once and waits for its clock") {
  Setup setup = setup_of(near_a_wall);
  const RunResult result = run(setup, {});
  CHECK(result.balance.mass_initial == doctest::Approx(1).epsilon(1e-15));
  CHECK(result.balance.mass_max_error < 1e-14);
  CHECK(result.balance.mass ==
        doctest::Approx(std::erf(0.001 / std::sqrt(4 * 0.1 * 0.05))).epsilon(0.01));  // 0.8 % of it
  Setup twin = setup_of(near_a_wall, {"compare.twin=true"});
  const RunResult both = run(twin, {});
  CHECK(both.verdicts.at(0).second.back().norms.l1 < 0.25 * 0.008);
  // E u = -exp(-2 t) on the sphere, from either pole, by the cell centres to rounding; between output times too.
  for (const double pole : {-1.0, 1.0}) {
    Setup sphere = setup_of(
        near_a_wall, {"axis.x.range=[-1, 1]", "axis.x.boundary=reflecting", fmt::format("initial.point=[{}]", pole),
                      "sde.drift=[\"-2*x\"]", "sde.diffusion=[[\"1-x^2\"]]", "output={ times = [0.003, 0.02] }",
                      "time.tolerance=1e-12"});
    const RunResult ran = run(sphere, {});
    CHECK(sphere.clock == doctest::Approx(-0.5 * std::log(1 - 0.025)).epsilon(1e-13));
    double u = 0;
    for (Index i = 0; i < 40; ++i) u += sphere.grid->axis(0).center(i) * ran.p.values[i] * sphere.grid->volume();
    CHECK(std::abs(u - pole * std::exp(-0.1)) < 1e-13);
    CHECK(sphere.warnings.size() == 1);  // a quarter of this run is over before the wall cell is the distribution
    CHECK(ran.t == 0.05);
  }
}

namespace {

const char* const between_walls = R"(
[[axis]]
name = "x"
range = [0, 1]
cells = 20
boundary = "absorbing"
[sde]
drift = ["0"]
noise = [["1"]]
[initial]
point = [0.5]
[time]
end = 20
[output]
frames = 1
)";

}  // namespace

TEST_CASE("a point beside a jump of D leaves on either side as the scale function says") {
  // D from 0.1 to 0.9 at c, inside a cell of 0.05; without drift s' = D^-a, from 0 to 1 between absorbing walls.
  const double c = 0.43;
  for (const auto& [reading, a] : {std::pair{"ito", 0.0}, {"stratonovich", 0.5}, {"klimontovich", 1.0}})
    for (const double x : {0.38, 0.41, 0.42999, 0.44, 0.46})
      for (const bool mirrored : {false, true}) {
        CAPTURE(reading);
        CAPTURE(x);
        const double lower = std::pow(0.1, -a), upper = std::pow(0.9, -a);
        const double s = lower * std::min(x, c) + upper * std::max(x - c, 0.0);
        const double above = s / (lower * c + upper * (1 - c));
        Setup setup = setup_of(
            between_walls,
            {fmt::format("initial.point=[{}]", mirrored ? 1 - x : x), fmt::format("sde.interpretation={}", reading),
             fmt::format("sde.noise=[[\"sqrt(2*if({} < 0.43, 0.1, 0.9))\"]]", mirrored ? "1 - x" : "x")});
        const RunResult result = run(setup, {});
        CHECK(result.balance.outflow[mirrored ? 0 : 1] == doctest::Approx(above).epsilon(1e-7));
      }
}
