// The density in the terminal while it evolves.
#include <doctest/doctest.h>

#include <cmath>
#include <thread>

#include "fokker/run/observe/live.hpp"
#include "fokker/run/run_state.hpp"
#include "small_case.hpp"

using namespace fokker;
using Colours = LiveScreen::Colours;

namespace {

Field density(std::vector<Axis> axes, Index peak) {
  Field p(std::make_shared<const Grid>(std::move(axes)));
  p.values[peak] = 1;
  return p;
}

/// Keeps what is drawn; drawing takes `seconds`.
class Kept : public LiveScreen {
 public:
  explicit Kept(double seconds = 0) : seconds_(seconds) {}
  [[nodiscard]] Size size() const override { return {60, 20}; }
  [[nodiscard]] Colours colours() const override { return Colours::all; }
  void draw(const std::vector<std::string>& lines) override {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds_));
    drawn = lines;
    ++times;
  }
  std::vector<std::string> drawn;
  int times = 0;

 private:
  double seconds_;
};

bool has(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

std::size_t columns_of(const std::string& line) {
  std::size_t columns = 0;
  for (std::size_t k = 0; k < line.size(); ++k) {
    if (line[k] == '\033')
      k = line.find('m', k);
    else
      columns += (static_cast<unsigned char>(line[k]) & 0xC0U) != 0x80U ? 1 : 0;
  }
  return columns;
}

}  // namespace

TEST_CASE("a picture in the terminal has the peak where p has it and stays within the screen") {
  const Axis x{.name = "x", .lower = -1, .upper = 1, .cells = 100},
      y{.name = "y", .lower = 0, .upper = 2, .cells = 100};
  const std::vector<std::string> curve = live_picture(density({x}, 99), {50, 20}, Colours::none);
  REQUIRE(curve.size() == 16);
  CHECK_FALSE(has(curve[0], "\033"));
  const std::string& middle = curve[8];  // the curve rises in the last column
  CHECK(middle.substr(middle.size() - 3) != "⠀");
  CHECK(middle.substr(middle.size() - 9, 3) == "⠀");
  // Cell (99, 99) is at the upper right.
  const std::vector<std::string> image = live_picture(density({x, y}, 9999), {50, 30}, Colours::none);
  CHECK(image[0].ends_with("█"));
  CHECK_FALSE(has(image[1], "█"));
  for (const Colours colours : {Colours::none, Colours::few, Colours::all})
    for (const LiveScreen::Size size : {LiveScreen::Size{40, 9}, {80, 24}, {300, 90}})
      for (const Field& p : {density({x}, 50), density({x, y}, 5050)}) {
        const std::vector<std::string> lines = live_picture(p, size, colours);
        CHECK(lines.size() + 1 < static_cast<std::size_t>(size.rows));
        for (const std::string& line : lines) CHECK(columns_of(line) < static_cast<std::size_t>(size.columns));
      }
  CHECK(live_picture(density({x}, 50), {39, 24}, Colours::none).empty());
  Field lost = density({x}, 50);
  lost.values.setConstant(NAN);
  CHECK(live_picture(lost, {80, 24}, Colours::all).size() > 3);
}

TEST_CASE("drawing waits until it takes no more than a hundredth of the time") {
  const Setup setup = setup_of(ou);
  const RunState state = initial_run_state(setup);
  const Moment now{.t = 0.1, .dt = 0.01, .p = &state.p, .balance = &state.balance};
  const auto cheap = std::make_shared<Kept>(), dear = std::make_shared<Kept>(0.02);
  const auto quick = make_live(setup, cheap), slow = make_live(setup, dear);
  for (const auto& observer : {quick.get(), slow.get()}) observer->begin({.balance = &state.balance});
  for (int k = 0; k < 2; ++k) {
    quick->after_step(now);  // too early
    std::this_thread::sleep_for(std::chrono::milliseconds(105));
    for (const auto& observer : {quick.get(), slow.get()}) observer->after_step(now);
  }
  CHECK(cheap->times == 2);
  CHECK(dear->times == 1);
  CHECK(has(cheap->drawn.back(), "t = 0.1 of 0.5  dt = 0.01  mass error"));
}
