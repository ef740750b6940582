// Freezes time as it is: nothing is evaluated outside of the step at hand, or of [0, end] and the box; switches and
// pulses are met by solver, closed form, particles and spectral solution alike; what cannot be is refused with cell,
// time and formula; mass that is not kept ends a run.
#include <doctest/doctest.h>

#include <cmath>

#include "fokker/particles/ensemble.hpp"
#include "fokker/run/march.hpp"
#include "fokker/scheme/coefficients.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "fokker/scheme/effective_drift.hpp"
#include "fokker/spectral/fourier.hpp"
#include "fokker/spectral/solver.hpp"
#include "small_case.hpp"
#include "watched_sde.hpp"

using namespace fokker;

namespace {

std::string line(const std::string& drift, const std::string& D, const std::string& more = "") {
  return R"([[axis]]
name = "x"
range = [2, 5]
cells = 40
boundary = "reflecting"
[sde]
drift = [")" +
         drift + R"("]
diffusion = [[")" +
         D + R"("]]
[initial]
gaussian = { mean = [3.5], covariance = [[0.05]] }
[time]
end = 0.4
[output]
frames = 3
)" + more;
}

std::string plane(const std::string& factor) {
  return R"([[axis]]
name = "x"
range = [-3, 3]
cells = 10
boundary = "reflecting"
[[axis]]
name = "y"
range = [-3, 3]
cells = 12
boundary = ["absorbing", "reflecting"]
[sde]
drift = ["-x - y", "x - y*)" +
         factor + R"("]
diffusion = [[")" +
         factor + R"(", 0.1], [0.1, 0.4]]
[initial]
gaussian = { mean = [0, 0], covariance = [[0.3, 0.1], [0.1, 0.3]] }
[time]
end = 0.2
[output]
frames = 2
)";
}

/// Steps of `row` on a form of the watched SDE to the end, the window that of the step at hand.
void march(const Setup& setup, const WatchedSde& sde, const Form& form, const StepperRow& row, bool fixed) {
  const double end = setup.config.time.end;
  StepperOptions options{.tolerance = 1e-3, .keep_positive = row.keeps_sign && form.op().positive()};
  sde.allow(0, end);
  if (fixed || (row.implicit && !row.adaptive)) options.dt = std::min(0.5 * form.op().stable_step(0), end / 7);
  std::unique_ptr<TimeStepper> stepper;
  try {
    stepper = make_stepper(row, form.op(), options, 0);
  } catch (const UsageError&) {
    return;  // a row that does not serve this form
  }
  March march(*stepper, row, setup.timeline);
  std::vector<double> state(form.op().size(), 0.0);
  std::copy(setup.initial.values.begin(), setup.initial.values.end(), state.begin());
  const std::vector<double>& stops = setup.config.output.times;
  sde.allow(0, setup.timeline.limit(march.t(), stops[1]));
  march.begin(stops[1], state);
  for (std::size_t k = 1; k < stops.size(); ++k, march.leave())
    while (march.t() < stops[k]) {
      sde.allow(march.t(), setup.timeline.limit(march.t(), stops[k]));
      const double before = march.t();
      march.step(stops[k], state);
      REQUIRE(march.t() > before);
    }
  CHECK(march.t() == end);
}

}  // namespace

TEST_CASE("forms and steppers ask for coefficients within the step at hand and inside the box") {
  const std::string cases[] = {
      line("-(x - 3)*(1 + t)", "(x - 1)*(1 + t)/10"),                         // one factor of time
      line("-(x - 3)*(1.2 + sin(40*t))", "if(t < 0.17, 0.02, 0.3)*(x - 1)"),  // no factor, a switch
      line("(3 - x)*if((t > 0.2)*(t < 0.21), 40, 1)", "0.4 - t + 1e-3"),      // a window; D falls to next to 0
      plane("(1 + t)"), plane("(1.5 + sin(30*t))")};
  for (const std::string& text : cases) {
    CAPTURE(text);
    Setup setup = setup_of(text);
    const auto sde = std::make_shared<const WatchedSde>(setup.sde, box_of(*setup.grid));
    const TimeRange times(0, setup.config.time.end);
    const auto forms = [&](const auto& visit) {
      for (const char* flux : {"scharfetter_gummel", "upwind", "central4", "central4_positive"})
        visit(flux, [&] { return make_drift_diffusion(setup.grid, sde, *find_flux(flux), times); });
      visit("flux_consistent",
            [&] { return make_flux_consistent(setup.grid, sde, *find_flux("scharfetter_gummel"), times); });
      visit("log_difference",
            [&] { return make_log_difference(setup.grid, sde, find_reconstruction("huynh"), 2, times); });
    };
    forms([&](const std::string name, const auto& make) {
      CAPTURE(name);
      sde->allow(0, times.to);
      const std::unique_ptr<Form> form = make();
      CHECK(sde->outside() == 0);
      for (const StepperRow& row : steppers())
        for (const bool fixed : {false, true}) {
          CAPTURE(row.name);
          march(setup, *sde, *form, row, fixed);
          CHECK(sde->outside() == 0);
        }
    });
  }
}

TEST_CASE("particles and the spectral solution ask within the run and inside the box") {
  const Setup setup = setup_of(line("-(x - 3)*(1 + t)", "if(t < 0.17, 0.02, 0.03)*(x - 1)"));
  const auto sde = std::make_shared<const WatchedSde>(setup.sde, box_of(*setup.grid));
  sde->allow(0, 0.4);
  for (const std::optional<double> dt : {std::optional<double>(), std::optional<double>(0.013)}) {
    ParticleEnsemble particles(setup.grid, sde, {setup.initial_distribution.get(), &setup.initial, std::nullopt},
                               {.particles = 300, .dt = dt, .timeline = setup.timeline});
    for (const double t : setup.config.output.times) particles.advance(t);
    CHECK(sde->outside() == 0);
  }
  if (fourier_library().empty()) return;
  SpectralSolver solver(setup.grid, sde, setup.initial, 0.4, 1e-6, setup.timeline);
  for (const double t : setup.config.output.times) solver.advance(t);
  CHECK(sde->outside() == 0);
}

namespace {

/// On [-6, 6], from a Gaussian of variance 1/4 at 0.
std::string switched(const std::string& drift, const std::string& D, const std::string& more) {
  return R"([[axis]]
name = "x"
range = [-6, 6]
cells = 120
boundary = "reflecting"
[sde]
drift = [")" +
         drift + R"("]
diffusion = [[")" +
         D + R"("]]
[initial]
gaussian = { mean = [0], covariance = [[0.25]] }
[time]
end = 1
[output]
frames = 1
)" + more;
}

struct MeanVariance {
  double mean, variance;
};
MeanVariance moments_of(const Field& p) {
  const Moments m = moments(*p.grid, p.view());
  return {m.mean[0], m.covariance(0, 0)};
}

}  // namespace

namespace {

/// Mean and variance at t = 1 of the scheme, which knows no walls here: with a and D of time alone and cells of width h
/// the fitted flux moves by a and spreads by (a h / 2) coth(a h / 2 D) in place of D.
MeanVariance fitted_moments(const std::string& drift, const std::string& D, double h) {
  constexpr int samples = 400'000;
  const std::vector<std::string> name{"t"};
  const Expression formulas[] = {parse_expression(drift, name), parse_expression(D, name)};
  std::vector<double> t(samples), a(samples), d(samples);
  for (int k = 0; k < samples; ++k) t[k] = (k + 0.5) / samples;
  const TapeInput input = TapeInput::of(t.data());
  double* const outputs[] = {a.data(), d.data()};
  Tape(formulas, name).evaluate({&input, 1}, samples, outputs);
  MeanVariance result{0, 0.25};
  for (std::size_t k = 0; k < t.size(); ++k) {
    const double half = 0.5 * a[k] * h;
    result.mean += a[k] / samples;
    result.variance += 2 * (half == 0 ? d[k] : d[k] > 0 ? half / std::tanh(half / d[k]) : std::abs(half)) / samples;
  }
  return result;
}

}  // namespace

TEST_CASE("switches and pulses are met by every stepper") {
  struct Kind {
    std::string drift, D;
  };
  const Kind kinds[] = {{"0", "if(t < 0.3, 0, 1)"},
                        {"0", "if(t <= 0.7, 1, 0)"},
                        {"if((t > 0.52)*(t < 0.535), 50, 0)", "if((t > 0.52)*(t < 0.535), 1, 0) + 1e-9"},
                        {"0", "20*exp(-((t - 0.5)/0.03)^2)"},
                        {"0.4*sign(t - 0.25)", "2e-3 + 40*exp(-((t - 0.61)/0.004)^2)"},
                        {"60*exp(-((t - 0.9)/0.005)^2)", "0.05 + 0.04*sin(40*t)"}};
  for (const Kind& kind : kinds)
    for (const StepperRow& row : steppers()) {
      if (row.splits || row.kinetic) continue;
      CAPTURE(kind.drift);
      CAPTURE(kind.D);
      CAPTURE(row.name);
      std::vector<std::string> overrides{"time.stepper=" + std::string(row.name), "axis.x.cells=60"};
      if (!row.keeps_sign) overrides.emplace_back("scheme.positive=false");
      if (row.implicit && !row.adaptive) overrides.emplace_back("time.dt=0.002");
      Setup setup = [&]() -> Setup {
        try {
          return setup_of(switched(kind.drift, kind.D, ""), overrides);
        } catch (const CaseError&) {
          return setup_of(switched(kind.drift, kind.D, ""),
                          {"axis.x.cells=60"});  // a row that needs one matrix: auto has another turn
        }
      }();
      const RunResult result = run(setup, {});
      REQUIRE(result.stop_reason == "end");
      const MeanVariance got = moments_of(result.p);
      const MeanVariance expected = fitted_moments(kind.drift, kind.D, 0.2);
      const double by_order = row.order == 1 ? 0.5 : 1e-2;
      CHECK(std::abs(got.mean - expected.mean) < by_order);
      CHECK(std::abs(got.variance - expected.variance) < by_order * expected.variance);
      CHECK(result.balance.mass_max_error < 1e-12);
      CHECK(result.steps < 20'000);
    }
}

TEST_CASE("the closed form integrates through switches and pulses exactly") {
  const auto exact = [](const std::string& drift, const std::string& D) {
    const Setup setup = setup_of(switched(drift, D, "[compare]\nexact = true\n"));
    const auto distribution = LinearGaussian(*setup.formulas->linear()).distribution(0, 1);
    return MeanVariance{distribution.c[0],
                        0.25 * distribution.Phi(0, 0) * distribution.Phi(0, 0) + distribution.S(0, 0)};
  };
  CHECK(exact("0", "if(t < 0.3, 0, 1)").variance == doctest::Approx(1.65).epsilon(1e-12));
  const MeanVariance window = exact("if((t > 0.52)*(t < 0.535), 50, 0)", "if((t > 0.52)*(t < 0.535), 1, 0) + 1e-9");
  CHECK(window.mean == doctest::Approx(0.75).epsilon(1e-12));
  CHECK(window.variance == doctest::Approx(0.28 + 2e-9).epsilon(1e-12));
  CHECK(exact("0", "20*exp(-((t - 0.5)/0.0003)^2)").variance ==
        doctest::Approx(0.25 + 2 * 20 * 0.0003 * std::sqrt(M_PI)).epsilon(1e-11));
  CHECK(exact("-x*if(t < 0.5, 2, 0)", "if(t > 0.75, 1, 0)").variance ==
        doctest::Approx(0.25 * std::exp(-2.0) + 0.5).epsilon(1e-12));
  CHECK(exact("0", "50*max(0, 1 - abs(t - 0.43)/0.01)").variance == doctest::Approx(1.25).epsilon(1e-12));  // kinks
  CHECK(exact("0", "50*min(1, max(0, (t - 0.7)*1e4))*if(t < 0.71, 1, 0)").variance ==
        doctest::Approx(0.25 + 2 * 50 * (0.01 - 0.5e-4)).epsilon(1e-12));
}

TEST_CASE("the tails of a pulse where exp underflows cost nothing") {
  const auto of_width = [](const std::string& D, const std::string& end) {
    Setup setup = setup_of(switched("0", D, ""), {"time.end=" + end, "output.frames=3"});
    const RunResult result = run(setup, {});
    CHECK(result.rhs_evaluations < 20'000);
    return moments_of(result.p).variance;
  };
  const double right = 0.25 + 2 * 20 * 0.0003 * std::sqrt(M_PI);
  CHECK(of_width("20*exp(-((t - 0.5)/0.0003)^2)", "1") == doctest::Approx(right).epsilon(2e-3));
  CHECK(of_width("2e7*exp(-((t/1e-6 - 0.5)/0.0003)^2)", "1e-6") == doctest::Approx(right).epsilon(2e-3));
}

TEST_CASE("a closed form that nobody asked for ends no run") {
  const std::string D = "0.1*log(abs(t - 0.3123))^2";  // infinite at one time, and its integral is not
  const auto integral = [](double a) { return a * (std::pow(std::log(a), 2) - 2 * std::log(a) + 2); };
  Setup asked = setup_of(switched("0", D, "[compare]\nexact = true\n"));
  CHECK_THROWS_AS(LinearGaussian(*asked.formulas->linear()).distribution(0, 1), NumericalError);
  Setup setup = setup_of(switched("0", D, ""));
  const RunResult result = run(setup, {});
  REQUIRE(result.stop_reason == "end");
  CHECK(moments_of(result.p).variance ==
        doctest::Approx(0.25 + 2 * 0.1 * (integral(0.3123) + integral(0.6877))).epsilon(2e-3));
}

TEST_CASE("particles and the spectral solution go through a window of one percent of the run") {
  const std::string text = switched("if((t > 0.52)*(t < 0.535), 50, 0)", "if((t > 0.52)*(t < 0.535), 1, 0) + 0.01", "");
  for (const char* witness :
       {"compare.monte_carlo={particles=20000, dt=0.05}", "compare.monte_carlo={particles=20000}",
        "compare.monte_carlo={particles=2000, stepper=\"probability_flow\"}", "compare.spectral=true"}) {
    if (std::string(witness).find("spectral") != std::string::npos && fourier_library().empty()) continue;
    CAPTURE(witness);
    Setup setup = setup_of(text, {witness});
    const auto all = make_witnesses(setup).all;
    REQUIRE(all.size() == 1);
    const MeanVariance got = moments_of(all[0]->advance(1));
    CHECK(got.mean == doctest::Approx(0.75).epsilon(0.05));
    CHECK(got.variance == doctest::Approx(0.30).epsilon(0.1));
  }
}

TEST_CASE("two output times that differ by rounding are one") {
  for (const char* stepper : {"auto", "tr_bdf2", "rkc2", "chebyshev", "ssprk3"}) {
    CAPTURE(stepper);
    Setup setup = setup_of(ou, {"output.times=[0.3, \"0.1+0.2\"]", std::string("time.stepper=") + stepper});
    CHECK(setup.config.output.times.size() == 3);
    CHECK(run(setup, {}).stop_reason == "end");
  }
}

TEST_CASE("a coefficient that fails at any time is named with cell and time and formula") {
  const auto problem = [](const std::string& text, const std::vector<std::string>& overrides = {}) -> std::string {
    try {
      Setup setup = setup_of(text, overrides);
      return run(setup, {}).stop_reason;
    } catch (const CaseError& error) {
      return error.problems().front().message();
    }
  };
  const auto names = [&](const std::string& text, const char* key, const char* when,
                         std::vector<std::string> overrides = {}) {
    for (const char* stepper : {"auto", "ssprk3", "tr_bdf2"}) {
      overrides.push_back(std::string("time.stepper=") + stepper);
      const std::string message = problem(text, overrides);
      overrides.pop_back();
      CAPTURE(message);
      CHECK(message.find(key) != std::string::npos);
      CHECK(message.find("in cell ") != std::string::npos);
      CHECK(message.find(" at x = ") != std::string::npos);
      CHECK(message.find(when) != std::string::npos);
    }
  };
  names(switched("-x", "0.7 - t", ""), "sde.diffusion.0.0: diffusion D is negative", "t = 0.71875");
  names(switched("-x + 1e-3*sqrt(0.7 - t)", "0.5", ""), "sde.drift.0: drift is not finite", "t = 0.7");
  names(switched("-x", "1/(1 - t)", ""), "sde.diffusion.0.0: diffusion D is not finite", "t = 1");
  names(switched("-x", "if(t > 0.5, -1e-3, 1)", ""), "sde.diffusion.0.0: diffusion D is negative (-0.001)", "t = 0.5");
  names(switched("-x", "1", ""), "sde.noise.0.0: diffusion D is negative",
        "t = ", {"sde.noise=[[\"0.7*sqrt(1 - 1.5*t)\"]]"});
  CHECK(problem(switched("-x", "1 - t", "")) == "end");  // vanishes at the end and no sooner
}

TEST_CASE("mass that is not kept ends a run") {
  CHECK_NOTHROW(require_mass(1 + 5e-10, 1, 0));
  CHECK_NOTHROW(require_mass(1e6 + 5e-4, 1e6, 0));
  CHECK_THROWS_WITH_AS(require_mass(1 + 2e-9, 1, 0.5), doctest::Contains("mass and outflow together are 1.000000002"),
                       NumericalError);
  CHECK_THROWS_AS(require_mass(std::nan(""), 1, 0), NumericalError);
}
