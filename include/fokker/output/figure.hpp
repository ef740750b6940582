#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A figure as data, drawn by one layout to PNG and PDF (cairo) or SVG. Lengths of the page are in pixels of the SVG;
/// a PNG has twice as many.
namespace fokker::figure {

/// Colours that differ in print and to the colour-blind (Okabe and Ito 2008); `ink` is the text's own, so that a page
/// may turn it light.
enum class Hue { ink, pale, blue, orange, green, purple, sky, red, white };

struct Paint {
  Hue hue = Hue::ink;
  double opacity = 1;
  std::optional<double> shade = {};  ///< in [0, 1]: of the sequential colour map, in place of `hue`
};

enum class Dash { solid, dashed, dotted };

/// A polyline; it is broken where a coordinate is not finite.
struct Line {
  std::vector<double> x = {}, y = {};
  Paint paint = {};
  double width = 1.6;
  Dash dash = Dash::solid;
  std::string label = {};  ///< in the legend; none without
  bool arrow = false;      ///< a head in the middle
};

/// The area between two curves.
struct Band {
  std::vector<double> x = {}, lower = {}, upper = {};
  Paint paint = {};
  std::string label = {};
};

/// Steps, with a band of +- `deviation` where there is one.
struct Histogram {
  std::vector<double> edges = {};  ///< one more than heights
  std::vector<double> heights = {}, deviation = {};
  Paint paint = {};
  std::string label = {};
};

enum class ColourMap { sequential, diverging };

/// What colours mean; panels that name the same scale can be compared.
struct ColourScale {
  double lower = 0, upper = 1;
  bool log = false;  ///< lower > 0; values at or below it have its colour
  ColourMap map = ColourMap::sequential;
  std::string label = {}, unit = {};
  bool negative = false, not_finite = false;  ///< values that are have a colour of their own, and a key to it
};

/// Cell averages between edges, the first axis fastest, the second upwards.
struct CellImage {
  std::vector<double> x_edges = {}, y_edges = {}, values = {};
  int scale = 0;        ///< of Figure::scales
  bool blocks = false;  ///< not interpolated, also on logarithmic axes; where there is no number nothing is drawn
};

/// Lines of equal value through cell averages.
struct Contours {
  std::vector<double> x_edges = {}, y_edges = {}, values = {};
  std::vector<double> levels = {};
  Paint paint = {};
  double width = 1;
  Dash dash = Dash::solid;
  std::string label = {};
};

/// Vectors at points, in units of the axes per something: the longest is drawn `longest` pixels long.
struct Arrows {
  std::vector<double> x = {}, y = {}, u = {}, v = {};
  Paint paint = {};
  double longest = 22;
  std::string label = {};
};

struct Points {
  std::vector<double> x = {}, y = {};
  Paint paint = {};
  double radius = 2.5;
  std::string label = {};
};

/// A vertical or a horizontal line across the panel.
struct Rule {
  bool vertical = true;
  double at = 0;
  Paint paint = {Hue::pale};
  Dash dash = Dash::dashed;
  std::string label = {};
};

/// Words in a corner of the panel: left or right, top or bottom.
struct Note {
  std::string text;
  bool right = false, bottom = false;
  Paint paint = {};
};

using Mark = std::variant<CellImage, Band, Histogram, Line, Contours, Arrows, Points, Rule, Note>;

struct FigureAxis {
  std::string label = {}, unit = {};
  double lower = 0, upper = 1;
  bool log = false;
  bool numbers = true;  ///< at the ticks; the label goes with them
};

struct Panel {
  std::string title = {};
  FigureAxis x = {}, y = {};
  std::vector<Mark> marks = {};
  double width = 1;         ///< its part of the row
  bool equal = false;       ///< a unit of one axis is as long as one of the other
  bool colour_bar = false;  ///< of the scale of its first image, on its right
};

struct PanelRow {
  double height = 200;  ///< of the panels' boxes
  std::vector<Panel> panels = {};
};

struct Figure {
  std::string title = {}, subtitle = {};
  std::vector<PanelRow> rows = {};
  std::vector<ColourScale> scales = {};
  double width = 640;
};

/// Levels of cell averages (on cells of one size) whose superlevel sets hold these fractions of the positive mass, in
/// the order of the fractions; fewer where there is none.
[[nodiscard]] std::vector<double> levels_of_mass(const std::vector<double>& values,
                                                 const std::vector<double>& fractions);

/// The figure as an SVG element of its own: text stays text, lines of ink and words are drawn in `currentColor`, parts
/// have classes (fokker-figure, fokker-paper, fokker-ink, fokker-blue ..., fokker-curve, fokker-area, fokker-image),
/// and nothing has an id, so that several may stand in one page. The same figure gives the same text.
[[nodiscard]] std::string svg_of(const Figure& figure);

/// By its extension: .png, .pdf or .svg. Atomic. Throws UsageError for another extension, FileError.
void write_figure(const std::filesystem::path& path, const Figure& figure);
/// The bytes that such a file (".png", ".pdf", ".svg") holds.
[[nodiscard]] std::string figure_bytes(const Figure& figure, std::string_view extension);

/// "" where words can be drawn in PNG and PDF; else what is missing.
[[nodiscard]] std::string font_problem();

}  // namespace fokker::figure
