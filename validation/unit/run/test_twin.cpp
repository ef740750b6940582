// Freezes the two forms side by side: the flux-consistent form repeats a drift-diffusion run frame by frame, log
// differences are no worse than drift plus diffusion, the twin reports both, and what is refused says why.
#include <doctest/doctest.h>

#include <cmath>

#include "fokker/run/observers.hpp"
#include "fokker/spectral/fourier.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

constexpr const char* multiplicative = R"toml(
[[axis]]
name = "x"
range = [0.1, 6]
cells = 60
boundary = ["reflecting", "absorbing"]
[sde]
drift = ["1 - x + 0.2*sin(3*t)"]
noise = [["0.4*x"]]
[initial]
gaussian = { mean = [1.5], covariance = [[0.09]] }
[time]
end = 0.5
stepper = "ssprk3"
dt = 1e-3
[output]
frames = 5
)toml";

constexpr const char* tensor = R"toml(
[[axis]]
name = "x"
range = [-3, 3]
cells = 24
boundary = "reflecting"
[[axis]]
name = "y"
range = [-3, 3]
cells = 20
boundary = "periodic"
[sde]
drift = ["-x", "0.5*sin(x) - 0.2"]
noise = [["0.7", "0.2"], ["0.3*cos(x)", "0.6"]]
[initial]
gaussian = { mean = [0.5, 0], covariance = [[0.3, 0.1], [0.1, 0.4]] }
[time]
end = 0.4
stepper = "rk4"
dt = 2e-3
[output]
frames = 4
)toml";

/// The densities at the output times.
std::vector<Eigen::VectorXd> frames(const char* text, const std::vector<std::string>& overrides) {
  std::vector<Eigen::VectorXd> all;
  Setup setup = setup_of(text, overrides);
  double t = 0;
  Eigen::VectorXd state = Eigen::VectorXd::Zero(setup.scheme->op().size());
  state.head(setup.grid->cells()) = setup.initial.values;
  for (const double next : setup.config.output.times) {
    while (t < next)
      t = setup.stepper->step({t, *setup.config.time.dt, next}, {state.data(), static_cast<std::size_t>(state.size())})
              .t;
    all.push_back(state);
  }
  return all;
}

}  // namespace

TEST_CASE("flux_consistent repeats the drift-diffusion run at every frame") {
  for (const char* text : {multiplicative, tensor})
    for (const char* flux : {"scharfetter_gummel", "upwind", "central"}) {
      CAPTURE(flux);
      const std::string row = std::string("scheme.flux=") + flux;
      const auto own =
          frames(text, {row, "scheme.positive=false", "scheme.form=effective_drift", "scheme.score=flux_consistent"});
      const auto other = frames(text, {row, "scheme.positive=false"});
      REQUIRE(own.size() == other.size());
      for (std::size_t k = 0; k < own.size(); ++k)
        CHECK((own[k] - other[k]).cwiseAbs().maxCoeff() < 1e-12 * other[k].maxCoeff());
    }
}

TEST_CASE("the twin runs beside and both verdicts are reported") {
  for (const char* form : {"drift_diffusion", "effective_drift"}) {
    Setup setup = setup_of(ou, {std::string("scheme.form=") + form, "compare.twin=true"});
    const RunResult result = run(setup, {});
    REQUIRE(result.verdicts.size() == 2);
    CHECK(result.verdicts[1].first == "twin");
    const Verdict& twin = result.verdicts[1].second.back();
    CHECK(twin.norms.l1 > 1e-5);
    CHECK(twin.norms.l1 < 6e-3);  // the error of drift plus diffusion, 3.9e-3, most of it
    REQUIRE(twin.more.size() == 1);
    CHECK(twin.more[0].first == "identity_residual");
    CHECK(twin.more[0].second < 1e-13);
    CHECK(text_of(document(setup, result, std::nullopt)).find("the other form; F = J/p holds to") != std::string::npos);
  }
}

TEST_CASE("log differences are closer to the exact distribution than drift plus diffusion") {
  const auto error = [](const std::vector<std::string>& overrides) {
    Setup setup = setup_of(ou, overrides);
    return run(setup, {}).verdicts[0].second.back().norms.l1;
  };
  const double advected = error({"scheme.form=effective_drift"});
  CHECK(advected < 0.4 * error({}));  // 1/7 measured on finer grids
  CHECK(error({"scheme.form=effective_drift", "scheme.score=exact", "scheme.flux=weno5"}) < advected);
  CHECK(error({"scheme.form=effective_drift", "scheme.score_order=4", "scheme.flux=weno5"}) < 0.1 * advected);
  if (!fourier_library().empty())
    CHECK(error({"scheme.form=effective_drift", "scheme.score=spectral", "scheme.flux=weno5"}) < 0.1 * advected);
}

TEST_CASE("a score that does not exist is refused with a remedy") {
  const auto refusal = [](const std::vector<std::string>& overrides) {
    try {
      static_cast<void>(setup_of(multiplicative, overrides));
    } catch (const CaseError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(refusal({"scheme.form=effective_drift", "scheme.score=exact"})
            .find("scheme.score: no closed form: the drift must be linear in the axes and the noise must not depend on "
                  "them; "
                  "use score = \"log_difference\"") != std::string::npos);
  CHECK(refusal({"scheme.form=effective_drift", "scheme.score=spectral"})
            .find("scheme.score: \"spectral\" needs periodic or reflecting sides, and axis 'x' absorbs; use score = "
                  "\"log_difference\"") != std::string::npos);
  CHECK(refusal({"scheme.form=effective_drift", "time.dt=0.1"})
            .find("breaks the positivity that flux and stepper promise: at most") != std::string::npos);
  CHECK(refusal({"scheme.form=effective_drift", "time.stepper=crank_nicolson"})
            .find("solves linear systems and this flux is not linear in p") != std::string::npos);
}
