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

TEST_CASE("a closed form is refused where there is none") {
  CHECK(refused(ou, {"sde.drift=[\"-x^3\"]"}) ==
        "case.toml:19:9: compare.exact: no closed form: the drift must be linear in the axes and the noise must not "
        "depend on "
        "them; give the density as a formula of the axes and t instead, or remove the key");
  CHECK(refused(ou, {"axis.x.boundary=periodic"}).find("axis 'x' is periodic and the drift depends on it") !=
        std::string::npos);
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
