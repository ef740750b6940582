#include "ticks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fokker::figure {
namespace {

/// 1, 2 or 5 times a power of ten, at least `rough`.
double round_step(double rough) {
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

int power_of(double value) { return static_cast<int>(std::floor(std::log10(value) + 1e-9)); }

std::string superscript(int number) {
  constexpr const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text;
  for (const char c : std::to_string(number)) text += c == '-' ? "⁻" : digits[c - '0'];
  return text;
}

std::string with_minus(std::string text) { return text.starts_with('-') ? "−" + text.substr(1) : text; }

/// The numbers without a power of ten that all share: 0.00012 -> 1.2 (10⁻⁴).
void label_linear(Ticks& ticks, double step) {
  double largest = 0, offset = 0;
  for (const double value : ticks.values) largest = std::max(largest, std::abs(value));
  if (!ticks.values.empty() && step < 1e-5 * largest) {  // 1000000.1, 1000000.2: what they have in common stands apart
    offset = ticks.values.front();
    ticks.offset = with_minus(fmt::format("{:.15g}", offset));
    largest = ticks.values.back() - offset;
  }
  const int leading = largest > 0 ? power_of(largest) : 0;
  ticks.power = leading >= 5 || leading <= -4 ? leading : 0;
  const double unit = std::pow(10.0, ticks.power);
  const int digits = std::clamp(ticks.power - power_of(step), 0, 15);
  for (const double value : ticks.values) {
    double shown = (value - offset) / unit;
    if (std::abs(shown) < 0.5 * std::pow(10.0, -digits)) shown = 0;  // never "-0"
    ticks.labels.push_back(with_minus(fmt::format("{:.{}f}", shown, digits)));
  }
}

Ticks linear_ticks(double lower, double upper, int wanted) {
  Ticks ticks;
  const double span = upper - lower;
  if (!(span > 0) || !std::isfinite(span)) return ticks;
  double step = round_step(span / wanted);
  const double largest = std::max(std::abs(lower), std::abs(upper));
  const auto inside = [&] { return std::floor(upper / step + 1e-9) - std::ceil(lower / step - 1e-9) + 1; };
  if (inside() < 2) step = round_step(span / (2 * wanted));             // one number says nothing of the scale
  if (!(step > 1e-13 * largest) || !std::isnormal(step)) return ticks;  // the numbers would not differ
  const double first = std::ceil(lower / step - 1e-9), last = std::floor(upper / step + 1e-9);
  for (double k = first; k <= last; ++k) ticks.values.push_back(k == 0 ? 0.0 : k * step);
  label_linear(ticks, step);
  return ticks;
}

Ticks log_ticks(double lower, double upper, int wanted) {
  Ticks ticks;
  if (!(lower > 0) || !(upper > lower) || !std::isfinite(upper)) return ticks;
  const int first = static_cast<int>(std::ceil(std::log10(lower) - 1e-9)), last = power_of(upper);
  constexpr double few = 4;
  if (last - first < 1 && upper > few * lower) {  // one power of ten or none: 2 and 5 too
    for (int power = first - 1; power <= last; ++power)
      for (const int factor : {1, 2, 5}) {
        const double value = factor * std::pow(10.0, power);
        if (value < lower * (1 - 1e-9) || value > upper * (1 + 1e-9)) continue;
        ticks.values.push_back(value);
        const std::string ten = "10" + superscript(power);
        ticks.labels.push_back(power >= -3 && power <= 4 ? fmt::format("{:g}", value)
                               : factor == 1             ? ten
                                                         : fmt::format("{}·{}", factor, ten));
      }
    return ticks;
  }
  if (last - first < 1) {
    Ticks close = linear_ticks(lower, upper, wanted);
    std::erase_if(close.values, [&](double value) { return value < lower; });
    return close.values.size() == close.labels.size() ? close : Ticks{};
  }
  const int every = std::max(1, (last - first + wanted) / wanted);
  for (int power = first; power <= last; ++power) {
    ticks.values.push_back(std::pow(10.0, power));
    const bool named = power % every == 0;
    ticks.labels.push_back(named ? "10" + superscript(power) : "");
  }
  return ticks;
}

}  // namespace

Ticks ticks_of(double lower, double upper, bool log, int wanted) {
  wanted = std::max(wanted, 2);
  return log ? log_ticks(lower, upper, wanted) : linear_ticks(lower, upper, wanted);
}

std::string axis_title(const std::string& label, const std::string& unit, const Ticks& ticks) {
  std::string bracket = ticks.power == 0 ? "" : "10" + superscript(ticks.power);
  if (!unit.empty()) bracket += (bracket.empty() ? "" : " ") + unit;
  std::string text = label;
  if (!bracket.empty()) text += (text.empty() ? "[" : " [") + bracket + "]";
  if (!ticks.offset.empty()) text += " + " + ticks.offset;
  return text;
}

double Scale::operator()(double value) const {
  double from = lower, to = upper;
  if (log) {
    if (!(value > 0)) return std::nan("");
    value = std::log10(value);
    from = std::log10(lower);
    to = std::log10(upper);
  }
  const double pixel = at_lower + (value / (to - from) - from / (to - from)) * (at_upper - at_lower);
  return std::isfinite(pixel) ? std::clamp(pixel, -1e4, 1e4) : std::nan("");
}

}  // namespace fokker::figure
