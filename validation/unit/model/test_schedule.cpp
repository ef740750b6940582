// Guards the schedule check: the right schedules pass to rounding, and every slip that circulates is caught by the line
// that names it, with the time and the size of the worst violation. Wrong SDEs are held against the right alpha and
// sigma, and wrong alpha or sigma against the right SDE. The wording is what a person reads: it is frozen.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "fokker/model/linear_gaussian.hpp"
#include "fokker/model/named_model.hpp"
#include "fokker/model/schedule.hpp"

using namespace fokker;

namespace {

const std::vector<std::string> x_only{"x"};

const std::map<std::string, Expression>& words() {
  static const std::map<std::string, Expression> meaning = [] {
    const std::vector<std::string> t{"t"};
    return std::map<std::string, Expression>{{"beta", parse_expression("0.1 + 19.9*t", t)},
                                             {"B", parse_expression("0.1*t + 9.95*t^2", t)},
                                             {"back", parse_expression("20 - 19.9*t", t)},
                                             {"s", parse_expression("0.05*100^t", t)},
                                             {"s_back", parse_expression("0.05*100^(1 - t)", t)}};
  }();
  return meaning;
}

Expression formula(const std::string& text) {
  static const std::vector<std::string> names{"x", "t", "beta", "B", "back", "s", "s_back"};
  return substitute(parse_expression(text, names), words());
}

/// A schedule as a user claims it.
struct Claim {
  std::string drift, noise, alpha, sigma;
  double prior = 1;
  bool blurred = false;
};

std::vector<ScheduleFinding> check(const Claim& claim) {
  SdeFormulas formulas;
  formulas.variables = x_only;
  formulas.drift = {formula(claim.drift)};
  formulas.noise = {{formula(claim.noise)}};
  const Expression sigma = formula(claim.sigma);
  const Schedule schedule{{{formula(claim.alpha), sigma * sigma, 0, claim.prior}}, claim.blurred};
  return check_schedule(schedule, FormulaSde(formulas), x_only, 1);
}

/// The sentences of the lines that do not hold, one per line.
std::string wrong(const Claim& claim) {
  std::string text;
  for (const ScheduleFinding& finding : check(claim))
    if (!finding.holds) text += (text.empty() ? "" : "\n") + finding.text;
  return text;
}

const Claim vp{"-beta*x/2", "sqrt(beta)", "exp(-B/2)", "sqrt(1 - exp(-B))"};
const Claim sub_vp{"-beta*x/2", "sqrt(beta*(1 - exp(-2*B)))", "exp(-B/2)", "1 - exp(-B)"};
const Claim ve{"0", "s*sqrt(2*log(100))", "1", "sqrt(s^2 - 0.05^2)", 25};

Claim with_drift(Claim claim, const std::string& drift) { return claim.drift = drift, claim; }
Claim with_noise(Claim claim, const std::string& noise) { return claim.noise = noise, claim; }
Claim with_alpha(Claim claim, const std::string& alpha) { return claim.alpha = alpha, claim; }
Claim with_sigma(Claim claim, const std::string& sigma) { return claim.sigma = sigma, claim; }

}  // namespace

TEST_CASE("right schedules hold to rounding") {
  for (const Claim& claim : {vp, sub_vp, ve}) {
    CHECK(wrong(claim) == "");
    for (const ScheduleFinding& finding : check(claim)) CHECK_MESSAGE(finding.violation < 1e-7, finding.text);
  }
  Claim blurred = with_sigma(ve, "s");
  blurred.blurred = true;
  CHECK(wrong(blurred) == "");
}

TEST_CASE("vp: every slip is caught") {
  CHECK(wrong(with_drift(vp, "-beta*x")) ==
        "alpha' = phi alpha: WRONG by a relative 0.33 at t = 0: left side -0.05, right side -0.1"
        "\n"
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.33 at t = 1: left side 0.000863715, right side "
        "-19.9983");
  CHECK(wrong(with_noise(vp, "sqrt(beta/2)")) ==
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.33 at t = 0: left side 0.1, right side 0.05");
  CHECK(wrong(with_noise(vp, "sqrt(2*beta)")) ==
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.33 at t = 0: left side 0.1, right side 0.2");
  CHECK(wrong(with_drift(vp, "-beta/2")) ==
        "drift is phi x, 0 where x is 0: WRONG by a relative 1 at t = 0: left side -0.05, right side 0"
        "\n"
        "alpha' = phi alpha: WRONG by a relative 1 at t = 0: left side -0.05, right side 0"
        "\n"
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 1 at t = 1: left side 0.000863715, right side 20");
  CHECK(
      wrong(with_noise(vp, "beta")) ==
      "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.9 at t = 1: left side 0.000863715, right side 380.001");
  CHECK(
      wrong(with_sigma(vp, "sqrt(exp(B) - 1)")) ==
      "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 1 at t = 0.999023: left side 453721, right side -453681");
  CHECK(wrong(with_sigma(vp, "sqrt(beta)")) ==
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.99 at t = 0: left side 19.9, right side 0.09"
        "\n"
        "sigma(0) = 0: WRONG, sigma^2(0) is 0.1; data that are blurred already need blurred = true");
  CHECK(wrong(with_alpha(vp, "exp(-B)")) ==
        "alpha' = phi alpha: WRONG by a relative 0.33 at t = 0: left side -0.1, right side -0.05");
  CHECK(wrong(with_alpha(vp, "2*exp(-B/2)")) == "alpha(0) = 1: WRONG, it is 2");
  CHECK(wrong(with_drift(vp, "-back*x/2")) ==
        "alpha' = phi alpha: WRONG by a relative 0.99 at t = 0: left side -0.05, right side -10"
        "\n"
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.99 at t = 1: left side 0.000863715, right side 19.9");
  CHECK(wrong(with_drift(vp, "beta*x/2")) ==
        "alpha' = phi alpha: WRONG by a relative 1 at t = 0: left side -0.05, right side 0.05"
        "\n"
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 1 at t = 0.999023: left side 0.000879886, right side "
        "39.9603");
}

TEST_CASE("sub_vp: every slip is caught") {
  CHECK(
      wrong(with_drift(sub_vp, "-beta*x")) ==
      "alpha' = phi alpha: WRONG by a relative 0.33 at t = 0: left side -0.05, right side -0.1"
      "\n"
      "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.33 at t = 1: left side 0.00172736, right side -19.9965");
  CHECK(wrong(with_noise(sub_vp, "sqrt(beta*(1 - exp(-B)))")) ==
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.33 at t = 1.49012e-08: left side 2.98025e-10, right "
        "side 1.49012e-10");
  CHECK(wrong(with_drift(sub_vp, "-beta/2")) ==
        "drift is phi x, 0 where x is 0: WRONG by a relative 1 at t = 0: left side -0.05, right side 0"
        "\n"
        "alpha' = phi alpha: WRONG by a relative 1 at t = 0: left side -0.05, right side 0"
        "\n"
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 1 at t = 1: left side 0.00172736, right side 20");
  CHECK(wrong(with_noise(sub_vp, "sqrt(beta)")) ==
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 1 at t = 0: left side 0, right side 0.1");
  CHECK(wrong(with_sigma(sub_vp, "sqrt(1 - exp(-B))")) ==
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 1 at t = 0: left side 0.1, right side 0");
  CHECK(wrong(with_noise(sub_vp, "sqrt(back*(1 - exp(-2*B)))")) ==
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.99 at t = 1.49012e-08: left side 2.98025e-10, right "
        "side 5.96047e-08");
}

TEST_CASE("ve: every slip is caught") {
  CHECK(
      wrong(with_noise(ve, "s*sqrt(log(100))")) ==
      "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.33 at t = 0: left side 0.0230259, right side 0.0115129");
  CHECK(wrong(with_noise(ve, "s")) ==
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.8 at t = 0: left side 0.0230259, right side 0.0025");
  CHECK(wrong(with_drift(ve, "1")) ==
        "drift is phi x, 0 where x is 0: WRONG by a relative 1 at t = 0: left side 1, right side 0");
  CHECK(wrong(with_drift(ve, "-x")) ==
        "alpha' = phi alpha: WRONG by a relative 1 at t = 0: left side 0, right side -1"
        "\n"
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 0.098 at t = 0.999023: left side 228.197, right side "
        "178.649");
  CHECK(wrong(with_sigma(ve, "s")) ==
        "sigma(0) = 0: WRONG, sigma^2(0) is 0.0025; data that are blurred already need blurred = true");
  CHECK(wrong(with_noise(ve, "s_back*sqrt(2*log(100))")) ==
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 1 at t = 0: left side 0.0230259, right side 230.259");
  CHECK(wrong(with_sigma(ve, "s_back")) ==
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 1 at t = 0: left side -230.259, right side 0.0230259"
        "\n"
        "sigma(0) = 0: WRONG, sigma^2(0) is 25; data that are blurred already need blurred = true"
        "\n"
        "signal to noise alpha^2/sigma^2 never rises: WRONG, it rises at t = 0");
}

TEST_CASE("what is no schedule at all is said") {
  CHECK(wrong(with_drift(vp, "-x^3")) ==
        "drift is phi x with noise g(t): WRONG, the drift is not linear or the noise depends on x");
  CHECK(wrong(with_noise(vp, "x")) ==
        "drift is phi x with noise g(t): WRONG, the drift is not linear or the noise depends on x");
  CHECK(wrong(with_sigma(vp, "1/(1 - t) - 1")) ==
        "(sigma^2)' = 2 phi sigma^2 + g^2: WRONG by a relative 1 at t = 0: left side 0, right side 0.1"
        "\n"
        "end points: WRONG, sigma^2 is inf at t = 1");
}

TEST_CASE("the singular ends of vp and sub_vp are told apart") {
  CHECK(check(vp).back().text == "end points: sigma = 0 at t = 0, where the reverse rate g^2/sigma^2 grows as 1/t");
  CHECK(check(sub_vp).back().text ==
        "end points: g = 0 at t = 0, the start has no noise; sigma = 0 at t = 0, where the reverse rate g^2/sigma^2 "
        "grows as 2/t");
}

TEST_CASE("two axes are checked one by one") {
  SdeFormulas formulas;
  formulas.variables = {"x", "y"};
  const Expression x = Expression::variable("x"), y = Expression::variable("y"), t = Expression::variable("t");
  formulas.drift = {-0.5 * x, -1.0 * y};
  formulas.diffusion = {{0.5, 0.0}, {0.0, 0.5}};
  const Schedule schedule{{2, AxisSchedule{exp(-0.5 * t), 1.0 - exp(-t)}}};
  const auto findings = check_schedule(schedule, FormulaSde(formulas), formulas.variables, 1);
  CHECK(findings[1].text ==
        "alpha' = phi alpha: WRONG by a relative 0.33 at t = 0 on axis y: left side -0.5, right side -1");
  formulas.drift[1] = -0.5 * x - 0.5 * y;
  CHECK(check_schedule(schedule, FormulaSde(formulas), formulas.variables, 1)[0].text ==
        "drift is phi x with noise g(t): WRONG, the axes act on each other");
}

TEST_CASE("named models agree with their own schedules and with the moment equations") {
  const std::vector<std::string> axes{"x", "y"}, t{"t"};
  const Expression beta = beta_named("linear"), cosine = beta_named("cosine");
  const std::vector<NamedModel> all{
      ou_model(axes, {1.5, 0.5}, {0.5, -1}, {0.8, 0.3}),
      vp_model(axes, beta, integral_from_zero(beta, "t")),
      vp_model(axes, cosine, integral_from_zero(cosine, "t")),
      sub_vp_model(axes, beta, *integral_from_zero(beta, "t")),
      sub_vp_model(axes, cosine, *integral_from_zero(cosine, "t")),
      ve_model(axes, parse_expression("0.05*100^t", t), false),
      ve_model(axes, parse_expression("0.05*100^t", t), true),
      ve_model(axes, parse_expression("t + t^2", t), false),
      alpha_sigma_model(axes, parse_expression("cos(pi*t/2)", t), parse_expression("sin(pi*t/2)", t), false),
      alpha_sigma_model(axes, parse_expression("1 - t", t), parse_expression("0.1 + t", t), false),
      alpha_sigma_model(axes, parse_expression("exp(-t^2)", t), parse_expression("0.1 + t", t), true)};
  const double end = 0.9;
  const GaussianMixture start({{0.3, Eigen::Vector2d(1, -2), Eigen::Matrix2d{{0.3, 0.1}, {0.1, 0.2}}},
                               {0.7, Eigen::Vector2d(-0.5, 0.4), Eigen::Matrix2d{{0.1, 0}, {0, 0.4}}}});
  for (std::size_t m = 0; m < all.size(); ++m) {
    INFO("model ", m);
    const FormulaSde sde(all[m].formulas);
    CHECK_FALSE(rate_fault(all[m], end));
    for (const ScheduleFinding& finding : check_schedule(*all[m].schedule, sde, axes, end))
      CHECK_MESSAGE(finding.holds, finding.text);
    const GaussianMixture claimed = all[m].schedule->claimed(start, end);
    const GaussianMixture moved = push_forward(start, LinearGaussian(*sde.linear()).distribution(0, end));
    for (std::size_t k = 0; k < 2; ++k) {
      const double size = moved.components()[k].covariance.cwiseAbs().maxCoeff();
      CHECK((claimed.components()[k].mean - moved.components()[k].mean).cwiseAbs().maxCoeff() < 1e-10);
      CHECK((claimed.components()[k].covariance - moved.components()[k].covariance).cwiseAbs().maxCoeff() <
            1e-9 * size);
    }
  }
  CHECK(all[0].schedule->prior(end).covariance()(0, 0) == doctest::Approx(0.64 / 3));
  CHECK(all[0].schedule->prior(end).mean()[1] == doctest::Approx(-1));
  const double s = 0.05 * std::pow(100, end);
  CHECK(all[5].schedule->prior(end).covariance()(1, 1) == doctest::Approx(s * s - 0.0025));
  CHECK(all[6].schedule->prior(end).covariance()(1, 1) == doctest::Approx(s * s));
}

TEST_CASE("rates that are negative or infinite or not the slope of their integral are named with the time") {
  const std::vector<std::string> t{"t"};
  const auto fault = [](const NamedModel& model, double end) {
    const auto found = rate_fault(model, end);
    return found ? found->key + ": " + found->text : std::string();
  };
  const Expression cosine = beta_named("cosine");
  CHECK(fault(vp_model(x_only, cosine, std::nullopt), 1) ==
        "beta: beta is infinite at t = 1, must stay finite up to time.end");
  CHECK(fault(vp_model(x_only, parse_expression("1 - 2*t", t), std::nullopt), 1) ==
        "beta: beta is -0.001953 at t = 0.500977, must not be negative");
  CHECK(fault(ve_model(x_only, parse_expression("2 - t", t), false), 1) ==
        "sigma: g^2 = d(sigma^2)/dt is -4 at t = 0, must not be negative");
  CHECK(fault(alpha_sigma_model(x_only, parse_expression("cos(pi*t/2)", t), parse_expression("0.2*t", t), false), 1) ==
        "sigma: g^2 = (sigma^2)' - 2 sigma^2 alpha'/alpha is infinite at t = 1, must stay finite up to time.end");
  CHECK(fault(alpha_sigma_model(x_only, parse_expression("exp(t)", t), parse_expression("t", t), false), 2) ==
        "sigma: g^2 = (sigma^2)' - 2 sigma^2 alpha'/alpha is -0.003914 at t = 1.00195, must not be negative");
  NamedModel stated = vp_model(x_only, parse_expression("exp(t^2)", t), parse_expression("t + t^3/3", t));
  stated.stated_integral = parse_expression("t + t^3/3", t);
  CHECK(fault(stated, 1) == "beta_integral: its derivative is 1.00201797 at t = 0.0449219, where beta is 1.00202001");
}
