// Freezes which cases kinetic_splitting takes, the words it refuses the others with, and what runs say of it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "fokker/base/errors.hpp"
#include "fokker/run/check/check_case.hpp"
#include "small_case.hpp"

namespace fokker {
namespace {

std::string particle(const std::string& sde, const std::string& rest = "", const std::string& x = "\"reflecting\"") {
  return fmt::format(R"(
[[axis]]
name = "x"
range = [-5, 5]
cells = 48
boundary = {}
[[axis]]
name = "v"
range = [-5, 5]
cells = 48
boundary = "reflecting"
[sde]
{}
[initial]
gaussian = {{ mean = [0.5, 0], covariance = [[0.25, 0], [0, 0.3]] }}
[time]
end = 1
tolerance = 1e-4
[output]
frames = 2
{}
)",
                     x, sde, rest);
}

const std::string spring = "drift = [\"v\", \"-0.5*v - x\"]\nnoise = [[0], [0.5]]";
const std::vector<std::string> named{"time.stepper=\"kinetic_splitting\""};

std::string refusal(const std::string& text, const std::vector<std::string>& overrides = named) {
  try {
    static_cast<void>(setup_of(text, overrides));
  } catch (const CaseError& error) {
    return error.what();
  }
  return "none";
}

TEST_CASE("auto takes kinetic_splitting for a particle with inertia and says why") {
  for (const char* sde :
       {"drift = [\"v\", \"-0.5*v - x\"]\nnoise = [[0], [0.5]]",
        "drift = [\"v\", \"-if(x > 0, 0.5, 2)*v + sin(t) - x^3\"]\ndiffusion = [[0, 0], [0, \"(1 + x^2)*exp(-t)/20\"]]",
        "drift = [\"v\", \"-(1 + t)*(v + x)\"]\nnoise = [[0], [\"if(x > 0, 0.5, 0.1)\"]]"}) {
    Setup setup = setup_of(particle(sde));
    CAPTURE(sde);
    CHECK(setup.stepper_row->name == "kinetic_splitting");
    CHECK(setup.stepper_reason.find("a particle with inertia, proved from the formulas") == 0);
    const RunResult result = run(setup, {});
    CHECK(result.stop_reason == "end");
    CHECK(result.balance.run_min >= 0);
    CHECK(std::abs(result.balance.mass_error) < 1e-13);
    CHECK(result.judgement.flux_l1_worst == 0);
  }
}

TEST_CASE("a velocity on the first axis and a position on the second are the same particle") {
  const Setup setup = setup_of(particle("drift = [\"-0.5*x - v\", \"x\"]\nnoise = [[0.5], [0]]"));
  REQUIRE(setup.canonical.view.flow != nullptr);
  CHECK(setup.canonical.view.flow->velocity() == 0);
  CHECK(setup.stepper_row->name == "kinetic_splitting");
}

TEST_CASE("what kinetic_splitting cannot carry is refused with the reason") {
  struct Row {
    const char *sde, *reason;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"drift = [\"2*v\", \"-0.5*v - x\"]\nnoise = [[0], [0.5]]", "this case moves x by 2*v, not by v itself"},
           {"drift = [\"v\", \"-0.5*v - x\"]\nnoise = [[0.1, 0], [0, 0.5]]",
            "this case has noise on x, not on v alone"},
           {"drift = [\"v\", \"-0.5*v - x\"]\nnoise = [[0], [\"0.5 + v^2/50\"]]",
            "this case has noise on v that depends on v"},
           {"drift = [\"v\", \"-0.5*v^3 - x\"]\nnoise = [[0], [0.5]]",
            "this case has a drift of v that was not proved to be F - gamma v with F and gamma of x and t alone"},
           {"drift = [\"v\", \"-sign(v) - x\"]\nnoise = [[0], [0.5]]", "was not proved to be F - gamma v"},
           {"drift = [\"v\", \"-x*v*v - x\"]\nnoise = [[0], [0.5]]", "was not proved to be F - gamma v"}}) {
    CAPTURE(row.sde);
    const std::string said = refusal(particle(row.sde));
    CAPTURE(said);
    CHECK(said.find("time.stepper: kinetic_splitting is for a particle with inertia") != std::string::npos);
    CHECK(said.find(row.reason) != std::string::npos);
    CHECK(said.find("take time.stepper = \"auto\"") != std::string::npos);
    CHECK(setup_of(particle(row.sde)).stepper_row->name != "kinetic_splitting");
  }
  CHECK(refusal(particle(spring, "", "\"absorbing\"")).find("absorbs at x_lower, and shears lose no mass") !=
        std::string::npos);
  CHECK(refusal(particle(spring), {named[0], "axis.v.boundary=\"periodic\""}).find("has a periodic v") !=
        std::string::npos);
  CHECK(refusal(particle(spring), {named[0], "scheme.form=\"effective_drift\""}).find("asks for the effective drift") !=
        std::string::npos);
  CHECK(refusal(particle(spring), {named[0], "initial.gaussian.mean=[4, 0]"})
            .find("of its mass beside x_upper, more than time.tolerance = 0.0001") != std::string::npos);
  CHECK(refusal(particle(spring, "[reverse]\nscore = \"forward\""))
            .find("goes back in time by the score of its own run") != std::string::npos);
}

TEST_CASE("a box too narrow in v stops a named kinetic_splitting and makes auto hand over") {
  const std::vector<std::string> narrow{"axis.v.range=[-2.1, 2.1]", "initial.gaussian.covariance=[[0.25, 0], [0, 0.1]]",
                                        "sde.noise=[[0], [1]]"};
  std::vector<std::string> asked = narrow;
  asked.push_back(named[0]);
  Setup one = setup_of(particle(spring), asked);
  const RunResult stopped = run(one, {});
  CHECK(stopped.numerical_failure);
  CHECK(stopped.stop_reason.find("has come to the walls of v") != std::string::npos);
  CHECK(stopped.stop_reason.find("widen axis.v.range") != std::string::npos);
  Setup two = setup_of(particle(spring), narrow);
  const RunResult went_on = run(two, {});
  CHECK(went_on.stop_reason == "end");
  CHECK(std::abs(went_on.balance.mass_error) < 1e-12);
  REQUIRE(!went_on.warnings.empty());
  CHECK(went_on.warnings.front().find("time.stepper: from t = ") == 0);
  CHECK(went_on.warnings.front().find("on the fluxes (scharfetter_gummel) carried p: kinetic_splitting: ") !=
        std::string::npos);
  CHECK(went_on.warnings.front().find("more than 100 times time.tolerance = 0.0001") != std::string::npos);
  CHECK(went_on.judgement.flux_l1_worst > 0);
}

TEST_CASE("a fixed dt of kinetic_splitting is judged by its halves") {
  Setup setup = setup_of(particle(spring), {"time.dt=0.25"});
  CHECK(setup.stepper_row->name == "kinetic_splitting");
  const RunResult result = run(setup, {});
  CHECK(result.steps == 4);
  CHECK(result.judgement.step_l1 > 1e-5);
  CHECK(result.judgement.step_l1 < 1e-2);
}

TEST_CASE("check expects no error of fluxes that shears leave behind") {
  Setup setup = setup_of(particle(spring, "[compare]\nexact = true"));
  const CheckReport report = check_case(setup);
  for (const std::string& warning : report.warnings) CHECK(warning.find("flux:") == std::string::npos);
}

}  // namespace
}  // namespace fokker
