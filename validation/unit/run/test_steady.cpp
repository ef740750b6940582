// Freezes the verb `steady`: the files and keys that scripts rely on, the stationary law of a rotating spring against
// its closed form, and refusals that name the formula at fault.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "fokker/io/files.hpp"
#include "fokker/io/paraview.hpp"
#include "fokker/run/steady.hpp"
#include "fokker/run/verbs.hpp"
#include "small_case.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

const char* const rotating = R"(
title = "Rotating spring"
[[axis]]
name = "x"
range = [-4, 4]
cells = 64
boundary = "reflecting"
[[axis]]
name = "y"
range = [-4, 4]
cells = 64
boundary = "reflecting"
[sde]
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
    static_cast<void>(solve_steady(setup_of(text, overrides)));
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
  for (const char* name :
       {"case.toml", "resolved.toml", "summary.json", "density.pvd", "density_000000.vti", "density.png"})
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

TEST_CASE("one dimension has its exact law and no current") {
  const SteadyResult result = solve_steady(setup_of(ou, {"axis.x.range=[-8, 8]"}));
  CHECK(result.found.method == "detailed balance");
  REQUIRE(result.exact);
  CHECK(result.exact->norms.l1 < 1e-12);
  CHECK(result.largest_current < 1e-13);
}

TEST_CASE("what has no stationary density is refused by the key at fault") {
  CHECK(refusal(rotating, {"sde.drift.0=-x + y*cos(t)", "compare.exact=false"}) ==
        "case.toml:14:9: sde.drift.0: depends on t: there is no stationary density (fokker run follows the density in "
        "time)\n");
  CHECK(refusal(ou_2d).find("axis: there is no stationary density: side x_lower absorbs, and all mass leaves in the "
                            "end (fokker run follows it out)") != std::string::npos);
  CHECK(refusal(rotating, {"scheme.flux=central4"})
            .find("'central4' has fluxes of four cells, and steady solves for those of two") != std::string::npos);
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
  const SteadyResult result = solve_steady(setup_of(text));
  REQUIRE(result.exact);
  CHECK(result.exact->norms.l1 < 1e-3);
}
