#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fokker/output/figure.hpp"

namespace fokker::figure {

struct Pixel {
  double x = 0, y = 0;
};
using Polyline = std::vector<Pixel>;

struct Box {
  double left = 0, top = 0, width = 0, height = 0;
  [[nodiscard]] double right() const { return left + width; }
  [[nodiscard]] double bottom() const { return top + height; }
};

/// Red, green, blue of every pixel, rows from top to bottom.
struct Raster {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
};

enum class Align { left, centre, right };
struct Words {
  double size = 11;
  bool bold = false;
  Align align = Align::left;
  bool upwards = false;
};

/// What a figure is drawn on; y grows downwards.
class Canvas {
 public:
  virtual ~Canvas() = default;
  virtual void paper(const Box& box) = 0;
  virtual void stroke(const std::vector<Polyline>& lines, const Paint& paint, double width, Dash dash) = 0;
  virtual void fill(const std::vector<Polyline>& areas, const Paint& paint) = 0;
  virtual void image(const Box& box, const Raster& raster) = 0;
  /// Its baseline begins, is centred or ends at the point. UTF-8 that is whole, without control characters.
  virtual void text(Pixel at, const std::string& text, const Words& words, const Paint& paint) = 0;
  /// Until `unclip`, nothing is drawn outside.
  virtual void clip(const Box& box) = 0;
  virtual void unclip() = 0;
  /// Of an image, along a pixel of the page.
  [[nodiscard]] virtual double pixels() const { return 2; }
  /// The whole file.
  [[nodiscard]] virtual std::string bytes() = 0;
};

[[nodiscard]] std::unique_ptr<Canvas> svg_canvas(double width, double height, const std::string& title);
[[nodiscard]] std::unique_ptr<Canvas> png_canvas(double width, double height);
[[nodiscard]] std::unique_ptr<Canvas> pdf_canvas(double width, double height, const std::string& title);
[[nodiscard]] std::string png_of(const Raster& raster);

/// The text without control characters and without bytes that are no UTF-8 (a replacement character each).
[[nodiscard]] std::string clean_text(std::string_view text);
/// About as wide as in DejaVu Sans, whatever fonts there are: all canvases get the same layout.
[[nodiscard]] double text_width(std::string_view text, double size, bool bold = false);
/// Cut with an ellipsis where it is wider.
[[nodiscard]] std::string fitted(const std::string& text, double width, double size, bool bold = false);

/// Draws it all.
void draw(const Figure& figure, Canvas& canvas);
/// What the rows need.
[[nodiscard]] double height_of(const Figure& figure);

}  // namespace fokker::figure
