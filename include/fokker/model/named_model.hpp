#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/model/formula_sde.hpp"
#include "fokker/model/schedule.hpp"

namespace fokker {

/// An SDE that a case asks for by name, as formulas: everything else follows from these.
struct NamedModel {
  SdeFormulas formulas;
  std::optional<Schedule> schedule;  ///< what the model claims about its own law
  std::string no_schedule;           ///< why it claims nothing: text for a person

  /// Rates that must be finite and not negative over the run.
  struct Rate {
    std::string key;   ///< of the case that it comes from
    std::string name;  ///< in messages
    Expression value;  ///< of t
  };
  std::vector<Rate> rates;
  std::optional<Expression> stated_integral = std::nullopt;  ///< of the first rate, as the user gives it
};

/// A row of `list models`.
struct ModelRow {
  std::string_view name, f, g, keys, closed_form, reference, when_not;
};
[[nodiscard]] std::span<const ModelRow> models();

/// dX = -theta (X - mu) dt + sigma dW on each axis; d numbers each, theta and sigma > 0.
[[nodiscard]] NamedModel ou_model(const std::vector<std::string>& variables, const std::vector<double>& theta,
                                  const std::vector<double>& mu, const std::vector<double>& sigma);

/// dX = -beta X/2 dt + sqrt(beta) dW. `integral`: int_0^t beta where it is known; without it there is no schedule.
[[nodiscard]] NamedModel vp_model(const std::vector<std::string>& variables, const Expression& beta,
                                  const std::optional<Expression>& integral);

/// dX = -beta X/2 dt + sqrt(beta (1 - e^{-2B})) dW, B the integral of beta.
[[nodiscard]] NamedModel sub_vp_model(const std::vector<std::string>& variables, const Expression& beta,
                                      const Expression& integral);

/// dX = sqrt(d(sigma^2)/dt) dW.
[[nodiscard]] NamedModel ve_model(const std::vector<std::string>& variables, const Expression& sigma, bool blurred);

/// f = x alpha'/alpha, g^2 = (sigma^2)' - 2 sigma^2 alpha'/alpha, derived symbolically. Not blurred: the kernel from
/// the initial density has the variance sigma^2(t) - alpha^2(t) sigma^2(0); alpha(0) must be 1 (the caller's check).
[[nodiscard]] NamedModel alpha_sigma_model(const std::vector<std::string>& variables, const Expression& alpha,
                                           const Expression& sigma, bool blurred);

/// The rates of yang-song/score_sde and of Nichol and Dhariwal (2021): "linear" 0.1 + 19.9 t, "cosine"
/// (pi/1.008) tan(pi (t + 0.008)/2.016), infinite at t = 1. Throws std::invalid_argument for another name.
[[nodiscard]] Expression beta_named(std::string_view name);

/// The first fault of a model's rates over [0, end], with the time and the value: not finite (a pole that rounding made
/// finite counts), negative, or with a stated integral whose derivative is another.
struct RateFault {
  std::string key, text;
};
[[nodiscard]] std::optional<RateFault> rate_fault(const NamedModel& model, double end);

}  // namespace fokker
