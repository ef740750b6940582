// The terminal that --live draws on.
#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"

namespace fokker {
namespace {

std::atomic<bool> went_on{false};  // after a SIGTSTP: the shell has written below the picture
void note_going_on(int) { went_on = true; }

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// Between two pictures the cursor stands below, shown, with no colour set: whatever ends the program leaves the
/// terminal as it was.
class Terminal : public LiveScreen {
 public:
  Terminal() {
    went_on = false;
    struct sigaction noted {};
    noted.sa_handler = note_going_on;
    noted.sa_flags = SA_RESTART;
    ::sigaction(SIGCONT, &noted, &before_);
  }
  ~Terminal() override { ::sigaction(SIGCONT, &before_, nullptr); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] Size size() const override {
    if (const pid_t front = ::tcgetpgrp(STDERR_FILENO); front > 0 && front != ::getpgrp())
      return {};  // in the background
    winsize window{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0) return {80, 24};
    return {window.ws_col, window.ws_row};
  }

  [[nodiscard]] Colours colours() const override {
    if (!variable("NO_COLOR").empty()) return Colours::none;
    const std::string_view depth = variable("COLORTERM");
    return depth == "truecolor" || depth == "24bit" ? Colours::all : Colours::few;
  }

  void draw(const std::vector<std::string>& lines) override {
    const int rows = size().rows;
    std::string text = "\033[?25l";
    const auto up = std::min<std::size_t>(drawn_, static_cast<std::size_t>(std::max(1, rows) - 1));
    if (up > 0 && !went_on.exchange(false)) text += fmt::format("\033[{}A\r", up);
    for (const std::string& line : lines) text += line + "\033[K\r\n";
    draw_on_stderr(text + "\033[J\033[?25h");
    drawn_ = lines.size();
  }

 private:
  struct sigaction before_ {};
  std::size_t drawn_ = 0;  // lines
};

}  // namespace

std::shared_ptr<LiveScreen> live_screen(const Command& command) {
  if (!command.live) return nullptr;
  if (stderr_draws()) return std::make_shared<Terminal>();
  tell_note("--live: stderr is no terminal that can draw; the run goes on without its picture");
  return nullptr;
}

}  // namespace fokker
