#pragma once
#include <memory>
#include <string>
#include <vector>

#include "fokker/run/observers.hpp"

namespace fokker {

/// Where a run draws its density while it evolves: lines of text, in place of those before.
class LiveScreen {
 public:
  struct Size {
    int columns = 0, rows = 0;
  };
  enum class Colours { none, few, all };  ///< few: the 256 of xterm
  virtual ~LiveScreen() = default;
  /// As it is now; no columns where nothing may be drawn.
  [[nodiscard]] virtual Size size() const = 0;
  [[nodiscard]] virtual Colours colours() const = 0;
  /// Lines that are as wide as the screen at most, colours taken back at the end of each.
  virtual void draw(const std::vector<std::string>& lines) = 0;
};

inline constexpr int fewest_live_columns = 40, fewest_live_rows = 9;

/// The density as lines: in 1D a curve of braille dots, in 2D half blocks, the second axis upwards, each an average
/// over the cells behind it. Empty where the screen has less than 40 columns or 9 rows.
[[nodiscard]] std::vector<std::string> live_picture(const Field& p, LiveScreen::Size size, LiveScreen::Colours colours);

/// Draws p, t, the step, the error of the mass and the time left: every tenth of a second at most, and never for more
/// than a hundredth of the time that the run has taken.
[[nodiscard]] std::unique_ptr<Observer> make_live(const Setup& setup, std::shared_ptr<LiveScreen> screen);

}  // namespace fokker
