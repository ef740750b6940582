// Freezes what view.py is told of its run: words that Python reads back as they were, whatever they hold, and which
// currents are none. That ParaView takes it is looked at by tools/paraview_check.
#include <doctest/doctest.h>

#include <filesystem>

#include "../../../src/run/observe/view_script.hpp"
#include "../scratch.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/run/run_folder.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

/// view.py of a case at its start, "" where there is none.
std::string script_of(const std::string& text, const std::vector<std::string>& overrides) {
  const Scratch scratch;
  const Setup setup = setup_of(text, overrides);
  write_view_script(setup, 0, setup.initial, scratch.path);
  CHECK(is_run_file("view.py"));
  return std::filesystem::exists(scratch.path / "view.py") ? read_file(scratch.path / "view.py") : "";
}

const std::string ring = square(16) + R"([sde]
drift = ["-x - 2*y", "2*x - y"]
diffusion = [["0.5", 0], [0, "0.5"]]
[initial]
gaussian = { mean = [0, 0], covariance = [[0.5, 0], [0, 0.5]] }
[time]
end = 1
)";

}  // namespace

TEST_CASE("view.py says title and axes and what they are per in literals of Python") {
  const std::string script = script_of(ou, {R"(title="a \"b\" \\ $x$\n{t} µ")", "axis.x.label=\"Ort\"",
                                            "axis.x.unit=\"µm\"", "output.picture={log=true}"});
  for (const char* line :
       {R"(TITLE = "a \"b\" \\ $x$\\u000a{t} µ")", R"(AXES = ["Ort [µm]", ])", "PERIODIC = [False, ]",
        R"(DENSITY = "density [1/µm]")", "LOG = True ", "EQUAL = False ", "BALANCED = 0 "})
    CHECK_MESSAGE(script.find(std::string("\n") + line) != std::string::npos, script.substr(0, 900));
  CHECK(script.ends_with("main()\n"));
}

TEST_CASE("there is no view.py where frames are tables or hold no p") {
  CHECK(script_of(ou, {"output.formats=[\"csv\"]"}).empty());
  CHECK(script_of(ou, {"output.fields=[\"current\"]"}).empty());
  CHECK_FALSE(script_of(ou, {"output.formats=[\"csv\", \"vti\"]"}).empty());
}

TEST_CASE("a current of a plane is one from a small part of its drift on") {
  const std::string script = script_of(ring, {"output.fields=[\"p\", \"current\"]"});
  const std::size_t at = script.find("\nBALANCED = ");
  REQUIRE(at != std::string::npos);
  // int p |f| dx = sqrt(5) <|x|>, and <|x|> = sqrt(pi/2) s; the sum over cells is that by the area of one
  const double sum = 1e-2 * std::sqrt(5.0) * std::sqrt(std::numbers::pi / 2 * 0.5) / 0.25;
  CHECK(std::stod(script.substr(at + 12)) == doctest::Approx(sum).epsilon(0.02));
}
