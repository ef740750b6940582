// Freezes what is refused where D jumps, with the wording of the remedy, and the warnings of jumps that move and of
// ends where D vanishes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "fokker/run/end_warnings.hpp"
#include "fokker/run/run.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

const char* const layers = R"case(
title = "two layers"
[[axis]]
name = "x"
range = [0, 1]
cells = 20
boundary = "reflecting"
[sde]
drift = [0]
diffusion = [["if(x < 0.43, 1, 0.1)"]]
[initial]
uniform = true
[time]
end = 0.1
)case";

const char* const plane = R"case(
title = "two layers in a plane"
[[axis]]
name = "x"
range = [0, 1]
cells = 10
boundary = "reflecting"
[[axis]]
name = "y"
range = [0, 1]
cells = 10
boundary = "reflecting"
[sde]
drift = [0, 0]
noise = [["if(x < 0.43, 1, 0.5)", 0], [0, 1]]
[initial]
uniform = true
[time]
end = 0.1
)case";

bool says(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("what needs a derivative of D is refused where D jumps") {
  CHECK(refusal_of(layers, {}).empty());
  for (const char* reading : {"ito", "stratonovich", "klimontovich"})
    CHECK(refusal_of(layers, {std::string("sde.interpretation=") + reading}).empty());
  CHECK(refusal_of(layers, {"scheme.flux=upwind"}).empty());
  CHECK(refusal_of(layers, {"scheme.form=effective_drift"}).empty());
  CHECK(refusal_of(layers, {"scheme.flux=auto"}).empty());
  CHECK(says(refusal_of(layers, {"scheme.flux=central4"}),
             "scheme.flux: D jumps at x = 0.43, from 1 to 0.1, and 'central4' takes differences across it; use flux = "
             "\"scharfetter_gummel\""));
  CHECK(says(refusal_of(layers, {"scheme.form=effective_drift", "scheme.score_order=4"}),
             "scheme.score_order: D jumps at"));
  CHECK(refusal_of(layers, {"compare.monte_carlo={ particles = 100, dt = 1e-3 }"}).empty());
  CHECK(says(refusal_of(layers, {"compare.monte_carlo={ particles = 100, dt = 1e-3, lambda = 0.5 }"}),
             "compare.monte_carlo: D jumps at x = 0.43, from 1 to 0.1, and these particles move by f - div D - D s"));
  CHECK(says(refusal_of(layers, {"sde.diffusion=[[\"if(x < 0.2 + t, 1, 0.1)\"]]", "scheme.flux=central4"}),
             "at x = 0.2"));
  CHECK(says(setup_of(layers, {"scheme.flux=auto"}).flux_reason, "D jumps at x = 0.43, from 1 to 0.1"));
}

TEST_CASE("a jump of D to 0 is refused in the reading in which it says too little") {
  for (const char* D : {"if(x < 0.43, 0, 1)", "if(x > 0.43, 0, 1)", "if(abs(x - 0.43) < 0.1, 0, 1)"}) {
    const std::string noise = fmt::format("sde.diffusion=[[\"{}\"]]", D);
    for (const char* reading : {"ito", "klimontovich"})
      CHECK(refusal_of(layers, {noise, fmt::format("sde.interpretation={}", reading)}).empty());
    const std::string found = refusal_of(layers, {noise, "sde.interpretation=stratonovich"});
    CHECK_MESSAGE(says(found, "sde.interpretation: D jumps at x = "), found);
    CHECK_MESSAGE(says(found, "comes back after a time that depends on how D becomes 0"), found);
    CHECK(refusal_of(layers, {noise, "sde.interpretation=stratonovich", "sde.drift=[1]"}).empty());
  }
  CHECK(refusal_of(layers, {"sde.diffusion=[[\"max(x - 0.43, 0)^2\"]]", "sde.interpretation=stratonovich"}).empty());
}

TEST_CASE("a jump where sources drive several axes is refused in the readings that it has no meaning in") {
  for (const char* reading : {"ito", "stratonovich", "klimontovich"})
    CHECK(refusal_of(plane, {std::string("sde.interpretation=") + reading}).empty());
  const std::string full = "sde.noise=[[\"if(x < 0.43, 1, 0.5)\", 0.2], [0, 1]]";
  CHECK(says(refusal_of(plane, {full, "sde.interpretation=klimontovich"}), " jumps at x = 0.43"));
  const std::string turned =
      "sde.noise=[[\"if(x < 0.43, 1, 2)*cos(y)\", \"-if(x < 0.43, 1, 2)*sin(y)\"], "
      "[\"if(x < 0.43, 1, 2)*sin(y)\", \"if(x < 0.43, 1, 2)*cos(y)\"]]";
  CHECK(says(refusal_of(plane, {turned, "sde.interpretation=stratonovich"}), " jumps at x = 0.43"));
}

TEST_CASE("a potential that jumps is right through exp(-U/T) alone") {
  std::string step = layers;
  const std::string old = "drift = [0]\ndiffusion = [[\"if(x < 0.43, 1, 0.1)\"]]";
  step.replace(step.find(old), old.size(), "potential = \"if(x < 0.43, 0, 1)\"\ntemperature = 0.5");
  CHECK(refusal_of(step.c_str(), {}).empty());
  CHECK(says(refusal_of(step.c_str(), {"scheme.flux=upwind"}), "sde.potential: jumps at x = 0.43, from 0 to 1"));
}

TEST_CASE("a jump of D that moves is warned of by its speed against the drift") {
  const auto warning = [](const char* D, const std::vector<std::string>& more = {}) {
    std::vector<std::string> overrides{fmt::format("sde.diffusion=[[\"{}\"]]", D), "time.end=0.5"};
    overrides.insert(overrides.end(), more.begin(), more.end());
    std::string text;
    for (const std::string& said : setup_of(layers, overrides).warnings) text += said + "\n";
    return text;
  };
  const std::string found = warning("if(x < 0.25 + t, 1, 0.05)");
  CHECK_MESSAGE(says(found, "D jumps from 1 to 0.05 moves along x, at x = "), found);
  CHECK_MESSAGE(says(found, " with 1 against the drift: p follows it within 0.05, 1 cells"), found);
  CHECK_MESSAGE(says(found, "about l1 0.045 while it runs through the mass; axis.x.cells = 91 would have 0.01"), found);
  CHECK(says(warning("if(x > 0.75 - t, 1, 0.05)"), "about l1 0.045"));     // its mirror image
  CHECK(warning("if(x < 0.25 + t, 1, 0.05)", {"sde.drift=[1]"}).empty());  // goes with the drift
  CHECK(warning("if(x < 0.25 + t, 1, 0.05)", {"axis.x.cells=100"}).empty());
  CHECK(warning("if(x < 0.25 + t, 1, 0.05)", {"sde.interpretation=klimontovich"}).empty());  // p does not jump
  CHECK(warning("if(x < 0.43, 1, 0.05)*(1 + t)").empty());
  CHECK(warning("1 + abs(x - t)").empty());
}

TEST_CASE("ends where D vanishes are warned of with cells and coordinate") {
  const auto warnings = [](const std::vector<std::string>& overrides, bool at_end = false) {
    const Setup setup = setup_of(layers, overrides);
    Field p = setup.initial;
    if (at_end) p.values *= 0.1;
    if (at_end) p.values[0] = 0.905 * 20;
    std::string text;
    for (const std::string& warning : end_warnings(setup, p)) text += warning + "\n";
    return text;
  };
  const std::string absorbing = "axis.x.boundary=[\"absorbing\", \"reflecting\"]";
  CHECK(warnings({}).empty());
  CHECK(warnings({absorbing, "sde.diffusion=[[\"x/2\"]]", "time.end=1"}).empty());
  const std::string layer = warnings({absorbing, "sde.diffusion=[[\"x^1.5/2\"]]", "time.end=1"});
  CHECK_MESSAGE(says(layer, "x_lower: the noise vanishes there like d^0.75"), layer);
  CHECK_MESSAGE(says(layer, "0.016 wide"), layer);
  CHECK_MESSAGE(says(layer, "x^0.25 as coordinate"), layer);
  CHECK(warnings({absorbing, "sde.diffusion=[[\"x^2/2\"]]", "time.end=1"}).empty());  // never reached
  CHECK(says(warnings({"sde.diffusion=[[\"x/2\"]]"}), "what comes near stays"));
  CHECK(says(warnings({"sde.diffusion=[[\"x^2/2\"]]"}), "log(x) as coordinate"));
  const std::string deep = warnings({"sde.diffusion=[[\"2*x\"]]", "sde.drift=[\"0.04 - x\"]"}, true);
  CHECK_MESSAGE(says(deep, "p grows towards it like d^-0.98"), deep);
}
