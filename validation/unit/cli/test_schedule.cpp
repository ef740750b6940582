// The schedule check as a user meets it: the lines of `fokker check`, its exit code, the warning of a run, the distance
// to the prior.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "../run/small_case.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/check/check_case.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

std::string diffusion_model(const std::string& sde) {
  return R"([[axis]]
name = "x"
range = [-6, 6]
cells = 200
boundary = "reflecting"
[sde]
)" + sde +
         R"(
[initial]
mixture = [ { weight = 0.4, mean = [-1.5], covariance = [[0.04]] }, { weight = 0.6, mean = [1], covariance = [[0.16]] } ]
[time]
end = 1
)";
}

const std::string claimed_vp = R"~(drift = ["-(0.1 + 19.9*t)*x/2"]
noise = [["sqrt(0.1 + 19.9*t)"]]
[schedule]
alpha = "exp(-0.05*t - 4.975*t^2)"
sigma = "sqrt(1 - exp(-0.1*t - 9.95*t^2))"
)~";

const Finding& finding(const std::vector<Finding>& all, const std::string& key) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Finding& one) { return one.key == key; });
  REQUIRE_MESSAGE(found != all.end(), key);
  return *found;
}

int exit_of_check(const std::string& text) {
  const fs::path file = fs::temp_directory_path() / ("fokker_test_schedule_" + std::to_string(getpid()) + ".toml");
  std::ofstream(file) << text;
  Command command;
  command.arguments = {file.string()};
  command.quiet = true;
  const int code = verb_check(command);
  fs::remove(file);
  return code;
}

}  // namespace

TEST_CASE("a named model and the same SDE with a claimed schedule get the same lines") {
  Setup named = setup_of(diffusion_model("model = \"vp\"\nschedule = \"linear\""));
  Setup claimed = setup_of(diffusion_model(claimed_vp));
  const std::vector<Finding> of_model = check_case(named).findings, of_claim = check_case(claimed).findings;
  CHECK(finding(of_model, "schedule.start").text == "alpha(0) = 1, sigma(0) = 0: holds");
  const Finding &prior = finding(of_model, "schedule.prior_kl"), &same = finding(of_claim, "schedule.prior_kl");
  CHECK(prior.value.get<double>() == doctest::Approx(1.746308136162087e-10).epsilon(1e-2));  // A07
  CHECK(same.value == prior.value);
  CHECK(same.text == prior.text);
  CHECK(claimed.warnings.empty());
}

TEST_CASE("a wrong schedule is exit code 5 of check and a warning of run") {
  CHECK(exit_of_check(diffusion_model(claimed_vp)) == exit_ok);
  std::string wrong = claimed_vp;
  wrong.replace(wrong.find("*x/2"), 4, "*x");
  CHECK(exit_of_check(diffusion_model(wrong)) == exit_check);
  const Setup setup = setup_of(diffusion_model(wrong));
  REQUIRE(setup.warnings.size() == 2);
  CHECK(setup.warnings[0] ==
        "schedule: alpha' = phi alpha: WRONG by a relative 0.33 at t = 0: left side -0.05, right side -0.1");
}

TEST_CASE("the distance to the prior is that of the reference") {  // A07, A09: terminal
  const auto prior_of = [](Setup setup) { return finding(check_case(setup).findings, "schedule.prior_kl"); };
  const Finding vp =
      prior_of(setup_of(diffusion_model("model = \"vp\"\nschedule = \"linear\""), {"axis.x.cells=2000"}));
  CHECK(vp.value.get<double>() == doctest::Approx(1.746308136162087e-10).epsilon(1e-4));
  CHECK(vp.text == "KL(p_end | prior) = 1.746e-10, l1 1.28e-05");  // 2 * 6.395473015505707e-6
  const Finding sub_vp =
      prior_of(setup_of(diffusion_model("model = \"sub_vp\"\nschedule = \"linear\""), {"axis.x.cells=2000"}));
  CHECK(sub_vp.value.get<double>() == doctest::Approx(7.017855075110757e-11).epsilon(1e-4));
  const Finding ou_start =
      prior_of(setup_of(std::string(ou) + "[schedule]\nalpha=\"exp(-t)\"\nsigma=\"sqrt((1-exp(-2*t))/2)\"\n"));
  CHECK(ou_start.text.find("moments") == std::string::npos);
}
