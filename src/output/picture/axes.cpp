#include "axes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fokker::picture {
namespace {

constexpr int kTickLength = 5;

/// 1, 2 or 5 times a power of ten, at least `rough`.
double round_step(double rough) {
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

/// "1e-05" reads better as "1e-5".
std::string without_exponent_zeros(std::string text) {
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;
  std::size_t digit = e + 1;
  if (text[digit] == '+') text.erase(digit, 1);
  if (text[digit] == '-') ++digit;
  while (digit + 1 < text.size() && text[digit] == '0') text.erase(digit, 1);
  return text;
}

std::string tick_label(double value, double step, double largest) {
  const int leading = static_cast<int>(std::floor(std::log10(step) + 1e-9));
  if (largest < 1e5 && leading >= -4) return fmt::format("{:.{}f}", value, std::max(0, -leading));
  const int digits = static_cast<int>(std::floor(std::log10(largest) + 1e-9)) - leading + 1;
  return without_exponent_zeros(fmt::format("{:.{}g}", value, std::clamp(digits, 1, 15)));
}

}  // namespace

Ticks round_ticks(double lower, double upper, int wanted) {
  Ticks ticks;
  const double span = upper - lower;
  if (!(span > 0) || !std::isfinite(span)) return ticks;
  const double step = round_step(span / wanted), largest = std::max(std::abs(lower), std::abs(upper));
  if (!(step > 1e-13 * largest)) return ticks;  // the numbers would not differ
  const double first = std::ceil(lower / step - 1e-9), last = std::floor(upper / step + 1e-9);
  for (double k = first; k <= last; ++k) {
    ticks.values.push_back(k == 0 ? 0.0 : k * step);  // never "-0"
    ticks.labels.push_back(tick_label(ticks.values.back(), step, largest));
  }
  return ticks;
}

std::string short_number(double value) { return without_exponent_zeros(fmt::format("{:.4g}", value)); }

double Scale::operator()(double value) const {
  const double pixel = at_lower + (value - lower) / (upper - lower) * (at_upper - at_lower);
  return std::clamp(pixel, -1e4, 1e4);  // far outside is far enough
}

void draw_axis_below(Canvas& canvas, const Box& box, const Scale& scale, const Ticks& ticks, const std::string& name) {
  const Font font = regular_font();
  for (std::size_t k = 0; k < ticks.values.size(); ++k) {
    const int x = static_cast<int>(std::floor(std::min(scale(ticks.values[k]), box.right() - 1.0)));
    canvas.fill({x, box.bottom() + 1, 1, kTickLength}, kInk);
    canvas.text(x, box.bottom() + kTickLength + 4, ticks.labels[k], font, kInk, Align::center);
  }
  canvas.text(box.left + box.width / 2, box.bottom() + kTickLength + 24, in_ascii(name), font, kInk, Align::center);
}

void draw_axis_left(Canvas& canvas, const Box& box, const Scale& scale, const Ticks& ticks, const std::string& name) {
  const Font font = regular_font();
  std::size_t widest = 0;
  for (std::size_t k = 0; k < ticks.values.size(); ++k) {
    const int y = static_cast<int>(std::floor(std::min(scale(ticks.values[k]), box.bottom() - 1.0)));
    canvas.fill({box.left - 1 - kTickLength, y, kTickLength, 1}, kInk);
    canvas.text(box.left - kTickLength - 4, y - font.height / 2, ticks.labels[k], font, kInk, Align::right);
    widest = std::max(widest, ticks.labels[k].size());
  }
  const int x = box.left - kTickLength - 18 - static_cast<int>(widest) * font.width;
  const int middle = box.top + box.height / 2;
  if (name.size() <= 2) {
    canvas.text(x, middle - font.height / 2, in_ascii(name), font, kInk, Align::center);
  } else {
    canvas.text_upwards(std::max(x, font.height / 2 + 2), middle, in_ascii(name), font, kInk);
  }
}

void draw_title(Canvas& canvas, const std::string& title, double time, int left, int right) {
  const Font font = bold_font();
  const std::string when = std::isnan(time) ? "stationary" : "t = " + short_number(time);
  canvas.text(right, kTitleTop, when, font, kInk, Align::right);
  std::string shown = in_ascii(title);
  const auto room =
      static_cast<std::size_t>(std::max(0, (right - left) / font.width - static_cast<int>(when.size()) - 2));
  if (shown.size() > room) shown = shown.substr(0, room < 3 ? 0 : room - 3) + "...";
  canvas.text(left, kTitleTop, shown, font, kInk);
}

}  // namespace fokker::picture
