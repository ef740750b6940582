// Freezes the calibration of the agreement statistics: for particles that ARE drawn from the density z has mean 0 and
// deviation 1 and p-values are uniform, for coarse and fine histograms, few and many particles per cell, and with
// particles that left; for a density that is slightly wrong they object.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "fokker/analysis/agreement.hpp"

using namespace fokker;

namespace {

Grid line(Index cells, Boundary side = Boundary::reflecting) { return Grid({{"x", -5, 5, cells, side, side}}); }

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

/// Cell averages of a normal law with the given mean and unit variance, per axis.
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
    const double share = left > 0 ? std::min(1.0, probability / left) : 0;
    const long k = particles > 0 && share > 0 ? std::binomial_distribution<long>(particles, share)(random) : 0;
    counts.push_back(static_cast<double>(k));
    particles -= k;
    left -= probability;
  }
  return counts;
}

struct Calibration {
  double mean = 0, deviation = 0, chi2_mean = 0, chi2_low = 0, ks_low = 0;
};

Calibration calibrate(const Grid& grid, const std::vector<double>& p, long total, int rounds) {
  std::mt19937_64 random(12345);
  Calibration c;
  double square = 0;
  for (int round = 0; round < rounds; ++round) {
    const Agreement a = agreement(grid, p, drawn(grid, p, total, random), static_cast<double>(total));
    c.mean += a.z / rounds;
    square += a.z * a.z / rounds;
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
  CHECK(std::abs(c.chi2_mean - 0.5) < 0.035);
  CHECK(std::abs(c.chi2_low - 0.05) < 4 * std::sqrt(0.05 / rounds));
  CHECK(c.ks_low < 0.05 + 4 * std::sqrt(0.05 / rounds));
}

}  // namespace

TEST_CASE("z is standard for particles of the density itself") {
  for (const Index cells : {4, 20, 200, 2000})
    for (const long total : {400L, 20'000L}) {
      const Grid grid = line(cells);
      check_calibrated(grid, normal_averages(grid, 0.3), total);
    }
}

TEST_CASE("z is standard in 2D and with more cells than particles") {
  const Grid grid({{"x", -5, 5, 40}, {"y", -5, 5, 50}});
  check_calibrated(grid, normal_averages(grid, 0), 1000);
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
  // 1.3581 is the 5 % point and 0.8276 the median of the limit law; one face carries the whole difference
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
  CHECK(std::abs(right.z) < 4);
  CHECK(right.chi2_p_value > 1e-4);
  CHECK(right.ks_p_value > 1e-4);
  const Agreement off = agreement(grid, wrong, counts, static_cast<double>(total));

  CHECK(off.z > 5);
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
