#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "font.hpp"

namespace fokker::picture {

struct Color {
  std::uint8_t red = 0, green = 0, blue = 0;
};

/// Pixel coordinates: x to the right, y down, pixel (i, j) covers [i, i + 1) x [j, j + 1).
struct Pixel {
  double x = 0, y = 0;
};
struct Box {
  int left = 0, top = 0, width = 0, height = 0;
  [[nodiscard]] int right() const { return left + width; }
  [[nodiscard]] int bottom() const { return top + height; }
};

enum class Align { left, center, right };

/// A white sheet to draw on; what falls outside is cut off.
class Canvas {
 public:
  Canvas(int width, int height);
  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }

  /// Mixes `color` into a pixel; coverage 0 leaves it as it is, 1 replaces it.
  void blend(int x, int y, Color color, double coverage = 1);
  void fill(const Box& box, Color color, double coverage = 1);
  /// A frame of one pixel just outside the box.
  void outline(const Box& box, Color color);
  /// `y` is the top of the line of text.
  void text(int x, int y, std::string_view text, Font font, Color color, Align align = Align::left);
  /// Reads from bottom to top, centred on (x, y).
  void text_upwards(int x, int y, std::string_view text, Font font, Color color);
  /// Anti-aliased, within `clip`; a corner is covered once, a vertex that is not finite breaks the line. `dash` is
  /// the length of strokes and gaps in pixels, 0 for a solid line.
  void polyline(std::span<const Pixel> vertices, double thickness, Color color, const Box& clip, double dash = 0);

  /// Written by VTK's PNG writer, atomically. Throws FileError.
  void write_png(const std::filesystem::path& path) const;

 private:
  int width_, height_;
  std::vector<std::uint8_t> rgb_;  // rows from top to bottom
};

}  // namespace fokker::picture
