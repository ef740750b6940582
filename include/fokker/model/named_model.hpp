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
  std::optional<Schedule> schedule;  ///< what the model claims about its own distribution
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

/// What a case gives under [sde], as a named model asks for it. What is missing or does not fit is reported to the user
/// and comes back empty.
class ModelKeys {
 public:
  virtual ~ModelKeys() = default;
  [[nodiscard]] virtual std::vector<std::string> variables() const = 0;  ///< the names of the axes
  [[nodiscard]] virtual bool has(std::string_view key) = 0;
  /// Reports a key that is not there with what it must be.
  virtual void require(std::string_view key, std::string_view must_be) = 0;
  /// Does one of them stand there? Those after the first are reported.
  [[nodiscard]] virtual bool one_of(std::span<const std::string_view> keys) = 0;
  /// One number for all axes, or a list of one per axis; > 0 where `positive`.
  [[nodiscard]] virtual std::optional<std::vector<double>> per_axis(std::string_view key, bool positive) = 0;
  [[nodiscard]] virtual std::optional<double> positive_number(std::string_view key) = 0;
  [[nodiscard]] virtual std::optional<Expression> formula(std::string_view key) = 0;  ///< of t
  [[nodiscard]] virtual std::optional<std::string> word(std::string_view key, std::span<const std::string> allowed) = 0;
  [[nodiscard]] virtual bool flag(std::string_view key) = 0;  ///< false where it is not there
  virtual void report(std::string_view key, const std::string& text) = 0;
};

/// A row of `list models`.
struct ModelRow {
  std::string_view name;
  std::vector<std::string_view> uses;  ///< keys of [sde]
  std::optional<NamedModel> (*read)(ModelKeys&);
  std::string_view f, g, keys, closed_form, reference, when_not;
};
[[nodiscard]] std::span<const ModelRow> models();
/// nullptr where there is none of that name.
[[nodiscard]] const ModelRow* find_model(std::string_view name);

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

/// A usual rate of vp and sub_vp by its name: a row of `list schedules`.
struct UsualRate {
  std::string_view name, beta;
};
[[nodiscard]] std::span<const UsualRate> schedules();

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
