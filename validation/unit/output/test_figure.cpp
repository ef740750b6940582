// Freezes what readers of figures rely on: words are words, lines are where the data is, hostile values and titles do
// no harm, and several figures can stand in one page.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/output/figure.hpp"

using namespace fokker;
using namespace fokker::figure;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

Figure with(std::vector<Mark> marks, FigureAxis x = {"x"}, FigureAxis y = {"y"}) {
  return {.title = "a title", .rows = {{200, {{.x = std::move(x), .y = std::move(y), .marks = std::move(marks)}}}}};
}

}  // namespace

TEST_CASE("words of a figure stay words and nothing in it has an id") {
  Figure figure = with({Line{{0, 1}, {0, 1}, {Hue::blue}, 1.6, Dash::dashed, "exact & <true>"}});
  figure.title = "Zwei Mulden, ünd <b>√2</b> & \"mehr\"\x01\xff";
  const std::string svg = svg_of(figure);
  CHECK(svg.find("<title>Zwei Mulden, ünd &lt;b&gt;√2&lt;/b&gt; &amp; &quot;mehr&quot; \uFFFD</title>") !=
        std::string::npos);
  CHECK(svg.find(">exact &amp; &lt;true&gt;</text>") != std::string::npos);
  CHECK(svg.find(" id=") == std::string::npos);
  CHECK(count(svg, "<svg") == count(svg, "</svg>"));
  CHECK(svg.find("currentColor") != std::string::npos);
  CHECK(svg == svg_of(figure));
}

TEST_CASE("a line is broken where it is not finite and thinned where it is long") {
  const double nan = std::nan("");
  const std::string broken = svg_of(with({Line{{0, 0.1, 0.2, 0.3, 0.4}, {0, 1, nan, 1, 0}, {Hue::blue}}}));
  const std::size_t at = broken.find("fokker-curve fokker-blue");
  REQUIRE(at != std::string::npos);
  CHECK(count(broken.substr(at, broken.find("/>", at) - at), "M") == 2);

  std::vector<double> x, y;
  for (int k = 0; k < 200000; ++k) {
    x.push_back(k / 2e5);
    y.push_back(k == 77777 ? 1.0 : 0.0);  // a peak of one point
  }
  const std::string thin = svg_of(with({Line{x, y, {Hue::blue}}}));
  CHECK(thin.size() < 60000);
  CHECK(svg_of(with({Line{x, std::vector<double>(x.size()), {Hue::blue}}})) != thin);  // the peak is there
}

TEST_CASE("axes of any size have a few short numbers") {
  const auto svg = [](double lower, double upper, bool log = false) {
    return svg_of(with({}, {.label = "x", .unit = "m", .lower = lower, .upper = upper, .log = log}));
  };
  CHECK(svg(0, 3e-300).find(">x [10⁻³⁰⁰ m]<") != std::string::npos);
  CHECK(svg(0, 3e12).find(">x [10¹² m]<") != std::string::npos);
  CHECK(svg(1e12, 1e12 + 4).find(">x [m] + 1000000000000<") != std::string::npos);
  CHECK(svg(1e-9, 1, true).find(">10⁻⁶<") != std::string::npos);
  for (const char* label : {">0.2<", ">0.5<", ">1<", ">5<"}) CHECK(svg(0.13, 7, true).find(label) != std::string::npos);
  CHECK(svg(2e-9, 3e-8, true).find(">5·10⁻⁹<") != std::string::npos);
  CHECK(svg(-1, 1).find(">−0.5<") != std::string::npos);
  CHECK(svg(-1, 1).find(">−0<") == std::string::npos);
  for (const double bad : {0.0, std::nan(""), std::numeric_limits<double>::infinity(), 1e308})
    CHECK(svg(bad, bad).find("</svg>") != std::string::npos);
  CHECK(svg(-1.7e308, 1.7e308).find("</svg>") != std::string::npos);
}

TEST_CASE("contours close around a peak and hold the mass that they say") {
  std::vector<double> edges, values;
  for (int k = 0; k <= 60; ++k) edges.push_back(-3 + 0.1 * k);
  for (int j = 0; j < 60; ++j)
    for (int i = 0; i < 60; ++i)
      values.push_back(std::exp(-(std::pow(-2.95 + 0.1 * i, 2) + std::pow(-2.95 + 0.1 * j, 2)) / 0.5));
  const std::vector<double> levels = levels_of_mass(values, {0.5, 0.9});
  REQUIRE(levels.size() == 2);
  CHECK(levels[0] == doctest::Approx(0.5).epsilon(0.05));  // of a Gaussian: 1 - the mass that is inside
  CHECK(levels[1] == doctest::Approx(0.1).epsilon(0.1));
  const std::string svg =
      svg_of(with({Contours{edges, edges, values, levels, {Hue::orange}}}, {"x", "", -3, 3}, {"y", "", -3, 3}));
  const std::size_t at = svg.find("fokker-curve fokker-orange");
  REQUIRE(at != std::string::npos);
  CHECK(count(svg.substr(at, svg.find("/>", at) - at), "M") == 2);
  CHECK(levels_of_mass(std::vector<double>(9), {0.5}).empty());
}

TEST_CASE("images of any values are drawn and what is negative or lost has a key") {
  const double inf = std::numeric_limits<double>::infinity();
  CellImage image{{0, 1, 2}, {0, 1, 2}, {-1, std::nan(""), inf, 1e300}};
  Figure figure = with({image}, {"x", "", 0, 2}, {"y", "", 0, 2});
  figure.scales = {{.lower = 0, .upper = 1, .label = "density", .negative = true, .not_finite = true}};
  figure.rows[0].panels[0].colour_bar = true;
  const std::string svg = svg_of(figure);
  CHECK(svg.find(">negative<") != std::string::npos);
  CHECK(svg.find(">not finite<") != std::string::npos);
  CHECK(svg.find("data:image/png;base64,iVBOR") != std::string::npos);
  figure.scales[0] = {.lower = 0, .upper = 0, .log = true};
  CHECK(svg_of(figure).find("</svg>") != std::string::npos);
}

TEST_CASE("figures are files of three kinds") {
  const Figure figure =
      with({Histogram{{0, 1, 2}, {1, 2}, {0.1, 0.2}, {Hue::orange}, "particles"}, Rule{true, 0.5}, Note{"here"}});
  const std::string png = figure_bytes(figure, ".png"), pdf = figure_bytes(figure, ".pdf");
  CHECK(png.starts_with("\x89PNG"));
  CHECK(static_cast<unsigned char>(png[18]) * 256 + static_cast<unsigned char>(png[19]) ==
        1280);  // twice 640 pixels wide
  CHECK(pdf.starts_with("%PDF"));
  CHECK(figure_bytes(figure, ".pdf") == pdf);
  CHECK_THROWS_WITH_AS(figure_bytes(figure, ".jpg"), "a figure is a .png, a .svg or a .pdf file, not '.jpg'",
                       UsageError);
}
