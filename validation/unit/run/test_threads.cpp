// Freezes that no bit depends on the number of threads: every form, flux, score, stepper and witness on more than 8192
// edges, with 1, 2 and 3 threads.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstring>

#include "fokker/base/parallel.hpp"
#include "fokker/scheme/reconstruction.hpp"
#include "fokker/spectral/fourier.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

/// A tensor that turns with x, drift that turns, walls of three kinds: 15 thousand edges and more.
const char* const plane = R"([[axis]]
name = "x"
range = [-5, 5]
cells = 96
boundary = "reflecting"
[[axis]]
name = "y"
range = [-5, 5]
cells = 80
boundary = "reflecting"
[sde]
drift = ["-x-0.6*y", "1.4*x-0.8*y"]
diffusion = [["0.5", "0.15"], ["0.15", "0.25"]]
[initial]
gaussian = { mean = [1, -0.5], covariance = [[0.3, 0.1], [0.1, 0.3]] }
[time]
end = 0.01
[output]
frames = 1
)";

using Settings = std::vector<std::string>;

std::vector<double> bits(int threads, const Settings& settings) {
  const ThreadLimit limit(threads);
  Setup setup = setup_of(plane, settings);
  const RunResult result = run(setup, {});
  REQUIRE_MESSAGE(result.stop_reason == "end", result.stop_reason);
  std::vector<double> all(result.p.values.begin(), result.p.values.end());
  all.insert(all.end(), result.balance.outflow.begin(), result.balance.outflow.end());
  all.push_back(result.balance.mass);
  all.push_back(static_cast<double>(result.steps));
  for (const auto& [name, frames] : result.verdicts) {
    const Verdict& last = frames.back();
    for (const double value : {last.norms.l1, last.norms.l2, last.norms.linf, last.norms.kl, last.mean_error,
                               last.covariance_error, last.ks})
      all.push_back(value);
  }
  for (const LikelihoodVerdict& verdict : result.log_likelihood) all.push_back(verdict.mean);
  return all;
}

void same_on_all_threads(const Settings& settings) {
  std::string named;
  for (const std::string& setting : settings) named += setting + " ";
  CAPTURE(named);
  const std::vector<double> one = bits(1, settings);
  for (const int threads : {2, 3}) {
    const std::vector<double> more = bits(threads, settings);
    REQUIRE(more.size() == one.size());
    CHECK(std::memcmp(one.data(), more.data(), one.size() * sizeof(double)) == 0);
  }
}

const std::string diagonal = "sde.diffusion=[[\"0.5 + 0.1*sin(pi*x/5)\", 0], [0, \"0.25\"]]";

}  // namespace

TEST_CASE("threads do not change a bit of any flux") {
  for (const FluxScheme& row : fluxes("drift_diffusion")) {
    const std::string flux = "scheme.flux=" + std::string(row.name);
    const std::string promise = row.positive ? "scheme.positive=true" : "scheme.positive=false";
    same_on_all_threads({flux, promise});
    same_on_all_threads({flux, promise, diagonal, "axis.x.boundary=periodic"});
    if (row.wide) continue;
    same_on_all_threads({"scheme.form=effective_drift", "scheme.score=flux_consistent", flux});
  }
  same_on_all_threads({"axis.x.boundary=[\"absorbing\", \"reflecting\"]", "axis.y.boundary=absorbing"});
}

TEST_CASE("threads do not change a bit of any advection or score") {
  const Settings form{"scheme.form=effective_drift", "time.stepper=ssprk3"};
  const auto with = [&](const Settings& more) {
    Settings all = form;
    all.insert(all.end(), more.begin(), more.end());
    same_on_all_threads(all);
  };
  for (const ReconstructionRow& row : reconstructions())
    if (!row.key.empty())
      with({row.key == "limiter" ? "scheme.flux=muscl" : "scheme.flux=weno5",
            fmt::format("scheme.{}={}", row.key, row.name)});
  with({"scheme.flux=upwind"});
  with({"scheme.flux=muscl", "scheme.score_order=4"});
  with({"scheme.flux=muscl", diagonal});
  for (const char* flux : {"muscl", "weno5"}) with({"scheme.score=exact", std::string("scheme.flux=") + flux});
  if (!fourier_library().empty()) with({"scheme.score=spectral", "scheme.flux=muscl"});
  with({"scheme.flux=muscl", "sde.diffusion=[[0, 0], [0, 0]]"});
}

TEST_CASE("threads do not change a bit of any stepper") {
  for (const StepperRow& row : steppers()) {
    if (row.name == "talbot") continue;  // one dimension, one thread
    if (row.kinetic) continue;           // another problem: test_kinetic.cpp
    const std::string stepper = "time.stepper=" + std::string(row.name);
    const bool skew = row.name == "peaceman_rachford" || row.freezes;  // have no place for cross terms
    Settings settings{stepper};
    if (skew) settings.push_back(diagonal);
    if (!row.keeps_sign) settings.emplace_back("scheme.positive=false");
    if (row.implicit && !row.adaptive) settings.emplace_back("time.dt=0.005");
    same_on_all_threads(settings);
    if (row.name == "chebyshev") same_on_all_threads({stepper, "scheme.positive=false"});
  }
  same_on_all_threads({"sde.drift=[\"-x*(1 + 30*t)\", \"x - y\"]", "time.stepper=rkc2"});
  same_on_all_threads({"scheme.form=effective_drift", "time.stepper=frozen_generator", diagonal});
}

TEST_CASE("threads do not change a bit of any witness") {
  same_on_all_threads({"compare.exact=true"});
  same_on_all_threads({"compare.twin=true"});
  same_on_all_threads({"compare.monte_carlo={particles=20000, dt=2e-3}"});
  same_on_all_threads({"compare.monte_carlo={particles=20000, stepper=\"probability_flow\"}"});
  same_on_all_threads({"compare.log_likelihood={points=3000}"});
  if (!fourier_library().empty()) same_on_all_threads({"compare.spectral={tolerance=1e-6}"});
}
