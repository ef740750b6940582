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
      {"model = \"ou\"\ntheta = [\"a\", 2]\nsigma = \"s\"", ""},
      {"model = \"vp\"\nbeta = \"0.1 + a*t\"", ""},
      {"model = \"vp\"\nschedule = \"linear\"", ""},
      {"model = \"vp\"\nbeta = \"exp(t^2)\"", ""},
      {"model = \"ve\"\nsigma_min = 0.01\nsigma_max = 50", ""},
      {"model = \"ve\"\nsigma = \"t + 1\"\nblurred = true", ""},
      {"model = \"sub_vp\"\nbeta = 2", ""},
      {"model = \"sub_vp\"\nbeta = 2\nbeta_integral = \"2*t + 7\"", ""},
      {"model = \"alpha_sigma\"\nalpha = \"exp(-t)\"\nsigma = \"t\"", ""},
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
  CHECK(case_support::read(model("model = \"vp\"\nbeta = \"exp(t^2)\"")).no_schedule == "");
}

TEST_CASE("a schedule that the user claims is read and kept") {
  const std::string text = case_support::with("[initial]", R"~([schedule]
alpha = "exp(-a*t)" sigma = "s*t" prior_variance = "a^2" blurred = false[initial]) ");
      const Case c = case_support::read(text);
  REQUIRE(c.schedule);
  CHECK(c.schedule->axes.size() == 2);
  CHECK(c.schedule->axes[1].alpha.to_string() == "");
  CHECK(c.schedule->axes[1].variance.to_string() == "");
  CHECK(c.schedule->axes[1].prior_variance.value() == 2.25);
  CHECK(resolved_toml(case_support::read(resolved_toml(c))) == resolved_toml(c));
}

TEST_CASE("setting a model takes the formulas out") {
  const Case c = case_support::read(case_support::good(), {"sde.model=vp", "sde.schedule=linear"});
  CHECK(c.model == "vp");
  CHECK(case_support::read(model("model = \"vp\"\nschedule = \"cosine\""), {"sde.beta=3", "time.end=0.5"})
            .sde.diffusion[0][0]
            .value() == 1.5);
}

TEST_CASE("every fault of a named model is told with its place and its remedy") {
  CHECK(refusal("model = \"vpp\"") == "");
  CHECK(refusal("model = 3") == "");
  CHECK(refusal("model = \"vp\"") == "");
  CHECK(refusal("model = \"vp\"\nbeta = 1\nsigma = 2") == "");
  CHECK(refusal("model = \"vp\"\nbeta = 1\nschedule = \"linear\"") == "");
  CHECK(refusal("model = \"vp\"\nschedule = \"cosin\"") == "");
  CHECK(refusal("model = \"vp\"\nschedule = \"cosine\"") == "");
  CHECK(refusal("model = \"vp\"\nbeta = \"x\"") == "");
  CHECK(refusal("model = \"vp\"\nbeta = \"1 - t\"") == "");
  CHECK(refusal("model = \"vp\"\nbeta = \"2*t\"\nbeta_integral = \"2*t^2\"") == "");
  CHECK(refusal("model = \"sub_vp\"\nbeta = \"exp(t^2)\"") == "");
  CHECK(refusal("model = \"sub_vp\"\nbeta = \"1/(3 - 2*t)\"\nbeta_integral = 0") == "");
  CHECK(refusal("model = \"ve\"\nsigma_min = 2\nsigma_max = 1") == "");
  CHECK(refusal("model = \"ve\"\nsigma_min = 2") == "");
  CHECK(refusal("model = \"ve\"\nsigma_max = 2") == "");
  CHECK(refusal("model = \"ve\"\nsigma = \"t\"\nsigma_min = 0.1\nsigma_max = 2") == "");
  CHECK(refusal("model = \"ve\"\nsigma = \"2 - t\"") == "");
  CHECK(refusal("model = \"ou\"\ntheta = 0\nsigma = [1, 2, 3]") == "");
  CHECK(refusal("model = \"ou\"\ntheta = \"t\"\nsigma = 1") == "");
  CHECK(refusal("model = \"alpha_sigma\"\nalpha = \"2 - t\"\nsigma = \"t\"") == "");
  CHECK(refusal("model = \"alpha_sigma\"\nalpha = \"1 - t/2\"\nsigma = \"t\"") == "");
  CHECK(refusal("model = \"vp\"\nbeta = 1\n" + formulas) == "");
  CHECK(refusal("model = \"vp\"\nbeta = 1\n[schedule]\nalpha = 1\nsigma = 1") == "");
}

TEST_CASE("every fault of a claimed schedule is told with its place and its remedy") {
  const auto claimed = [](const std::string& keys) {
    return case_support::refusal(case_support::with("[initial]", "[schedule]\n" + keys + "\n[initial]"));
  };
  CHECK(claimed("alpha = 1") == "");
  CHECK(claimed("alpha = \"x\"\nsigma = \"t\"\nprior_variance = 0") == "");
  CHECK(claimed("alpha = 1\nsigma = \"t\"\nprior = 1") == "");
}
