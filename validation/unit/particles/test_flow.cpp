// Freezes what the noise-free twin promises: the marginals of the SDE for every lambda, the orders of the steps, the
// tolerance, independence of threads, the flow map F_T^-1(F_0(x)), walls, and log-densities carried along the flow.
// Reference A07 (VP schedule on a Gaussian mixture) gives flow map and log-likelihood to 16 digits.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "fokker/base/errors.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/model/closed_flow.hpp"
#include "fokker/particles/ensemble.hpp"
#include "fokker/particles/flow.hpp"
#include "fokker/particles/likelihood.hpp"
#include "fokker/particles/steppers.hpp"
#include "lambda_sde.hpp"

using namespace fokker;

namespace {

std::shared_ptr<const FormulaSde> sde_of(std::vector<std::string> variables, const std::vector<std::string>& drift,
                                         const std::vector<std::vector<std::string>>& diffusion) {
  std::vector<std::string> names = variables;
  names.emplace_back("t");
  SdeFormulas formulas;
  formulas.variables = std::move(variables);
  for (const auto& f : drift) formulas.drift.push_back(parse_expression(f, names));
  for (const auto& row : diffusion) {
    formulas.diffusion.emplace_back();
    for (const auto& entry : row) formulas.diffusion.back().push_back(parse_expression(entry, names));
  }
  return std::make_shared<const FormulaSde>(formulas);
}

Gaussian gaussian_1d(double weight, double mean, double variance) {
  return {weight, Eigen::VectorXd::Constant(1, mean), Eigen::MatrixXd::Constant(1, 1, variance)};
}

/// An SDE with its closed form, and a box for it.
struct Process {
  std::shared_ptr<const FormulaSde> sde;
  GaussianMixture start;
  std::shared_ptr<const Grid> grid;
  [[nodiscard]] ClosedForm distribution() const { return {*sde->linear(), start, 1}; }
  [[nodiscard]] std::shared_ptr<FamilySde> family(double lambda) const {
    return std::make_shared<FamilySde>(sde, std::make_shared<ClosedScore>(distribution()), lambda);
  }
  [[nodiscard]] InitialDistribution initial() const { return {&start, nullptr, std::nullopt}; }
};

/// A07: variance-preserving diffusion of two clusters.
Process vp_mixture() {
  return {sde_of({"x"}, {"-(0.1 + 19.9*t)*x/2"}, {{"(0.1 + 19.9*t)/2"}}),
          GaussianMixture({gaussian_1d(0.4, -1.5, 0.04), gaussian_1d(0.6, 1, 0.16)}),
          std::make_shared<Grid>(std::vector<Axis>{{"x", -6, 6, 120}})};
}

/// An Ornstein-Uhlenbeck process that turns: its stationary current does not vanish.
Process rotating() {
  Eigen::MatrixXd covariance(2, 2);
  covariance << 0.3, 0.1, 0.1, 0.2;
  return {sde_of({"x", "y"}, {"-x + 2*y", "-2*x - y"}, {{"0.5", "0.2"}, {"0.2", "0.4"}}),
          GaussianMixture({{1, Eigen::Vector2d(1, 0.5), covariance}}),
          std::make_shared<Grid>(std::vector<Axis>{{"x", -7, 7, 70}, {"y", -7, 7, 70}})};
}

FlowEnsemble flow(const Process& process, const FlowOptions& options) {
  const auto family = process.family(0);
  return {process.grid, family, [family](double t) { family->prepare(t); }, process.initial(), options};
}

ParticleEnsemble family(const Process& process, double lambda, ParticleOptions options) {
  const auto sde = process.family(lambda);
  options.prepare = [sde](double t) { sde->prepare(t); };
  return {process.grid, sde, process.initial(), options};
}

/// Largest deviation of sample means and covariances from the distribution, in standard errors of Gaussian samples.
template <class Ensemble>
double moment_deviation(const Ensemble& particles, const GaussianMixture& distribution) {
  const int d = distribution.dimension();
  const auto n = static_cast<double>(particles.particles());
  const Eigen::VectorXd mean = distribution.mean();
  const Eigen::MatrixXd covariance = distribution.covariance();
  Eigen::VectorXd first = Eigen::VectorXd::Zero(d);
  Eigen::MatrixXd second = Eigen::MatrixXd::Zero(d, d);
  for (Index i = 0; i < particles.particles(); ++i) {
    Eigen::VectorXd x(d);
    for (int k = 0; k < d; ++k) x[k] = particles.position(i, k) - mean[k];
    first += x / n;
    second += x * x.transpose() / n;
  }
  double worst = 0;
  for (int i = 0; i < d; ++i) {
    worst = std::max(worst, std::abs(first[i]) / std::sqrt(covariance(i, i) / n));
    for (int j = 0; j < d; ++j) {
      const double spread = covariance(i, i) * covariance(j, j) + covariance(i, j) * covariance(i, j);
      worst = std::max(worst, std::abs(second(i, j) - covariance(i, j)) / std::sqrt(spread / n));
    }
  }
  return worst;
}

template <class A, class B>
double largest_distance(const A& a, const B& b, int dimension) {
  double worst = 0;
  for (Index i = 0; i < a.particles(); ++i)
    for (int k = 0; k < dimension; ++k) worst = std::max(worst, std::abs(a.position(i, k) - b.position(i, k)));
  return worst;
}

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double cdf(const GaussianMixture& distribution, double x) {
  double total = 0;
  for (const Gaussian& g : distribution.components())
    total += g.weight * normal_cdf((x - g.mean[0]) / std::sqrt(g.covariance(0, 0)));
  return total;
}

CarriedPoints carried(const Process& process, const std::vector<std::vector<double>>& positions, double tolerance,
                      double t0 = 0) {
  const auto closed = std::make_shared<ClosedFlow>(process.sde, process.distribution());
  closed->prepare(t0);
  std::vector<double> log_p(positions[0].size());
  PointsIn at{static_cast<Index>(log_p.size()), static_cast<int>(positions.size()), {}};
  for (std::size_t k = 0; k < positions.size(); ++k) at.axis[k] = positions[k].data();
  closed->log_density(at, log_p.data());
  const FlowRates rates{[closed](double t) { closed->prepare(t); },
                        [closed](const PointsIn& x, double t, PointsOut velocity, double* divergence) {
                          closed->evaluate(x, t, velocity, divergence);
                        }};
  return {rates, positions, log_p, std::vector<double>(positions.size(), 1.0), tolerance, t0};
}

std::vector<double> exact_log_p(const Process& process, const CarriedPoints& points) {
  std::vector<double> log_p(points.size());
  MixtureScore(process.distribution().at(points.time())).log_density(points.positions(), log_p.data());
  return log_p;
}

double likelihood_error(const Process& process, const CarriedPoints& points) {
  const std::vector<double> exact = exact_log_p(process, points);
  double worst = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) worst = std::max(worst, std::abs(points.log_p()[i] - exact[i]));
  return worst;
}

}  // namespace

TEST_CASE("every lambda has the marginals of the SDE: a rotating OU process") {
  const Process process = rotating();
  const double end = 0.8;
  const GaussianMixture distribution = process.distribution().at(end);
  for (const double lambda : {0.0, 0.5, 1.0, 1.5}) {
    CAPTURE(lambda);
    ParticleEnsemble particles = family(process, lambda, {.particles = 8'000, .dt = 4e-3, .seed = 5});
    particles.advance(end);
    CHECK(moment_deviation(particles, distribution) < 4);
  }
  FlowEnsemble noiseless = flow(process, {.particles = 20'000, .seed = 6});
  noiseless.advance(end);
  CHECK(moment_deviation(noiseless, distribution) < 4);
}

TEST_CASE("every lambda has the marginals of the SDE: a mixture under a schedule") {
  const Process process = vp_mixture();
  for (const double end : {0.05, 0.3}) {
    const GaussianMixture distribution = process.distribution().at(end);
    for (const double lambda : {0.0, 0.5, 1.0}) {
      CAPTURE(lambda);
      ParticleEnsemble particles = family(process, lambda, {.particles = 8'000, .dt = end / 200, .seed = 7});
      particles.advance(end);
      CHECK(moment_deviation(particles, distribution) < 4);
    }
  }
}

TEST_CASE("the tolerance bounds the error of the flow and rk4 falls with the fourth power of its step") {
  const Process process = vp_mixture();
  const double end = 0.3;
  const auto arrived = [&](const FlowSteps& steps) {
    FlowEnsemble particles = flow(process, {.particles = 3'000, .seed = 2, .steps = steps});
    particles.advance(end);
    return particles;
  };
  const FlowEnsemble best = arrived({.tolerance = 1e-13});
  double before = 0;
  for (const double tolerance : {1e-5, 1e-7, 1e-9}) {
    const FlowEnsemble particles = arrived({.tolerance = tolerance});
    const double error = largest_distance(particles, best, 1);
    CAPTURE(tolerance);
    CAPTURE(error);
    CHECK(error < 12 * tolerance * static_cast<double>(particles.steps()));
    if (before > 0) CHECK(error < before / 8);
    before = error;
  }
  const double coarse = largest_distance(arrived({.dt = end / 300}), best, 1);
  const double fine = largest_distance(arrived({.dt = end / 600}), best, 1);
  CHECK(fine > 1e-11);
  CHECK(std::log2(coarse / fine) == doctest::Approx(4).epsilon(0.05));
}

TEST_CASE("threads leave no trace in the flow and fixed steps none of their stops") {
  const Process process = rotating();
  const auto run = [&](int threads, const FlowSteps& steps, const std::vector<double>& stops) {
    const ThreadLimit limit(threads);
    FlowEnsemble particles = flow(process, {.particles = 20'011, .seed = 3, .steps = steps});
    for (const double stop : stops) particles.advance(stop);
    return particles;
  };
  const FlowEnsemble one = run(1, {}, {0.5});
  CHECK(largest_distance(one, run(2, {}, {0.5}), 2) == 0);
  CHECK(largest_distance(one, run(2, {}, {0.2, 0.5}), 2) < 1e-6);
  const FlowEnsemble fixed = run(1, {.dt = 0.125}, {0.5});
  CHECK(fixed.steps() == 4);
  CHECK(largest_distance(fixed, run(2, {.dt = 0.125}, {0.25, 0.5}), 2) == 0);

  const auto sde = [&](int threads) {
    const ThreadLimit limit(threads);
    ParticleEnsemble particles = family(process, 0.5, {.particles = 5'011, .dt = 0.01, .seed = 3});
    particles.advance(0.25);
    return particles;
  };
  CHECK(largest_distance(sde(1), sde(2), 2) == 0);
}

TEST_CASE("in 1D the flow is the monotone rearrangement of the distributions") {
  const Process process = vp_mixture();
  const GaussianMixture first = process.distribution().at(0);
  FlowEnsemble particles = flow(process, {.particles = 500, .seed = 4, .steps = {.tolerance = 1e-12}});
  std::vector<double> rank;
  for (Index i = 0; i < 500; ++i) rank.push_back(cdf(first, particles.position(i, 0)));
  for (const double t : {0.05, 0.4, 1.0}) {
    particles.advance(t);
    const GaussianMixture now = process.distribution().at(t);
    double worst = 0;
    for (Index i = 0; i < 500; ++i) worst = std::max(worst, std::abs(cdf(now, particles.position(i, 0)) - rank[i]));
    CHECK(worst < 1e-9);
  }
}

TEST_CASE("flow map and log-likelihood of A07") {
  const Process process = vp_mixture();
  const std::vector<double> start{-1.5, -0.5, 0.3, 1.2, 2};  // the last is not in the table
  const double image[] = {-0.8416323482315448, -0.2532134106742690, -0.1915827906286505, 0.8960262948906628};
  const double log_p_0[] = {-0.2257913501744419, -7.539117170232579, -2.044723425096508, -0.6384734250965084};
  const double log_p_1[] = {-1.273114940713101, -0.9510094359281107, -0.9373032609541917, -1.320372648887699};
  CarriedPoints points = carried(process, {start}, 1e-12);
  const std::vector<double> at_start(points.log_p(), points.log_p() + 5);
  points.advance(1);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(std::abs(at_start[i] - log_p_0[i]) < 1e-12);
    CHECK(std::abs(points.positions().axis[0][i] - image[i]) < 1e-9);
    CHECK(std::abs(points.log_p()[i] - log_p_1[i]) < 1e-9);
  }
  CHECK(likelihood_error(process, points) < 1e-9);

  points.advance(0);  // and back
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(std::abs(points.positions().axis[0][i] - start[i]) < 1e-7);
    CHECK(std::abs(points.log_p()[i] - at_start[i]) < 1e-6);
  }
}

TEST_CASE("log-likelihood along the flow is that of the closed form to 1e-6") {
  const Process mixture = vp_mixture(), turning = rotating();
  for (const Process* process : {&mixture, &turning}) {
    const std::size_t d = process->start.dimension();
    std::vector<std::vector<double>> positions(d, std::vector<double>(1000));
    std::array<std::span<double>, 2> columns;
    for (std::size_t k = 0; k < d; ++k) columns[k] = positions[k];
    draw_particles(*process->grid, process->initial(), 1, columns);
    CarriedPoints points = carried(*process, positions, 1e-10);
    for (const double t : {0.1, 0.5, 1.0}) {
      points.advance(t);
      CHECK(likelihood_error(*process, points) < 1e-6);
    }
    // backwards from the distribution at the end: the likelihood of what the flow makes of it at the start
    CarriedPoints back = carried(*process, positions, 1e-10, 0.2);
    back.advance(0);
    CHECK(likelihood_error(*process, back) < 1e-6);
  }
}

TEST_CASE("on a circle the score is that of the wrapped distribution and positions stay in the box") {
  const Process process{
      sde_of({"x"}, {"1"}, {{"0.5"}}), GaussianMixture({gaussian_1d(1, 0.3, 0.02)}),
      std::make_shared<Grid>(std::vector<Axis>{{"x", 0, 1, 50, Boundary::periodic, Boundary::periodic}})};
  const ClosedForm distribution(*process.sde->linear(), process.start, 1, Torus{{0, 0}, {1, 0}});
  const auto sde = std::make_shared<FamilySde>(process.sde, std::make_shared<ClosedScore>(distribution), 0.0);
  FlowEnsemble particles(process.grid, sde, [sde](double t) { sde->prepare(t); }, process.initial(),
                         {.particles = 20'000, .seed = 1});
  particles.advance(0.1);
  // first Fourier mode of the distribution: exp(2 pi i (0.3 + 0.1) - (2 pi)^2 (0.02 + 0.1)/2)
  const double turn = 2 * std::acos(-1.0);
  double cosine = 0, sine = 0;
  for (Index i = 0; i < 20'000; ++i) {
    const double x = particles.position(i, 0);
    REQUIRE(x >= 0);
    REQUIRE(x < 1);
    cosine += std::cos(turn * x) / 2e4;
    sine += std::sin(turn * x) / 2e4;
  }
  const double size = std::exp(-turn * turn * 0.06), error = 4 * std::sqrt(0.5 / 2e4);
  CHECK(std::abs(cosine - size * std::cos(turn * 0.4)) < error);
  CHECK(std::abs(sine - size * std::sin(turn * 0.4)) < error);
  CHECK(size > 4 * error);
}

TEST_CASE("what a step carries beyond a reflecting wall is put back on it") {
  const auto sde = std::make_shared<LambdaSde>(
      1,
      [](double, double, double t) {
        return std::array{t < 0.5 ? 1.0 : -1.0, 0.0};
      },
      [](double, double, double) {
        return std::array{0.0, 0.0, 0.0};
      });
  const auto grid = std::make_shared<Grid>(std::vector<Axis>{{"x", 0, 1, 10}});
  InitialDistribution initial;
  initial.point = std::vector<double>{0.8};
  FlowEnsemble particles(grid, sde, {}, initial, {.particles = 3, .seed = 1, .steps = {.dt = 0.125}});
  particles.advance(0.5);
  CHECK(particles.position(0, 0) == doctest::Approx(1).epsilon(1e-12));
  CHECK(particles.counts()[9] == 3);
  particles.advance(0.75);
  CHECK(particles.position(2, 0) == doctest::Approx(0.75).epsilon(1e-12));  // from the wall, not from 1.3
}

TEST_CASE("flows that cannot be are refused") {
  const Process process = vp_mixture();
  CHECK_THROWS_AS(flow(process, {.particles = 0, .seed = 1}), std::invalid_argument);
  CHECK_THROWS_AS(flow(process, {.particles = 9, .seed = 1, .steps = {.dt = -1}}), std::invalid_argument);
  CHECK_THROWS_AS(flow(process, {.particles = 9, .seed = 1, .steps = {.tolerance = 0}}), std::invalid_argument);
  CHECK_THROWS_AS(FamilySde(process.sde, std::make_shared<ClosedScore>(process.distribution()), -1),
                  std::invalid_argument);
  const auto absorbing = std::make_shared<Grid>(std::vector<Axis>{{"x", -6, 6, 12, Boundary::absorbing}});
  const auto sde = process.family(0);
  CHECK_THROWS_AS(FlowEnsemble(absorbing, sde, {}, process.initial(), {}), std::invalid_argument);
  const double here = 0;
  double f = 0;
  CHECK_THROWS_AS(sde->drift({1, 1, {&here, nullptr}}, 0.5, {{&f, nullptr}}), std::logic_error);  // not prepared

  const auto blows_up = std::make_shared<LambdaSde>(
      1,
      [](double x, double, double) {
        return std::array{std::sqrt(-x), 0.0};
      },
      [](double, double, double) {
        return std::array{0.0, 0.0, 0.0};
      });
  FlowEnsemble particles(process.grid, blows_up, {}, process.initial(), {.particles = 9, .seed = 1});
  CHECK_THROWS_AS(particles.advance(1), NumericalError);
  FlowEnsemble steps(process.grid, blows_up, {}, process.initial(), {.particles = 9, .seed = 1, .steps = {.dt = 0.1}});
  CHECK_THROWS_AS(steps.advance(1), NumericalError);
}

TEST_CASE("the rows of the table and their orders are what the integrators do") {
  CHECK(find_particle_stepper("euler_maruyama")->order == 1);
  CHECK(find_particle_stepper("probability_flow")->adaptive);
  CHECK(find_particle_stepper("probability_flow_rk4")->order == 4);
  CHECK(find_particle_stepper("milstein") == nullptr);
}
