// Freezes what a case may ask of its density and what answers: expectations, probabilities, mean velocities and times
// of passage against closed forms, in files, summaries and checks alike; and what cannot be answered, in words.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <sstream>

#include "../scratch.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/run/fields.hpp"
#include "fokker/run/steady.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

std::string check(const std::string& keys) { return "[[check]]\n" + keys + "below = 1e9\n"; }

/// Brownian motion between two absorbing walls, from 0.3.
const std::string between_walls = R"~(
[[axis]]
name = "x"
range = [0, 1]
cells = 100
boundary = "absorbing"
[sde]
drift = ["0"]
noise = [[1]]
[initial]
point = [0.3]
[time]
end = 4
[output]
frames = 4
)~";

/// A ring on which a constant force pushes over a wave.
const std::string ring = R"~(
[[axis]]
name = "x"
range = [0, "2*pi"]
cells = 101
boundary = "periodic"
[sde]
drift = ["0.5 + sin(x)"]
noise = [[1]]
[initial]
uniform = true
[time]
end = 20
)~";

struct Folder : Scratch {
  [[nodiscard]] std::vector<std::vector<std::string>> table(const char* name) const {
    std::ifstream file(path / name);
    std::vector<std::vector<std::string>> rows;
    for (std::string line; std::getline(file, line);) {
      std::istringstream cells(line);
      rows.emplace_back();
      for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
    }
    return rows;
  }
};

double number_of(const RunResult& result, const std::string& quantity) {
  for (const CheckResult& done : result.checks)
    if (done.check->quantity == quantity) return done.value;
  return NAN;
}

}  // namespace

TEST_CASE("answers stand in series.csv in summary.json in the closing table and in checks") {
  Setup setup = setup_of(std::string(ou) + check("quantity = \"expectation\"\nof = \"right\"\n") +
                             check("quantity = \"expectations.second\"\n") + check("quantity = \"moments.mean.0\"\n") +
                             check("quantity = \"probabilities.rihgt\"\n") + check("quantity = \"scheme.flux\"\n"),
                         {"output.expectations.second=x^2", "output.probabilities.right=x > 0.513"});
  const Folder folder;
  const RunResult result = run(setup, {.folder = folder.path});
  const double mean = std::exp(-0.5), variance = 0.5 + (0.25 - 0.5) * std::exp(-1.0);
  const double second = mean * mean + variance, right = std::erfc((0.513 - mean) / std::sqrt(2 * variance)) / 2;
  REQUIRE(result.answers.size() == 2);
  CHECK(result.answers[0] == doctest::Approx(second).epsilon(2e-3));
  CHECK(result.answers[1] == doctest::Approx(right).epsilon(2e-3));
  const Json json = json_of(document(setup, result, folder.path));
  CHECK(json["expectations"]["second"] == result.answers[0]);
  CHECK(json["probabilities"]["right"] == result.answers[1]);
  CHECK(json["mean_velocity"][0].get<double>() == doctest::Approx(-mean).epsilon(1e-3));
  const auto rows = folder.table("series.csv");
  const auto column = [&](const char* name) {
    return static_cast<std::size_t>(std::find(rows[0].begin(), rows[0].end(), name) - rows[0].begin());
  };
  CHECK(column("second") + 1 == column("right"));
  CHECK(column("right") + 1 == column("mean_velocity_x"));
  CHECK(std::stod(rows.back()[column("second")]) == doctest::Approx(result.answers[0]).epsilon(1e-11));
  CHECK(std::stod(rows.back()[column("mean_velocity_x")]) == doctest::Approx(-mean).epsilon(1e-3));
  const std::string text = text_of(document(setup, result, folder.path));
  CHECK(text.find("right: probability of \"x > 0.513\"") != std::string::npos);
  CHECK(text.find("mean velocity along x") != std::string::npos);
  CHECK(number_of(result, "expectation") == result.answers[1]);
  CHECK(number_of(result, "expectations.second") == result.answers[0]);
  CHECK(number_of(result, "moments.mean.0") == doctest::Approx(mean).epsilon(1e-3));
  std::string notes;
  for (const CheckResult& done : result.checks) notes += done.note;
  CHECK(notes ==
        "summary.json has no probabilities.rihgt; did you mean right (there: right)"
        "scheme.flux of summary.json is text, no number");
}

TEST_CASE("a question that cannot be answered is refused before the run or ends it") {
  CHECK(refusal_of(ou, {"output.expectations.g=1/x"}) ==
        "--set output.expectations.g: output.expectations.g: has a pole without an integral at x = -8.33333e-08");
  CHECK(refusal_of(ou, {"output.probabilities.g=x"}) ==
        "--set output.probabilities.g: output.probabilities.g: is no condition, which is 0 or 1 (a comparison, or a "
        "product of some): -3.95833 at x = -3.95833");
  CHECK(refusal_of(ou, {"output.expectations.g=x*log(0.3 - t)"}) ==
        "--set output.expectations.g: output.expectations.g: is not a number, t = 0.5");
  CHECK(refusal_of(ou, {"output.expectations.mean_x=x"}) ==
        "--set output.expectations.mean_x: output.expectations.mean_x: is the name of a column of series.csv already; "
        "take another one");
  Setup setup = setup_of(ou, {"output.expectations.g=1/(t - 0.2)"});
  const RunResult result = run(setup, {});
  CHECK(result.numerical_failure);
  CHECK(result.stop_reason == "output.expectations.g: is infinite at t = 0.2");
}

TEST_CASE("the mean velocity is the rate of the mean and that of a ring has a closed form") {
  const Setup setup = setup_of(ou);
  CHECK(mean_velocity(setup, 0, setup.initial)[0] == doctest::Approx(-1).epsilon(5e-3));
  const Setup plane = setup_of(ou_2d);
  const std::vector<double> v = mean_velocity(plane, 0, plane.initial);
  REQUIRE(v.size() == 2);
  CHECK(v[1] == doctest::Approx(-3).epsilon(0.1));  // d<y>/dt = <x - y>
  // Stratonovich: v = L (1 - exp(-F L/D)) / int_0^L dx int_0^L dy exp((U(x) - U(x - y) - F y)/D) D
  const double D = 0.5, F = 0.5, L = 2 * std::numbers::pi;
  const int n = 400;
  double sum = 0;
  const auto U = [](double x) { return std::cos(x); };
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {  // trapezoids are exact around the ring, midpoints nearly along y
      const double x = L * i / n, y = L * (j + 0.5) / n;
      sum += std::exp((U(x) - U(x - y) - F * y) / D);
    }
  const double exact = L * D * (1 - std::exp(-F * L / D)) / (sum * L * L / n / n);
  Setup moving = setup_of(ring);
  const RunResult result = run(moving, {});
  CHECK(result.mean_velocity[0] == doctest::Approx(exact).epsilon(2e-3));
  CHECK(result.drifts);
  Setup steady = build_steady(moving.config);
  const SteadyResult rest = solve_steady(steady);
  CHECK(rest.mean_velocity[0] == doctest::Approx(exact).epsilon(2e-3));
  CHECK(json_of(document(steady, rest, "."))["mean_velocity"][0] == rest.mean_velocity[0]);
}

TEST_CASE("a stationary density answers what does not speak of time") {
  Setup setup = build_steady(
      setup_of(std::string(ou) + check("quantity = \"expectation\"\nof = \"second\"\n") +
                   check("quantity = \"expectation\"\nof = \"wave\"\n") +
                   check("quantity = \"probabilities.right\"\n") +
                   check("quantity = \"mean_velocity\"\naxis = \"x\"\n"),
               {"output.expectations={ second = \"x^2\", wave = \"cos(x - t)\" }", "output.probabilities.right=x > 1"})
          .config);
  const SteadyResult result = solve_steady(setup);
  REQUIRE(result.answers.size() == 2);
  CHECK(result.answers[0] == doctest::Approx(0.5).epsilon(1e-3));
  CHECK(result.answers[1] == doctest::Approx(std::erfc(1) / 2).epsilon(2e-3));
  CHECK_FALSE(result.drifts);
  CHECK(result.checks.size() == 3);
  CHECK(setup.warnings.back() == "output.expectations.wave depends on t: it is not asked of the stationary density");
}

TEST_CASE("times of passage are those of Brownian motion between two walls") {
  Setup setup = setup_of(between_walls + check("quantity = \"passage_mean\"\n") +
                         check("quantity = \"passage_variance\"\nside = \"x_upper\"\n") +
                         check("quantity = \"outflow\"\nside = \"x_upper\"\n"));
  const Folder folder;
  const RunResult result = run(setup, {.folder = folder.path});
  const double x = 0.3;
  const double upper_mean = (1 - x * x) / 3;  // of those who leave at 1; 0 at x = 0.7 by symmetry
  const double all_second = (x - 2 * x * x * x + x * x * x * x) / 3;
  const Passages all = result.passage->through(""), upper = result.passage->through("x_upper"),
                 lower = result.passage->through("x_lower");
  CHECK(all.mean == doctest::Approx(x * (1 - x)).epsilon(1e-4));
  CHECK(all.variance == doctest::Approx(all_second - x * x * (1 - x) * (1 - x)).epsilon(1e-3));
  CHECK(upper.left == doctest::Approx(x).epsilon(1e-4));
  CHECK(upper.mean == doctest::Approx(upper_mean).epsilon(1e-4));
  CHECK(lower.mean == doctest::Approx((1 - 0.7 * 0.7) / 3).epsilon(1e-4));
  CHECK_FALSE(result.passage->lower_bound());
  CHECK(number_of(result, "passage_mean") == all.mean);
  CHECK(number_of(result, "passage_variance") == upper.variance);
  CHECK(number_of(result, "outflow") == upper.left);
  const Json json = json_of(document(setup, result, {}))["passage"];
  CHECK(json["mean"] == all.mean);
  CHECK(json["sides"]["x_upper"]["left"] == upper.left);
  CHECK(json["lower_bound"] == false);
  const auto rows = folder.table("passage.csv");
  CHECK(rows[0] == std::vector<std::string>{"t", "density_x_lower", "cumulative_x_lower", "density_x_upper",
                                            "cumulative_x_upper"});
  CHECK(rows.size() == folder.table("series.csv").size());
  double sum = 0;  // the density is that of the cumulative
  for (std::size_t k = 2; k < rows.size(); ++k)
    sum +=
        (std::stod(rows[k][1]) + std::stod(rows[k - 1][1])) / 2 * (std::stod(rows[k][0]) - std::stod(rows[k - 1][0]));
  CHECK(sum == doctest::Approx(0.7).epsilon(1e-2));
}

TEST_CASE("mass that is still inside makes the mean a lower bound and says so") {
  Setup setup = setup_of(between_walls + check("quantity = \"passage_mean\"\n"), {"time.end=0.1"});
  const RunResult result = run(setup, {});
  const PassageRecord& record = *result.passage;
  CHECK(record.lower_bound());
  CHECK(record.inside() == result.balance.mass);
  CHECK(record.through("").mean < record.least_mean());
  CHECK(record.least_mean() < 0.21);
  CHECK(result.checks[0].note.find("of the mass is still inside: a lower bound, and the mean of all is at least 0.0") !=
        std::string::npos);
  CHECK(text_of(document(setup, result, {})).find("passage: 0.") != std::string::npos);
}

TEST_CASE("nothing that has left has no mean and no wall gets no passages") {
  Setup still = setup_of(between_walls, {"sde.noise=0", "time.end=1"});
  const RunResult none = run(still, {});
  CHECK(std::isnan(none.passage->through("").mean));
  CHECK(text_of(document(still, none, {})).find("passage through x_lower: nothing has left") != std::string::npos);
  CHECK(json_of(document(still, none, {}))["passage"]["mean"].is_null());
  Setup closed = setup_of(ou);
  CHECK(run(closed, {}).passage == nullptr);
  CHECK(refusal_of(std::string(ou) + check("quantity = \"outflow\"\nside = \"x_upper\"\n"))
            .ends_with("check.0.quantity: outflow needs an absorbing side, and there is none"));
}

TEST_CASE("what passes does not depend on threads nor on what is asked") {
  const auto means = [](int threads, const std::vector<std::string>& overrides) {
    const ThreadLimit limit(threads);
    Setup setup = setup_of(ou_2d, overrides);
    const RunResult result = run(setup, {});
    return std::vector<double>{result.passage->through("").mean, result.passage->through("").variance,
                               result.p.values.sum(), result.mean_velocity[0], result.mean_velocity[1]};
  };
  const std::vector<double> one = means(1, {"compare={}"});
  CHECK(one == means(2, {"compare={}"}));
  CHECK(one == means(2, {"compare={}", "output.expectations.w=cos(x - t)", "output.probabilities.r=x + y > t"}));
}

TEST_CASE("the short ways to velocities and outflow rates are those of current and operator") {
  for (const char* text : {ou, ou_2d, between_walls.c_str(), ring.c_str()}) {
    const Setup setup = setup_of(text, {"scheme.flux=\"scharfetter_gummel\""});
    const Field& p = setup.initial;
    const auto total = setup.scheme->total_current(0, p.view());
    REQUIRE(total.has_value());
    const FieldValues J = field_row("current").values(setup, 0, p);
    double sum = 0, sizes = 0;
    for (const double value : J.x) {
      sum += value;
      sizes += std::abs(value);
    }
    CHECK(std::abs((*total)[0] - sum) <= 1e-13 * sizes);
    std::vector<double> rates(static_cast<std::size_t>(setup.grid->outflows())), state(setup.scheme->op().size()),
        change(state.size());
    REQUIRE(setup.scheme->outflow_rates(0, p.view(), rates));
    std::copy(p.values.begin(), p.values.end(), state.begin());
    setup.scheme->op().apply(0, state, change);
    for (std::size_t k = 0; k < rates.size(); ++k)
      CHECK(rates[k] == doctest::Approx(change[static_cast<std::size_t>(setup.grid->cells()) + k]).epsilon(1e-14));
  }
}
