// Freezes the calibration of the agreement statistics: for particles that ARE drawn from the density z has mean 0 and
// deviation 1, Phi(z) and p-values are uniform and the verdict objects as rarely as it says, for coarse and fine
// histograms, few and many particles per cell, tails below the range of doubles, circles, and with particles that left;
// for a density that is slightly wrong they object.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "fokker/analysis/agreement.hpp"

using namespace fokker;

namespace {

Grid line(Index cells, Boundary side = Boundary::reflecting) { return Grid({{"x", -5, 5, cells, side, side}}); }

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

/// Cell averages of a normal distribution with the given mean and unit variance, per axis.
std::vector<double> normal_averages(const Grid& grid, double mean, double mass = 1) {
  std::vector<double> p;
  for (Index cell = 0; cell < grid.cells(); ++cell) {
    double product = mass / grid.volume();
    for (int k = 0; k < grid.dimension(); ++k) {
      const Index i = k == 0 ? cell % grid.nx() : cell / grid.nx();
      product *= normal_cdf(grid.axis(k).face(i + 1) - mean) - normal_cdf(grid.axis(k).face(i) - mean);
    }
    p.push_back(product);
  }
  return p;
}

/// Counts of `total` draws: cell by cell, binomial given what is left (exactly multinomial).
std::vector<double> drawn(const Grid& grid, const std::vector<double>& p, long total, std::mt19937_64& random) {
  std::vector<double> counts;
  double left = 1;
  long particles = total;
  for (const double density : p) {
    const double probability = density * grid.volume();
    const double fraction = left > 0 ? std::min(1.0, probability / left) : 0;
    const long k = particles > 0 && fraction > 0 ? std::binomial_distribution<long>(particles, fraction)(random) : 0;
    counts.push_back(static_cast<double>(k));
    particles -= k;
    left -= probability;
  }
  return counts;
}

struct Calibration {
  double mean = 0, deviation = 0, z_low = 0, chi2_mean = 0, chi2_low = 0, ks_low = 0;
};

Calibration calibrate(const Grid& grid, const std::vector<double>& p, long total, int rounds) {
  std::mt19937_64 random(12345);
  Calibration c;
  double square = 0;
  for (int round = 0; round < rounds; ++round) {
    const Agreement a = agreement(grid, p, drawn(grid, p, total, random), static_cast<double>(total));
    c.mean += a.z.value() / rounds;
    square += a.z.value() * a.z.value() / rounds;
    c.z_low += (a.z_p_value < 0.05) / static_cast<double>(rounds);
    c.chi2_mean += a.chi2_p_value / rounds;
    c.chi2_low += (a.chi2_p_value < 0.05) / static_cast<double>(rounds);
    c.ks_low += (a.ks_p_value < 0.05) / static_cast<double>(rounds);
  }
  c.deviation = std::sqrt(square - c.mean * c.mean);
  return c;
}

void check_calibrated(const Grid& grid, const std::vector<double>& p, long total) {
  const int rounds = 2000;
  const Calibration c = calibrate(grid, p, total, rounds);
  CAPTURE(grid.cells());
  CAPTURE(total);
  CAPTURE(c.mean);
  CAPTURE(c.deviation);
  CHECK(std::abs(c.mean) < 4 / std::sqrt(rounds));
  CHECK(std::abs(c.deviation - 1) < 4 / std::sqrt(2.0 * rounds));
  CHECK(c.z_low < 0.05 + 4 * std::sqrt(0.05 / rounds));
  CHECK(std::abs(c.chi2_mean - 0.5) < 0.035);
  CHECK(std::abs(c.chi2_low - 0.05) < 4 * std::sqrt(0.05 / rounds));
  CHECK(c.ks_low < 0.05 + 4 * std::sqrt(0.05 / rounds));
}

}  // namespace

TEST_CASE("z is standard for particles of the density itself") {
  for (const Index cells : {20, 200, 2000})
    for (const long total : {400L, 20'000L}) {
      if (cells == 2000 && total == 400) continue;  // no cell expects a particle
      const Grid grid = line(cells);
      check_calibrated(grid, normal_averages(grid, 0.3), total);
    }
}

TEST_CASE("z is standard beside one cell that holds almost everything and for the fewest cells") {
  const Grid grid({{"x", 0, 1, 13}}), ten({{"x", 0, 1, 10}});
  std::vector<double> p(13, 1e-3 / grid.volume());
  p[4] = (1 - 12e-3) / grid.volume();
  check_calibrated(grid, p, 20'000);
  check_calibrated(ten, std::vector<double>(10, 1.0), 1000);
}

TEST_CASE("z is standard in 2D and with more cells than particles") {
  const Grid grid({{"x", -5, 5, 40}, {"y", -5, 5, 50}});
  check_calibrated(grid, normal_averages(grid, 0), 1000);
}

TEST_CASE("fewer than ten cells that expect a particle leave z out") {
  std::mt19937_64 random(3);
  const Grid grid = line(9);
  const std::vector<double> p = normal_averages(grid, 0);
  const Agreement few = agreement(grid, p, drawn(grid, p, 10'000, random), 10'000);
  CHECK(few.expecting == 7);
  CHECK_FALSE(few.z);
  CHECK(few.z_p_value == 1);
  CHECK(few.l1_expected > 0);
  const Grid fine = line(400);
  const std::vector<double> thin = normal_averages(fine, 0);
  CHECK_FALSE(agreement(fine, thin, drawn(fine, thin, 50, random), 50).z);  // at most 50 * 0.01 in a cell
}

TEST_CASE("z is standard when some particles have left") {
  const Grid grid = line(50, Boundary::absorbing);
  check_calibrated(grid, normal_averages(grid, 1, 0.6), 5000);
}

TEST_CASE("expected l1 of two cells is de Moivre's mean deviation") {
  // E|K - Np| = 2 v C(N,v) p^v q^(N-v+1), v = floor(Np) + 1; N = 10, p = 0.3: v = 4
  const Grid grid({{"x", 0, 1, 2}});
  const double expected = 2 * 4 * 210 * std::pow(0.3, 4) * std::pow(0.7, 7);
  const Agreement a = agreement(grid, std::vector<double>{0.6, 1.4}, std::vector<double>{4, 6}, 10);
  CHECK(a.l1 == doctest::Approx(0.2).epsilon(1e-13));
  CHECK(a.l1_expected == doctest::Approx(2 * expected / 10).epsilon(1e-13));
}

TEST_CASE("chi square and its p value are those of the textbook") {
  // pools of 30, 50 and 20 expected; 25, 60 and 15 found
  const Grid grid({{"x", 0, 3, 3}});
  const Agreement a = agreement(grid, std::vector<double>{0.3, 0.5, 0.2}, std::vector<double>{25, 60, 15}, 100);
  CHECK(a.chi2 == doctest::Approx(25 / 30.0 + 100 / 50.0 + 25 / 20.0).epsilon(1e-13));
  CHECK(a.chi2_dof == 2);
  CHECK(a.chi2_p_value == doctest::Approx(std::exp(-a.chi2 / 2)).epsilon(1e-12));
}

TEST_CASE("Kolmogorov's tail is that of the tables") {
  // 1.3581 is the 5 % point and 0.8276 the median of the limit distribution; one face carries the whole difference
  const Grid grid({{"x", 0, 1, 2}});
  const double total = 1e8, root = 1e4;
  for (const auto& [point, tail] : {std::pair{1.3581, 0.05}, std::pair{0.82757, 0.5}, std::pair{1.62762, 0.01}}) {
    const double shift = point / root * total;
    const Agreement a =
        agreement(grid, std::vector<double>{1, 1}, std::vector<double>{total / 2 + shift, total / 2 - shift}, total);
    CHECK(a.ks == doctest::Approx(point / root).epsilon(1e-10));
    CHECK(a.ks_p_value == doctest::Approx(tail).epsilon(2e-4));
  }
}

TEST_CASE("those that left are a bin of their own") {
  const Grid grid = line(10, Boundary::absorbing);
  const std::vector<double> p(10, 0.05), counts(10, 50);  // half of the mass, and half of 1000 particles
  const Agreement fits = agreement(grid, p, counts, 1000);
  CHECK(fits.chi2 == doctest::Approx(0).epsilon(1e-10));
  CHECK(fits.chi2_dof == 10);
  CHECK(fits.ks < 1e-12);
  const Agreement off = agreement(grid, p, counts, 1100);  // 600 left, 550 expected
  CHECK(off.chi2 == doctest::Approx(10 * 25 / 55.0 + 2500 / 550.0).epsilon(1e-12));
  CHECK(std::abs(off.ks - (0.5 - 500 / 1100.0)) < 1e-12);
}

TEST_CASE("a density shifted by a twentieth of its width is rejected") {
  std::mt19937_64 random(1);
  const Grid grid = line(200);
  const long total = 1'000'000;
  const std::vector<double> truth = normal_averages(grid, 0), wrong = normal_averages(grid, 0.05);
  const std::vector<double> counts = drawn(grid, truth, total, random);
  const Agreement right = agreement(grid, truth, counts, static_cast<double>(total));
  CHECK(std::abs(right.z.value()) < 4);
  CHECK(right.chi2_p_value > 1e-4);
  CHECK(right.ks_p_value > 1e-4);
  const Agreement off = agreement(grid, wrong, counts, static_cast<double>(total));

  CHECK(off.z.value() > 5);
  CHECK(off.chi2_p_value < 1e-10);
  CHECK(off.ks_p_value < 1e-10);
  CHECK(off.w1.value() == doctest::Approx(0.05).epsilon(0.1));
}

TEST_CASE("negative averages count as empty and the rest is scaled to 1") {
  const Grid grid({{"x", 0, 4, 4}});
  const std::vector<double> p{-0.25, 0.25, 0.5, 0.5}, counts{0, 20, 40, 40};
  const Agreement a = agreement(grid, p, counts, 100);
  CHECK(a.l1 < 1e-15);
  CHECK(a.chi2 < 1e-12);
}

TEST_CASE("bad sizes and totals are refused") {
  const Grid grid = line(4);
  const std::vector<double> four(4, 0.1), three(3, 0.1);
  CHECK_THROWS_AS((void)agreement(grid, three, four, 10), std::invalid_argument);
  CHECK_THROWS_AS((void)agreement(grid, four, three, 10), std::invalid_argument);
  CHECK_THROWS_AS((void)agreement(grid, four, four, 0.3), std::invalid_argument);
}

namespace {

double uniformity(std::vector<double> values) {  // p-value of Kolmogorov and Smirnov's test
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    distance =
        std::max({distance, (static_cast<double>(i) + 1) / n - values[i], values[i] - static_cast<double>(i) / n});
  const double x = distance * (std::sqrt(n) + 0.12 + 0.11 / std::sqrt(n));
  double tail = 0;
  for (int k = 1; k <= 50; ++k) tail += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
  return x < 0.2 ? 1 : tail;
}

/// Midpoint values of a density of width 1, stretched along every axis, scaled to a mass.
std::vector<double> shape(const Grid& grid, const std::function<double(double)>& density, double stretch, double mass) {
  std::vector<double> p;
  double sum = 0;
  for (Index cell = 0; cell < grid.cells(); ++cell) {
    double product = 1;
    for (int k = 0; k < grid.dimension(); ++k)
      product *= density(grid.axis(k).center(k == 0 ? cell % grid.nx() : cell / grid.nx()) / stretch);
    p.push_back(product);
    sum += product;
  }
  for (double& value : p) value *= mass / (sum * grid.volume());
  return p;
}

struct Distribution {
  std::string name;
  Grid grid;
  std::function<double(double)> density;
  double mass = 1;
  bool underflows = false;
};

std::vector<Distribution> distributions() {
  const auto normal = [](double x) { return std::exp(-x * x / 2); };
  const auto wells = [](double x) { return std::exp(-4 * std::pow(x * x - 1, 2)); };
  const auto kinked = [](double x) { return std::exp(-std::abs(x)) * (x > 0.3 ? 2 : 1); };
  const auto pointed = [](double x) { return std::exp(400 * (std::cos(x / 20) - 1)); };  // a circle of radius 20
  const double half = 20 * std::numbers::pi;
  return {{"normal", Grid({{"x", -5, 5, 60}}), normal, 1, false},
          {"plane", Grid({{"x", -2.5, 2.5, 24}, {"y", -2.5, 2.5, 30}}), wells, 1, false},
          {"left", Grid({{"x", -4, 4, 50, Boundary::absorbing, Boundary::absorbing}}), kinked, 0.6, false},
          {"tails", Grid({{"x", -45, 45, 400}}), normal, 1, true},
          {"well", Grid({{"x", -4, 4, 150}, {"y", -4, 4, 40}}), wells, 1, true},
          {"circle", Grid({{"x", -half, half, 700, Boundary::periodic, Boundary::periodic}}), pointed, 1, true}};
}

}  // namespace

TEST_CASE("over fixed seeds Phi of z is uniform and the verdict errs as often as it says") {
  constexpr int seeds = 200;
  constexpr long total = 100'000;
  int doubted = 0, rejected = 0, low = 0;
  for (const Distribution& distribution : distributions()) {
    CAPTURE(distribution.name);
    const std::vector<double> p = shape(distribution.grid, distribution.density, 1, distribution.mass);
    CHECK((*std::min_element(p.begin(), p.end()) < 1e-154) == distribution.underflows);
    std::vector<double> phi;
    for (int seed = 1; seed <= seeds; ++seed) {
      std::mt19937_64 random(seed);
      const Agreement a = agreement(distribution.grid, p, drawn(distribution.grid, p, total, random), total);
      CHECK(a.expecting >= 20);
      phi.push_back(normal_cdf(a.z.value()));
      const double together = a.verdict().p_value;
      low += together < 0.05;
      doubted += together < doubtful_below;
      rejected += together < differs_below;
    }
    CHECK(uniformity(phi) > 0.01);
  }
  // Of 1200 at most 60, 12 and 1.2 are expected (Bonferroni's bound); the three are not exclusive, and KS is careful.
  CHECK(low > 20);
  CHECK(low < 70);
  CHECK(doubted < 20);
  CHECK(rejected < 5);
}

TEST_CASE("a density that is a twentieth too wide is rejected") {
  constexpr long total = 100'000;
  for (const Distribution& distribution : distributions()) {
    CAPTURE(distribution.name);
    std::mt19937_64 random(1);
    const std::vector<double> truth = shape(distribution.grid, distribution.density, 1, distribution.mass);
    const std::vector<double> counts = drawn(distribution.grid, truth, total, random);
    CHECK(agreement(distribution.grid, truth, counts, total).verdict().word == "agrees");
    const Agreement off = agreement(
        distribution.grid, shape(distribution.grid, distribution.density, 1.05, distribution.mass), counts, total);
    CAPTURE(off.z.value());
    CHECK(off.verdict().word == "differs");
    CHECK_FALSE(off.verdict().spoke.empty());
  }
}

TEST_CASE("what one statistic alone sees makes the verdict") {
  Agreement a;
  CHECK(a.verdict().word == "agrees");
  CHECK(a.verdict().spoke.empty());
  a.z_p_value = 2e-3;
  CHECK(a.verdict().p_value == doctest::Approx(6e-3));
  CHECK(a.verdict().word == "doubtful");
  CHECK(a.verdict().spoke == std::vector<std::string>{"z"});
  a.chi2_p_value = 1e-7;
  CHECK(a.verdict().word == "differs");
  CHECK(a.verdict().spoke == std::vector<std::string>{"chi-square"});
  a.ks_p_value = 0;
  CHECK(a.verdict().spoke == std::vector<std::string>{"KS", "chi-square"});
}

TEST_CASE("an unlikely regularity is no agreement") {
  const Grid grid({{"x", 0, 1, 100}});
  const Agreement a = agreement(grid, std::vector<double>(100, 1.0), std::vector<double>(100, 100), 10'000);
  CHECK(a.z.value() < -5);
  CHECK(a.verdict().word == "differs");
}

TEST_CASE("a few particles where the density allows none are seen beside many") {
  std::mt19937_64 random(2);
  const Grid grid = line(20);
  std::vector<double> p = normal_averages(grid, 0);
  for (std::size_t i = 0; i < 3; ++i) p[i] = 1e-300;  // 2e-4 of the mass, given to its neighbours
  p[3] += normal_cdf(-3.5) / grid.volume();
  const std::vector<double> counts = drawn(grid, p, 100'000, random);
  CHECK(agreement(grid, p, counts, 100'000).verdict().word == "agrees");
  for (const double strays : {1.0, 8.0}) {
    std::vector<double> moved = counts;
    moved[9] -= strays;
    moved[2] += strays;
    const Agreement a = agreement(grid, p, moved, 100'000);
    CHECK(a.verdict().spoke == std::vector<std::string>{"chi-square"});
    CHECK(a.verdict().word == "differs");
  }
}

TEST_CASE("a circle may be cut anywhere") {
  std::mt19937_64 random(5);
  const Grid circle({{"x", 0, 1, 40, Boundary::periodic, Boundary::periodic}}), open({{"x", 0, 1, 40}});
  std::vector<double> p(40);
  for (std::size_t i = 0; i < 40; ++i) p[i] = 1 + 0.5 * std::sin(0.157 * static_cast<double>(i));
  double sum = 0;
  for (const double value : p) sum += value / 40;
  for (double& value : p) value /= sum;
  std::vector<double> counts = drawn(circle, p, 4000, random);
  const Agreement here = agreement(circle, p, counts, 4000);
  CHECK(here.ks >= agreement(open, p, counts, 4000).ks);  // a range is no smaller than either end
  std::rotate(p.begin(), p.begin() + 13, p.end());
  std::rotate(counts.begin(), counts.begin() + 13, counts.end());
  const Agreement there = agreement(circle, p, counts, 4000);
  CHECK(there.ks == doctest::Approx(here.ks).epsilon(1e-12));
  CHECK(there.ks_p_value == doctest::Approx(here.ks_p_value).epsilon(1e-9));
  CHECK(there.w1.value() == doctest::Approx(here.w1.value()).epsilon(1e-12));
}

TEST_CASE("Kuiper's tail is that of the tables") {
  // 1.747 and 2.001 are the 5 % and 1 % points of the limit distribution (Stephens 1970)
  const Grid grid({{"x", 0, 1, 2, Boundary::periodic, Boundary::periodic}});
  const double total = 1e8, root = 1e4;
  for (const auto& [point, tail] : {std::pair{1.747, 0.05}, std::pair{2.001, 0.01}}) {
    const double shift = point / root * total;
    const Agreement a =
        agreement(grid, std::vector<double>{1, 1}, std::vector<double>{total / 2 + shift, total / 2 - shift}, total);
    CHECK(a.ks_p_value == doctest::Approx(tail).epsilon(5e-3));
  }
}

TEST_CASE("a density that is no number agrees with nothing") {
  const Grid grid = line(20);
  std::vector<double> p(20, 0.1);
  p[7] = std::nan("");
  const Agreement a = agreement(grid, p, std::vector<double>(20, 5), 100);
  CHECK(std::isnan(a.l1));
  CHECK_FALSE(a.z);
  CHECK(a.verdict().p_value == 0);
  CHECK(a.verdict().word == "differs");
}
