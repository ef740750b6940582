#include <fmt/format.h>

#include <cmath>

#include "canvas.hpp"
#include "colours.hpp"
#include "fokker/output/markup.hpp"

namespace fokker::figure {
namespace {

/// Hundredths of a pixel are enough.
std::string number(double value) {
  std::string text = fmt::format("{:.2f}", value);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

/// Its own writer, so that words stay words, nothing has an id, and the colours of ink are the page's.
class SvgCanvas final : public Canvas {
 public:
  SvgCanvas(double width, double height, const std::string& title) {
    text_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fokker-figure\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
        "height=\"{1}\" role=\"img\" color=\"{2}\" font-family=\"'DejaVu Sans', Verdana, sans-serif\" "
        "font-size=\"11\">\n<title>{3}</title>\n",
        number(width), number(height), hex(colour_of({})), markup_text(title));
  }

  void paper(const Box& box) override {
    text_ +=
        fmt::format("<rect class=\"fokker-paper\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#ffffff\"/>\n",
                    number(box.left), number(box.top), number(box.width), number(box.height));
  }

  void stroke(const std::vector<Polyline>& lines, const Paint& paint, double width, Dash dash) override {
    const std::string data = path(lines, false);
    if (data.empty()) return;
    text_ +=
        fmt::format("<path class=\"fokker-curve fokker-{}\" d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"",
                    name_of(paint), data, colour(paint), number(width));
    if (dash != Dash::solid)
      text_ += fmt::format(" stroke-dasharray=\"{}\"", dash == Dash::dashed ? "6 3.5" : "1.5 2.5");
    text_ += opacity(paint) + " stroke-linejoin=\"round\"/>\n";
  }

  void fill(const std::vector<Polyline>& areas, const Paint& paint) override {
    const std::string data = path(areas, true);
    if (data.empty()) return;
    text_ += fmt::format("<path class=\"fokker-area fokker-{}\" d=\"{}\" fill=\"{}\"{}/>\n", name_of(paint), data,
                         colour(paint), opacity(paint));
  }

  void image(const Box& box, const Raster& raster) override {
    text_ += fmt::format(
        "<image class=\"fokker-image\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
        "href=\"data:image/png;base64,{}\"/>\n",
        number(box.left), number(box.top), number(box.width), number(box.height), base64(png_of(raster)));
  }

  void text(Pixel at, const std::string& text, const Words& words, const Paint& paint) override {
    constexpr const char* anchors[] = {"start", "middle", "end"};
    const std::string x = number(at.x), y = number(at.y);
    text_ += fmt::format("<text class=\"fokker-{}\" x=\"{}\" y=\"{}\" fill=\"{}\" font-size=\"{}\"", name_of(paint), x,
                         y, colour(paint), number(words.size));
    if (words.align != Align::left) text_ += fmt::format(" text-anchor=\"{}\"", anchors[static_cast<int>(words.align)]);
    if (words.bold) text_ += " font-weight=\"bold\"";
    if (words.upwards) text_ += fmt::format(" transform=\"rotate(-90 {} {})\"", x, y);
    text_ += fmt::format("{}>{}</text>\n", opacity(paint), markup_text(text));
  }

  /// An element in an element cuts off what is outside of it, without an id.
  void clip(const Box& box) override {
    text_ += fmt::format("<svg x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{3}\" viewBox=\"{0} {1} {2} {3}\">\n",
                         number(box.left), number(box.top), number(box.width), number(box.height));
  }
  void unclip() override { text_ += "</svg>\n"; }

  /// A page may hold many figures.
  [[nodiscard]] double pixels() const override { return 1.25; }
  std::string bytes() override { return text_ + "</svg>\n"; }

 private:
  static std::string colour(const Paint& paint) {
    return paint.hue == Hue::ink && !paint.shade ? "currentColor" : hex(colour_of(paint));
  }
  static std::string opacity(const Paint& paint) {
    return paint.opacity >= 1 ? "" : fmt::format(" opacity=\"{}\"", number(paint.opacity));
  }
  static std::string path(const std::vector<Polyline>& lines, bool closed) {
    std::string data;
    for (const Polyline& line : lines) {
      for (std::size_t k = 0; k < line.size(); ++k)
        data += fmt::format("{}{} {}", k == 0 ? 'M' : 'L', number(line[k].x), number(line[k].y));
      if (closed && !line.empty()) data += 'Z';
    }
    return data;
  }

  std::string text_;
};

}  // namespace

std::unique_ptr<Canvas> svg_canvas(double width, double height, const std::string& title) {
  return std::make_unique<SvgCanvas>(width, height, title);
}

}  // namespace fokker::figure
