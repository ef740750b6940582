// Freezes the verb `steady`: the files and keys that scripts rely on, the stationary distribution of a rotating spring
// against its closed form, and refusals that name the formula at fault.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "../run/small_case.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/output/paraview.hpp"
#include "fokker/run/steady.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

const std::string rotating = "\ntitle = \"Rotating spring\"\n" + square(64) + R"([sde]
drift = ["-x + 2*y", "-y - 2*x"]
noise = [[1, 0], [0, 1]]
[initial]
gaussian = { mean = [1, 0], covariance = [[0.2, 0], [0, 0.2]] }
[time]
end = 1
[compare]
exact = true
)";

std::string refusal(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    Setup setup = setup_of(text, overrides);
    static_cast<void>(solve_steady(setup));
  } catch (const CaseError& error) {
    std::string all;
    for (const Problem& problem : error.problems()) all += problem.message() + "\n";
    return all;
  }
  return "";
}

}  // namespace

TEST_CASE("with flux = auto steady takes the flux whose null vector it can solve for") {
  const fs::path scratch = fs::temp_directory_path() / ("fokker_test_steady_auto_" + std::to_string(getpid()));
  fs::create_directories(scratch);
  std::ofstream(scratch / "spring.toml") << rotating;
  Command command;
  command.arguments = {(scratch / "spring.toml").string()};
  command.overrides = {"scheme.flux=auto"};
  command.quiet = true;
  command.out = scratch / "out";
  CHECK(verb_steady(command) == exit_ok);
  const auto json = nlohmann::json::parse(read_file(scratch / "out" / "summary.json"));
  CHECK(json["scheme"]["flux"] == "scharfetter_gummel");
  fs::remove_all(scratch);
}

TEST_CASE("steady writes density and current and a summary with the keys of the contract") {
  const fs::path scratch = fs::temp_directory_path() / ("fokker_test_steady_" + std::to_string(getpid()));
  fs::create_directories(scratch);
  std::ofstream(scratch / "spring.toml") << rotating;
  Command command;
  command.arguments = {(scratch / "spring.toml").string()};
  command.quiet = true;
  command.out = scratch / "out";
  CHECK(verb_steady(command) == exit_ok);
  for (const char* name : {"case.toml", "resolved.toml", "summary.json", "density.pvd", "density_000000.vti",
                           "figure.png", "figure.svg", "report.html", "view.py"})
    CHECK_MESSAGE(fs::exists(scratch / "out" / name), name);
  const auto json = nlohmann::json::parse(read_file(scratch / "out" / "summary.json"));
  CHECK(json["steady"]["method"] == "multigrid");
  CHECK(json["steady"]["detailed_balance"] == false);
  CHECK(json["steady"]["residual"] < 1e-11);
  CHECK(json["steady"]["cycles"] > 3);
  CHECK(json["mass"]["final"].get<double>() == doctest::Approx(1).epsilon(1e-13));
  CHECK(json["density"]["min"] > 0);
  CHECK(json["moments"]["covariance"][0][0].get<double>() == doctest::Approx(0.5).epsilon(0.02));
  CHECK(json["compare"]["exact"]["l1"] < 0.02);
  // int J . D^-1 J / p of a swirl by w: 2 w^2 Tr(D^-1 V) D... = w^2 (V_xx + V_yy) / D
  CHECK(json["entropy_production"].get<double>() == doctest::Approx(8).epsilon(0.05));
  bool current = false;
  for (const auto& [name, values] : read_vti(scratch / "out" / "density_000000.vti").arrays)
    current |= name == "current";
  CHECK(current);
  CHECK_THROWS_AS(verb_steady(command), UsageError);
  fs::remove_all(scratch);
}

TEST_CASE("a frame of steady that cannot be written is an error with any number of threads") {
  Setup setup = setup_of(ou, {"axis.x.range=[-8, 8]", "output.fields=[\"current\"]"});
  CHECK_THROWS_AS(write_steady(setup, solve_steady(setup), fs::temp_directory_path() / "fokker_absent"), FileError);
}

TEST_CASE("one dimension has its exact distribution and no current") {
  Setup setup = setup_of(ou, {"axis.x.range=[-8, 8]"});
  const SteadyResult result = solve_steady(setup);
  REQUIRE(result.exact);
  CHECK(result.exact->norms.l1 < 1e-12);
  CHECK(result.largest_current < 1e-13);
}

TEST_CASE("fluxes over more than two cells have sharp stationary densities") {
  // Noise on one axis: the limit crater of a self-excited oscillator, |Pe| = 60 and more where D is 0 or small.
  const std::vector<std::string> crater = {"axis.x.range=[-4, 4]", "sde.drift=['y', '-x - (x^2 + y^2 - 1)*y']",
                                           "sde.noise=[[0, 0], [0, 'sqrt(0.4)']]",
                                           "compare.exact=0.06099791780518868*exp(-(((x^2 + y^2)/2)^2 - (x^2 + "
                                           "y^2)/2)/0.2)"};
  std::vector<double> l1;
  for (const char* const flux : {"upwind5", "central4", "scharfetter_gummel"}) {
    std::vector<std::string> keys = crater;
    keys.push_back(std::string("scheme.flux=") + flux);
    Setup setup = setup_of(rotating, keys);
    const SteadyResult result = solve_steady(setup);
    REQUIRE(result.exact);
    l1.push_back(result.exact->norms.l1);
    CHECK(result.negative_mass < 2e-4);
    CHECK(result.judgement.flux_l1 < 3 * result.exact->norms.l1);
    CHECK(result.judgement.flux_l1 > result.exact->norms.l1 / 3);
  }
  CHECK(l1[0] < 1.3e-3);
  CHECK(l1[0] < 0.1 * l1[2]);
}

TEST_CASE("what has no stationary density is refused by the key at fault") {
  CHECK(refusal(rotating, {"sde.drift.0=-x + y*cos(t)", "compare.exact=false"}) ==
        "case.toml:14:9: sde.drift.0: depends on t: there is no stationary density (fokker run follows the density in "
        "time)\n");
  CHECK(refusal(ou_2d).find("axis: there is no stationary density: side x_lower absorbs, and all mass leaves in the "
                            "end (fokker run follows it out)") != std::string::npos);
  CHECK(refusal(rotating, {"scheme.flux=upwind5_positive"})
            .find("'upwind5_positive' keeps p >= 0 by correcting steps, and steady takes none; take 'upwind5', which "
                  "says how much negative mass is left, or scharfetter_gummel") != std::string::npos);
  CHECK(refusal(ou_2d, {"scheme.flux=upwind5"}).find("side x_lower absorbs") != std::string::npos);
  CHECK(refusal(ou, {"scheme.form=effective_drift"})
            .find("scheme.form: steady solves the drift_diffusion form: its matrix is that of a Markov chain") !=
        std::string::npos);
}

TEST_CASE("a stationary density needs neither an initial state nor an end") {
  const fs::path scratch = fs::temp_directory_path() / ("fokker_test_steady_bare_" + std::to_string(getpid()));
  fs::create_directories(scratch);
  std::string bare = rotating;
  bare.erase(bare.find("[initial]"), bare.find("[compare]") - bare.find("[initial]"));
  std::ofstream(scratch / "bare.toml") << bare << "[steady]\n[[check]]\nquantity = \"mass_error\"\nbelow = 1\n";
  std::ofstream(scratch / "spring.toml") << rotating;
  Command command;
  command.quiet = true;
  const auto steady = [&](const char* name) {
    command.arguments = {(scratch / name).string()};
    command.out = scratch / (std::string(name) + ".out");
    REQUIRE(verb_steady(command) == exit_ok);
    return nlohmann::json::parse(std::ifstream(*command.out / "summary.json"));
  };
  const auto without = steady("bare.toml"), with = steady("spring.toml");
  CHECK(without["compare"]["exact"]["l1"] == with["compare"]["exact"]["l1"]);
  CHECK(without["moments"] == with["moments"]);
  const std::string resolved = read_file(scratch / "bare.toml.out" / "resolved.toml");
  CHECK(resolved.find("[initial]") == std::string::npos);
  CHECK(resolved.find("[time]") == std::string::npos);
  CHECK_NOTHROW((void)parse_case(resolved, "resolved.toml", ".", {}, vocabulary(), CaseFor::steady));
  CHECK_THROWS_WITH_AS((void)parse_case(bare, "bare.toml", ".", {}, vocabulary()),
                       doctest::Contains("initial: missing, must be a table with one of"), CaseError);
  fs::remove_all(scratch);
}

TEST_CASE("a density formula judges the stationary density also where the start is a point") {
  const std::string text = R"~(
[[axis]]
name = "x"
range = [-5, 5]
cells = 100
boundary = "reflecting"
[sde]
drift = ["-x"]
noise = [[1]]
[initial]
point = [1]
[time]
end = 1
[compare]
exact = "exp(-x^2)/sqrt(pi)"
)~";
  Setup setup = setup_of(text);
  const SteadyResult result = solve_steady(setup);
  REQUIRE(result.exact);
  CHECK(result.exact->norms.l1 < 1e-3);
}

namespace {

const char* const van_der_pol = R"(
[[axis]]
name = "x"
range = [-5, 5]
cells = 160
boundary = "reflecting"
[[axis]]
name = "v"
range = [-8, 8]
cells = 200
boundary = "reflecting"
[sde]
drift = ["v", "(2 - x^2)*v - x"]
noise = [[0], [1]]
[initial]
uniform = true
[time]
end = 20
[[check]] # E (x^2 - 2) v^2 = 1/2, the variance of the noise over 2
quantity = "expectation"
of = "(x^2 - 2)*v^2"
near = 0.5
within = 0.02
[[check]]
quantity = "expectation"
of = "x^2"
near = 4.58
within = 0.04
)";

}  // namespace

TEST_CASE("noise on one axis is solved by central differences and checks without a time are evaluated") {
  Setup setup = setup_of(van_der_pol);
  const SteadyResult result = solve_steady(setup);
  CHECK(setup.flux->name == "central");
  CHECK_FALSE(setup.positive);
  CHECK(setup.flux_reason.find("central differences, of second order, with a negative mass of 1.2e-06") !=
        std::string::npos);
  CHECK(result.residual < 1e-10);
  REQUIRE(result.checks.size() == 2);
  for (const CheckResult& done : result.checks) CHECK_MESSAGE(done.ok, done.label(), " ", done.value);
  CHECK(std::abs(result.checks[0].value - 0.5) < 0.01);
  CHECK(std::abs(result.checks[1].value - 4.588) < 0.001);
}

TEST_CASE("a check of a run that does not hold at rest says how to keep it for the run") {
  Setup setup = setup_of(rotating + "[[check]]\nquantity = \"expectation\"\nof = \"x\"\nnear = 1\nwithin = 0.1\n");
  const SteadyResult found = solve_steady(setup);
  REQUIRE(found.checks.size() == 1);
  CHECK_FALSE(found.checks[0].ok);
  CHECK(found.checks[0].note.find("at = 1") != std::string::npos);
}

TEST_CASE("central differences give way to upwinding where they hold much negative mass") {
  Setup setup = setup_of(van_der_pol, {"axis.x.cells=40", "axis.v.cells=50"});
  const SteadyResult result = solve_steady(setup);
  CHECK(setup.flux->name == "scharfetter_gummel");
  CHECK(setup.flux_reason.find("and central differences would hold a negative mass of 0.14: upwind along that axis, of "
                               "first order in its cells") != std::string::npos);
  CHECK(result.p.values.minCoeff() >= 0);
  CHECK_FALSE(result.checks[0].ok);
  Setup asks = setup_of(van_der_pol, {"axis.x.cells=40", "axis.v.cells=50", "scheme.positive=true"});
  const SteadyResult asked = solve_steady(asks);
  CHECK(asks.flux_reason.find("p >= 0 is asked for") != std::string::npos);
  CHECK(asked.p.values == result.p.values);
}

TEST_CASE("a multigrid that does not converge is noticed and left") {
  for (const char* n : {"40", "80", "96"}) {  // at 80 it once stopped after one cycle, with E x^2 = 23
    Setup setup = setup_of(
        van_der_pol, {fmt::format("axis.x.cells={}", n), fmt::format("axis.v.cells={}", n), "scheme.flux=upwind"});
    const SteadyResult result = solve_steady(setup);
    CHECK(result.found.reason.find("multigrid") == 0);
    CHECK(result.residual < 1e-11);
    CHECK(result.checks[1].value > 4.5);
    CHECK(result.checks[1].value < 6.2);
  }
}

TEST_CASE(
    "a spring with inertia has its distribution from central differences and checks that speak of a time are left "
    "out") {
  std::string oscillator = std::string(van_der_pol).substr(0, std::string(van_der_pol).find("[[check]]"));
  oscillator.replace(oscillator.find("uniform = true"), 14, "point = [0, 0]");
  const std::vector<std::string> settings{"axis.x.cells=60",
                                          "axis.v.cells=60",
                                          "axis.x.range=[-6, 6]",
                                          "axis.v.range=[-6, 6]",
                                          R"(sde.drift=["v", "-x - v"])",
                                          R"~(sde.noise=[[0], ["sqrt(2)"]])~",
                                          "compare.exact=true"};
  Setup setup = setup_of(oscillator, settings);
  const SteadyResult result = solve_steady(setup);
  CHECK(setup.flux->name == "central");
  REQUIRE(result.exact);
  CHECK(result.exact->norms.l1 < 0.02);
  CHECK(result.exact->covariance_error < 0.015);
  Setup timed = setup_of(std::string(rotating) +
                         "[[check]]\nquantity = \"expectation\"\nof = \"x\"\nat = 1\nnear = 5\nwithin = 1\n");
  CHECK(solve_steady(timed).checks.empty());
}

TEST_CASE(
    "around a ring of an even number of cells central differences have no unique distribution and steady says so") {
  std::string washboard = std::string(van_der_pol).substr(0, std::string(van_der_pol).find("[initial]"));
  washboard.replace(washboard.find("reflecting"), 10, "periodic");
  washboard += "[steady]\n[[check]]\nquantity = \"expectation\"\nof = \"v\"\nnear = 0.7255\nwithin = 0.0015\n";
  const auto settings = [](const char* cells) {
    return std::vector<std::string>{std::string("axis.x.cells=") + cells,   "axis.v.cells=96",
                                    "axis.x.range=[0, 6.283185307179586]",  "axis.v.range=[-6, 8]",
                                    R"(sde.drift=["v", "1 - sin(x) - v"])", R"~(sde.noise=[[0], ["sqrt(2)"]])~"};
  };
  const auto case_of = [&](const char* cells) {
    return build(parse_case(washboard, "case.toml", ".", settings(cells), vocabulary(), CaseFor::steady));
  };
  Setup odd = case_of("33"), even = case_of("32");
  const SteadyResult distribution = solve_steady(odd);
  CHECK(odd.flux->name == "central");
  CHECK(distribution.negative_mass < 1e-9);
  CHECK_FALSE(std::signbit(distribution.negative_mass));
  REQUIRE(distribution.checks.size() == 1);
  CHECK_MESSAGE(distribution.checks[0].ok, distribution.checks[0].value);
  const SteadyResult upwind = solve_steady(even);
  CHECK(even.flux->name == "scharfetter_gummel");
  CHECK(even.flux_reason.find("; with an odd axis.x.cells no density that alternates") != std::string::npos);
  CHECK_FALSE(upwind.checks[0].ok);
}
