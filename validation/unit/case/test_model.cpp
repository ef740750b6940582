// Named models and [schedule]: what they expand to, that resolved.toml loads back to the same, and the wording of every
// refusal.
#include <doctest/doctest.h>

#include "case_support.hpp"

using fokker::Case;
using fokker::Expression;

namespace {

const std::string formulas = R"(interpretation = "ito"
drift = ["-slope", "-a*y"]
noise = [["s", 0], [0, "s"]]
noise_covariance = [[1, 0.5], [0.5, 1]])";

std::string model(const std::string& keys) { return case_support::with(formulas, keys); }
std::string refusal(const std::string& keys) { return case_support::refusal(model(keys)); }

std::string sde_text(const Case& c) {
  return "f = " + c.sde.drift[0].to_string() + ", " + c.sde.drift[1].to_string() +
         "; D = " + c.sde.diffusion[0][0].to_string() + ", " + c.sde.diffusion[0][1].to_string() + ", " +
         c.sde.diffusion[1][1].to_string();
}

}  // namespace

TEST_CASE("a named model stands for its formulas and resolved.toml loads back to them") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"model = \"ou\"\ntheta = [\"a\", 2]\nsigma = [2, 1]", "f = -1.5*x, -2*y; D = 2, 0, 0.5"},
      {"model = \"vp\"\nbeta = \"0.1 + a*t\"",
       "f = -x*(0.75*t + 0.05), -y*(0.75*t + 0.05); D = 0.75*t + 0.05, 0, 0.75*t + 0.05"},
      {"model = \"vp\"\nschedule = \"linear\"",
       "f = -x*(9.95*t + 0.05), -y*(9.95*t + 0.05); D = 9.95*t + 0.05, 0, 9.95*t + 0.05"},
      {"model = \"vp\"\nbeta = \"exp(t^2)\"",
       "f = -0.5*exp(t^2)*x, -0.5*exp(t^2)*y; D = 0.5*exp(t^2), 0, 0.5*exp(t^2)"},
      {"model = \"ve\"\nsigma_min = 0.01\nsigma_max = \"0.01*e\"", "f = 0, 0; D = 0.0001*exp(2*t), 0, 0.0001*exp(2*t)"},
      {"model = \"ve\"\nsigma = \"t + 1\"\nblurred = true", "f = 0, 0; D = t + 1, 0, t + 1"},
      {"model = \"sub_vp\"\nbeta = 2", "f = -x, -y; D = 1 - exp(-4*t), 0, 1 - exp(-4*t)"},
      {"model = \"sub_vp\"\nbeta = 2\nbeta_integral = \"2*t + 7\"", "f = -x, -y; D = 1 - exp(-4*t), 0, 1 - exp(-4*t)"},
      {"model = \"alpha_sigma\"\nalpha = \"exp(-t)\"\nsigma = \"t\"", "f = -x, -y; D = t + t^2, 0, t + t^2"},
  };
  for (const auto& [keys, text] : rows) {
    INFO(keys);
    const Case c = case_support::read(model(keys));
    CHECK(sde_text(c) == text);
    const Case again = case_support::read(resolved_toml(c));
    CHECK(sde_text(again) == text);
    CHECK(again.model == c.model);
    CHECK(again.schedule.has_value() == c.schedule.has_value());
    CHECK(resolved_toml(again) == resolved_toml(c));
  }
  CHECK(case_support::read(model("model = \"vp\"\nbeta = \"exp(t^2)\"")).no_schedule ==
        "the integral of beta is not known in closed form; give beta_integral to have it checked");
}

TEST_CASE("a schedule that the user claims is read and kept") {
  const std::string text = case_support::with("[initial]", R"~([schedule]
alpha = "exp(-a*t)"
sigma = "2*t"
prior_variance = "a^2"
blurred = false
[initial])~");
  const Case c = case_support::read(text);
  REQUIRE(c.schedule);
  CHECK(c.schedule->axes.size() == 2);
  CHECK(c.schedule->axes[1].alpha.to_string() == "exp(-1.5*t)");
  CHECK(c.schedule->axes[1].variance.to_string() == "4*t^2");
  CHECK(c.schedule->axes[1].prior_variance.value() == 2.25);
  CHECK(resolved_toml(case_support::read(resolved_toml(c))) == resolved_toml(c));
}

TEST_CASE("setting a model takes the formulas out") {
  const Case c = case_support::read(case_support::good(), {"sde.model=vp", "sde.schedule=linear"});
  CHECK(c.model == "vp");
  CHECK(
      case_support::read(model("model = \"vp\"\nschedule = \"cosine\""), {"sde.beta=3"}).sde.diffusion[0][0].value() ==
      1.5);
}

TEST_CASE("every fault of a named model is told with its position and its remedy") {
  CHECK(refusal("model = \"vpp\"") ==
        "c.toml:13:9: sde.model: \"vpp\" is unknown; did you mean vp? allowed: ou, vp, ve, sub_vp, alpha_sigma");
  CHECK(refusal("model = 3") == "c.toml:13:9: sde.model: an integer, must be a string");
  CHECK(refusal("model = \"vp\"") ==
        "c.toml:12:1: sde.beta: missing, must be a formula of t (or schedule = \"linear\" | \"cosine\")");
  CHECK(refusal("model = \"vp\"\nbeta = 1\nsigma = 2") ==
        "c.toml:15:1: sde.sigma: unknown key, allowed: model, parameters, definitions, beta, schedule, beta_integral");
  CHECK(refusal("model = \"vp\"\nbeta = 1\nschedule = \"linear\"") ==
        "c.toml:15:12: sde.schedule: excludes sde.beta, give one of them");
  CHECK(refusal("model = \"vp\"\nschedule = \"cosin\"") ==
        "c.toml:14:12: sde.schedule: \"cosin\" is unknown; did you mean cosine? allowed: linear, cosine");
  CHECK(refusal("model = \"vp\"\nschedule = \"cosine\"") ==
        "c.toml:13:9: sde.model: beta is infinite at t = 1, must stay finite up to time.end");
  CHECK(refusal("model = \"vp\"\nbeta = \"x\"") == "c.toml:14:9: sde.beta: depends on x, may depend on t only");
  CHECK(refusal("model = \"vp\"\nbeta = \"1 - t\"") ==
        "c.toml:14:8: sde.beta: beta is -0.001953 at t = 1.00195, must not be negative");
  CHECK(refusal("model = \"vp\"\nbeta = \"2*t\"\nbeta_integral = \"2*t^2\"") ==
        "c.toml:15:17: sde.beta_integral: its derivative is 1.1920929e-07 at t = 2.98023e-08, where beta is "
        "5.96046448e-08");
  CHECK(refusal("model = \"sub_vp\"\nbeta = \"exp(t^2)\"") ==
        "c.toml:14:8: sde.beta: its integral is not known in closed form, and the noise of sub_vp needs it; give "
        "beta_integral, a formula whose derivative is beta");
  CHECK(refusal("model = \"sub_vp\"\nbeta = \"1/(3 - 2*t)\"\nbeta_integral = 0") ==
        "c.toml:14:8: sde.beta: beta is infinite at t = 1.5, must stay finite up to time.end");
  CHECK(refusal("model = \"ve\"\nsigma_min = 2\nsigma_max = 1") ==
        "c.toml:15:13: sde.sigma_max: 1, must be a number > sigma_min = 2");
  CHECK(refusal("model = \"ve\"\nsigma_min = 2") ==
        "c.toml:12:1: sde.sigma_max: missing, must be a number > sigma_min");
  CHECK(refusal("model = \"ve\"\nsigma_max = 2") ==
        "c.toml:12:1: sde.sigma: missing, must be a formula of t (or sigma_min and sigma_max)"
        "\n"
        "c.toml:14:13: sde.sigma_max: goes with sigma_min");
  CHECK(refusal("model = \"ve\"\nsigma = \"t\"\nsigma_min = 0.1\nsigma_max = 2") ==
        "c.toml:15:13: sde.sigma_min: excludes sde.sigma, give one of them");
  CHECK(refusal("model = \"ve\"\nsigma = \"2 - t\"") ==
        "c.toml:14:9: sde.sigma: g^2 = d(sigma^2)/dt is -4 at t = 0, must not be negative");
  CHECK(refusal("model = \"ou\"\ntheta = 0\nsigma = [1, 2, 3]") ==
        "c.toml:14:9: sde.theta: 0, must be a number > 0"
        "\n"
        "c.toml:15:9: sde.sigma: a list of 3, must be one number, or a list of 2");
  CHECK(refusal("model = \"ou\"\ntheta = \"t\"\nsigma = 1") ==
        "c.toml:14:10: sde.theta: depends on t, must be constant (parameters, pi and e)");
  CHECK(refusal("model = \"alpha_sigma\"\nalpha = \"2 - t\"\nsigma = \"t\"") ==
        "c.toml:14:9: sde.alpha: alpha(0) is 2, must be 1: the initial density is the data");
  CHECK(
      refusal("model = \"alpha_sigma\"\nalpha = \"1 - t/2\"\nsigma = \"t\"") ==
      "c.toml:15:9: sde.sigma: g^2 = (sigma^2)' - 2 sigma^2 alpha'/alpha is infinite at t = 2, must stay finite up to "
      "time.end");
  CHECK(refusal("model = \"vp\"\nbeta = 1\n" + formulas) ==
        "c.toml:15:18: sde.interpretation: excludes sde.model, give one of them"
        "\n"
        "c.toml:16:9: sde.drift: excludes sde.model, give one of them"
        "\n"
        "c.toml:17:9: sde.noise: excludes sde.model, give one of them"
        "\n"
        "c.toml:18:20: sde.noise_covariance: excludes sde.model, give one of them");
  CHECK(refusal("model = \"vp\"\nbeta = 1\n[schedule]\nalpha = 1\nsigma = 1") ==
        "c.toml:15:1: schedule: the model vp states its own");
}

TEST_CASE("every fault of a claimed schedule is told with its position and its remedy") {
  const auto claimed = [](const std::string& keys) {
    return case_support::refusal(case_support::with("[initial]", "[schedule]\n" + keys + "\n[initial]"));
  };
  CHECK(claimed("alpha = 1") == "c.toml:22:1: schedule.sigma: missing, must be a formula of t");
  CHECK(claimed("alpha = \"x\"\nsigma = \"t\"\nprior_variance = 0") ==
        "c.toml:23:10: schedule.alpha: depends on x, may depend on t only"
        "\n"
        "c.toml:25:18: schedule.prior_variance: 0, must be a number > 0");
  CHECK(claimed("alpha = 1\nsigma = \"t\"\nprior = 1") ==
        "c.toml:25:1: schedule.prior: unknown key, allowed: alpha, sigma, prior_mean, prior_variance, blurred");
}
