#include "fokker/model/named_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace fokker {
namespace {

constexpr double infinite = 1e15;  // a rate times the span beyond this is a pole that rounding made finite

const std::vector<std::string> of_time{"t"};

Expression at_zero(const Expression& formula) { return substitute(formula, {{"t", Expression(0.0)}}); }

/// The same drift factor and noise on every axis: f = phi x, D = g^2/2 I.
SdeFormulas isotropic(const std::vector<std::string>& variables, const Expression& phi, const Expression& g_squared) {
  SdeFormulas formulas;
  formulas.variables = variables;
  formulas.diffusion.assign(variables.size(), std::vector<Expression>(variables.size()));
  for (std::size_t k = 0; k < variables.size(); ++k) {
    formulas.drift.push_back(phi * Expression::variable(variables[k]));
    formulas.diffusion[k][k] = 0.5 * g_squared;
  }
  return formulas;
}

Schedule same_on_all(std::size_t dimension, const AxisSchedule& axis, bool blurred = false) {
  return {std::vector<AxisSchedule>(dimension, axis), blurred};
}

constexpr std::array<ModelRow, 5> rows{{
    {"ou", "-theta (x - mu)", "sigma", "theta, mu = 0, sigma: numbers, or lists of one per axis",
     "alpha = e^{-theta t}, conditional variance sigma^2/(2 theta) (1 - e^{-2 theta t}), prior Normal(mu, sigma^2/(2 "
     "theta))",
     "Uhlenbeck and Ornstein, Phys. Rev. 36 (1930) 823", "axes that push each other: write the drift as formulas"},
    {"vp", "-beta x/2", "sqrt(beta)",
     "beta = formula of t, or schedule = \"linear\" | \"cosine\"; beta_integral where its integral has no closed form",
     "alpha = e^{-B/2}, conditional variance 1 - e^{-B}, B = int beta; prior Normal(0, 1)",
     "Song et al., ICLR 2021, equation 11; cosine: Nichol and Dhariwal, ICML 2021",
     "the cosine schedule to t = 1, where beta is infinite"},
    {"ve", "0", "sqrt(d(sigma^2)/dt)",
     "sigma_min, sigma_max (sigma = sigma_min (sigma_max/sigma_min)^t), or sigma = formula of t; blurred = false: is "
     "the "
     "initial density the data already blurred by sigma(0)?",
     "alpha = 1, conditional variance sigma^2(t) - sigma^2(0); prior of that variance, or sigma^2(end) where blurred",
     "Song et al., ICLR 2021, equation 9", "boxes much narrower than 5 sigma_max: the walls are felt"},
    {"sub_vp", "-beta x/2", "sqrt(beta (1 - e^{-2B}))", "as vp; the integral B of beta must be known",
     "alpha = e^{-B/2}, conditional variance (1 - e^{-B})^2; prior Normal(0, 1)", "Song et al., ICLR 2021, equation 12",
     "explicit steps near t = 0 in reverse: the noise vanishes there (g = 0), the reverse rate grows as 2/t"},
    {"alpha_sigma", "x alpha'/alpha", "sqrt((sigma^2)' - 2 sigma^2 alpha'/alpha)",
     "alpha, sigma = formulas of t, alpha(0) = 1; blurred = false as for ve",
     "alpha, conditional variance sigma^2 - alpha^2 sigma^2(0); prior of that variance, or sigma^2(end) where blurred",
     "Kingma et al., NeurIPS 2021 (variational diffusion models)", "alpha that reaches 0: the drift is infinite there"},
}};

}  // namespace

std::span<const ModelRow> models() { return rows; }

NamedModel ou_model(const std::vector<std::string>& variables, const std::vector<double>& theta,
                    const std::vector<double>& mu, const std::vector<double>& sigma) {
  NamedModel model{isotropic(variables, 0.0, 0.0), Schedule{}, "", {}};
  const Expression t = Expression::variable("t");
  for (std::size_t k = 0; k < variables.size(); ++k) {
    model.formulas.drift[k] = -theta[k] * (Expression::variable(variables[k]) - mu[k]);
    model.formulas.diffusion[k][k] = sigma[k] * sigma[k] / 2;
    const double stationary = sigma[k] * sigma[k] / (2 * theta[k]);
    model.schedule->axes.push_back(
        {exp(-theta[k] * t), stationary * (1.0 - exp(-2 * theta[k] * t)), mu[k], stationary});
  }
  return model;
}

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

NamedModel ve_model(const std::vector<std::string>& variables, const Expression& sigma, bool blurred) {
  const Expression variance = sigma * sigma, rate = derivative(variance, "t");
  const Expression claimed = blurred ? variance : variance - at_zero(variance);
  return {isotropic(variables, 0.0, rate),
          same_on_all(variables.size(), {1.0, claimed, 0, claimed}, blurred),
          "",
          {{"sigma", "g^2 = d(sigma^2)/dt", rate}}};
}

NamedModel alpha_sigma_model(const std::vector<std::string>& variables, const Expression& alpha,
                             const Expression& sigma, bool blurred) {
  const Expression phi = derivative(alpha, "t") / alpha, variance = sigma * sigma;
  const Expression rate = expand(derivative(variance, "t") - 2.0 * variance * phi);
  const Expression claimed = blurred ? variance : variance - alpha * alpha * at_zero(variance);
  return {isotropic(variables, phi, rate),
          same_on_all(variables.size(), {alpha, claimed, 0, claimed}, blurred),
          "",
          {{"sigma", "g^2 = (sigma^2)' - 2 sigma^2 alpha'/alpha", rate}}};
}

Expression beta_named(std::string_view name) {
  if (name == "linear") return parse_expression("0.1 + 19.9*t", of_time);
  if (name == "cosine") return parse_expression("(pi/1.008)*tan(pi*(t + 0.008)/2.016)", of_time);
  throw std::invalid_argument(fmt::format("no schedule is called {}", name));
}

namespace {

std::optional<RateFault> fault_of(const NamedModel::Rate& rate, const std::vector<double>& times) {
  const std::vector<double> values = values_at(rate.value, times);
  double largest = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!std::isfinite(values[i]) || std::abs(values[i]) * times.back() > infinite)
      return RateFault{rate.key, fmt::format("{} is {} at t = {:.6g}, must stay finite up to time.end", rate.name,
                                             std::isnan(values[i]) ? "not a number" : "infinite", times[i])};
    largest = std::max(largest, std::abs(values[i]));
  }
  for (std::size_t i = 0; i < times.size(); ++i)
    if (values[i] < -1e-12 * largest)
      return RateFault{rate.key,
                       fmt::format("{} is {:.4g} at t = {:.6g}, must not be negative", rate.name, values[i], times[i])};
  return std::nullopt;
}

std::optional<RateFault> fault_of_integral(const Expression& integral, const Expression& rate,
                                           const std::vector<double>& times) {
  const std::vector<double> slopes = values_at(derivative(integral, "t"), times), rates = values_at(rate, times);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double error = std::abs(slopes[i] - rates[i]), size = std::abs(slopes[i]) + std::abs(rates[i]);
    if (!(error <= schedule_tolerance * size))
      return RateFault{"beta_integral", fmt::format("its derivative is {:.9g} at t = {:.6g}, where beta is {:.9g}",
                                                    slopes[i], times[i], rates[i])};
  }
  return std::nullopt;
}

}  // namespace

std::optional<RateFault> rate_fault(const NamedModel& model, double end) {
  const std::vector<double> times = schedule_times(end);
  for (const NamedModel::Rate& rate : model.rates)
    if (auto fault = fault_of(rate, times)) return fault;
  if (model.stated_integral) return fault_of_integral(*model.stated_integral, model.rates.front().value, times);
  return std::nullopt;
}

}  // namespace fokker
