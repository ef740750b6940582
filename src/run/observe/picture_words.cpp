#include "picture_words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fokker {

namespace {

/// As a factor of a product: in brackets where it is not one word.
std::string factor(const std::string& unit) {
  const bool plain = unit.find_first_of(" /*^.,()+-0123456789") == std::string::npos;
  const auto holds = [&](const char* sign) { return unit.find(sign) != std::string::npos; };
  return plain && !holds("·") && !holds("²") && !holds("³") && !holds("⁻") ? unit : "(" + unit + ")";
}

}  // namespace

std::string title_of(const Case& c) { return c.title.empty() ? c.file.stem().string() : c.title; }

std::string density_unit(std::span<const Axis> axes) {
  if (std::any_of(axes.begin(), axes.end(), [](const Axis& axis) { return axis.unit.empty(); })) return "";
  if (axes.size() == 1) return "1/" + factor(axes[0].unit);
  if (axes[0].unit == axes[1].unit) return "1/" + factor(axes[0].unit) + "²";
  return fmt::format("1/({} {})", factor(axes[0].unit), factor(axes[1].unit));
}

bool equal_axes(const Case& config, const CasePicture& wishes) {
  if (!wishes.aspect.empty()) return wishes.aspect == "equal";
  return config.axes.size() > 1 && !config.axes[0].unit.empty() && config.axes[0].unit == config.axes[1].unit;
}

}  // namespace fokker
