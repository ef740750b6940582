// How far a run is to be believed, by coarser grids: true errors lie within what is stated, and what cannot be stated
// is said.
#include <doctest/doctest.h>

#include <cmath>

#include "fokker/base/errors.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/run/steady.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

/// The summary of a run with --estimate.
Json summary_of(const std::string& text, const std::vector<std::string>& overrides) {
  Setup setup = setup_of(text, overrides);
  return json_of(document(setup, run(setup, {.estimates = true}), {}));
}

const std::vector<std::string> questions{"output.expectations={ second = \"x^2\" }",
                                         "output.probabilities={ right = \"x > 0.5\" }"};

const double mean = std::exp(-0.5), variance = 0.25 * std::exp(-1) + 0.5 * (1 - std::exp(-1));

/// Members of `ou` with their exact values at its end.
const std::vector<std::pair<const char*, double>> known{
    {"/moments/mean/0", mean},
    {"/moments/covariance/0/0", variance},
    {"/expectations/second", variance + mean* mean},
    {"/probabilities/right", 0.5 * std::erfc((0.5 - mean) / std::sqrt(2 * variance))},
    {"/mean_velocity/0", -mean}};

void check_known(const Json& estimate, double gain) {
  for (const auto& [path, exact] : known) {
    CAPTURE(path);
    const Json number = estimate.at(Json::json_pointer(path));
    const double error = std::abs(number["value"].get<double>() - exact);
    CHECK(error <= number["uncertainty"].get<double>());
    CHECK(std::abs(number["extrapolated"].get<double>() - exact) <= number["uncertainty"].get<double>());
    if (number["credible"] && gain > 0) CHECK(std::abs(number["extrapolated"].get<double>() - exact) < error / gain);
  }
}

}  // namespace

TEST_CASE("true errors of a density and of what is asked of it lie within their uncertainties") {
  for (const char* const cells : {"axis.x.cells=120", "axis.x.cells=51"})
    for (const char* const steps : {"time.tolerance=1e-8", "time.tolerance=1e-3", "time.stepper=backward_euler"}) {
      CAPTURE(cells);
      CAPTURE(steps);
      const bool fixed = std::string(steps).ends_with("euler"), exact_steps = std::string(steps).ends_with("1e-8");
      std::vector<std::string> overrides = questions;
      for (const char* const each : {cells, steps}) overrides.emplace_back(each);
      if (fixed) overrides.emplace_back("time.dt=0.01");
      const Json summary = summary_of(ou, overrides), estimate = summary["estimate"];
      CHECK(estimate["cells"].size() == 3);
      CHECK(summary["compare"]["exact"]["l1"].get<double>() <= estimate["uncertainty"].get<double>());
      check_known(estimate, exact_steps ? 3 : 0);
      if (!exact_steps) continue;
      CHECK(estimate["order"].get<double>() == doctest::Approx(2).epsilon(0.1));
      CHECK(estimate["uncertainty"].get<double>() < 2 * summary["compare"]["exact"]["l1"].get<double>());
    }
}

TEST_CASE("an order that grids too coarse for their flux have by chance is not believed") {
  // Towards a kink at speed 40 on cells of 0.2: order 1.4 or so, 0.23 by it alone, and p is off by l1 0.54 (4000
  // cells).
  const Json summary = summary_of(
      ou, {"sde.drift=[\"if(x > 0.13, -40, 40)\"]", "sde.diffusion=[[0.5]]", "compare.exact=false", "axis.x.cells=40",
           "initial.gaussian={ mean = [1], covariance = [[0.01]] }", "time.end=0.005", "output.frames=1"});
  CHECK(summary["estimate"]["credible"] == Json(false));
  CHECK(summary["estimate"]["why"].get<std::string>().starts_with("the flux is expected to be off by about l1"));
  CHECK(summary["estimate"]["uncertainty"].get<double>() > 0.54);
}

TEST_CASE("an order that layers within cells have by chance is not believed") {
  // D rises ninefold over 0.4, on coarsest cells of 0.25: of the mean the differences have order 1.89 and leave 3.4e-4
  // by it, but it is off by 2.3e-3 (4096 cells).
  const Json summary =
      summary_of(ou, {"axis.x.range=[-2, 2]", "axis.x.cells=64", "sde.drift=[\"x - x^3\"]",
                      "sde.noise=[[\"0.5*(1 + 0.5*tanh(5*x))\"]]", "compare.exact=false",
                      "initial.gaussian={ mean = [0.3], covariance = [[0.1]] }", "time.end=2", "output.frames=1"});
  const Json mean_found = summary["estimate"]["moments"]["mean"][0];
  CHECK(summary["estimate"]["credible"] == Json(false));
  CHECK(summary["estimate"]["why"].get<std::string>().starts_with("p changes in another way from grid to grid"));
  CHECK(mean_found["credible"] == Json(false));
  CHECK(mean_found["uncertainty"].get<double>() > std::abs(mean_found["value"].get<double>() - 0.104899));
}

TEST_CASE("an exact density on cells that are not halved evenly is not said to be off by more than two of them") {
  Setup kink = build_steady(setup_of(ou, {"axis.x.range=[-2, 2]", "axis.x.cells=55", "compare.exact=false",
                                          "sde.noise=[[\"0.4 + 0.5*abs(x - 0.1)\"]]"})
                                .config);
  CHECK(json_of(document(kink, solve_steady(kink, true), {}))["estimate"]["uncertainty"].get<double>() <= 2.1);
}

namespace {

/// What leaves a uniform start of noise 0.25 by t = 0.1: from a half space, mean time 0.1/3, 0.25 * 2 sqrt(D t/pi).
Json leaving(const std::vector<std::string>& more) {
  std::vector<std::string> overrides{"axis.x.range=[-2, 2]", "axis.x.boundary=absorbing", "sde.drift=[\"0\"]",
                                     "sde.noise=[[0.25]]",   "compare.exact=false",       "initial={ uniform = true }",
                                     "time.end=0.1"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return summary_of(ou, overrides);
}

}  // namespace

TEST_CASE("cells too wide for what leaves through a wall are warned of with the delay they make") {
  const Json summary = leaving({"axis.x.cells=66"}), passage = summary["passage"];
  const double off = passage["mean"].get<double>() - 0.1 / 3;
  CHECK(off > 5e-3);                                                               // 0.041
  CHECK(passage["delay"].get<double>() == doctest::Approx(0.0147).epsilon(0.01));  // h^2/(8 D): the worst, 2/3 of it
  CHECK(summary["warnings"].dump().find("passage: the cells at absorbing sides are too wide") != std::string::npos);
  const Json mean_found = passage["estimate"]["mean"];
  CHECK(mean_found["credible"] == Json(false));
  CHECK(mean_found["why"].get<std::string>().starts_with("times at which mass leaves are off by about 0.015"));
  CHECK(mean_found["uncertainty"].get<double>() > off);
}

TEST_CASE("times of passage do not hang on how many frames are asked for") {
  for (const char* const frames : {"output.frames=1", "output.frames=20"}) {
    const Json passage = leaving({"axis.x.cells=400", "time.stepper=chebyshev", frames})["passage"];
    CHECK(passage["mean"].get<double>() == doctest::Approx(0.1 / 3).epsilon(0.02));  // in one step: 0.0292
    CHECK(passage["variance"].get<double>() == doctest::Approx(0.01 * 4 / 45).epsilon(0.02));
  }
}

TEST_CASE("runs on coarser grids that fail are named and leave no number that looks like an estimate") {
  // Not a number within 1e-6 of a centre of the first coarser grid of 51 cells, of the second of 50.
  const auto without = [](const char* place, const char* cells) {
    return summary_of(ou, {std::string("sde.drift=[\"-x + 1e-9*log(abs(x + 4 - ") + place + ") - 1e-6)\"]",
                           "compare.exact=false", std::string("axis.x.cells=") + cells});
  };
  const Json none = without("5/26", "51"), two = without("5/13", "50");
  CHECK(none["estimate"]["failures"].size() == 1);
  CHECK(!none["estimate"].contains("uncertainty"));
  CHECK(none["warnings"].dump().find("estimate: the run on 26 cells failed: ") != std::string::npos);
  CHECK(two["estimate"]["failures"].size() == 1);
  CHECK(two["estimate"]["credible"] == Json(false));
  CHECK(two["estimate"]["order"].is_null());
  CHECK(two["estimate"]["uncertainty"].get<double>() > 0);
}

TEST_CASE("an estimate that is cut off is none and the run says that it was stopped") {
  Setup setup = setup_of(ou);
  long steps = 0;
  {
    const RunResult whole = run(setup, {});
    steps = whole.steps;
  }
  bool seen = false;
  for (long polls = steps; polls < 8 * steps && !seen; polls += std::max(1L, steps / 4)) {
    Setup again = setup_of(ou);
    const StopRequest request(polls);
    const RunResult result = run(again, {.estimates = true});
    const Json summary = json_of(document(again, result, {}));
    CHECK(summary.contains("estimate") == (result.stop_reason == "end"));
    seen = result.stop_reason != "end" && result.t == again.config.time.end;
  }
  CHECK(seen);
}

TEST_CASE("a stationary density and times of passage are estimated too") {
  Setup ring = build_steady(setup_of(ou, {"axis.x.range=[0, \"2*pi\"]", "axis.x.boundary=periodic", "axis.x.cells=65",
                                          "sde.drift=[\"0.5 + sin(x)\"]", "compare.exact=false"})
                                .config);
  const Json velocity = json_of(document(ring, solve_steady(ring, true), {}))["estimate"]["mean_velocity"][0];
  CHECK(velocity["credible"] == Json(true));  // 0.175593: Stratonovich's integral (cases/questions/tilted_ring.toml)
  CHECK(std::abs(velocity["value"].get<double>() - 0.175593) <= velocity["uncertainty"].get<double>());
  CHECK(std::abs(velocity["extrapolated"].get<double>() - 0.175593) < 0.1 * velocity["uncertainty"].get<double>());
  const Json passes =
      summary_of(ou, {"axis.x.boundary=absorbing", "axis.x.range=[-1, 2]", "sde.drift=[\"0.8\"]", "compare.exact=false",
                      "time.end=30", "initial.gaussian={ mean = [0.4], covariance = [[1e-2]] }", "axis.x.cells=60"});
  const Json found = passes["passage"]["estimate"]["mean"];
  // (a P - z)/v, P = (1 - exp(-2 v z))/(1 - exp(-2 v a)), averaged over the start
  const double exact = (3 * (1 - std::exp(-1.6 * 1.4 + 1.28 * 1e-2)) / (1 - std::exp(-4.8)) - 1.4) / 0.8;
  CHECK(std::abs(found["value"].get<double>() - exact) <= found["uncertainty"].get<double>());
  CHECK(found["uncertainty"].get<double>() < 1e-3);
  CHECK(passes["passage"]["estimate"]["sides"].size() == 2);
  CHECK(passes["estimate"]["mass"].contains("final"));
}

TEST_CASE("axes with too few cells to be coarsened are refused by name") {
  CHECK_THROWS_WITH_AS(require_cells_for_estimate(setup_of(ou, {"axis.x.cells=15"}).config),
                       doctest::Contains("15 cells cannot be halved for --estimate"), CaseError);
}
