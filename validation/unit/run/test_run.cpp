// Freezes what a run promises as a whole: landing on every frame, the mass balance, verdicts, checks and their exit
// rules, interruption, numerical failure as a result, and the same bits for any number of threads.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/base/parallel.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/spectral/fourier.hpp"
#include "small_case.hpp"

using namespace fokker;

TEST_CASE("a run lands on every frame and keeps mass and positivity") {
  Setup setup = setup_of(ou);
  const RunResult result = run(setup, {});
  CHECK(result.stop_reason == "end");
  CHECK(result.t == 0.5);
  REQUIRE(result.verdicts.size() == 1);
  REQUIRE(result.verdicts[0].second.size() == 6);
  for (std::size_t k = 0; k < 6; ++k)
    CHECK(result.verdicts[0].second[k].t == doctest::Approx(0.1 * static_cast<double>(k)));
  CHECK(result.balance.mass_max_error < 1e-14);
  CHECK(result.balance.run_min >= 0);
  CHECK(result.verdicts[0].second[0].norms.l1 < 1e-13);  // the initial state is the exact distribution's averages
  CHECK(result.verdicts[0].second[5].norms.l1 < 6e-3);   // measured 3.9e-3
}

TEST_CASE("the error falls with the square of the cell width") {
  const auto error = [](int cells) {
    Setup setup = setup_of(ou, {"axis.x.cells=" + std::to_string(cells), "time.tolerance=1e-8"});
    return run(setup, {}).verdicts[0].second.back().norms.l1;
  };
  CHECK(std::log2(error(100) / error(200)) == doctest::Approx(2).epsilon(0.03));
}

TEST_CASE("outflow is accounted for and particles agree on a tensor with an absorbing wall") {
  Setup setup = setup_of(ou_2d);
  const RunResult result = run(setup, {});
  CHECK(result.balance.outflow.size() == 1);
  CHECK(result.balance.total_outflow() > 1e-3);
  CHECK(result.balance.mass_max_error < 1e-14);
  CHECK(std::abs(result.verdicts[0].second.back().agreement->z.value()) < 3);
}

TEST_CASE("one thread and two give the same bits") {
  const auto bits = [](int threads, const char* text) {
    const ThreadLimit limit(threads);
    Setup setup = setup_of(text, {"axis.x.cells=300"});
    RunResult result = run(setup, {});
    std::vector<double> all(result.p.values.begin(), result.p.values.end());
    all.push_back(result.balance.mass);
    for (const auto& [name, frames] : result.verdicts) all.push_back(frames.back().norms.l1);
    return all;
  };
  CHECK(bits(1, ou) == bits(2, ou));
  CHECK(bits(1, ou_2d) == bits(2, ou_2d));
}

TEST_CASE("checks are held at their time and decide the result") {
  Setup setup = setup_of(std::string(ou) + R"toml(
[[check]]
quantity = "l1"
against = "exact"
at = 0.2
below = 1e-9
[[check]]
quantity = "expectation"
of = "x"
near = "exp(-0.5)"
within = 1e-2
[[check]]
quantity = "mass_error"
below = 1e-12
[[check]]
quantity = "p"
point = [0.5]
above = 0.1
)toml");
  const RunResult result = run(setup, {});
  REQUIRE(result.checks.size() == 4);
  CHECK(result.checks[0].at == doctest::Approx(0.2));
  CHECK_FALSE(result.checks[0].ok);
  CHECK_FALSE(result.checks_ok());
  for (std::size_t k = 1; k < 4; ++k) CHECK(result.checks[k].ok);
  CHECK(result.checks[0].label() == "l1 against exact");
  CHECK(result.checks[0].bound() == "< 1e-09");
  CHECK(result.checks[1].label() == "expectation of x");
  CHECK(result.checks[1].bound() == "0.60653066 +- 0.01");
  CHECK(result.checks[3].label() == "p(0.5)");
}

TEST_CASE("bounds: below and above are strict and a number that is none keeps no bound") {
  CaseCheck check;
  check.quantity = "min_p";
  check.below = 1;
  CHECK(holds(check, 0.5));
  CHECK_FALSE(holds(check, 1.0));
  CHECK_FALSE(holds(check, std::numeric_limits<double>::quiet_NaN()));
  check = {};
  check.quantity = "min_p";
  check.within = 3;
  CHECK(holds(check, -3.0));
  CHECK_FALSE(holds(check, -3.1));
  CHECK_FALSE(holds(check, std::numeric_limits<double>::quiet_NaN()));
  check.near = 10;
  CHECK(holds(check, 13.0));
  CHECK_FALSE(holds(check, 6.0));
}

TEST_CASE("a stop at any poll leaves the state before the step it met; checks not reached fail") {
  const std::string text = std::string(ou) + "[[check]]\nquantity = \"mass_error\"\nbelow = 1\n";
  for (const long polls : {0L, 3L, 17L}) {
    Setup setup = setup_of(text, {"time.stepper=rkc2"});
    const StopRequest request(polls);
    const RunResult result = run(setup, {});
    CHECK(result.stop_reason == "interrupted");
    CHECK(result.t < 0.5);
    CHECK_FALSE(result.checks_ok());
    // The same steps again, from hand to hand.
    Setup again = setup_of(text, {"time.stepper=rkc2"});
    Eigen::VectorXd state = again.initial.values;
    const std::span<double> view(state.data(), static_cast<std::size_t>(state.size()));
    double t = 0, dt = again.stepper->first_step(0, view, again.config.output.times[1]);
    std::size_t next = 1;
    const StopAnswer undisturbed;
    for (long step = 0; step < result.steps; ++step) {
      const StepResult done = again.stepper->step({t, dt, again.config.output.times[next]}, view);
      t = done.t;
      dt = done.next_dt;
      if (t == again.config.output.times[next]) ++next;
    }
    CHECK(t == result.t);
    CHECK(state == result.p.values);
  }
}

TEST_CASE("a drift that blows up later is refused with cell and time") {
  for (const char* pole : {"0.25", "0.2617"}) {
    CAPTURE(pole);
    const std::string drift = "sde.drift=[\"-x/(" + std::string(pole) + " - t)\"]";
    CHECK_THROWS_WITH_AS(static_cast<void>(setup_of(ou, {drift, "compare.exact=\"0.1\"", "time.stepper=ssprk3"})),
                         doctest::Contains((std::string("in cell 0 at x = -3.95833, t = ") + pole).c_str()), CaseError);
  }
}

TEST_CASE("particles of the flow and log-likelihood agree and are reported") {
  Setup setup = setup_of(std::string(ou) + R"toml(
monte_carlo = { particles = 20_000, seed = 2, stepper = "probability_flow" }
log_likelihood = { points = 200, seed = 3 }
[[check]]
quantity = "log_likelihood_error"
below = 1e-8
[[check]]
quantity = "log_likelihood_error_grid"
at = 0.2
below = 1e-9
)toml");
  const RunResult result = run(setup, {});
  REQUIRE(result.verdicts.size() == 2);
  for (const Verdict& verdict : result.verdicts[1].second) CHECK(std::abs(verdict.agreement->z.value()) < 4);
  REQUIRE(result.log_likelihood.size() == 6);
  CHECK(result.log_likelihood[0].error == 0);
  CHECK(result.log_likelihood[0].error_grid < 1e-3);
  CHECK(result.log_likelihood[5].error < 1e-8);
  CHECK(result.log_likelihood[5].error > 0);
  CHECK(result.log_likelihood[5].unseen == 0);
  CHECK(result.log_likelihood[5].error_grid_mean < 0.02);
  REQUIRE(result.checks.size() == 2);
  CHECK_FALSE(result.checks[0].ok);  // at 0.2: the grid is not that good
  CHECK(result.checks[1].ok);
  const auto json = json_of(document(setup, result, std::nullopt));
  for (const char* key :
       {"/compare/monte_carlo/stepper", "/compare/monte_carlo/rejected", "/compare/log_likelihood/points",
        "/compare/log_likelihood/error", "/compare/log_likelihood/error_grid",
        "/compare/log_likelihood/error_grid_mean", "/compare/log_likelihood/mean", "/compare/log_likelihood/unseen",
        "/compare/log_likelihood/steps", "/compare/log_likelihood/frames/5/t"})
    CHECK_MESSAGE(json.contains(Json::json_pointer(key)), key);
  CHECK(text_of(document(setup, result, std::nullopt)).find("carried along the flow by 200 points") !=
        std::string::npos);
}

TEST_CASE("summary.json carries the keys of the contract") {
  Setup setup = setup_of(ou_2d);
  const RunResult result = run(setup, {});
  const auto json = json_of(document(setup, result, std::nullopt));
  for (const char* key : {"/fokker/version",
                          "/case/title",
                          "/case/sha256",
                          "/initial/factor",
                          "/grid/dimension",
                          "/grid/cells",
                          "/scheme/form",
                          "/scheme/flux",
                          "/time/stepper",
                          "/time/end",
                          "/time/steps",
                          "/time/rejected",
                          "/time/rhs_evaluations",
                          "/seconds/stepping",
                          "/seconds/total",
                          "/cell_updates_per_second",
                          "/threads",
                          "/mass/initial",
                          "/mass/final",
                          "/mass/outflow",
                          "/mass/outflow_per_side/x_lower",
                          "/mass/max_error",
                          "/density/min",
                          "/density/max",
                          "/moments/mean",
                          "/moments/covariance",
                          "/entropy",
                          "/compare/monte_carlo/particles",
                          "/compare/monte_carlo/steps",
                          "/compare/monte_carlo/seconds",
                          "/compare/monte_carlo/particle_steps_per_second",
                          "/compare/monte_carlo/l1",
                          "/compare/monte_carlo/l1_expected",
                          "/compare/monte_carlo/z",
                          "/compare/monte_carlo/ks",
                          "/compare/monte_carlo/ks_p_value",
                          "/compare/monte_carlo/chi2_p_value",
                          "/compare/monte_carlo/frames/3/t",
                          "/checks",
                          "/stop_reason"})
    CHECK_MESSAGE(json.contains(Json::json_pointer(key)), key);
  CHECK(json["compare"].contains("exact") == false);  // an absent witness is an absent key
  double witnesses = 0;
  for (const auto& [name, seconds] : json["seconds"]["by_witness"].items()) {
    CHECK(name == "monte_carlo");
    witnesses += seconds.get<double>();
  }
  CHECK(witnesses > 0);
  CHECK(json["seconds"]["witnesses"].get<double>() == witnesses);
  CHECK(json["mass"]["outflow"].get<double>() == json["mass"]["outflow_per_side"]["x_lower"].get<double>());
}

TEST_CASE("the spectral witness agrees with the closed form and says how far it can be trusted") {
  const std::string text = std::string(ou) + R"toml(
spectral = { tolerance = 1e-9 }
[[check]]
quantity = "l1_exact"
against = "spectral"
below = 1e-8
[[check]]
quantity = "own_error"
against = "spectral"
below = 1e-6
[[check]]
quantity = "characteristic_error"
against = "exact"
below = 5e-3
)toml";
  if (fourier_library().empty()) {  // built with -DFOKKER_FFTW=OFF
    Setup setup = setup_of(text);
    CHECK_THROWS_WITH_AS(check_witnesses(setup),
                         "case.toml:21:12: compare.spectral: this build has no FFTW (it was configured with "
                         "-DFOKKER_FFTW=OFF)",
                         CaseError);
    return;
  }
  const std::vector<std::string> wide{"axis.x.range=[-7, 7]", "axis.x.cells=240"};
  Setup setup = setup_of(text, wide);
  const RunResult result = run(setup, {});
  REQUIRE(result.verdicts.size() == 2);
  CHECK(result.verdicts[1].first == "spectral");
  CHECK(result.checks_ok());
  CHECK(result.warnings.empty());
  const auto json = json_of(document(setup, result, std::nullopt));
  const auto& own = json["compare"]["spectral"];
  CHECK(own["l1"].get<double>() == doctest::Approx(json["compare"]["exact"]["l1"].get<double>()).epsilon(1e-4));
  CHECK(own["tail_energy"].get<double>() < 1e-12);
  CHECK(own["steps"].get<double>() > 10);
  CHECK_FALSE(own.contains("distrust"));
  CHECK(json["compare"]["exact"]["characteristic_error"].get<double>() > 1e-5);  // that of the scheme

  // too narrow after a while: numbers stay, and are called what they are
  std::vector<std::string> narrow = wide;
  narrow.insert(narrow.end(), {"sde.noise=[[0.02]]", "sde.drift=[\"-6*x\"]"});
  Setup poor = setup_of(text, narrow);
  const RunResult warned = run(poor, {});
  CHECK_FALSE(warned.checks_ok());
  REQUIRE(warned.warnings.size() == 3);
  CHECK(warned.warnings[0].find("the spectral witness is not to be trusted: the density is too narrow") == 0);
  CHECK(warned.warnings[1].find("flux: ") == 0);
  CHECK(warned.warnings[2].find("resolution: p ") == 0);
  CHECK(text_of(document(poor, warned, std::nullopt)).find("NOT TRUSTED") != std::string::npos);

  // known before the first step: a case error at the key
  Setup near = setup_of(text, {"initial.gaussian.mean=[5.5]"});
  CHECK_THROWS_AS(run(near, {}), CaseError);
}

namespace {

constexpr const char* particles_of_ou = R"(
title = "particles of another distribution"
[[axis]]
name = "x"
range = [-4, 6]
cells = 50
boundary = "reflecting"
[sde]
drift = ["-x"]
noise = [[1]]
[initial]
gaussian = { mean = [1], covariance = [[0.25]] }
[time]
end = 0.5
[output]
frames = 1
[compare]
monte_carlo = { particles = 20_000, seed = 3, dt = 1e-2 }
[[check]]
quantity = "agrees"
against = "monte_carlo"
[[check]]
quantity = "z"
against = "monte_carlo"
within = 4
)";

}  // namespace

TEST_CASE("the verdict on particles is the word everywhere and fails the check that asks for it") {
  Setup good = setup_of(particles_of_ou), bad = setup_of(particles_of_ou, {"compare.monte_carlo.dt=0.25"});
  const RunResult right = run(good, {}), wrong = run(bad, {});
  REQUIRE(right.checks.size() == 2);
  CHECK(right.checks[0].ok);
  CHECK(right.checks[0].bound() == "p >= 0.001");
  CHECK(text_of(document(good, right, std::nullopt)).find(": agrees\n") != std::string::npos);
  const auto json = json_of(document(good, right, std::nullopt));
  CHECK(json["compare"]["monte_carlo"]["agrees"]["verdict"] == "agrees");
  CHECK(json["compare"]["monte_carlo"]["agrees"]["by"].empty());

  CHECK_FALSE(wrong.checks[0].ok);
  CHECK(wrong.checks[0].value < differs_below);
  CHECK(wrong.checks[0].note.starts_with("differs by "));
  const std::string table = text_of(document(bad, wrong, std::nullopt));
  CHECK(table.find("differs (") != std::string::npos);
  CHECK(table.find("agrees against monte_carlo: differs by") != std::string::npos);
  CHECK(json_of(document(bad, wrong, std::nullopt))["compare"]["monte_carlo"]["agrees"]["verdict"] == "differs");
}

TEST_CASE("z is left out where too few cells expect a particle and a check on it says so") {
  Setup setup = setup_of(particles_of_ou, {"axis.x.cells=9", "compare.monte_carlo.particles=300"});
  const RunResult result = run(setup, {});
  CHECK(result.checks[0].ok);
  CHECK_FALSE(result.checks[1].ok);
  CHECK(result.checks[1].note.starts_with("z needs at least 10 cells that expect a particle, and there are "));
  const auto json = json_of(document(setup, result, std::nullopt));
  CHECK_FALSE(json["compare"]["monte_carlo"].contains("z"));
  CHECK(json["compare"]["monte_carlo"].contains("chi2_p_value"));
  CHECK(json["checks"][1]["value"].is_null());
  CHECK(json["checks"][1]["note"].is_string());
  const std::string table = text_of(document(setup, result, std::nullopt));
  CHECK(table.find("z = -, p = ") != std::string::npos);
  CHECK(table.find("\n  z against monte_carlo: z needs at least 10 cells") != std::string::npos);
}

TEST_CASE("a divergence from a reference that underflows is infinite or said to leave cells out") {
  const std::string text = R"(
[[axis]]
name = "x"
range = [-4, 4]
cells = 80
boundary = "reflecting"
[sde]
drift = [0]
noise = [[1e-3]]
[initial]
gaussian = { mean = [0], covariance = [[0.05]] }
[time]
end = 1e-3
[output]
frames = 1
[[check]]
quantity = "kl"
against = "exact"
below = 1
[compare]
)";
  const auto cut = [&](const std::string& at) {
    return text + "exact = \"if(x < " + at + ", exp(-x^2/0.1)/sqrt(0.1*pi), 0)\"\n";
  };
  Setup little = setup_of(cut("1.7")), much = setup_of(cut("1"));
  const RunResult fine = run(little, {}), infinite = run(much, {});
  CHECK(fine.checks[0].ok);
  CHECK(fine.checks[0].note.starts_with("without "));
  CHECK_FALSE(infinite.checks[0].ok);
  CHECK(infinite.checks[0].note.starts_with("infinite: p has "));
  CHECK(text_of(document(much, infinite, std::nullopt)).find("\n  kl against exact is infinite: p has ") !=
        std::string::npos);
  const auto json = json_of(document(much, infinite, std::nullopt))["compare"]["exact"];
  CHECK(json["kl"].is_null());
  CHECK(json["kl_note"].get<std::string>().starts_with("infinite: p has "));
  CHECK(json["kl_left_out"].get<double>() > 1e-6);
}

TEST_CASE("a verdict or a moment that is no number is said") {
  Setup setup = setup_of(ou, {"axis.x.boundary=absorbing", "sde.drift=[500]", "sde.noise=[[0.1]]", "time.end=100",
                              "output.fields=[\"p\"]", "compare.exact=\"exp(-(x - 1)^2/0.5 - 20*t)/sqrt(pi*0.5)\""});
  const RunResult result = run(setup, {});
  REQUIRE(result.p.mass() == 0);
  const auto says = [&](const char* words) {
    return std::any_of(result.warnings.begin(), result.warnings.end(),
                       [&](const std::string& warning) { return warning.find(words) != std::string::npos; });
  };
  CHECK(says("not a number against exact at t = "));
  CHECK(says("mean_error"));
  CHECK(says("the moments of the last density are not numbers (its mass is 0)"));
}

TEST_CASE("a chosen step of the particles is announced and what its budget does to it is said") {
  const std::vector<std::string> chosen{"compare.monte_carlo={ particles = 20_000, seed = 3 }"};
  Setup setup = setup_of(particles_of_ou, chosen);
  const ParticleCost cost = particle_cost(setup).value();
  const RunResult result = run(setup, {});
  const auto fact = [](const RunResult& of, const std::string& key) {
    for (const auto& [name, value] : of.facts[0].second.numbers)
      if (name == key) return value;
    return std::nan("");
  };
  CHECK(cost.chosen);
  CHECK(cost.steps == doctest::Approx(fact(result, "steps")).epsilon(0.1));
  CHECK(cost.affordable == 1e5);
  CHECK(fact(result, "steps_lengthened") == 0);
  CHECK(result.facts[0].second.caution.empty());
  CHECK(result.checks[0].ok);

  Setup bounded = setup_of(particles_of_ou, {"compare.monte_carlo={ particles = 20_000, seed = 3, steps_max = 1e5 }"});
  CHECK(particle_cost(bounded)->affordable == 5);
  const RunResult rough = run(bounded, {});
  CHECK(fact(rough, "steps") <= 6);
  CHECK(rough.facts[0].second.caution.find("compare.monte_carlo.steps_max = 1e+05") != std::string::npos);
  CHECK(std::any_of(rough.warnings.begin(), rough.warnings.end(), [](const std::string& warning) {
    return warning.find("steps are longer than they should be") != std::string::npos;
  }));
  CHECK(text_of(document(bounded, rough, std::nullopt)).find(", with steps longer than they should be") !=
        std::string::npos);
  CHECK_THROWS_WITH_AS((void)setup_of(particles_of_ou, {"compare.monte_carlo={ dt = 0.1, steps_max = 5 }"}),
                       doctest::Contains("goes with a step that the program chooses, leave it or dt out"), CaseError);
}

TEST_CASE("particles of the flow do not go on for ever") {
  Setup setup =
      setup_of(ou, {"compare.monte_carlo={ particles = 1000, stepper = \"probability_flow\", tolerance = 1e-12, "
                    "steps_max = 2e4 }",
                    "output.expectations.first=x"});
  const RunResult result = run(setup, {});
  CHECK(result.numerical_failure);
  CHECK(result.stop_reason.find("the flow's particles have taken the 20 steps they may") != std::string::npos);
  REQUIRE(result.t > result.framed);
  CHECK(result.answers[0] == doctest::Approx(std::exp(-result.t)).epsilon(1e-2));  // not of the last frame
}
