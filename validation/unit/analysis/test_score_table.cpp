// Guards the score of an earlier run: second order in space, fourth in time (and in what leaving out every second
// snapshot tells), finite where doubles carry nothing, and periodic across the ends of the ring.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "fokker/analysis/score_table.hpp"

using namespace fokker;

namespace {

std::shared_ptr<const Grid> line(Index cells, Boundary boundary = Boundary::reflecting) {
  return std::make_shared<const Grid>(std::vector<Axis>{{"x", -2, 2, cells, boundary, boundary}});
}

/// Snapshots of exp(log_p(x, t)) at `count` equal intervals of [0, 1].
template <class LogP, class Rate>
std::shared_ptr<const LogSnapshots> record(const std::shared_ptr<const Grid>& grid, int count, const LogP& log_p,
                                           const Rate& log_rate) {
  auto snapshots = std::make_shared<LogSnapshots>(grid, std::nullopt);
  const std::size_t n = grid->cells();
  std::vector<double> p(n), rate(n);
  for (int k = 0; k <= count; ++k) {
    const double t = static_cast<double>(k) / count;
    for (std::size_t i = 0; i < n; ++i) {
      const double x = grid->centers().axis[0][i], y = grid->dimension() > 1 ? grid->centers().axis[1][i] : 0;
      p[i] = std::exp(log_p(x, y, t));
      rate[i] = p[i] * log_rate(x, y, t);
    }
    snapshots->add(t, p, rate);
  }
  return snapshots;
}

double score_at(ScoreTable& table, double t, double x) {
  table.prepare(t, {});
  double s = 0;
  table.score({1, 1, {&x, nullptr}}, {{&s, nullptr}});
  return s;
}

double wave(double x, double /*y*/, double t) { return std::sin(x) * std::exp(-t) - 0.3 * x * x; }
double wave_rate(double x, double /*y*/, double t) { return -std::sin(x) * std::exp(-t); }
double wave_score(double x, double t) { return std::cos(x) * std::exp(-t) - 0.6 * x; }

}  // namespace

TEST_CASE("differences of log p are second order between the faces too") {
  const auto error = [](Index cells) {
    ScoreTable table(record(line(cells), 4, wave, wave_rate));
    double worst = 0;
    for (const double x : {-1.5, -0.31, 0.0, 0.77, 1.9})
      worst = std::max(worst, std::abs(score_at(table, 0.5, x) - wave_score(x, 0.5)));
    return worst;
  };
  CHECK(error(400) < 2e-5);
  CHECK(std::log2(error(100) / error(200)) == doctest::Approx(2).epsilon(0.15));
}

TEST_CASE("interpolation in time is fourth order and leaving out every second snapshot shows it") {
  const auto grid = line(50);
  const auto error = [&](int count, std::size_t stride) {
    ScoreTable table(record(grid, count, wave, wave_rate), stride), truth(record(grid, 1280, wave, wave_rate));
    const double t = 3.5 / 10, x = 0.4;
    return std::abs(score_at(table, t, x) - score_at(truth, t, x));
  };
  CHECK(std::log2(error(5, 1) / error(15, 1)) / std::log2(3) == doctest::Approx(4).epsilon(0.1));
  CHECK(error(10, 2) == doctest::Approx(error(5, 1)).epsilon(1e-6));
}

TEST_CASE("two axes and a ring") {
  const auto grid = std::make_shared<const Grid>(
      std::vector<Axis>{{"x", 0, 2 * std::numbers::pi, 100, Boundary::periodic, Boundary::periodic},
                        {"y", -1, 1, 60, Boundary::reflecting, Boundary::reflecting}});
  const auto log_p = [](double x, double y, double) { return std::cos(x) * y + y; };
  ScoreTable table(record(grid, 1, log_p, [](double, double, double) { return 0.0; }));
  table.prepare(0.3, {});
  for (const double x : {0.0, 0.02, 1.1, 2 * std::numbers::pi - 0.01, 2 * std::numbers::pi})
    for (const double y : {-0.5, 0.013, 0.7}) {
      double sx = 0, sy = 0;
      table.score({1, 2, {&x, &y}}, {{&sx, &sy}});
      CHECK(sx == doctest::Approx(-std::sin(x) * y).epsilon(2e-3).scale(1));
      CHECK(sy == doctest::Approx(std::cos(x) + 1).epsilon(2e-3).scale(1));
    }
}

TEST_CASE("what doubles do not carry is counted and has no score; wild rates do no harm") {
  const auto grid = line(40);
  const auto steep = [](double x, double, double t) { return -2000 * (1 - t) * std::abs(x) - x * x; };
  ScoreTable table(record(grid, 2, steep, [](double x, double, double) { return 1e9 * x; }));
  CHECK(score_at(table, 0, 1.9) == 0);
  CHECK(score_at(table, 1, 1.9) == doctest::Approx(-3.8).epsilon(0.02));
  for (const double t : {0.1, 0.4, 0.6, 0.9}) CHECK(std::abs(score_at(table, t, 0.6)) < 6000);
  CHECK(record(grid, 2, steep, [](double, double, double) { return 0.0; })->underflowed() > 20);
}
