// Freezes what `range = [-inf, inf]` becomes: the box of the closure, wider where it is felt, at most six times, kept
// by checkpoints, and refused where nothing tells it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/analysis/norms.hpp"
#include "fokker/run/converge.hpp"
#include "fokker/run/resume.hpp"
#include "fokker/run/steady.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

std::string line(const std::string& range, const std::string& sde, const std::string& start, int cells = 160) {
  return fmt::format(R"([[axis]]
name = "x"
range = {}
cells = {}
boundary = "reflecting"
[sde]
{}
[initial]
{}
[time]
end = 1
)",
                     range, cells, sde, start);
}

const char* const relaxing = "drift = \"-x\"\nnoise = 1\n";
const char* const gaussian = "gaussian = { mean = [1], covariance = [[0.04]] }\n";

struct Outcome {
  Setup setup;
  RunResult result;
  int again = 0;
};

Outcome outcome_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  Outcome out;
  out.result = in_wide_box(
      parse_case(text, "case.toml", ".", overrides, vocabulary()),
      [&](const Case& config) {
        out.setup = build(config);
        return run(out.setup, {});
      },
      [&](const std::string&) { ++out.again; });
  return out;
}

std::string refused(const std::string& text, const std::vector<std::string>& overrides = {},
                    CaseFor use = CaseFor::run) {
  try {
    Case config = parse_case(text, "case.toml", ".", overrides, vocabulary(), use);
    static_cast<void>(use == CaseFor::steady ? build_steady(std::move(config)) : build(std::move(config)));
  } catch (const CaseError& error) {
    return error.what();
  }
  return "";
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an infinite range is the box of the closure and the run is that of the same box by numbers") {
  const Outcome chosen = outcome_of(line("[-inf, inf]", relaxing, gaussian));
  const Axis& axis = chosen.setup.grid->axis(0);
  CHECK(std::abs(axis.upper - 4 * axis.width() - 4.3376) < 1e-3);  // 4 = 160 * 3 / 128; e^-1 + 6 sqrt(0.5 - 0.46 e^-2)
  CHECK(chosen.again == 0);
  const Outcome given = outcome_of(line(fmt::format("[{}, {}]", axis.lower, axis.upper), relaxing, gaussian));
  CHECK(given.result.p.values == chosen.result.p.values);
  CHECK(says(resolved_toml(chosen.setup.config), fmt::format("range = [{}, {}]", axis.lower, axis.upper)));
}

TEST_CASE("a box is widened where it is felt: its cells keep their width and what is felt at last is little") {
  const std::string late = "drift = \"if(x > 3, 40, 0)\"\nnoise = 1\n";  // the closure sees little of it
  const Outcome found = outcome_of(line("[-inf, inf]", late, "point = [0]"), {"time.end=0.6"});
  CHECK(found.again > 0);
  const InfiniteSide &lower = found.setup.config.infinite[0], &upper = found.setup.config.infinite[1];
  CHECK(lower.enlarged == 0);
  CHECK(upper.enlarged == found.again);
  CHECK(found.result.felt[1].mass <= 1e-9);
  const Setup first = setup_of(line("[-inf, inf]", late, "point = [0]"), {"time.end=0.6"});
  CHECK(std::abs(found.setup.grid->axis(0).width() / first.grid->axis(0).width() - 1) < 1e-12);
}

TEST_CASE("what a tail takes from the variance is a warning of its size however wide the cells are") {
  const std::string tail = line("[0, inf]", "drift = \"1 - x\"\nnoise = \"x\"", gaussian, 32);  // at rest p ~ x^-4
  const double exact = 1 - 0.96 * std::exp(-8.0);                                               // variance
  for (const char* const cells : {"axis.x.cells=40", "axis.x.cells=120"}) {
    const Outcome found = outcome_of(tail, {"time.end=8", "time.tolerance=1e-4", cells});
    const double missing = exact - moments(*found.setup.grid, found.result.p.view()).covariance(0, 0);
    CHECK(missing > 1e-2);
    CHECK(std::abs(found.result.felt[0].variance / missing - 1) < 0.25);
    CHECK(std::any_of(found.result.warnings.begin(), found.result.warnings.end(),
                      [](const std::string& text) { return says(text, "of the variance lies beyond x_upper"); }));
  }
}

TEST_CASE("a Gaussian is not felt whatever the number of cells") {
  for (const char* const cells : {"axis.x.cells=160", "axis.x.cells=3000"}) {
    const Outcome found = outcome_of(line("[-inf, inf]", "drift = 0.3\nnoise = 1", gaussian), {cells});
    CHECK(found.again == 0);
    CHECK(found.result.felt[1].mass < 1e-9);
    CHECK(found.result.felt[1].variance < 1e-6);
  }
}

TEST_CASE("a question whose weight lies beyond the box widens it and one without a part in the box is warned of") {
  const Outcome found = outcome_of(
      line("[-inf, inf]", "drift = \"-x\"\nnoise = \"sqrt(2)\"",
           "gaussian = { mean = [0], covariance = [[1]] }\n[output]\nframes = 1\n"
           "expectations = { big = \"exp(5*x)\" }\nprobabilities = { right = \"x > 7\", far = \"x > 40\" }"));
  CHECK(found.again > 0);
  CHECK(std::abs(found.result.answers[0] / std::exp(12.5) - 1) < 2e-2);
  CHECK(std::abs(found.result.answers[1] / 1.2798e-12 - 1) < 5e-2);
  REQUIRE(found.setup.warnings.size() == 1);
  CHECK(says(found.setup.warnings[0], "output.probabilities.far: holds nowhere in the box"));
}

TEST_CASE("an expectation that no box holds is a warning with question and side") {
  const Outcome found = outcome_of(line("[-inf, 3]", "drift = \"-x\"\nnoise = \"sqrt(2)\"",
                                        "gaussian = { mean = [0], covariance = [[1]] }\n[output]\nframes = 1\n"
                                        "expectations = { wild = \"exp(0.6*x^2)\" }",
                                        32),
                                   {"time.end=1e-3"});
  CHECK(found.setup.config.infinite[0].enlarged > 2);  // exp(0.6*x^2) is no number beyond 34
  CHECK(std::any_of(found.result.warnings.begin(), found.result.warnings.end(), [](const std::string& text) {
    return says(text, "output.expectations.wild: about") && says(text, "beyond x_lower");
  }));
}

TEST_CASE("what is felt after six times is a warning that names the side") {
  const Outcome found = outcome_of(line("[0, inf]", "drift = \"1 - x\"\ndiffusion = \"0.5 + x^2\"", "point = [1]", 16),
                                   {"time.tolerance=1e-3"});
  REQUIRE(found.setup.config.infinite.size() == 1);
  CHECK(found.setup.config.infinite[0].enlarged == 6);
  CHECK(found.again == 6);
  bool named = false;
  for (const std::string& warning : found.result.warnings)
    named = named || (says(warning, "axis.x.range") && says(warning, "of the mass is close to x_upper") &&
                      says(warning, "widened 6 times"));
  CHECK(named);
}

TEST_CASE("a checkpoint keeps the box and a run that goes on to a later end keeps it as it is") {
  Outcome found = outcome_of(line("[-inf, inf]", relaxing, gaussian));
  found.setup.config.infinite[1].enlarged = 2;
  const RunMemory memory = run_memory(checkpoint_of(found.setup, false, ""));
  Case again = parse_case(memory.text, "case.toml", ".", {}, vocabulary());
  CHECK(std::isinf(again.axes[0].upper));
  memory.box.put(again);
  CHECK(again.axes[0].upper == found.setup.grid->axis(0).upper);
  CHECK(again.infinite[1].enlarged == 2);
  again.time.stepper_chosen = memory.stepper;
  CHECK(resolved_toml(again) == memory.resolved);
}

TEST_CASE("a density at rest has the box of the closure at rest and that of a second well far away") {
  Setup setup;
  const SteadyResult found = in_wide_box(
      parse_case(line("[-inf, inf]", "potential = \"0.05*x^2*(x - 12)^2/4 + 0.01*x\"\ntemperature = 0.3", gaussian),
                 "case.toml", ".", {}, vocabulary(), CaseFor::steady),
      [&](const Case& config) {
        setup = build_steady(config);
        return solve_steady(setup);
      },
      [](const std::string&) {});
  CHECK(setup.grid->axis(0).upper > 13);
  CHECK(setup.grid->axis(0).lower < -1);
  CHECK(found.felt[0].mass <= 1e-9);
}

TEST_CASE("a closure that is at rest from the first rests and a start too narrow for sums is refused") {
  const Setup setup =
      build_steady(parse_case(line("[-inf, inf]", "drift = \"-x\"\nnoise = \"sqrt(2)\"", gaussian), "case.toml", ".",
                              {"initial.gaussian={ mean = [0], covariance = [[1]] }"}, vocabulary(), CaseFor::steady));
  CHECK(setup.grid->axis(0).upper > 6);
  CHECK(setup.grid->axis(0).upper < 7);
  CHECK(says(refused(line("[-inf, inf]", "drift = \"-x\"\nnoise = \"sqrt(1 + x^2)\"", gaussian),
                     {"initial.gaussian={ mean = [1], covariance = [[1e-32]] }"}),
             "which no cells can follow"));
}

TEST_CASE("what no closure tells is refused with the place and the way out") {
  CHECK(says(refused(line("[-inf, inf]", "drift = \"x^3\"\nnoise = 1", "point = [0]")), "give both ends"));
  CHECK(says(refused(line("[-inf, inf]", relaxing, "uniform = true")), "needs a box to fill: axis.x.range"));
  CHECK(says(refused(line("[-inf, inf]", relaxing, "density = \"exp(-x^2)\"")),
             "must be a gaussian, a mixture or a point"));
  CHECK(says(refused(line("[-inf, inf]", relaxing, gaussian), {"axis.x.boundary=periodic"}), "a ring has two ends"));
  CHECK(says(refused(line("[-inf, 9]", relaxing, gaussian), {"axis.x.boundary=absorbing"}),
             "absorbing at the lower side"));
  CHECK(says(refused(line("[inf, 9]", relaxing, gaussian)), "must be finite"));
  CHECK(says(refused(line("[-inf, inf]", "drift = 0\nnoise = 1", gaussian), {}, CaseFor::steady),
             "does not come to rest"));
  CHECK(says(refused(line("[-inf, inf]", "drift = 0\ndiffusion = 0", "point = [1]")), "reaches from x = 1 to 1"));
  CHECK(
      says(refused(line("[-inf, inf]", "drift = \"x\"\nnoise = \"9*x + 1\"", gaussian)), "which no cells can follow"));
}
