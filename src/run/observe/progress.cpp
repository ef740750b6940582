#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "fokker/run/observers.hpp"

namespace fokker {
namespace {

using Clock = std::chrono::steady_clock;

std::string clock_text(double seconds) {
  if (!(seconds < 359999)) return "--:--";
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

/// [=========>          ]  47 %  t = 4.7  1.2e4 steps/s  83 Mcell/s  00:03 left
class Progress : public Observer {
 public:
  Progress(const Setup& setup, std::function<void(std::string_view)> draw)
      : draw_(std::move(draw)), end_(setup.config.time.end), cells_(static_cast<double>(setup.grid->cells())) {}

  void begin(const Moment&) override { start_ = last_ = Clock::now(); }

  void after_step(const Moment& now) override {
    if (Clock::now() - last_ < std::chrono::milliseconds(100)) return;
    last_ = Clock::now();
    draw(now);
  }

  void end(const Moment&) override {
    if (drawn_) draw_("");
  }

 private:
  void draw(const Moment& now) {
    const double done = now.t / end_, elapsed = std::chrono::duration<double>(last_ - start_).count();
    draw_(fmt::format("{} {:3.0f} %  t = {:.4g}  {:.3g} steps/s  {:.3g} Mcell/s  {}", progress_bar(done), 100 * done,
                      now.t, static_cast<double>(now.step) / elapsed,
                      1e-6 * cells_ * static_cast<double>(now.rhs_evaluations) / elapsed, time_left(done, elapsed)));
    drawn_ = true;
  }

  std::function<void(std::string_view)> draw_;
  double end_, cells_;
  Clock::time_point start_, last_;
  bool drawn_ = false;
};

}  // namespace

std::string progress_bar(double done) {
  constexpr int width = 30;
  const int filled = std::clamp(static_cast<int>(done * width), 0, width), open = std::max(0, width - filled - 1);
  return fmt::format("[{}{}{}]", std::string(static_cast<std::size_t>(filled), '='), filled < width ? ">" : "",
                     std::string(static_cast<std::size_t>(open), ' '));
}

std::string time_left(double done, double elapsed_seconds) {
  return clock_text(done > 0 ? elapsed_seconds * (1 - done) / done : INFINITY) + " left";
}

std::unique_ptr<Observer> make_progress(const Setup& setup, std::function<void(std::string_view)> draw) {
  return std::make_unique<Progress>(setup, std::move(draw));
}

}  // namespace fokker
