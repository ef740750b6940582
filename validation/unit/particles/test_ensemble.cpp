// Freezes what the Monte Carlo witness promises: exact Euler-Maruyama moments, the wall rules (reflection along D n,
// Brownian bridge at absorbing sides, wrap), landing on output times, independence of threads and of stops, and the
// step it chooses. Statistical tolerances are 4 standard errors of the seed given.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/particles/ensemble.hpp"
#include "fokker/particles/step_size.hpp"
#include "lambda_sde.hpp"

using namespace fokker;

namespace {

constexpr Traits additive{.autonomous = true, .additive = true, .diffusion_autonomous = true};
constexpr Traits autonomous{.autonomous = true, .diffusion_autonomous = true};

std::shared_ptr<const LambdaSde> brownian(double D) {
  return std::make_shared<LambdaSde>(
      1,
      [](double, double, double) {
        return std::array{0.0, 0.0};
      },
      [D](double, double, double) {
        return std::array{D, 0.0, 0.0};
      },
      additive);
}

std::shared_ptr<const LambdaSde> ornstein_uhlenbeck(double theta, double D) {
  return std::make_shared<LambdaSde>(
      1,
      [theta](double x, double, double) {
        return std::array{-theta * x, 0.0};
      },
      [D](double, double, double) {
        return std::array{D, 0.0, 0.0};
      },
      additive);
}

std::shared_ptr<const LambdaSde> tilted(double correlation) {
  return std::make_shared<LambdaSde>(
      2,
      [](double, double, double) {
        return std::array{0.0, 0.0};
      },
      [correlation](double, double, double) {
        return std::array{0.5, 0.5 * correlation, 0.5};
      },
      additive);
}

std::shared_ptr<const Grid> line(double lower, double upper, Index cells, Boundary at_lower, Boundary at_upper) {
  return std::make_shared<Grid>(std::vector<Axis>{{"x", lower, upper, cells, at_lower, at_upper}});
}

std::shared_ptr<const Grid> square(Index cells, Boundary side) {
  return std::make_shared<Grid>(std::vector<Axis>{{"x", 0, 1, cells, side, side}, {"y", 0, 1, cells, side, side}});
}

InitialDistribution at(std::vector<double> point) {
  InitialDistribution distribution;
  distribution.point = std::move(point);
  return distribution;
}

Field even(const std::shared_ptr<const Grid>& grid) {
  Field field(grid);
  field.values.setConstant(1 / (grid->volume() * static_cast<double>(grid->cells())));
  return field;
}

/// (chi2 - dof)/sqrt(2 dof) of the counts against an even histogram.
double unevenness(const std::vector<double>& counts) {
  double total = 0, chi2 = 0;
  for (const double count : counts) total += count;
  const double expected = total / static_cast<double>(counts.size()), dof = static_cast<double>(counts.size()) - 1;
  for (const double count : counts) chi2 += (count - expected) * (count - expected) / expected;
  return (chi2 - dof) / std::sqrt(2 * dof);
}

struct MeanVariance {
  double mean = 0, variance = 0;
};

MeanVariance mean_variance(const ParticleEnsemble& particles, int axis = 0) {
  MeanVariance m;
  const auto n = static_cast<double>(particles.particles());
  for (Index i = 0; i < particles.particles(); ++i) m.mean += particles.position(i, axis) / n;
  for (Index i = 0; i < particles.particles(); ++i) m.variance += std::pow(particles.position(i, axis) - m.mean, 2) / n;
  return m;
}

bool same_positions(const ParticleEnsemble& a, const ParticleEnsemble& b) {
  for (Index i = 0; i < a.particles(); ++i)
    for (int k = 0; k < 2; ++k) {
      const double x = a.position(i, k), y = b.position(i, k);
      if (!(x == y || (std::isnan(x) && std::isnan(y)))) return false;
    }
  return true;
}

}  // namespace

TEST_CASE("an OU process has the moments of the Euler chain") {
  const double theta = 1.5, D = 0.32, h = 0.05, start = 2;
  const int steps = 20;
  const Index n = 1'000'000;
  ParticleEnsemble particles(line(-5, 7, 64, Boundary::reflecting, Boundary::reflecting), ornstein_uhlenbeck(theta, D),
                             at({start}), {.particles = n, .dt = h, .seed = 3});
  particles.advance(steps * h);
  double mean = start, variance = 0;
  for (int k = 0; k < steps; ++k) {
    mean *= 1 - theta * h;
    variance = (1 - theta * h) * (1 - theta * h) * variance + 2 * D * h;
  }
  const MeanVariance found = mean_variance(particles);
  CHECK(std::abs(found.mean - mean) < 4 * std::sqrt(variance / static_cast<double>(n)));
  CHECK(std::abs(found.variance - variance) < 4 * variance * std::sqrt(2 / static_cast<double>(n)));
  // the tolerance tells the Euler chain from the process itself
  const double exact = D / theta * (1 - std::exp(-2 * theta * steps * h));
  CHECK(std::abs(exact - variance) > 10 * variance * std::sqrt(2 / static_cast<double>(n)));
  CHECK(particles.steps() == steps);
  CHECK(particles.particle_steps() == static_cast<double>(n) * steps);
}

TEST_CASE("Heun steps have the moments of their chain and a bias of second order") {
  const double theta = 1.5, D = 0.32, h = 0.2, start = 2;
  const int steps = 5;
  const Index n = 1'000'000;
  ParticleEnsemble particles(line(-5, 7, 64, Boundary::reflecting, Boundary::reflecting), ornstein_uhlenbeck(theta, D),
                             at({start}), {.particles = n, .dt = h, .seed = 3, .order = 2});
  particles.advance(steps * h);
  const double kept = 1 - theta * h + theta * theta * h * h / 2, gained = 2 * D * h * std::pow(1 - theta * h / 2, 2);
  double mean = start, variance = 0;
  for (int k = 0; k < steps; ++k) {
    mean *= kept;
    variance = kept * kept * variance + gained;
  }
  const MeanVariance found = mean_variance(particles);
  const double rounded = 4 * std::sqrt(variance / static_cast<double>(n));
  CHECK(std::abs(found.mean - mean) < rounded);
  CHECK(std::abs(found.variance - variance) < 4 * variance * std::sqrt(2 / static_cast<double>(n)));
  // the tolerance tells it from the process, and from the chain of Euler by eight times more
  const double exact = start * std::exp(-theta * steps * h), euler = start * std::pow(1 - theta * h, steps);
  CHECK(std::abs(exact - mean) > 3 * rounded);
  CHECK(std::abs(exact - euler) > 8 * std::abs(exact - mean));
}

TEST_CASE("Heun steps look at the drift inside of the box only") {
  const auto root = std::make_shared<LambdaSde>(
      1,
      [](double x, double, double) {
        return std::array{-std::sqrt(x) - std::sqrt(1 - x), 0.0};  // NaN outside
      },
      [](double, double, double) {
        return std::array{0.5, 0.0, 0.0};
      },
      additive);
  ParticleEnsemble walled(line(0, 1, 16, Boundary::reflecting, Boundary::reflecting), root, at({0.5}),
                          {.particles = 2048, .dt = 0.05, .seed = 1, .order = 2});
  CHECK_NOTHROW(walled.advance(1));
  ParticleEnsemble around(line(0, 1, 16, Boundary::periodic, Boundary::periodic), root, at({0.5}),
                          {.particles = 2048, .dt = 0.05, .seed = 1, .order = 2});
  CHECK_NOTHROW(around.advance(1));
}

TEST_CASE("Heun steps are refused where noise depends on the position") {
  const auto sde = std::make_shared<LambdaSde>(
      1,
      [](double, double, double) {
        return std::array{0.0, 0.0};
      },
      [](double x, double, double) {
        return std::array{1 + x * x, 0.0, 0.0};
      },
      autonomous);
  CHECK_THROWS_WITH_AS(ParticleEnsemble(line(0, 1, 16, Boundary::reflecting, Boundary::reflecting), sde, at({0.5}),
                                        {.particles = 10, .dt = 0.1, .order = 2}),
                       "Heun steps have their order where noise does not depend on the position",
                       std::invalid_argument);
}

TEST_CASE("coefficients of time alone are integrated to second order") {
  const auto sde = std::make_shared<LambdaSde>(
      1,
      [](double, double, double t) {
        return std::array{2 * t, 0.0};
      },
      [](double, double, double t) {
        return std::array{t, 0.0, 0.0};
      },
      Traits{.additive = true});
  const Index n = 400'000;
  ParticleEnsemble particles(line(-20, 20, 64, Boundary::reflecting, Boundary::reflecting), sde, at({0.0}),
                             {.particles = n, .dt = 0.25, .seed = 5});
  particles.advance(1);  // mean and variance t^2: a left-point rule would give 0.75
  const MeanVariance found = mean_variance(particles);
  CHECK(std::abs(found.mean - 1) < 4 / std::sqrt(static_cast<double>(n)));
  CHECK(std::abs(found.variance - 1) < 4 * std::sqrt(2 / static_cast<double>(n)));
}

TEST_CASE("a correlated tensor gives increments with that covariance") {
  const Index n = 400'000;
  const auto sde = std::make_shared<LambdaSde>(
      2,
      [](double, double, double) {
        return std::array{0.0, 1.0};
      },
      [](double, double, double) {
        return std::array{0.5, -0.6, 2.0};
      },
      autonomous);
  const auto grid = std::make_shared<Grid>(std::vector<Axis>{{"x", -20, 20, 8}, {"y", -20, 20, 8}});
  ParticleEnsemble particles(grid, sde, at({0.0, 0.0}), {.particles = n, .dt = 0.1, .seed = 6});
  particles.advance(1);
  const MeanVariance x = mean_variance(particles, 0), y = mean_variance(particles, 1);
  double product = 0;
  for (Index i = 0; i < n; ++i)
    product += (particles.position(i, 0) - x.mean) * (particles.position(i, 1) - y.mean) / static_cast<double>(n);
  const double error = 4 / std::sqrt(static_cast<double>(n));
  CHECK(std::abs(x.variance - 1) < error * std::sqrt(2.0));
  CHECK(std::abs(y.variance - 4) < error * std::sqrt(2.0) * 4);
  CHECK(std::abs(product + 1.2) < error * std::sqrt(4 + 1.44));
  CHECK(std::abs(y.mean - 1) < error * 2);
}

TEST_CASE("threads and stops leave no trace") {
  const auto grid = std::make_shared<Grid>(
      std::vector<Axis>{{"x", 0, 1, 8, Boundary::absorbing, Boundary::reflecting}, {"y", 0, 1, 8}});
  for (const int order : {1, 2}) {
    const ParticleOptions options{.particles = 5000, .dt = 0.01, .seed = 11, .order = order};
    const auto run = [&](int threads, const std::vector<double>& stops) {
      const ThreadLimit limit(threads);
      ParticleEnsemble particles(grid, tilted(0.5), at({0.4, 0.5}), options);
      for (const double stop : stops) particles.advance(stop);
      return particles;
    };
    const ParticleEnsemble one = run(1, {0.3});
    CHECK(one.left()[0] > 500);
    CHECK(same_positions(one, run(2, {0.3})));
    CHECK(same_positions(one, run(2, {0.1, 0.17, 0.3})));
    CHECK_FALSE(same_positions(one, run(2, {0.1, 0.175, 0.3})));
    CHECK(one.counts() == run(2, {0.3}).counts());
  }
}

TEST_CASE("the last step is cut short and later steps take fresh numbers") {
  ParticleEnsemble particles(line(-9, 9, 8, Boundary::reflecting, Boundary::reflecting), brownian(0.5), at({0.0}),
                             {.particles = 200'000, .dt = 0.1, .seed = 2});
  particles.advance(0.25);
  CHECK(particles.time() == 0.25);
  CHECK(particles.steps() == 3);
  const double error = 4 * std::sqrt(2.0 / 200'000);
  CHECK(std::abs(mean_variance(particles).variance / 0.25 - 1) < error);
  particles.advance(0.55);
  CHECK(particles.time() == 0.55);
  CHECK(particles.steps() == 6);
  CHECK(particles.dt() == 0.1);
  CHECK(std::abs(mean_variance(particles).variance / 0.55 - 1) < error);  // repeated numbers would correlate the steps
  CHECK_THROWS_AS(particles.advance(0.5), std::invalid_argument);
}

TEST_CASE("reflected Brownian motion keeps an even density") {
  const auto grid = line(0, 1, 50, Boundary::reflecting, Boundary::reflecting);
  const Field start = even(grid);
  InitialDistribution distribution;
  distribution.cells = &start;
  ParticleEnsemble particles(grid, brownian(0.5), distribution, {.particles = 500'000, .dt = 0.004, .seed = 8});
  CHECK(std::abs(unevenness(particles.counts())) < 4);
  particles.advance(0.2);
  CHECK(std::abs(unevenness(particles.counts())) < 4);
  CHECK(particles.density().mass() == doctest::Approx(1).epsilon(1e-12));
}

TEST_CASE("reflection along D n keeps corners even under a tilted tensor") {
  // mirrored along n instead, the corner cells on the long diagonal of the tensor would fill to 3.9
  const auto grid = square(12, Boundary::reflecting);
  const Field start = even(grid);
  InitialDistribution distribution;
  distribution.cells = &start;
  ParticleEnsemble particles(grid, tilted(2.0 / 3), distribution, {.particles = 300'000, .dt = 1e-3, .seed = 4});
  particles.advance(0.2);
  CHECK(std::abs(unevenness(particles.counts())) < 4);
  const std::vector<double> counts = particles.counts();
  CHECK(counts[0] * 144 / 300'000 == doctest::Approx(1).epsilon(0.1));
  CHECK(counts[143] * 144 / 300'000 == doctest::Approx(1).epsilon(0.1));
}

TEST_CASE("absorbing walls lose what the exact distribution loses at a coarse step") {
  // A15: dX = sqrt(2 0.5) dW on [0, 1] from 0.3; survival by eigenseries and images. Without the bridge these coarse
  // steps would keep 0.066 more.
  const Index n = 400'000;
  const double survival = 0.63040107114, mixed = 0.97310390291, error = 4 / std::sqrt(static_cast<double>(n));
  const ParticleOptions options{.particles = n, .dt = 0.005, .seed = 9};
  ParticleEnsemble both(line(0, 1, 20, Boundary::absorbing, Boundary::absorbing), brownian(0.5), at({0.3}), options);
  both.advance(0.02);
  const double early = static_cast<double>(both.left()[0] + both.left()[1]) / static_cast<double>(n);
  CHECK(std::abs(1 - early - 0.966104403377) < error * std::sqrt(0.966 * 0.034));
  both.advance(0.1);
  const std::vector<Index> left = both.left();
  const double gone = static_cast<double>(left[0] + left[1]) / static_cast<double>(n);
  CHECK(std::abs(1 - gone - survival) < error * std::sqrt(survival * (1 - survival)));
  CHECK(left[0] > 10 * left[1]);
  CHECK(both.density().mass() == doctest::Approx(1 - gone).epsilon(1e-12));
  Index absent = 0;
  for (Index i = 0; i < n; ++i) absent += std::isnan(both.position(i, 0));
  CHECK(absent == left[0] + left[1]);
  CHECK(both.particle_steps() < static_cast<double>(n) * static_cast<double>(both.steps()));

  ParticleEnsemble upper(line(0, 1, 20, Boundary::reflecting, Boundary::absorbing), brownian(0.5), at({0.3}), options);
  upper.advance(0.1);
  REQUIRE(upper.left().size() == 1);
  const double kept = 1 - static_cast<double>(upper.left()[0]) / static_cast<double>(n);
  CHECK(std::abs(kept - mixed) < error * std::sqrt(mixed * (1 - mixed)));
}

TEST_CASE("drifted particles split over two absorbing sides as they should") {
  // A16: dX = dt + dW on [0, 2] from 0.8; P(exit below) = 0.187006013723
  const Index n = 100'000;
  const auto sde = std::make_shared<LambdaSde>(
      1,
      [](double, double, double) {
        return std::array{1.0, 0.0};
      },
      [](double, double, double) {
        return std::array{0.5, 0.0, 0.0};
      },
      additive);
  ParticleEnsemble particles(line(0, 2, 20, Boundary::absorbing, Boundary::absorbing), sde, at({0.8}),
                             {.particles = n, .dt = 0.01, .seed = 21});
  particles.advance(3);
  CHECK(std::abs(1 - static_cast<double>(particles.left()[0] + particles.left()[1]) / static_cast<double>(n) -
                 0.00894927640861) < 4 * std::sqrt(0.00895 / static_cast<double>(n)));
  particles.advance(12);
  CHECK(particles.left()[0] + particles.left()[1] == n);
  CHECK(std::abs(static_cast<double>(particles.left()[0]) / static_cast<double>(n) - 0.187006013723) <
        4 * std::sqrt(0.187 * 0.813 / static_cast<double>(n)));
  const double done = particles.particle_steps();
  particles.advance(13);  // an empty box costs nothing and is no error
  CHECK(particles.particle_steps() == done);
}

TEST_CASE("periodic drift wraps exactly") {
  const auto sde = std::make_shared<LambdaSde>(
      1,
      [](double, double, double) {
        return std::array{-3.0, 0.0};
      },
      [](double, double, double) {
        return std::array{0.0, 0.0, 0.0};
      },
      additive);
  ParticleEnsemble particles(line(-1, 1, 16, Boundary::periodic, Boundary::periodic), sde, at({0.5}),
                             {.particles = 300, .dt = 0.125, .seed = 1});
  particles.advance(2.25);  // 0.5 - 6.75 = -6.25, that is -0.25
  for (Index i = 0; i < 300; ++i) CHECK(particles.position(i, 0) == -0.25);
  ParticleEnsemble leaps(line(-1, 1, 16, Boundary::periodic, Boundary::periodic), sde, at({0.5}),
                         {.particles = 1, .dt = 2.25, .seed = 1});
  leaps.advance(2.25);  // three times round in one step
  CHECK(leaps.position(0, 0) == -0.25);
}

TEST_CASE("a step to nowhere names the earliest particle and its time") {
  const auto sde = std::make_shared<LambdaSde>(
      1,
      [](double x, double, double t) {
        return std::array{t > 0.3 && x > 0.8 ? std::sqrt(-x) : 0.0, 0.0};
      },
      [](double, double, double) {
        return std::array{0.0, 0.0, 0.0};
      },
      Traits{});
  const auto grid = line(0, 1, 10, Boundary::reflecting, Boundary::reflecting);
  const Field start = even(grid);
  InitialDistribution distribution;
  distribution.cells = &start;
  ParticleEnsemble particles(grid, sde, distribution, {.particles = 1000, .dt = 0.125, .seed = 1});
  Index first = 0;
  while (!(particles.position(first, 0) > 0.8)) ++first;
  particles.advance(0.25);
  try {
    particles.advance(1);
    FAIL("no error");
  } catch (const NumericalError& error) {
    CHECK(error.time() == 0.375);
    CHECK(std::string(error.what()).starts_with("particle " + std::to_string(first) + ": the step from x = 0."));
  }
}

TEST_CASE("a negative diffusion is an error and not a silent zero") {
  const auto negative = std::make_shared<LambdaSde>(
      2,
      [](double, double, double) {
        return std::array{0.0, 0.0};
      },
      [](double, double, double) {
        return std::array{0.5, 0.6, 0.5};
      },
      additive);
  ParticleEnsemble particles(square(4, Boundary::reflecting), negative, at({0.5, 0.5}), {.particles = 1, .dt = 0.01});
  CHECK_THROWS_AS(particles.advance(0.1), NumericalError);
  // rank one, exactly singular: fine
  ParticleEnsemble singular(square(4, Boundary::reflecting), tilted(1), at({0.5, 0.25}),
                            {.particles = 999, .dt = 0.01});
  singular.advance(0.05);
  CHECK(singular.density().mass() == doctest::Approx(1));
}

TEST_CASE("a chosen step keeps the bias below the counting noise and lands on the end") {
  const auto grid = line(-4, 4, 256, Boundary::reflecting, Boundary::reflecting);
  const std::vector<double> wide{-1.0, 0.3, 3.99}, middle{0.0};
  const Positions spread{wide, {}}, centre{middle, {}};
  CHECK(particle_step(1, *grid, *ornstein_uhlenbeck(2, 0.1), spread, 10'000, 0, 1) ==
        doctest::Approx(0.01 / 2).epsilon(1e-6));
  CHECK(particle_step(1, *grid, *ornstein_uhlenbeck(2, 0.1), spread, 1'000'000, 0, 1) ==
        doctest::Approx(0.001 / 2).epsilon(1e-6));
  CHECK(particle_step(2, *grid, *ornstein_uhlenbeck(2, 0.01), spread, 1'000'000, 0, 1) ==
        doctest::Approx(std::sqrt(0.002) / 2).epsilon(1e-6));
  CHECK(particle_step(1, *grid, *brownian(0.5), spread, 100, 0, 1) == doctest::Approx(0.16 * 0.16).epsilon(1e-12));
  CHECK(particle_step(1, *grid, *brownian(0), spread, 100, 0, 1) == std::numeric_limits<double>::infinity());
  CHECK(particle_step(1, *grid, *brownian(0.5), {}, 100, 0, 1) ==
        std::numeric_limits<double>::infinity());  // all have left

  ParticleEnsemble particles(grid, ornstein_uhlenbeck(2, 0.1), at({1.0}), {.particles = 10'000, .dt = {}, .seed = 1});
  CHECK(particles.dt() == doctest::Approx(0.005).epsilon(1e-6));
  particles.advance(0.123);
  CHECK(particles.time() == 0.123);
  CHECK(particles.dt() <= 0.005 * (1 + 1e-6));
  CHECK(particles.dt() * static_cast<double>(particles.steps()) == doctest::Approx(0.123).epsilon(1e-13));

  // a rate that grows by e^8 on the way: the end of the interval decides
  const auto growing = std::make_shared<LambdaSde>(
      1,
      [](double x, double, double t) {
        return std::array{-std::exp(8 * t) * x, 0.0};
      },
      [](double, double, double) {
        return std::array{0.1, 0.0, 0.0};
      },
      Traits{});
  CHECK(particle_step(1, *grid, *growing, centre, 100, 0, 1) == doctest::Approx(0.01 * std::exp(-8.0)).epsilon(1e-6));
  CHECK(particle_step(1, *grid, *growing, centre, 100, 0, 1e-4) ==
        doctest::Approx(0.01 * std::exp(-8e-4)).epsilon(1e-6));
  ParticleEnsemble watched(grid, growing, at({1.0}), {.particles = 100, .dt = {}, .seed = 1});
  watched.advance(1e-4);  // at least 100 steps where time matters, and no more although chosen anew on the way
  CHECK(watched.time() == 1e-4);
  CHECK(watched.steps() == 100);
}

TEST_CASE("a chosen step looks where the particles are and again when they have moved") {
  // a flat floor with steep walls: slope 0.5 within |x| < 2, 50 beyond
  const auto trough = std::make_shared<LambdaSde>(
      1,
      [](double x, double, double) {
        return std::array{std::abs(x) < 2 ? -0.5 * x : -50 * x + std::copysign(99.0, x), 0.0};
      },
      [](double, double, double) {
        return std::array{0.05, 0.0, 0.0};
      },
      additive);
  const auto grid = line(-4, 4, 256, Boundary::reflecting, Boundary::reflecting);
  const ParticleOptions options{.particles = 10'000, .dt = {}, .seed = 1};
  ParticleEnsemble inside(grid, trough, at({0.0}), options);
  inside.advance(1);
  CHECK(inside.dt() > 0.9 * 0.01 / 0.5);
  ParticleEnsemble outside(grid, trough, at({2.5}), options);
  CHECK(outside.dt() == doctest::Approx(0.01 / 50).epsilon(1e-6));
  outside.advance(10);
  CHECK(outside.dt() > 0.9 * 0.01 / 0.5);    // back inside by then
  CHECK(outside.steps() > 10 * 0.5 / 0.01);  // having begun with short steps
  const MeanVariance found = mean_variance(inside);
  const double exact = 0.1 * (1 - std::exp(-1.0));
  CHECK(std::abs(found.variance / exact - 1) < 4 * std::sqrt(2.0 / 10'000) + 0.01);
}

TEST_CASE("a budget lengthens chosen steps so that the way is gone and counts what was wanted") {
  const auto square_root = std::make_shared<LambdaSde>(
      1,
      [](double x, double, double) {
        return std::array{0.04 - x, 0.0};
      },
      [](double x, double, double) {
        return std::array{2 * std::max(x, 0.0), 0.0, 0.0};
      },
      autonomous);
  const auto grid = line(0, 8, 400, Boundary::reflecting, Boundary::reflecting);
  const auto go = [&](double most, std::optional<double> dt = std::nullopt, std::shared_ptr<const Sde> sde = nullptr) {
    ParticleEnsemble ensemble(grid, sde ? sde : square_root, at({0.04}),
                              {.particles = 200, .dt = dt, .seed = 1, .budget = {most, 0.1}});
    for (const double t : {0.03, 0.06, 0.1}) ensemble.advance(t);
    CHECK(ensemble.time() == 0.1);
    return std::pair{ensemble.steps(), ensemble.chosen()};
  };
  const auto [steps, chosen] = go(500);
  CHECK(steps <= 500 + 3);  // one more per stop
  CHECK(steps > 300);
  CHECK(chosen.wanted > 1e4);
  CHECK(chosen.lengthened > 100);
  CHECK(chosen.shortest < 1e-5);
  CHECK(go(0.1).first <= 3);
  const auto free = go(1e7, std::nullopt, ornstein_uhlenbeck(1, 0.5));
  CHECK(free.second.lengthened == 0);
  CHECK(free.second.wanted == doctest::Approx(static_cast<double>(free.first)).epsilon(1e-6));
  const auto given = go(5, 1e-3);  // what was asked for is done
  CHECK(given.first == 100);
  CHECK(given.second.wanted == 0);
}

TEST_CASE("options that make no sense are refused") {
  const auto grid = line(0, 1, 4, Boundary::reflecting, Boundary::reflecting);
  CHECK_THROWS_AS(ParticleEnsemble(grid, brownian(1), at({0.5}), {.particles = 0, .dt = 0.1}), std::invalid_argument);
  CHECK_THROWS_AS(ParticleEnsemble(grid, brownian(1), at({0.5}), {.particles = 9, .dt = -0.1}), std::invalid_argument);
  CHECK_THROWS_AS(ParticleEnsemble(grid, brownian(1), at({1.5}), {.particles = 9, .dt = 0.1}), std::invalid_argument);
  CHECK_THROWS_AS(ParticleEnsemble(grid, brownian(1), InitialDistribution{}, {.particles = 9, .dt = 0.1}),
                  std::invalid_argument);
}
