#include "fokker/model/named_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/base/named_rows.hpp"
#include "named/rows.hpp"

namespace fokker {

std::span<const ModelRow> models() {
  static const std::vector<ModelRow> rows = made_rows(model_rows);
  return rows;
}

const ModelRow* find_model(std::string_view name) {
  const auto rows = models();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const ModelRow& other) { return other.name == name; });
  return row == rows.end() ? nullptr : &*row;
}

namespace {

constexpr double infinite = 1e15;  // a rate times the span beyond this is a pole that rounding made finite

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
