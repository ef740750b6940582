// Freezes kinetic_splitting on problems made of functions: order 2 in dt and 4 in the cells, mass to rounding, p >= 0,
// symmetries, diffusion and friction that are exact however narrow or wide the kernel is, narrow starts, walls,
// resuming.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "watched_steps.hpp"

namespace fokker {
namespace {

using namespace test;
constexpr Boundary R = Boundary::reflecting, P = Boundary::periodic;

using Function = std::function<double(double x, double t)>;

class LambdaFlow final : public CanonicalFlow {
 public:
  LambdaFlow(const std::shared_ptr<const Grid>& grid, int velocity, Function F, Function gamma, Function D)
      : CanonicalFlow(grid, velocity), F_(std::move(F)), gamma_(std::move(gamma)), D_(std::move(D)) {}
  void force(double t, std::span<double> F) const override {
    for (Index i = 0; i < x().cells; ++i) F[static_cast<std::size_t>(i)] = F_(x().center(i), t);
  }
  void friction(double t, std::span<double> gamma, std::span<double> D) const override {
    for (Index i = 0; i < x().cells; ++i) {
      gamma[static_cast<std::size_t>(i)] = gamma_(x().center(i), t);
      D[static_cast<std::size_t>(i)] = D_(x().center(i), t);
    }
  }
  Function F_, gamma_, D_;

 private:
  [[nodiscard]] const Axis& x() const { return grid().axis(position()); }
};

Function constant(double value) {
  return [value](double, double) { return value; };
}
Function spring(double k = 1) {
  return [k](double x, double) { return -k * x; };
}

/// A particle with inertia on a grid, with the fluxes that it has for narrow starts.
struct Particle {
  Particle(Axis first, Axis second, Function F, Function gamma, Function D, int velocity = 1)
      : grid(grid_2d(std::move(first), std::move(second))), flow(grid, velocity, F, gamma, D) {
    auto sde = std::make_shared<LambdaSde>();
    sde->d = 2;
    sde->a = [=](double x, double y, double t) {
      const double q = velocity == 1 ? x : y, v = velocity == 1 ? y : x, a = F(q, t) - gamma(q, t) * v;
      return velocity == 1 ? std::array{v, a} : std::array{a, v};
    };
    sde->D = [=](double x, double y, double t) {
      return velocity == 1 ? std::array{0.0, 0.0, D(x, t)} : std::array{D(y, t), 0.0, 0.0};
    };
    sde->known = {.autonomous = true, .diagonal = true, .diffusion_autonomous = true};
    form = make_drift_diffusion(grid, sde, default_flux(), 0);
  }
  [[nodiscard]] const Operator& op() const { return form->op(); }
  /// dt 0: adaptive.
  [[nodiscard]] Outcome solve(const std::vector<double>& p, double end, double dt = 0, double tolerance = 1e-6) const {
    return watched_steps(op(), "kinetic_splitting", p, end, options(dt, tolerance));
  }
  [[nodiscard]] StepperOptions options(double dt = 0, double tolerance = 1e-6) const {
    StepperOptions options{.tolerance = tolerance, .canonical = {&flow, ""}};
    if (dt > 0) options.dt = dt;
    return options;
  }
  [[nodiscard]] double moment(const std::vector<double>& p, const std::function<double(double, double)>& of) const {
    double sum = 0;
    const PointsIn at = grid->centers();
    for (Index i = 0; i < grid->cells(); ++i)
      sum += p[static_cast<std::size_t>(i)] * of(at.axis[0][i], at.axis[1][i]) * grid->volume();
    return sum;
  }
  std::shared_ptr<const Grid> grid;
  LambdaFlow flow;
  std::unique_ptr<Form> form;
};

Axis velocity_axis(double most, Index cells) { return axis(-most, most, cells, R, R, "v"); }

/// An oscillator with friction and noise in a box that nothing reaches.
Particle oscillator(Index n) { return {axis(-7, 7, n), velocity_axis(7, n), spring(), constant(0.5), constant(0.25)}; }

TEST_CASE("kinetic_splitting converges with order 2 in the step") {
  const Particle one = oscillator(64);
  const auto start = gaussian(*one.grid, 1.5, 0.5, 0.7);
  const Outcome exact = one.solve(start, 2, 2.0 / 128);
  double error[3];
  for (int k = 0; k < 3; ++k) error[k] = l1_distance(one.op(), one.solve(start, 2, 2.0 / (8 << k)).p, exact.p);
  CAPTURE(error[0]);
  CAPTURE(error[1]);
  CAPTURE(error[2]);
  CHECK(std::log2(error[0] / error[1]) == doctest::Approx(2).epsilon(0.1));
  CHECK(std::log2(error[1] / error[2]) == doctest::Approx(2).epsilon(0.1));
  // to where an oscillator of friction 1/2 swings
  const double omega = std::sqrt(1 - 0.0625), c = std::cos(2 * omega), s = std::sin(2 * omega) / omega;
  const double swung = std::exp(-0.5) * (1.5 * c + (0.5 + 1.5 / 4) * s);
  CHECK(one.moment(exact.p, [](double x, double) { return x; }) == doctest::Approx(swung).epsilon(1e-4));
}

TEST_CASE("what runs against walls stays in the box to rounding") {
  // shears along x, kicks along v, shrinking that grows, narrow and wide noise: all of them beyond the ends
  struct Kind {
    double force, gamma, D, dt;
  };
  for (const Kind& k : {Kind{0, 0, 0, 0.3}, Kind{5, 0, 0, 0.1}, Kind{-5, -1, 0, 0.1}, Kind{0, 0.5, 0.01, 0.1},
                        Kind{0, 0.5, 4, 0.2}, Kind{9, 3, 20, 3}}) {
    const Particle one(axis(-2, 2, 24), velocity_axis(2, 24), constant(k.force), constant(k.gamma), constant(k.D));
    const Outcome out = one.solve(gaussian(*one.grid, 0.5, 0.7, 0.2), 6 * k.dt, k.dt, 1e3);
    CAPTURE(k.D);
    CAPTURE(k.force);
    CHECK(out.mass_error < 1e-14);
    CHECK(out.least >= 0);
    const auto beside_a_wall = [](double x, double v) { return std::max(std::abs(x), std::abs(v)) > 1.6 ? 1.0 : 0.0; };
    CHECK(one.moment(out.p, beside_a_wall) > 0.05);
  }
}

TEST_CASE("forces and noise of time are taken within the step and to order 2") {
  double earliest = 1, latest = 0, from = 0, to = 2;
  bool outside = false;
  const auto seen = [&](double t) {
    outside = outside || t < from || t > to;
    earliest = std::min(earliest, t), latest = std::max(latest, t);
  };
  const auto force = [&](double x, double t) {
    seen(t);
    return -x + std::sin(3 * t);
  };
  const auto friction = [&](double x, double t) {
    seen(t);
    return 0.5 + 0.3 * std::cos(2 * t) + 0.1 * x;
  };
  const auto noise = [](double x, double t) { return 0.1 + 0.05 * t + 0.02 * x * x; };
  Particle one(axis(-7, 7, 56), velocity_axis(7, 56), spring(), constant(0.5), constant(0.25));
  one.flow.F_ = force, one.flow.gamma_ = friction, one.flow.D_ = noise;
  const auto start = gaussian(*one.grid, 1, 0.5, 0.7);
  const Outcome exact = one.solve(start, 2, 2.0 / 128);
  double error[2];
  for (int k = 0; k < 2; ++k) error[k] = l1_distance(one.op(), one.solve(start, 2, 2.0 / (16 << k)).p, exact.p);
  CAPTURE(error[0]);
  CAPTURE(error[1]);
  CHECK(std::log2(error[0] / error[1]) == doctest::Approx(2).epsilon(0.1));
  CHECK(!outside);
  CHECK(earliest < 0.01);
  CHECK(latest > 1.99);
  const auto steps = make_stepper(*find_stepper("kinetic_splitting"), one.op(), one.options(), 0);
  std::vector<double> p = start;
  double t = 0, dt = steps->first_step(0, p, 0.5);
  while (t < 0.5) {
    from = t, to = 0.5;
    const StepResult done = steps->step({t, dt, 0.5}, p);
    t = done.t, dt = done.next_dt;
  }
  CHECK(!outside);
}

TEST_CASE("kinetic_splitting keeps an equilibrium to order 4 in the cells and better") {
  const double pi = std::numbers::pi, T = 0.6;
  double error[2];
  for (int k = 0; k < 2; ++k) {
    const Index n = 32 << k;
    const Particle pendulum(
        axis(-pi, pi, n, P, P), velocity_axis(5.6, n), [](double x, double) { return -std::sin(x); }, constant(0.2),
        constant(0.2 * T));
    auto p = averages(*pendulum.grid, [&](double x, double v) { return std::exp((std::cos(x) - v * v / 2) / T); });
    const double all = mass(pendulum.op(), p);
    for (double& each : p) each /= all;
    error[k] = l1_distance(pendulum.op(), pendulum.solve(p, 1, 1.0 / 32).p, p);
  }
  CAPTURE(error[0]);
  CAPTURE(error[1]);
  CHECK(error[1] < 2.5e-5);
  CHECK(std::log2(error[0] / error[1]) > 4);
}

TEST_CASE("kinetic_splitting keeps mass to rounding and p >= 0 from a point and from a jump") {
  const double pi = std::numbers::pi;
  const auto well = [](double x, double) { return x - x * x * x; };
  const Particle walls(axis(-3, 3, 40), velocity_axis(5, 40), well, constant(1), constant(0.3));
  const Particle ring(
      axis(-pi, pi, 40, P, P), velocity_axis(7, 48), [](double x, double) { return 0.5 - std::sin(x); }, constant(0.7),
      constant(0.5));
  for (const Particle* each : {&walls, &ring})
    for (const bool point : {true, false}) {
      const Grid& grid = *each->grid;
      std::vector<double> p(static_cast<std::size_t>(grid.cells()), 0.0);
      for (Index j = 20; j < (point ? 21 : 28); ++j)
        for (Index i = 14; i < (point ? 15 : 26); ++i) p[static_cast<std::size_t>(i + grid.nx() * j)] = 1;
      const double all = mass(each->op(), p);
      for (double& value : p) value /= all;
      const Outcome out = each->solve(p, 1.5, 0, 1e-4);
      CAPTURE(point);
      CHECK(out.least >= 0);
      CHECK(*std::min_element(out.p.begin(), out.p.end()) >= 0);
      CHECK(out.mass_error < 2e-14);
      CHECK(std::abs(mass(each->op(), out.p) - 1) < 2e-14);
    }
}

TEST_CASE("kinetic_splitting mirrors and turns with the problem") {
  const auto push = [](double x, double t) { return x - x * x * x + 0.3 * std::cos(t) + 0.2; };
  const auto mirrored = [=](double x, double t) { return -push(-x, t); };
  const auto drag = [](double x, double) { return 0.5 + 0.3 * x; };
  const auto other = [=](double x, double t) { return drag(-x, t); };
  const Index nx = 36, nv = 44;
  const Particle one(axis(-4, 4, nx), velocity_axis(7, nv), push, drag, constant(0.2));
  const Particle two(axis(-4, 4, nx), velocity_axis(7, nv), mirrored, other, constant(0.2));
  const Particle turned(velocity_axis(7, nv), axis(-4, 4, nx), push, drag, constant(0.2), 0);
  const auto from = gaussian(*one.grid, -0.5, 0.4, 0.3);
  const Outcome there = one.solve(from, 1, 0.1, 1e-4);
  const Outcome back = two.solve(gaussian(*two.grid, 0.5, -0.4, 0.3), 1, 0.1, 1e-4);
  std::vector<double> across(from.size());
  for (Index j = 0; j < nv; ++j)
    for (Index i = 0; i < nx; ++i)
      across[static_cast<std::size_t>(j + nv * i)] = from[static_cast<std::size_t>(i + nx * j)];
  const Outcome aside = turned.solve(across, 1, 0.1, 1e-4);
  double mirror = 0, turn = 0;
  for (Index j = 0; j < nv; ++j)
    for (Index i = 0; i < nx; ++i) {
      const double p = there.p[static_cast<std::size_t>(i + nx * j)];
      mirror = std::max(mirror, std::abs(p - back.p[static_cast<std::size_t>((nx - 1 - i) + nx * (nv - 1 - j))]));
      turn = std::max(turn, std::abs(p - aside.p[static_cast<std::size_t>(j + nv * i)]));
    }
  CHECK(mirror < 1e-13);
  CHECK(turn < 1e-15);  // averages become points along one axis after the other
}

TEST_CASE("friction and noise have the right variance however narrow or wide their kernel is") {
  // position does nothing: v alone is an Ornstein-Uhlenbeck process
  for (const double D : {0.0, 1e-4, 0.01, 0.3})
    for (const double gamma : {0.0, 0.8, -0.4})
      for (const double dt : {0.01, 0.1, 0.5}) {
        const Particle one(axis(-1, 1, 17, P, P), velocity_axis(8, 160), constant(0), constant(gamma), constant(D));
        const double v0 = 0.9, V0 = 0.35, end = 0.5;
        auto p = averages(*one.grid, [&](double, double v) { return std::exp(-(v - v0) * (v - v0) / (2 * V0)); });
        const double all = mass(one.op(), p);
        for (double& each : p) each /= all;
        const Outcome out = one.solve(p, end, dt, 1e-3);
        const double mean = one.moment(out.p, [](double, double v) { return v; });
        const double square = one.moment(out.p, [](double, double v) { return v * v; }) - mean * mean;
        const double a = std::exp(-gamma * end), width = 0.1;
        const double grown = gamma == 0 ? 2 * D * end : D * (1 - a * a) / gamma;
        CAPTURE(D);
        CAPTURE(gamma);
        CAPTURE(dt);
        CHECK(mean == doctest::Approx(v0 * a).epsilon(1e-6));
        CHECK(square - width * width / 12 == doctest::Approx(a * a * V0 + grown).epsilon(3e-5));
      }
}

TEST_CASE("without friction and noise an oscillator comes back to where it was") {
  const Particle one(axis(-6, 6, 60), velocity_axis(6, 60), spring(), constant(0), constant(0));
  const auto start = gaussian(*one.grid, 1.5, 0, 0.5);
  const Outcome out = one.solve(start, 2 * std::numbers::pi);
  CHECK(l1_distance(one.op(), out.p, start) < 7e-4);
  CHECK(out.steps < 80);
}

TEST_CASE("friction that jumps and is huge on one side thermalises there at once") {
  const auto drag = [](double x, double) { return x > 0 ? 1e5 : 0.0; };
  const auto noise = [=](double x, double t) { return 0.5 * drag(x, t); };
  const Particle one(axis(-1, 1, 20, P, P), velocity_axis(6, 60), constant(0), drag, noise);
  auto p = averages(*one.grid, [](double, double v) { return std::exp(-(v - 1) * (v - 1) / 0.8); });
  const double all = mass(one.op(), p);
  for (double& each : p) each /= all;
  const Outcome out = one.solve(p, 1e-3, 1e-3, 1e-3);
  CHECK(out.least >= 0);
  CHECK(out.mass_error < 1e-14);
  for (Index i = 13; i < 18; ++i) {  // away from the edges
    double there = 0, square = 0;
    for (Index j = 0; j < 60; ++j) {
      const double v = one.grid->axis(1).center(j), value = out.p[static_cast<std::size_t>(i + 20 * j)];
      there += value, square += v * v * value;
    }
    CHECK(square / there == doctest::Approx(0.5 + 0.04 / 12).epsilon(1e-4));
  }
}

TEST_CASE("a narrow start goes by the fluxes until it is a cell and a half wide") {
  const Particle one = oscillator(48);
  const double h = 14.0 / 48;
  for (const double cells : {1.0, 2.0}) {
    auto p = gaussian(*one.grid, 1, 1, cells * cells * h * h);
    const auto steps = make_stepper(*find_stepper("kinetic_splitting"), one.op(), one.options(), 0);
    double t = 0, dt = steps->first_step(0, p, 3);
    std::vector<double> seen(p.size());
    while (t < 3) {
      const StepResult done = steps->step({t, dt, 3}, p);
      t = done.t, dt = done.next_dt;
      steps->averages(p, seen);
      if (std::isinf(steps->left_fluxes())) CHECK(seen == p);
    }
    CHECK(seen != p);
    if (cells > 1.5)
      CHECK(steps->left_fluxes() == 0);
    else
      CHECK((steps->left_fluxes() > 0 && steps->left_fluxes() < 2));
  }
}

TEST_CASE("what collapses below a cell goes back to the fluxes") {
  const Particle cold(axis(-3, 3, 40), velocity_axis(3, 40), spring(), constant(1.5), constant(0));
  std::vector<double> p = gaussian(*cold.grid, 0.5, 0, 0.1);
  const auto steps = make_stepper(*find_stepper("kinetic_splitting"), cold.op(), cold.options(0, 1e-4), 0);
  double t = 0, dt = steps->first_step(0, p, 6);
  bool by_shears = false;
  int count = 0;
  for (; t < 6; ++count) {
    const StepResult done = steps->step({t, dt, 6}, p);
    t = done.t, dt = done.next_dt;
    by_shears = by_shears || steps->left_fluxes() == 0;
  }
  CHECK(by_shears);
  CHECK(std::isinf(steps->left_fluxes()));
  CHECK(std::abs(mass(cold.op(), p) - 1) < 1e-13);
  CHECK(*std::min_element(p.begin(), p.end()) >= 0);
  CHECK(count < 1500);
}

TEST_CASE("steps of kinetic_splitting resume and do not depend on threads bit for bit") {
  const Particle one = oscillator(40);
  for (const double variance : {0.02, 0.9, 0.0}) {
    auto start = gaussian(*one.grid, 1, 0.5, std::max(variance, 0.01));
    if (variance == 0) {  // a jump, which no number of shears leaves alike: what was found out about it is memory
      for (Index cell = 0; cell < one.grid->cells(); ++cell)
        start[static_cast<std::size_t>(cell)] =
            cell % 40 > 12 && cell % 40 < 24 && cell / 40 > 14 && cell / 40 < 27 ? 1 : 0;
      const double all = mass(one.op(), start);
      for (double& each : start) each /= all;
    }
    std::vector<double> whole, resumed = start;
    {
      const ThreadLimit limit(1);
      whole = one.solve(start, 2, 0, 1e-5).p;
    }
    auto steps = make_stepper(*find_stepper("kinetic_splitting"), one.op(), one.options(0, 1e-5), 0);
    double t = 0, dt = steps->first_step(0, resumed, 2);
    while (t < 2) {
      const StepResult done = steps->step({t, dt, 2}, resumed);
      t = done.t, dt = done.next_dt;
      Archive memory;
      steps->keep(memory);
      steps = make_stepper(*find_stepper("kinetic_splitting"), one.op(), one.options(0, 1e-5), 0);
      Archive kept(memory.bytes());
      steps->keep(kept);
      kept.finish();
    }
    std::vector<double> p = resumed;
    steps->averages(resumed, p);
    CHECK(p == whole);
  }
}

TEST_CASE("a box too narrow in v ends the run and says what to do or hands over to the fluxes") {
  const Particle one(axis(-7, 7, 48), velocity_axis(2.4, 32), spring(), constant(0.5), constant(0.5));
  const auto start = gaussian(*one.grid, 0, 0, 0.12);
  CHECK_THROWS_WITH_AS(
      one.solve(start, 4),
      doctest::Contains("of the mass has come to the walls of v, more than time.tolerance = 1e-06, and shears know no "
                        "walls: widen axis.v.range, or take time.stepper = \"auto\""),
      NumericalError);
  StepperOptions options = one.options();
  options.surrenders = true;
  const auto steps = make_stepper(*find_stepper("kinetic_splitting"), one.op(), options, 0);
  std::vector<double> p = start;
  double t = 0, dt = steps->first_step(0, p, 4);
  while (t < 4) {
    const StepResult done = steps->step({t, dt, 4}, p);
    t = done.t, dt = done.next_dt;
  }
  CHECK(steps->surrender().t > 0);
  CHECK(steps->surrender().t < 4);
  CHECK(steps->surrender().why.find("walls of v") != std::string::npos);
  CHECK(std::abs(mass(one.op(), p) - 1) < 1e-13);
  CHECK(*std::min_element(p.begin(), p.end()) >= 0);
  const Outcome fluxes = watched_steps(one.op(), "ssprk3", start, 4, {});
  CHECK(l1_distance(one.op(), p, fluxes.p) < 0.1);
}

TEST_CASE("what is no particle with inertia is refused with the reason") {
  const Particle one = oscillator(16);
  StepperOptions options;
  options.canonical.why_not = "has noise on x, not on v alone";
  CHECK_THROWS_WITH_AS(make_stepper(*find_stepper("kinetic_splitting"), one.op(), options, 0),
                       "kinetic_splitting is for a particle with inertia (dx = v dt, dv = (F - gamma v) dt, noise on v "
                       "alone; F, gamma and noise of x and t), and this case has noise on x, not on v alone: take "
                       "time.stepper = \"auto\"",
                       UsageError);
}

}  // namespace
}  // namespace fokker
