// Freezes which combinations are refused when a case becomes objects, and the wording that tells the user what to do.
#include <doctest/doctest.h>

#include <functional>

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

std::string refused(const char* text, const std::vector<std::string>& overrides) {
  return refusal([&] {
    Setup setup = setup_of(text, overrides);
    (void)make_witnesses(setup);
  });
}

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
  CHECK(begins(chosen({"sde.drift=[\"-tanh(40*x)\"]"}), "scharfetter_gummel: the drift bends by a share per cell of"));
  CHECK(begins(chosen({"sde.noise=[[\"abs(x)\"]]"}), "scharfetter_gummel: "));
}

TEST_CASE("a closed form is refused where there is none") {
  CHECK(refused(ou, {"sde.drift=[\"-x^3\"]"}) ==
        "case.toml:19:9: compare.exact: no closed form: the drift must be linear in the axes and the noise must not "
        "depend on "
        "them; give the density as a formula of the axes and t instead, or remove the key");
  CHECK(refused(ou, {"axis.x.boundary=periodic"}).find("axis 'x' is periodic and the drift depends on it") !=
        std::string::npos);
}

TEST_CASE("particles of the twin are refused where no score can be had") {
  const std::string flow = "compare.monte_carlo={ particles = 100, stepper = \"probability_flow\" }";
  const std::string half = "compare.monte_carlo={ particles = 100, lambda = 0.5 }";
  for (const std::string& fine : {flow, half, std::string("compare.log_likelihood=true")})
    CHECK(refused(ou, {fine}).empty());
  const std::vector<std::string> cubic{"sde.drift=[\"-x^3\"]", "compare.exact=\"1\""};
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
  CHECK(refused(ou, {"sde.drift=[\"1 - x^3\"]", "sde.noise=[[0]]", "compare.exact=\"1\"", flow}).empty());
}

TEST_CASE("coefficients are looked at before the first step") {
  CHECK(refused(ou, {"sde.drift=[\"1/(x - 1)\"]", "axis.x.cells=5", "compare.exact=\"1\""}).find("not finite") !=
        std::string::npos);
  CHECK(refused(ou, {"sde.noise=[[\"sqrt(x)\"]]", "compare.exact=\"1\""}).find("cell") != std::string::npos);
}

TEST_CASE("initial densities are scaled to mass 1 and missing mass is said") {
  Setup setup = setup_of(ou, {"initial.gaussian.mean=[5.5]"});
  CHECK(setup.initial.mass() == doctest::Approx(1).epsilon(1e-14));
  CHECK(setup.initial_factor > 1.1);
  REQUIRE(setup.warnings.size() == 1);
  CHECK(setup.warnings[0].find("of the mass lies outside the box") != std::string::npos);
}
