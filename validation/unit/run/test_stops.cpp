// [[stop]]: a run ends at the step that its case names, and everything that speaks of an end speaks of that one.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "../scratch.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/run/stop_reason.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

std::string check(const std::string& rest) { return "[[check]]\n" + rest; }
std::string stop(const std::string& rest) { return "[[stop]]\n" + rest + "\n"; }

const std::vector<std::string> mean{"output.expectations.mean=x", "time.stepper=dopri5"};

const char* const leaving = R"~(
[[axis]]
name = "x"
range = [0, 1]
cells = 50
boundary = "absorbing"
[sde]
drift = [0]
noise = [["sqrt(2)"]]
[initial]
density = "sin(pi*x)"
[time]
end = 4
stepper = "tr_bdf2"
tolerance = 1e-7
[output]
times = [1]
)~";

}  // namespace

TEST_CASE("a run ends after the first step for which a condition holds and no step changes its length for it") {
  Setup all = setup_of(ou, mean);
  Setup some = setup_of(std::string(ou) + stop("when = \"mean < 0.75\"") + stop("when = \"mean < 0.8\""), mean);
  const Scratch whole, part;
  const RunResult unbroken = run(all, {.folder = whole.path}), ended = run(some, {.folder = part.path});
  CHECK(ended.stop_reason == "when: mean < 0.8");
  CHECK(is_final(ended.stop_reason));
  CHECK(ended.t > -std::log(0.8) - 1e-4);
  CHECK(ended.t < 0.3);
  const std::string before = read_file(whole.path / "series.csv"), after = read_file(part.path / "series.csv");
  const std::size_t last = after.rfind('\n', after.size() - 2) + 1;  // a row that the unbroken run may not have
  CHECK(before.starts_with(after.substr(0, last)));
  CHECK(std::stod(after.substr(last)) == ended.t);
  CHECK(ended.kept.size() == 4);  // 0, 0.1, 0.2 and the end
  CHECK(ended.kept.back().t == ended.t);
  CHECK(unbroken.t == 0.5);
  CHECK_FALSE(unbroken.rate_of_change.has_value());
}

TEST_CASE("checks and witnesses speak of the time at which a run has ended") {
  Setup setup = setup_of(std::string(ou) + check("quantity = \"l1\"\nagainst = \"exact\"\nbelow = 1e-2\n") +
                             check("quantity = \"expectations.mean\"\nbelow = 0.8\n") +
                             check("quantity = \"mass_error\"\nat = 0.2\nbelow = 1e-9\n") +
                             check("quantity = \"mass_error\"\nat = 0.5\nbelow = 1\n") + stop("when = \"mean < 0.8\""),
                         mean);
  const RunResult result = run(setup, {});
  REQUIRE(result.checks.size() == 4);
  for (const CheckResult& done : result.checks) {
    const bool timed = done.check->timed;
    CHECK(done.at == (timed ? *done.check->at : result.t));
    CHECK(done.ok == !(timed && done.at == 0.5));
    CHECK(done.reached == done.ok);
  }
  CHECK_FALSE(result.checks_ok());
  CHECK(result.verdicts[0].second.back().t == result.t);
  CHECK(result.answers[0] == doctest::Approx(std::exp(-result.t)).epsilon(2e-3));
}

TEST_CASE("what is left of an eigenfunction tells when a run of an absorbing box ends") {
  Setup setup = setup_of(leaving + stop("when = \"mass < 0.1\""));
  const RunResult result = run(setup, {});
  const double rate = std::acos(-1.0) * std::acos(-1.0), reached = std::log(10.0) / rate;
  CHECK(result.t >= reached * (1 - 1e-3));
  CHECK(result.t < reached + 0.05);
  CHECK(result.balance.mass == doctest::Approx(std::exp(-rate * result.t)).epsilon(3e-3));
  CHECK(result.verdicts.empty());
}

TEST_CASE("a run that comes to rest ends where int |dp/dt| dx has fallen below its bound on any number of threads") {
  const auto ended = [](int threads) {
    const ThreadLimit limit(threads);
    Setup setup = setup_of(std::string(ou) + stop("stationary = 1e-3"), {"time.end=100", "output.frames=1"});
    return run(setup, {});
  };
  const RunResult one = ended(1), two = ended(2);
  CHECK(one.stop_reason == "stationary: 0.001");
  REQUIRE(one.rate_of_change.has_value());
  CHECK(*one.rate_of_change < 1e-3);
  // p is off by m N'(x) where its mean is m: the rate is m int |N'| dx = 2 m/sqrt(2 pi v), v = 1/2
  CHECK(one.t > std::log(2 / std::sqrt(std::acos(-1.0)) / 1e-3) - 0.01);
  CHECK(one.t < 9);
  CHECK(one.t == two.t);
  CHECK(*one.rate_of_change == *two.rate_of_change);
  CHECK((one.p.values.array() == two.p.values.array()).all());
}

TEST_CASE("a [[stop]] at an output time has one frame there") {
  Setup setup = setup_of(std::string(ou) + stop("when = \"t > 0.299\""), {"time.stepper=rk4", "time.dt=0.002"});
  const RunResult result = run(setup, {});
  CHECK(result.t == 0.3);
  CHECK(result.verdicts[0].second.size() == 4);
}

TEST_CASE("an end that a case cannot have is refused") {
  CHECK(refusal_of(ou + stop("when = \"x > 1\"")).find("depends on x, of which p is a density; give the average") !=
        std::string::npos);
  CHECK(refusal_of(ou + stop("when = \"mean < 0.8\"")).find("mean") != std::string::npos);
  CHECK(refusal_of(ou + stop("when = \"mass\"")).find("is no condition, which is 0 or 1") != std::string::npos);
  CHECK(refusal_of(ou + stop("when = \"log(mass - 2) < 0\"")).find("compares what is not a number") !=
        std::string::npos);
  CHECK(refusal_of(ou + stop("when = \"1 > 2\"")).find("never holds") != std::string::npos);
  CHECK(refusal_of(ou + stop("")).find("stop.0: says nothing, must have one of stationary, when, file") !=
        std::string::npos);
  CHECK(refusal_of(ou + stop("file = \"S\"\nstationary = 1")).find("excludes stop.0.stationary") != std::string::npos);
  CHECK(refusal_of(ou + stop("file = \"../STOP\"")).find("is not the plain name of a file") != std::string::npos);
  CHECK(refusal_of(ou + stop("file = \"series.csv\"")).find("a file that a run writes itself") != std::string::npos);
  CHECK(
      refusal_of(ou + stop("stationary = 1e-9"), {"sde.drift=[\"-x*(1 + t)\"]"}).find("the coefficients depend on t") !=
      std::string::npos);
  const std::string plane = square(24) +
                            "[sde]\ndrift = [\"y\", \"-x - y\"]\ndiffusion = [[0, 0], [0, 1]]\n[initial]\n"
                            "gaussian = { mean = [0, 0], covariance = [[0.3, 0], [0, 0.3]] }\n[time]\nend = 1\n"
                            "stepper = \"kinetic_splitting\"\n";
  CHECK(refusal_of(plane + stop("stationary = 1e-9")).find("kinetic_splitting does not follow the operator") !=
        std::string::npos);
  CHECK(refusal_of(ou + stop("file = \"S\"") + "[reverse]\n").find("[reverse] goes back from time.end") !=
        std::string::npos);
  CHECK(refusal_of(ou + stop("when = \"mass < 1\""), {"output.expectations.mass=x"}).find("rename that") !=
        std::string::npos);
  const std::string asked = ou + std::string("[output.expectations]\nlate = \"x*t\"\n") + stop("when = \"late > 1\"");
  const Case steady = parse_case(asked, "case.toml", ".", {}, vocabulary(), CaseFor::steady);
  CHECK(steady.stops.empty());
  CHECK(steady.warnings.back().find("stop: a stationary density has no time at which it could end: left out") !=
        std::string::npos);
  const std::string unknown = refusal_of(ou + stop("when = \"zzz > 1\""));
  CHECK_MESSAGE(unknown.find("unknown name 'zzz'; known here: t, mass;") != std::string::npos, unknown);
  const Case lines = parse_case(ou + stop("when = \"\"\"mass\n< 0.5\"\"\""), "case.toml", ".", {}, vocabulary());
  CHECK(reason_of(lines.stops[0]) == "when: mass < 0.5");
  const Setup early = setup_of(ou + stop("when = \"mass > 0.01\""));
  CHECK(early.warnings.back().find("stop.0.when: holds at the start already") == 0);
  CHECK(early.warnings.size() == 1);
}
