// Figures of runs by what they show: read from an SVG as text, never by bytes; and the record of a run folder that they
// are composed from.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "../scratch.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/run/run_figure.hpp"
#include "fokker/run/run_folder.hpp"
#include "small_case.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

/// A run whose folder is left.
struct Ran {
  Scratch scratch;
  Setup setup;
  RunResult result;
  fs::path folder = scratch.path / "run";
  explicit Ran(const std::string& text, const std::vector<std::string>& overrides = {})
      : setup(setup_of(text, overrides)) {
    const RunFolder kept(folder, false, setup.config);
    result = run(setup, {.folder = folder});
  }
  [[nodiscard]] RunRecord record() const { return RunRecord(folder, setup, json_of(document(setup, result, folder))); }
  [[nodiscard]] std::string svg(const CasePicture& wishes = {}) const { return svg_of(figure_of(record(), wishes)); }
};

bool has(const std::string& svg, const std::string& text) { return svg.find(text) != std::string::npos; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a record reads what the run has written and works out what it has not") {
  const Ran ran(ou);
  const RunRecord own = ran.record(), old(ran.folder);
  REQUIRE(old.frames().size() == 6);
  CHECK(old.frames()[3].t == own.frames()[3].t);
  CHECK(old.frames()[3].t == doctest::Approx(0.3));
  CHECK(old.witnesses(2) == std::vector<std::string>{"exact"});
  CHECK(old.density(5).values == ran.result.p.values);
  CHECK(old.array(5, "nothing").empty());
  const FieldValues read = old.field(5, "current"), made = own.field(5, "current"), drift = old.field(5, "drift");
  CHECK(read.x == made.x);
  CHECK(drift.x[0] == doctest::Approx(-ran.setup.grid->axis(0).center(0)));
  CHECK(old.table("series.csv")->column("kl_exact")->size() >= 6);  // empty between frames
  CHECK_FALSE(old.table("passage.csv"));
  CHECK(own.summary()["compare"].contains("exact"));
  CHECK(old.summary().is_null());
  CHECK_THROWS_WITH_AS(RunRecord(ran.scratch.path / "absent"), doctest::Contains("is no folder of a run"), UsageError);
}

TEST_CASE("the figure of a run that did not come to its end says how far it went") {
  const Ran ran(ou);
  CHECK_FALSE(has(ran.svg(), "Drawn up to"));
  fs::remove(ran.folder / "density_000005.vti");
  CHECK(has(svg_of(figure_of(RunRecord(ran.folder), {})),
            "This run is not finished: it has no summary yet. Drawn up to t = 0.4 of 0.5."));
}

TEST_CASE("frames that are tables are drawn with what they hold") {
  const Ran ran(ou, {"output.formats=[\"npy\"]"});
  RunRecord own = ran.record();
  for (const KeptFrame& frame : ran.result.kept) own.remember(frame.t, frame.arrays);
  REQUIRE(own.frames().size() == 6);
  CHECK(own.witnesses(2).empty());
  CHECK(own.witnesses(5) == std::vector<std::string>{"exact"});  // at hand, though no table holds it
  CHECK(has(svg_of(figure_of(own, {.times = {own.frames()[2].t}})), "density"));
}

TEST_CASE("frames as arrays and tables have the times of their numbers") {
  for (const char* format : {"npy", "csv"}) {
    const Ran ran(ou, {std::string("output.formats=[\"") + format + "\"]"});
    const RunRecord old(ran.folder);
    REQUIRE(old.frames().size() == 6);
    CHECK(old.frames()[2].t == doctest::Approx(0.2));
    CHECK(old.density(5).values == ran.result.p.values);
    CHECK(has(ran.svg(), "t = 0.5"));
  }
}

TEST_CASE("a figure in 1D shows times and witnesses and space and time") {
  const Ran ran(ou, {"compare.monte_carlo.particles=500", "compare.monte_carlo.dt=0.1", "compare.spectral=true"});
  const std::string svg = ran.svg();
  for (const char* text : {"<title>OU</title>", ">t = 0<", ">t = 0.5<", ">exact<", ">particles ±1σ<", ">spectral<",
                           ">current<", ">distance from witnesses<", ">noise alone<"})
    CHECK_MESSAGE(has(svg, text), text);
  CHECK(count(svg, "<image ") == 2);  // space and time, and its colours
  const RunRecord drawn = ran.record();
  write_figures(drawn.folder(), figure_of(drawn, {}));
  CHECK(fs::file_size(ran.folder / "figure.png") > 10000);
  CHECK(fs::exists(ran.folder / "figure.svg"));
}

TEST_CASE("a figure in 2D shows frames on one scale and contours and streamlines and marginals") {
  const Ran ran(ou_2d);
  const std::string svg = ran.svg();
  for (const char* text : {">t = 0<", ">t = 0.3<", ">over x alone<", ">over y alone<", "50, 90, 99 % of the mass",
                           "red lines follow the current", ">x_lower<", "first passages"})
    CHECK_MESSAGE(has(svg, text), text);
  CHECK(count(svg, "fokker-curve fokker-white") == 4);  // contours of four frames
  CHECK(count(svg, "fokker-area fokker-red") > 4);      // heads of arrows
}

TEST_CASE("axes have their labels and units and densities are per unit and one unit is one scale") {
  const auto equal = [](const Ran& ran, const CasePicture& wishes) {
    return figure_of(ran.record(), wishes).rows.at(0).panels.at(0).equal;
  };
  {
    const Ran ran(ou_2d, {"axis.x.label=\"Länge <1>\"", "axis.x.unit=\"µm\"", "axis.y.unit=\"µm\""});
    const std::string svg = ran.svg();
    for (const char* text : {">Länge &lt;1&gt; [µm]<", ">y [µm]<", ">over Länge &lt;1&gt; alone<", "1/µm²]<", "1/µm]<"})
      CHECK_MESSAGE(has(svg, text), text);
    CHECK(equal(ran, {}));
    CHECK_FALSE(equal(ran, {.aspect = "free"}));
  }
  const Ran unlike(ou_2d, {"axis.x.unit=\"m\"", "axis.y.unit=\"m/s\""});
  CHECK(has(unlike.svg(), "1/(m (m/s))]<"));
  CHECK_FALSE(equal(unlike, {}));
  CHECK(equal(unlike, {.aspect = "equal"}));
}

TEST_CASE("what a case wishes is shown and what cannot be is refused") {
  const Ran ran(ou);
  const std::string svg = ran.svg({.times = {0.2}, .fields = {"score"}, .log = true});
  CHECK(has(svg, ">t = 0.2<"));
  CHECK_FALSE(has(svg, ">t = 0.5<"));
  CHECK(has(svg, ">score<"));
  CHECK_FALSE(has(svg, ">current<"));
  CHECK(has(svg, ">10⁻⁶<"));
  CHECK_THROWS_WITH_AS(ran.svg({.times = {0.25}, .fields = {}}),
                       "picture: there is no frame at t = 0.25; the nearest of 6 is at t = 0.2", UsageError);
  CHECK_THROWS_WITH_AS(setup_of(ou, {"output.picture.times=[0.25]"}),
                       doctest::Contains("must be an output time; the nearest is 0.2"), CaseError);
  CHECK(setup_of(ou, {"output.picture={ log = true }"}).config.output.picture.log);
}

TEST_CASE("a reversal is shown beside what it began with") {
  const std::string text = std::string(ou) + "[reverse]\nlambda = [0, 1]\n";
  const Ran ran(text);
  REQUIRE(ran.result.reverse);
  const std::string svg = ran.svg();
  for (const char* words : {">there<", ">back, λ = 0<", ">back, λ = 1<", ">what came back to t = 0<", ">λ = 0<",
                            ">λ = 1<", ">initial density<"})
    CHECK_MESSAGE(has(svg, words), words);
}

TEST_CASE("values that are negative or lost or nothing at all leave a figure") {
  Ran ran(ou);
  const auto with = [&](double value, bool everywhere) {
    RunRecord record = ran.record();
    std::vector<double> p(120, everywhere ? value : 0.0);
    p[60] = value;
    p[20] = everywhere ? value : 1e-3;
    for (const RecordedFrame& frame : record.frames()) record.remember(frame.t, {{"p", p}});
    const figure::Figure made = figure_of(record, {});
    CHECK(figure_bytes(made, ".png").size() > 1000);
    return svg_of(made);
  };
  const std::string negative = with(-0.3, false);
  CHECK(count(negative, ">negative<") >= 2);  // in the curves and beside the colours
  CHECK(has(with(NAN, false), ">not finite<"));
  CHECK(has(with(INFINITY, true), "</svg>"));
  CHECK(has(with(0.0, true), "</svg>"));
  CHECK(has(with(1e-300, false), "</svg>"));
  CHECK(has(with(1e300, false), ">not finite<"));
}

TEST_CASE("tables are drawn by their columns") {
  const Scratch scratch;
  const fs::path series = scratch.write("series.csv", "t,mass,mean_x,kl_exact\n0,1,2,\n1,1,1,0.5\n2,1,0.5,\n");
  const std::string svg = svg_of(figure_of_table(series, {}, false));
  CHECK(has(svg, ">mean_x<"));
  CHECK(has(svg, ">kl_exact<"));
  CHECK_THROWS_WITH_AS(figure_of_table(series, {"mean_z"}, false),
                       doctest::Contains("has no column mean_z, it has t, mass, mean_x, kl_exact"), UsageError);
  const fs::path levels = scratch.write("converge.csv", "h,l1,order,steps\n0.1,4e-3,nan,10\n0.05,1e-3,2,20\n");
  CHECK(has(svg_of(figure_of_table(levels, {}, false)), ">measured, order 2.00 on the finest pair<"));
  const fs::path other = scratch.write("other.csv", "a,b\n1,2\n");
  CHECK_THROWS_WITH_AS(figure_of_table(other, {}, false), doctest::Contains("neither a column t"), UsageError);
}
