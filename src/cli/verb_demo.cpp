#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/base/errors.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/run.hpp"

namespace fokker {
namespace {

constexpr std::string_view demonstration_case = R"(title = "A particle in two wells, noise carries it over the barrier"
[[axis]]
name = "x"
range = [-2.5, 2.5]
cells = 200
boundary = "reflecting"
[sde]
drift = ["x - x^3"]
noise = [["0.7"]]
[initial]
gaussian = { mean = [-1.0], covariance = [[0.02]] }
[time]
end = 4.0
[output]
frames = 4
[compare]
monte_carlo = { particles = 20_000, dt = 5e-3 }
[[check]]
quantity = "agrees"
against = "monte_carlo"
)";

/// p as a row of bars, in eight heights.
std::string bars(const Field& p, double largest) {
  constexpr std::string_view heights[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr Index columns = 50;
  std::string row;
  const Index cells = p.grid->cells();
  for (Index c = 0; c < columns; ++c) {
    double sum = 0;
    const Index from = c * cells / columns, to = (c + 1) * cells / columns;
    for (Index i = from; i < to; ++i) sum += p.values[i];
    const double height = 8 * sum / static_cast<double>(to - from) / largest;
    row += heights[std::clamp(static_cast<int>(std::lround(height)), 0, 8)];
  }
  return row;
}

}  // namespace

int demonstration(const Command& command) {
  Setup setup = build(parse_case(demonstration_case, "demonstration", ".", {}, vocabulary()));
  const RunResult result = run(setup, {});
  if (command.json) {
    say(document(setup, result, std::nullopt), command);
    return exit_ok;
  }
  const double largest = std::max(result.p.values.maxCoeff(), 0.5 * setup.initial.values.maxCoeff());
  const auto& axis = setup.grid->axis(0);
  std::string text = fmt::format("{}: dx = (x - x^3) dt + 0.7 dW\n\n", setup.config.title);
  text +=
      fmt::format("  t = 0  |{}|\n  t = {:<2} |{}|\n", bars(setup.initial, largest), result.t, bars(result.p, largest));
  text += fmt::format("   x from {:<35} to {}\n\n", axis.lower, axis.upper);
  say(text + text_of(document(setup, result, std::nullopt)));
  say("\nThat was a case of 20 lines, solved and held against 20000 particles. Next:\n"
      "  fokker init first        writes first.toml, a case with comments (fokker list starters: others)\n"
      "  fokker check first.toml  says what would run, and why\n"
      "  fokker run first.toml    solves it, into runs/first for ParaView\n"
      "  fokker explain           what every key and word means\n");
  return exit_ok;
}

}  // namespace fokker
