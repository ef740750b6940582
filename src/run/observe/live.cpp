#include "fokker/run/observe/live.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "fokker/output/colour_map.hpp"

namespace fokker {
namespace {

using Clock = std::chrono::steady_clock;
using Colours = LiveScreen::Colours;

constexpr int margin = 12;  // of columns, for the numbers at the axis

/// Averages of piecewise constant values over `parts` equal parts of a line of `cells`; `stride` apart.
struct Part {
  Index first = 0, last = 0;         // cells
  double of_first = 1, of_last = 1;  // how much of them is in it [cells]
};
Part part_of(Index cells, int parts, int k) {
  const double width = static_cast<double>(cells) / parts, from = k * width, to = (k + 1) * width;
  const auto first = std::min(cells - 1, static_cast<Index>(from));
  const auto last = std::clamp(static_cast<Index>(std::ceil(to)) - 1, first, cells - 1);
  if (first == last) return {first, last, to - from, to - from};
  return {first, last, static_cast<double>(first + 1) - from, to - static_cast<double>(last)};
}
double weight(const Part& part, Index cell) {
  return cell == part.first ? part.of_first : cell == part.last ? part.of_last : 1;
}

/// `across` averages along the first axis for each of `up` along the second, the lowest first.
std::vector<double> averages(const Field& p, int across, int up) {
  const Index nx = p.grid->nx(), ny = p.grid->cells() / nx;
  std::vector<double> all;
  all.reserve(static_cast<std::size_t>(across) * static_cast<std::size_t>(up));
  for (int j = 0; j < up; ++j) {
    const Part y = part_of(ny, up, j);
    for (int i = 0; i < across; ++i) {
      const Part x = part_of(nx, across, i);
      double sum = 0, weights = 0;
      for (Index b = y.first; b <= y.last; ++b)
        for (Index a = x.first; a <= x.last; ++a) {
          const double w = weight(x, a) * weight(y, b);
          sum += w * p.values[a + nx * b];
          weights += w;
        }
      all.push_back(sum / weights);
    }
  }
  return all;
}

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double v : values)
    if (std::isfinite(v)) most = std::max(most, v);
  return most;
}

/// The least of 1, 1.5, 2, 3, ... times a power of ten that is not below: heights that do not tremble.
double round_up(double value) {
  if (!(value > 0)) return 1;
  const double ten = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0})
    if (value <= step * ten) return step * ten;
  return 10 * ten;
}

/// A character of braille with these of its eight dots.
std::string braille(unsigned dots) {
  return {static_cast<char>(0xE2), static_cast<char>(0xA0 | (dots >> 6U)), static_cast<char>(0x80 | (dots & 63U))};
}

/// Its ends below those of a picture, its name in the middle.
std::string axis_line(const Axis& axis, int width) {
  const std::string left = fmt::format("{:.4g}", axis.lower), right = fmt::format("{:.4g}", axis.upper);
  const int gap = width - static_cast<int>(left.size() + right.size());
  return std::string(margin, ' ') + left + fmt::format("{:^{}}", axis.name, std::max(1, gap)) + right;
}

std::vector<std::string> curve_lines(const Field& p, LiveScreen::Size size, Colours colours) {
  const int width = std::min(size.columns - margin - 1, 120), height = std::clamp(size.rows - 5, 4, 16);
  const std::vector<double> values = averages(p, 2 * width, 1);
  const double top = round_up(largest(values));
  std::vector<unsigned> dots(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0);
  constexpr unsigned bits[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};
  int before = -1;
  for (int c = 0; c < 2 * width; ++c) {
    const double value = values[static_cast<std::size_t>(c)];
    if (!std::isfinite(value)) {
      before = -1;
      continue;
    }
    const int at = std::clamp(static_cast<int>(std::lround(value / top * (4 * height - 1))), 0, 4 * height - 1);
    const int from = before < 0 ? at : before;
    for (int y = std::min(at, from); y <= std::max(at, from); ++y) {
      const int down = 4 * height - 1 - y;
      dots[static_cast<std::size_t>(down / 4 * width + c / 2)] |= bits[c % 2][down % 4];
    }
    before = at;
  }
  std::vector<std::string> lines;
  for (int r = 0; r < height; ++r) {
    std::string line = fmt::format("{:>{}} │",
                                   r == 0            ? fmt::format("{:.3g}", top)
                                   : r + 1 == height ? "0"
                                                     : "",
                                   margin - 2);
    if (colours != Colours::none) line += "\033[36m";
    for (int c = 0; c < width; ++c) line += braille(dots[static_cast<std::size_t>(r * width + c)]);
    if (colours != Colours::none) line += "\033[0m";
    lines.push_back(std::move(line));
  }
  lines.push_back(axis_line(p.grid->axis(0), width));
  return lines;
}

using Rgb = std::array<std::uint8_t, 3>;

/// "\033[38;...m" (48: of what is behind) for a colour.
std::string escape(int what, Rgb colour, Colours colours) {
  if (colours == Colours::all) return fmt::format("\033[{};2;{};{};{}m", what, colour[0], colour[1], colour[2]);
  const auto sixth = [](int v) { return (v * 5 + 127) / 255; };
  return fmt::format("\033[{};5;{}m", what, 16 + 36 * sixth(colour[0]) + 6 * sixth(colour[1]) + sixth(colour[2]));
}

Rgb colour_of(double value, double top) {
  if (!std::isfinite(value)) return {150, 150, 150};
  if (value < -1e-6 * top) return {214, 39, 40};
  return figure::sequential_colour(std::clamp(value / top, 0.0, 1.0));
}

const char* shade_of(double value, double top) {
  constexpr const char* shades[] = {" ", "░", "▒", "▓", "█"};
  if (!std::isfinite(value)) return "?";
  if (value < -1e-6 * top) return "-";
  return shades[static_cast<std::size_t>(std::clamp(std::lround(4 * value / top), 0L, 4L))];
}

std::vector<std::string> image_lines(const Field& p, LiveScreen::Size size, Colours colours) {
  const int most = std::min(size.columns - margin - 1, 96), height = std::clamp(size.rows - 6, 3, (3 * most + 7) / 8),
            width = std::min(most, 4 * height);
  const bool plain = colours == Colours::none;
  const int up = plain ? height : 2 * height;
  const std::vector<double> values = averages(p, width, up);
  const double top = largest(values) > 0 ? largest(values) : 1;
  const auto at = [&](int i, int down) { return values[static_cast<std::size_t>((up - 1 - down) * width + i)]; };
  const Axis& y = p.grid->axis(1);
  std::vector<std::string> lines;
  for (int r = 0; r < height; ++r) {
    const double end = r == 0 ? y.upper : y.lower;
    std::string line = fmt::format("{:>{}} │",
                                   r == 0 || r + 1 == height ? fmt::format("{:.4g}", end)
                                   : r == height / 2         ? y.name
                                                             : "",
                                   margin - 2);
    std::string before;
    for (int i = 0; i < width; ++i) {
      if (plain) {
        line += shade_of(at(i, r), top);
        continue;
      }
      std::string paint =
          escape(38, colour_of(at(i, 2 * r), top), colours) + escape(48, colour_of(at(i, 2 * r + 1), top), colours);
      if (paint != before) line += paint;
      before = std::move(paint);
      line += "▀";
    }
    if (!plain) line += "\033[0m";
    lines.push_back(std::move(line));
  }
  lines.push_back(axis_line(p.grid->axis(0), width));
  std::string key = fmt::format("{:>{}}  0 ", "p", margin - 2);
  for (int k = 0; k < 12; ++k) key += plain ? shade_of(k, 11) : escape(48, colour_of(k, 11), colours) + " ";
  lines.push_back(key + fmt::format("{} {:.3g}", plain ? "" : "\033[0m", top));
  return lines;
}

class Live : public Observer {
 public:
  Live(const Setup& setup, std::shared_ptr<LiveScreen> screen)
      : screen_(std::move(screen)), end_(setup.config.time.end) {}

  void begin(const Moment& now) override {
    start_ = last_ = Clock::now();
    began_at_ = now.t;
  }

  void after_step(const Moment& now) override {
    if (Clock::now() - last_ >= std::chrono::milliseconds(100)) draw_if_cheap(now);
  }

  void end(const Moment& now) override {
    if (drawn_) draw_if_cheap(now);
  }

 private:
  void draw_if_cheap(const Moment& now) {
    constexpr double most_of_the_time = 0.01, first_guess = 5e-4;
    const Clock::time_point begin = Clock::now();
    const double elapsed = std::chrono::duration<double>(begin - start_).count();
    if (spent_ + (drawn_ ? dearest_ : first_guess) > most_of_the_time * elapsed) return;
    draw(now, elapsed);
    last_ = Clock::now();
    const double cost = std::chrono::duration<double>(last_ - begin).count();
    dearest_ = std::max(dearest_, cost);
    spent_ += cost;
    drawn_ = true;
  }

  void draw(const Moment& now, double elapsed) {
    const LiveScreen::Size size = screen_->size();
    if (size.columns <= 0) return;
    std::vector<std::string> lines = live_picture(*now.p, size, screen_->colours());
    const double done = end_ > began_at_ ? (now.t - began_at_) / (end_ - began_at_) : 1;
    std::string words = fmt::format("t = {:.4g} of {:.4g}  dt = {:.2g}  mass error {:.1e}  {}", now.t, end_, now.dt,
                                    now.balance->mass_error, time_left(done, elapsed));
    if (now.balance->min < 0) words += fmt::format("  min p {:.1e}", now.balance->min);
    lines.push_back(words.substr(0, static_cast<std::size_t>(size.columns - 1)));
    screen_->draw(lines);
  }

  std::shared_ptr<LiveScreen> screen_;
  double end_, began_at_ = 0;
  Clock::time_point start_, last_;
  double spent_ = 0, dearest_ = 0;  // [s]
  bool drawn_ = false;
};

}  // namespace

std::vector<std::string> live_picture(const Field& p, LiveScreen::Size size, Colours colours) {
  if (size.columns < fewest_live_columns || size.rows < fewest_live_rows) return {};
  return p.grid->dimension() == 1 ? curve_lines(p, size, colours) : image_lines(p, size, colours);
}

std::unique_ptr<Observer> make_live(const Setup& setup, std::shared_ptr<LiveScreen> screen) {
  return std::make_unique<Live>(setup, std::move(screen));
}

}  // namespace fokker
