#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "isotropic.hpp"
#include "rows.hpp"

// The variance-preserving model, and the one below it: one rate beta(t) drives both.
namespace fokker {

NamedModel vp_model(const std::vector<std::string>& variables, const Expression& beta,
                    const std::optional<Expression>& integral) {
  NamedModel model{isotropic(variables, -0.5 * beta, beta), std::nullopt, "", {{"beta", "beta", beta}}};
  if (integral)
    model.schedule = same_on_all(variables.size(), {exp(-0.5 * *integral), 1.0 - exp(-*integral)});
  else
    model.no_schedule = "the integral of beta is not known in closed form; give beta_integral to have it checked";
  return model;
}

NamedModel sub_vp_model(const std::vector<std::string>& variables, const Expression& beta, const Expression& integral) {
  const Expression decay = exp(-integral);
  return {isotropic(variables, -0.5 * beta, beta * (1.0 - decay * decay)),
          same_on_all(variables.size(), {exp(-0.5 * integral), pow(1.0 - decay, 2)}),
          "",
          {{"beta", "beta", beta}}};
}

namespace {

constexpr std::array usual_rates{UsualRate{"linear", "0.1 + 19.9*t"},
                                 UsualRate{"cosine", "(pi/1.008)*tan(pi*(t + 0.008)/2.016)"}};

const UsualRate* find_rate(std::string_view name) {
  const auto rate =
      std::find_if(usual_rates.begin(), usual_rates.end(), [&](const UsualRate& known) { return known.name == name; });
  return rate == usual_rates.end() ? nullptr : &*rate;
}

/// A formula, or the name of a usual one; and its integral, as stated or as worked out.
struct Rate {
  Expression beta;
  std::optional<Expression> integral, stated;
};

std::optional<Rate> read_beta(ModelKeys& keys) {
  constexpr std::array<std::string_view, 2> sources = {"beta", "schedule"};
  if (!keys.one_of(sources)) keys.require("beta", "a formula of t (or schedule = \"linear\" | \"cosine\")");
  std::optional<Expression> beta = keys.formula("beta");
  std::vector<std::string> names;
  for (const UsualRate& rate : usual_rates) names.emplace_back(rate.name);
  if (const auto name = keys.word("schedule", names); name && find_rate(*name)) beta = beta_named(*name);
  const auto stated = keys.formula("beta_integral");
  if (!beta || (keys.has("beta_integral") && !stated)) return std::nullopt;
  if (!stated) return Rate{*beta, integral_from_zero(*beta, "t"), std::nullopt};
  return Rate{*beta, *stated - at_zero(*stated), stated};
}

std::optional<NamedModel> read_vp(ModelKeys& keys) {
  const auto rate = read_beta(keys);
  if (!rate) return std::nullopt;
  NamedModel model = vp_model(keys.variables(), rate->beta, rate->integral);
  model.stated_integral = rate->stated;
  return model;
}

std::optional<NamedModel> read_sub_vp(ModelKeys& keys) {
  const auto rate = read_beta(keys);
  if (!rate) return std::nullopt;
  if (!rate->integral) {
    keys.report("beta",
                "its integral is not known in closed form, and the noise of sub_vp needs it; give "
                "beta_integral, a formula whose derivative is beta");
    return std::nullopt;
  }
  NamedModel model = sub_vp_model(keys.variables(), rate->beta, *rate->integral);
  model.stated_integral = rate->stated;
  return model;
}

}  // namespace

std::span<const UsualRate> schedules() { return usual_rates; }

Expression beta_named(std::string_view name) {
  const UsualRate* const rate = find_rate(name);
  if (rate == nullptr) throw std::invalid_argument(fmt::format("no schedule is called {}", name));
  return parse_expression(rate->beta, std::vector<std::string>{"t"});
}

ModelRow vp_row() {
  return {.name = "vp",
          .uses = {"beta", "schedule", "beta_integral"},
          .read = read_vp,
          .f = "-beta x/2",
          .g = "sqrt(beta)",
          .keys =
              "beta = formula of t, or schedule = \"linear\" | \"cosine\"; beta_integral where its integral has no "
              "closed form",
          .closed_form = "alpha = e^{-B/2}, conditional variance 1 - e^{-B}, B = int beta; prior Normal(0, 1)",
          .reference = "Song et al., ICLR 2021, equation 11; cosine: Nichol and Dhariwal, ICML 2021",
          .when_not = "the cosine schedule to t = 1, where beta is infinite"};
}

ModelRow sub_vp_row() {
  return {.name = "sub_vp",
          .uses = {"beta", "schedule", "beta_integral"},
          .read = read_sub_vp,
          .f = "-beta x/2",
          .g = "sqrt(beta (1 - e^{-2B}))",
          .keys = "as vp; the integral B of beta must be known",
          .closed_form = "alpha = e^{-B/2}, conditional variance (1 - e^{-B})^2; prior Normal(0, 1)",
          .reference = "Song et al., ICLR 2021, equation 12",
          .when_not =
              "explicit steps near t = 0 in reverse: the noise vanishes there (g = 0), the reverse rate grows "
              "as 2/t"};
}

}  // namespace fokker
