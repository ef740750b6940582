// Freezes which combinations are refused when a case becomes objects, and the wording that tells the user what to do.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>

#include "../../../src/run/check/rehearsal.hpp"
#include "fokker/spectral/fourier.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const CaseError& error) {
    return error.what();
  }
  return "";
}

std::string refused(const std::string& text, const std::vector<std::string>& overrides) {
  return refusal([&] {
    Setup setup = setup_of(text, overrides);
    (void)make_witnesses(setup);
  });
}

const std::string fast = square(64) + R"([sde]
drift = ["y", "-x"]
diffusion = [[0, 0], [0, 1]]
[initial]
gaussian = { mean = [0.5, 0], covariance = [[0.2, 0], [0, 0.2]] }
[time]
end = 2
)";

}  // namespace

TEST_CASE("impossible pairs are refused with both names and the way out") {
  CHECK(refused(ou, {}).empty());
  CHECK(refused(ou, {"scheme.flux=central", "scheme.positive=true"}).find("flux 'central' cannot promise p >= 0") !=
        std::string::npos);
  CHECK(refused(ou, {"time.stepper=ssprk3", "time.tolerance=1e-6"}).find("ssprk3 has no error estimate") !=
        std::string::npos);
  CHECK(refused(ou, {"time.stepper=crank_nicolson"}).find("give time.dt") != std::string::npos);
  CHECK(refused(ou, {"time.stepper=euler", "time.dt=0.4"}).find("time.dt = 0.4 breaks the positivity") !=
        std::string::npos);
}

TEST_CASE("flux = auto takes fourth order where grid and problem are smooth and it is needed; and says why not") {
  const auto chosen = [](std::vector<std::string> settings) {
    settings.emplace_back("scheme.flux=auto");
    settings.emplace_back("compare.exact=false");
    const Setup setup = setup_of(ou, settings);
    return std::string(setup.flux->name) + ": " + setup.flux_reason;
  };
  const auto begins = [](const std::string& text, const char* with) { return text.rfind(with, 0) == 0; };
  const std::string smooth = chosen({});
  CHECK_MESSAGE(begins(smooth, "central4_positive: smooth on this grid; scharfetter_gummel would be off by about"),
                smooth);
  CHECK(begins(chosen({"scheme.positive=false"}), "central4: smooth on this grid"));
  CHECK(begins(chosen({"time.tolerance=1e-2"}), "scharfetter_gummel: no need of fourth order"));
  CHECK(begins(chosen({"initial.gaussian={ mean = [1], covariance = [[1e-3]] }"}),
               "scharfetter_gummel: the start has fourth differences of"));
  CHECK(begins(chosen({"sde.drift=[\"-100*x\"]"}), "scharfetter_gummel: cell Peclet numbers reach"));
  CHECK(begins(chosen({"sde.drift=[\"-25*x*exp(-x^2)\"]"}),
               "scharfetter_gummel: drift contracts to a width in cells of"));
  CHECK(
      begins(chosen({"sde.drift=[\"12\"]"}), "scharfetter_gummel: drift runs against a wall at a cell Peclet number"));
  CHECK(
      begins(chosen({"sde.drift=[\"-tanh(40*x)\"]"}), "scharfetter_gummel: the drift bends by a fraction per cell of"));
  CHECK(begins(chosen({"sde.noise=[[\"abs(x)\"]]"}), "scharfetter_gummel: "));
  // What happens within a hundredth of the time alone counts.
  for (const char* pulse : {"if((t > 0.31)*(t < 0.315), 1, 0)", "exp(-((t - 0.31)/2e-3)^2)"}) {
    const auto of = [&](const char* rate) { return fmt::format("{}*{}", rate, pulse); };
    CHECK(begins(chosen({"axis.x.boundary=periodic", "sde.drift=[\"" + of("20") + "\"]",
                         "sde.noise=[[\"1e-6 + " + of("1") + "\"]]"}),
                 std::string_view(pulse).front() == 'i' ? "central4_positive: " : "upwind5_positive: smooth where"));
    CHECK(begins(chosen({"sde.drift=[\"" + of("1e4") + "\"]"}), "scharfetter_gummel: cell Peclet numbers reach"));
  }
}

TEST_CASE("flux = auto takes an upwind flux where drift outweighs diffusion and says what both cost") {
  // Noise on one axis; a fast rotation (|Pe| up to 12 where the mass is); the same in other units and mirrored.
  const auto chosen = [](const std::string& drift, const std::string& noise, std::vector<std::string> settings = {}) {
    settings.insert(settings.end(), {"scheme.flux=auto", "sde.drift=" + drift, "sde.diffusion=" + noise});
    const Setup setup = setup_of(fast, settings);
    return std::string(setup.flux->name) + " with " + std::string(setup.stepper_row->name) + ": " + setup.flux_reason;
  };
  const auto sharp = [](const std::string& text) {
    CAPTURE(text);
    CHECK(text.rfind("upwind5_positive with rkc2: smooth where the mass is; scharfetter_gummel would be off by about",
                     0) == 0);
    CHECK(text.find(" in l1 along the way, upwind5_positive by ") != std::string::npos);
  };
  sharp(chosen("['y', '-x - (x^2 + y^2 - 1)*y']", "[[0, 0], [0, 0.2]]"));
  sharp(chosen("['-y', 'x - (x^2 + y^2 - 1)*y']", "[[0, 0], [0, 0.2]]"));
  sharp(chosen("['-x - 20*y', '20*x - y']", "[[0.2, 0], [0, 0.2]]"));
  CHECK(chosen("['y', '-x - (x^2 + y^2 - 1)*y']", "[[0, 0], [0, 0.2]]", {"scheme.positive=false"})
            .rfind("upwind5 with ", 0) == 0);
  // What no wide flux carries: mass pressed into a wall, a narrow trough, a kink.
  CHECK(chosen("['10', '-y']", "[[0.2, 0], [0, 0.2]]").find("upwind5, where the mass is: drift runs against a wall") !=
        std::string::npos);
  CHECK(chosen("['-60*x', '-y']", "[[0.2, 0], [0, 0.2]]")
            .find("upwind5, where the mass is: drift contracts to a width") != std::string::npos);
  CHECK(chosen("['-10*sign(x)', '-y']", "[[0.2, 0], [0, 0.2]]").find("upwind5, where the mass is: the drift bends") !=
        std::string::npos);
}

TEST_CASE("a closed form is refused where there is none") {
  CHECK(refused(ou, {"sde.drift=[\"-x^3\"]"}) ==
        "case.toml:19:9: compare.exact: no closed form: the drift must be linear in the axes and the noise must not "
        "depend on "
        "them; give the density as a formula of the axes and t instead, or remove the key");
  CHECK(refused(ou, {"axis.x.boundary=periodic"}).find("axis 'x' is periodic and the drift depends on it") !=
        std::string::npos);
}

TEST_CASE("Heun particles are refused where noise depends on the position") {
  const std::string heun = "compare.monte_carlo={ particles = 100, stepper = \"heun\" }";
  CHECK(refused(ou, {heun}).empty());
  CHECK(refused(ou, {"sde.noise=[[\"1 + t\"]]", "compare.exact=\"0.1\"", heun}).empty());
  CHECK(refused(ou, {"sde.noise=[[\"1 + x^2\"]]", "compare.exact=\"0.1\"", heun}) ==
        "--set compare.monte_carlo: compare.monte_carlo.stepper: heun has its order where noise does not depend on the "
        "position, and here it does; use euler_maruyama");
}

TEST_CASE("particles of the twin are refused where no score can be had") {
  const std::string flow = "compare.monte_carlo={ particles = 100, stepper = \"probability_flow\" }";
  const std::string half = "compare.monte_carlo={ particles = 100, lambda = 0.5 }";
  for (const std::string& fine : {flow, half, std::string("compare.log_likelihood=true")})
    CHECK(refused(ou, {fine}).empty());
  const std::vector<std::string> cubic{"sde.drift=[\"-x^3\"]", "compare.exact=\"0.1\""};
  const auto with = [](std::vector<std::string> all, const std::string& more) {
    all.push_back(more);
    return all;
  };
  const std::string none =
      "no closed form: the drift must be linear in the axes and the noise must not depend on them; ";
  CHECK(refused(ou, with(cubic, flow)) ==
        "--set compare.monte_carlo: compare.monte_carlo.stepper: " + none + "use stepper = \"euler_maruyama\"");
  CHECK(refused(ou, with(cubic, half)) ==
        "--set compare.monte_carlo: compare.monte_carlo.lambda: " + none + "leave lambda out");
  CHECK(refused(ou, with(cubic, "compare.log_likelihood=true")) ==
        "--set compare.log_likelihood: compare.log_likelihood: " + none + "leave the key out");
  CHECK(refused(ou, with(cubic, "compare.monte_carlo={ particles = 100, lambda = 1 }")).empty());  // needs no score
  CHECK(refused(ou, {"initial.point=[1]", flow}) ==
        "--set compare.monte_carlo: compare.monte_carlo.stepper: the start has no score (a point, or a singular "
        "covariance); start from a narrow gaussian instead; use stepper = \"euler_maruyama\"");
  CHECK(
      refused(ou, {"initial.point=[1]", "compare.log_likelihood=true"}).find("start from a narrow gaussian instead") !=
      std::string::npos);
  CHECK(refused(ou, {"axis.x.boundary=[\"absorbing\", \"reflecting\"]", flow}) ==
        "--set compare.monte_carlo: compare.monte_carlo.stepper: side x_lower absorbs: the flow keeps what it carries, "
        "where particles of the SDE leave; use stepper = \"euler_maruyama\"");
  // without noise the effective drift is f, and no score is asked for
  CHECK(refused(ou, {"sde.drift=[\"1 - x^3\"]", "sde.noise=[[0]]", "compare.exact=\"0.1\"", flow}).empty());
}

TEST_CASE("coefficients are looked at before the first step") {
  CHECK(refused(ou, {"sde.drift=[\"1/(x - 1)\"]", "axis.x.cells=5", "compare.exact=\"0.1\""}).find("not finite") !=
        std::string::npos);
  CHECK(refused(ou, {"sde.noise=[[\"sqrt(x)\"]]", "compare.exact=\"0.1\""}).find("cell") != std::string::npos);
}

TEST_CASE("initial densities are scaled to mass 1 and missing mass is said") {
  Setup setup = setup_of(ou, {"initial.gaussian.mean=[5.5]"});
  CHECK(setup.initial.mass() == doctest::Approx(1).epsilon(1e-14));
  CHECK(setup.initial_factor > 1.1);
  REQUIRE(setup.warnings.size() == 1);
  CHECK(setup.warnings[0].find("initial: 0.159 of the mass lies outside the box") == 0);
  CHECK(setup.warnings[0].find("axis.x.range") != std::string::npos);
  const std::string mostly = refused(ou, {"initial.gaussian.mean=[6.5]"});
  CHECK(mostly.find("0.841 of its mass lies outside the box, at most 0.5 may") != std::string::npos);
  CHECK(refused(ou, {"initial.gaussian.mean=[6.5]", "axis.x.boundary=periodic", "compare.exact=false"}).empty());
}

TEST_CASE("an initial density that is negative in part of a cell is refused") {
  const auto start = [](const std::string& density) {
    return refused(ou, {"compare.exact=false", "initial.density=\"" + density + "\""});
  };
  CHECK(start("exp(-x^2)").empty());
  CHECK(start("x^4 - 2*x^2 + 1").empty());  // a double root
  const std::string dip = start("exp(-x^2)*(1 - 1.2*exp(-(60*(x - 0.29))^2))");
  CHECK_MESSAGE(
      dip.find("in cell 51 at x = 0.291667 (whose average is not negative); it must not be negative anywhere; "
               "max(0, ...) cuts it off") != std::string::npos,
      dip);
  CHECK(start("sqrt(x)").find("the density is not a number in cell") != std::string::npos);
}

TEST_CASE("an initial density beyond the range of doubles is refused whatever its shape") {
  const auto start = [](const std::string& density) {
    return refused(ou, {"compare.exact=false", "initial.density=\"" + density + "\""});
  };
  for (const char* tiny : {"1e-320*exp(-x^2)", "1e-300*exp(-x^2)", "1e-318"})
    CHECK_MESSAGE(
        start(tiny).find("doubles hold no tails of it; it is scaled to mass 1 anyway: leave the factor out") !=
            std::string::npos,
        start(tiny));
  CHECK(start("1e308*exp(-(x/9)^2)").find("doubles hold no tails of it") != std::string::npos);
  CHECK(start("1e-280*exp(-x^2)").empty());
  CHECK(start("exp(-1e6*(x^2 + 1))").find("its cell averages are all 0") != std::string::npos);
}

TEST_CASE("a formula for the density is looked at before it may judge") {
  const auto exact = [](const std::string& formula, std::vector<std::string> more = {}) {
    more.push_back("compare.exact=\"" + formula + "\"");
    return refused(ou, more);
  };
  CHECK(exact("exp(-x^2)/sqrt(pi)").empty());
  CHECK(exact("exp(-(x - 1)^2/(0.5 + t))/sqrt(pi*(0.5 + t))").empty());
  const std::string nan = exact("sqrt(x)");
  CHECK_MESSAGE(nan.find("compare.exact: the formula is not a number at x = ") != std::string::npos, nan);
  CHECK(nan.find("in cell ") != std::string::npos);
  CHECK(nan.find(" at t = 0: a density must be finite and not negative") != std::string::npos);
  const std::string later = exact("exp(-x^2)/sqrt(pi)/(0.35 - t)*0.35");  // a fault at t = 0.1 alone would be enough
  CHECK_MESSAGE(
      later.find("the formula has mass 1.4 on the grid at t = 0.1, and a density must have 1 within 1e-03 where "
                 "no side absorbs; divide it by its integral") != std::string::npos,
      later);
  const std::string negative = exact("(1.5 - x^2)*exp(-x^2)/sqrt(pi)");
  CHECK_MESSAGE(negative.find("the formula is -0.") != std::string::npos, negative);
  CHECK(exact("exp(-x^2)/sqrt(pi)*0.9").find("has mass 0.9 on the grid at t = 0") != std::string::npos);
  CHECK(exact("exp(-(x - 6)^2)/sqrt(pi)").find("has mass 0.5 on the grid at t = 0") != std::string::npos);
  CHECK(exact("1/abs(x - 1/24)").find("infinite at cell") != std::string::npos);  // a cell's centre
  CHECK(exact("if(t < 0.45, exp(-x^2)/sqrt(pi), 0)").find("has mass 0 on the grid at t = 0.5") != std::string::npos);
}

TEST_CASE("where a side absorbs the mass of a formula may fall and never rise") {
  const auto exact = [](const std::string& formula) {
    return refused(ou, {"axis.x.boundary=[\"absorbing\", \"reflecting\"]", "compare.exact=\"" + formula + "\""});
  };
  CHECK(exact("exp(-x^2 - t)/sqrt(pi)").empty());
  CHECK(exact("exp(-x^2 - t)/sqrt(pi)*0.9").find("a density must have 1 within 1e-03 at the start") !=
        std::string::npos);
  const std::string rising = exact("exp(-x^2)/sqrt(pi)*(1 - 0.8*t*(1 - t) + if(t > 0.35, 0.1, 0))");
  CHECK_MESSAGE(rising.find("where side x_lower absorbs mass may fall and never rise") != std::string::npos, rising);
  CHECK(rising.find("at t = 0.4, after ") != std::string::npos);
}

TEST_CASE("a formula is not asked at the start of a point") {
  const std::vector<std::string> point{"initial.point=[1]", "sde.drift=[0]",
                                       "compare.exact=\"exp(-(x - 1)^2/(2*t))/sqrt(2*pi*t)\""};
  CHECK(refused(ou, point).empty());
  Setup setup = setup_of(ou, point);
  const RunResult result = run(setup, {});
  CHECK(result.verdicts[0].second.front().norms.l1 == 0);
  CHECK(result.verdicts[0].second.back().norms.l1 > 0);
  CHECK(result.verdicts[0].second.back().norms.l1 < 0.02);
}

TEST_CASE("the spectral witness names the true cause when it refuses") {
  if (fourier_library().empty()) return;
  const auto spectral = [](std::vector<std::string> more) {
    more.insert(more.end(), {"compare.exact=false", "compare.spectral=true", "axis.x.cells=128"});
    return refused(ou, more);
  };
  const auto says = [](const std::string& text, const char* words) {
    CAPTURE(text);
    CHECK(text.find(words) != std::string::npos);
    CHECK(text.find("take more cells") == std::string::npos);
  };
  CHECK(spectral({"axis.x.range=[-7, 8]"}).empty());
  says(spectral({"initial.point=[1]"}),
       "the start is a point, which has no width, and a Fourier series follows no jump");
  says(spectral({"initial.density=\"if(abs(x - 1) < 0.52, 1, 0)\""}),
       "the initial density jumps at x = 0.48, from 0 to 1");
  says(spectral({"sde.noise=[[\"if(x < 0.3, 1, 0.5)\"]]"}),
       "D jumps at x = 0.3, from 0.5 to 0.125: a Fourier series follows no jump; leave the spectral witness out");
  says(spectral({"sde.noise=[[\"if(t < 0.1, 1, if(x < 0.3, 1, 0.5))\"]]"}), "D jumps at x = 0.3");
  says(spectral({"initial.uniform=true"}), "a wall whose drift or D_xy does not vanish");
  Setup setup = setup_of(ou, {"compare.exact=false", "compare.spectral=true", "axis.x.cells=128",
                              "axis.x.range=[-7, 8]", "sde.drift=[\"-sign(x)\"]"});
  const RunResult result = run(setup, {});
  says(result.facts[0].second.distrust, "the drift jumps at x = 0, from 1 to -1, and a Fourier series follows no jump");
  Setup wrapped = setup_of(ou, {"compare.exact=false", "compare.spectral=true", "axis.x.cells=128",
                                "axis.x.boundary=periodic", "initial.uniform=true"});
  says(run(wrapped, {}).facts[0].second.distrust,
       "the drift is 4 at one end of the periodic axis x and -6 at the other, and a Fourier series follows no jump");
}

TEST_CASE("particles are refused where D jumps and its reading is not Ito") {
  const auto particles = [](const std::string& reading, const std::string& noise) {
    return refused(ou, {"compare.exact=false", "compare.monte_carlo={ particles = 10, dt = 0.1 }",
                        "sde.interpretation=" + reading, "sde.noise=[[\"" + noise + "\"]]"});
  };
  const std::string jump = "if(x < 0.3, 1, 0.5)";
  CHECK(particles("ito", jump).empty());
  CHECK(particles("stratonovich", "1 + 0.5*tanh(3*x)").empty());
  for (const char* reading : {"stratonovich", "klimontovich"}) {
    const std::string text = particles(reading, jump);
    CAPTURE(text);
    CHECK(text.find("compare.monte_carlo: D jumps at x = 0.3, from 0.5 to 0.125: particles step in the Ito reading") !=
          std::string::npos);
    CHECK(text.find(reading) != std::string::npos);
  }
}

namespace {

/// A Gaussian that turns and shrinks, its steps corrected.
Setup turning(const char* noise) {
  return setup_of(R"(
[[axis]]
name = "x"
range = [-5, 5]
cells = 48
boundary = "reflecting"
[[axis]]
name = "y"
range = [-5, 5]
cells = 48
boundary = "reflecting"
[sde]
drift = ["-x - 2*y", "2*x - y"]
noise = [["s", 0], [0, "s"]]
parameters = { s = )" +
                  std::string(noise) + R"( }
[initial]
gaussian = { mean = [1.5, 0], covariance = [[0.4, 0], [0, 0.4]] }
[scheme]
flux = "central4_positive"
[time]
end = 1
[output]
frames = 4
)");
}

}  // namespace

TEST_CASE("check foretells what correcting the steps of a run costs") {
  for (const char* noise : {"1", "0.3"}) {
    Setup setup = turning(noise);
    const auto whole = rehearse(setup);
    REQUIRE(whole);
    const RunResult result = run(setup, {});
    CHECK(result.corrections->substeps > 10);
    CHECK(whole->products == static_cast<double>(result.rhs_evaluations + result.corrections->substeps));
    CHECK(whole->until == 1);
    CHECK(whole->gave_way.value_or(-1) == result.corrections->gave_way);
  }
  CHECK_FALSE(rehearse(setup_of(ou)));
}

TEST_CASE("what the first part of a run with corrected steps costs foretells the rest within 1.5") {
  const Setup setup = turning("1");
  const Rehearsal whole = rehearse(setup).value(), part = rehearse(setup, 0.4 * whole.products * 48 * 48).value();
  CHECK(part.until <= 0.5);
  CHECK(part.products < 1.5 * whole.products);
  CHECK(part.products > whole.products / 1.5);
}
