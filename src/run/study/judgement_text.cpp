#include "judgement_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fokker {
namespace {

constexpr double negligible = 1e-6;

std::string width_text(const Judgement& judged) {
  std::string text;
  for (const double width : judged.width) text += fmt::format("{}{:.3g}", text.empty() ? "" : " x ", width);
  return text;
}

std::string cells_text(const Judgement& judged) {
  std::string text = fmt::format("p is {} cells wide where it is narrowest", width_text(judged));
  if (judged.flux_l1_worst > 0)
    text += fmt::format("; the flux costs about l1 {:.1e}{}", judged.flux_l1,
                        judged.flux_l1_worst > 1.5 * judged.flux_l1
                            ? fmt::format(", {:.1e} at t = {:.4g}", judged.flux_l1_worst, judged.flux_l1_worst_at)
                            : "");
  if (judged.step_l1 > 0) text += fmt::format("; time.dt about l1 {:.1e}", judged.step_l1);
  return text;
}

std::string walls_text(const Judgement& judged) {
  const auto least = [](const WallFinding& a, const WallFinding& b) {
    return (a.judged ? a.beyond : 0) < (b.judged ? b.beyond : 0);
  };
  const auto worst = std::max_element(judged.walls.begin(), judged.walls.end(), least);
  if (worst == judged.walls.end() || !worst->judged) return "";
  if (!(worst->beyond > negligible)) return fmt::format("less than {:.0e} of the mass beyond any wall", negligible);
  return fmt::format("up to {:.2g} of the mass beyond {}{}", worst->beyond, worst->side,
                     worst->at > 0 ? fmt::format(" (t = {:.4g})", worst->at) : "");
}

}  // namespace

Json judgement_json(const Judgement& judged) {
  Json walls = Json::object(), widths = Json::array();
  for (const WallFinding& wall : judged.walls)
    walls[wall.side] = {{"mass", wall.mass},
                        {"beyond", number(wall.beyond)},
                        {"at", wall.at},
                        {"closed_form", wall.closed_form},
                        {"judged", wall.judged}};
  for (const double width : judged.width) widths.push_back(number(width));
  return {{"width", widths},
          {"width_at", judged.width_at},
          {"flux_l1", number(judged.flux_l1)},
          {"flux_l1_worst", number(judged.flux_l1_worst)},
          {"flux_l1_worst_at", judged.flux_l1_worst_at},
          {"step_l1", judged.step_l1},
          {"reduced_share", judged.reduced_share},
          {"reduced_l1", number(judged.reduced_l1)},
          {"walls", walls}};
}

std::string judgement_text(const Judgement& judged) {
  const std::string walls = walls_text(judged);
  return cells_text(judged) + (walls.empty() ? "" : "; " + walls);
}

std::string judgement_lines(const Judgement& judged) {
  const std::string walls = walls_text(judged);
  return fmt::format("  cells    {}\n", cells_text(judged)) +
         (walls.empty() ? "" : fmt::format("  box      {}\n", walls));
}

std::string last_words(const RunResult& result) {
  std::string text;
  for (const std::string& warning : result.warnings) text += fmt::format("warning: {}\n", warning);
  for (const CheckResult& check : result.checks)
    if (!check.ok)
      text += check.reached ? fmt::format("check fails: {} at t = {:.6g} is {:.6g}, asked {}\n", check.label(),
                                          check.at, check.value, check.bound())
                            : fmt::format("check fails: {}: t = {:.6g} was not reached\n", check.label(), check.at);
  return text;
}

}  // namespace fokker
