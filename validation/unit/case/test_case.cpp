// What an accepted case means: every key lands in its field, defaults are those of the manual, definitions and
// parameters are put in whatever their order, overrides obey the rules of the file, and resolved.toml is the same case.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>

#include "case_support.hpp"
#include "fokker/base/sha256.hpp"
#include "fokker/base/tape.hpp"

using namespace fokker;
using namespace case_support;

namespace {

double at(const Expression& formula, double x, double y, double t = 0) {
  const std::vector<std::string> names = {"x", "y", "t"};
  const std::array<double, 3> values = {x, y, t};
  return evaluate_at(formula, names, values);
}

const std::string minimal = R"(
[[axis]]
name = "x"
range = [-1, 1]
cells = 10
boundary = "periodic"
[sde]
drift = ["-x"]
noise = [[1]]
[initial]
uniform = true
[time]
end = 3
)";

// The same case but for where it was read from.
void check_same(const Case& a, const Case& b) {
  CHECK(a.title == b.title);
  REQUIRE(a.axes.size() == b.axes.size());
  for (std::size_t k = 0; k < a.axes.size(); ++k) {
    CHECK(a.axes[k].name == b.axes[k].name);
    CHECK(a.axes[k].lower == b.axes[k].lower);
    CHECK(a.axes[k].upper == b.axes[k].upper);
    CHECK(a.axes[k].cells == b.axes[k].cells);
    CHECK(a.axes[k].at_lower == b.axes[k].at_lower);
    CHECK(a.axes[k].at_upper == b.axes[k].at_upper);
  }
  CHECK(a.sde.variables == b.sde.variables);
  CHECK(a.sde.drift == b.sde.drift);
  CHECK(a.sde.noise == b.sde.noise);
  CHECK(a.sde.noise_covariance == b.sde.noise_covariance);
  CHECK(a.sde.diffusion == b.sde.diffusion);
  CHECK(a.sde.potential == b.sde.potential);
  CHECK(a.sde.temperature == b.sde.temperature);
  CHECK(a.sde.interpretation == b.sde.interpretation);
  CHECK(a.parameters == b.parameters);
  REQUIRE(a.initial.index() == b.initial.index());
  if (const auto* mixture = std::get_if<InitialMixture>(&a.initial)) {
    const auto& other = std::get<InitialMixture>(b.initial);
    REQUIRE(mixture->components.size() == other.components.size());
    for (std::size_t k = 0; k < other.components.size(); ++k) {
      CHECK(mixture->components[k].weight == other.components[k].weight);
      CHECK(mixture->components[k].mean == other.components[k].mean);
      CHECK(mixture->components[k].covariance == other.components[k].covariance);
    }
  }
  if (const auto* formula = std::get_if<InitialFormula>(&a.initial))
    CHECK(formula->density == std::get<InitialFormula>(b.initial).density);
  if (const auto* point = std::get_if<InitialPoint>(&a.initial))
    CHECK(point->point == std::get<InitialPoint>(b.initial).point);
  CHECK(a.scheme.form == b.scheme.form);
  CHECK(a.scheme.flux == b.scheme.flux);
  CHECK(a.scheme.positive == b.scheme.positive);
  CHECK(a.time.end == b.time.end);
  CHECK(a.time.stepper == b.time.stepper);
  CHECK(a.time.tolerance == b.time.tolerance);
  CHECK(a.time.dt == b.time.dt);
  CHECK(a.output.times == b.output.times);
  CHECK(a.output.fields == b.output.fields);
  CHECK(a.compare.exact_closed_form == b.compare.exact_closed_form);
  CHECK(a.compare.exact_formula == b.compare.exact_formula);
  REQUIRE(a.compare.monte_carlo.has_value() == b.compare.monte_carlo.has_value());
  if (a.compare.monte_carlo) {
    CHECK(a.compare.monte_carlo->particles == b.compare.monte_carlo->particles);
    CHECK(a.compare.monte_carlo->dt == b.compare.monte_carlo->dt);
    CHECK(a.compare.monte_carlo->seed == b.compare.monte_carlo->seed);
    CHECK(a.compare.monte_carlo->stepper == b.compare.monte_carlo->stepper);
    CHECK(a.compare.monte_carlo->lambda == b.compare.monte_carlo->lambda);
    CHECK(a.compare.monte_carlo->tolerance == b.compare.monte_carlo->tolerance);
  }
  REQUIRE(a.compare.log_likelihood.has_value() == b.compare.log_likelihood.has_value());
  if (a.compare.log_likelihood) {
    CHECK(a.compare.log_likelihood->points == b.compare.log_likelihood->points);
    CHECK(a.compare.log_likelihood->seed == b.compare.log_likelihood->seed);
    CHECK(a.compare.log_likelihood->tolerance == b.compare.log_likelihood->tolerance);
  }
  REQUIRE(a.compare.spectral.has_value() == b.compare.spectral.has_value());
  if (a.compare.spectral) CHECK(a.compare.spectral->tolerance == b.compare.spectral->tolerance);
  REQUIRE(a.checks.size() == b.checks.size());
  for (std::size_t k = 0; k < a.checks.size(); ++k) {
    const CaseCheck &p = a.checks[k], &q = b.checks[k];
    CHECK(p.quantity == q.quantity);
    CHECK(p.against == q.against);
    CHECK(p.at == q.at);
    CHECK(p.below == q.below);
    CHECK(p.above == q.above);
    CHECK(p.near == q.near);
    CHECK(p.within == q.within);
    CHECK(p.of == q.of);
    CHECK(p.point == q.point);
  }
}

void check_round_trip(const std::string& text, const std::vector<std::string>& overrides = {}) {
  INFO(text);
  const Case c = read(text, overrides);
  const std::string resolved = resolved_toml(c);
  INFO(resolved);
  const Case back = read(resolved);
  check_same(c, back);
  CHECK(resolved_toml(back) == resolved);
}

std::string replaced_initial(const std::string& initial) {
  return with("gaussian = { mean = [-1.0, 0.0], covariance = [[0.05, 0.01], [0.01, 0.05]] }", initial);
}

}  // namespace

TEST_CASE("every key of a case lands in its field") {
  const Case c = read(good());
  CHECK(c.title == "Two axes");
  CHECK(c.sha256 == sha256_hex(good()));
  CHECK(c.axes[0].upper == 2 * 3.14159265358979323846);
  CHECK(c.axes[1].cells == 32);
  CHECK(c.axes[1].at_lower == Boundary::absorbing);
  CHECK(c.axes[1].at_upper == Boundary::reflecting);
  CHECK(c.sde.variables == std::vector<std::string>{"x", "y"});
  CHECK(at(c.sde.drift[0], 2, 7) == doctest::Approx(-6));
  CHECK(at(c.sde.drift[1], 2, 7) == doctest::Approx(-10.5));
  CHECK(c.sde.noise[1][1].value() == std::sqrt(3.0));
  CHECK(c.sde.noise[0][1].is_zero());
  CHECK(c.sde.noise_covariance(0, 1) == 0.5);
  CHECK(c.parameters.at("s") == std::sqrt(3.0));
  const Gaussian& start = std::get<InitialMixture>(c.initial).components.at(0);
  CHECK(start.mean[0] == -1);
  CHECK(start.covariance(1, 0) == 0.01);
  CHECK(c.time.end == 2);
  CHECK(c.time.tolerance == 1e-5);
  CHECK(c.output.times == std::vector<double>{0, 0.5, 1, 1.5, 2});
  CHECK(c.output.series == 0.5 / 50);
  CHECK(c.output.fields == std::vector<std::string>{"p", "current"});
  CHECK(at(*c.compare.exact_formula, 1, 2, 3) == doctest::Approx(std::exp(-0.25 - 4)));
  CHECK(c.compare.monte_carlo->particles == 1000);
  CHECK(c.compare.monte_carlo->dt == 1e-3);
  CHECK(c.compare.monte_carlo->seed == 7);
  CHECK(c.checks[0].at == 1.0);
  CHECK(c.checks[0].below == 2e-3);
  CHECK(c.checks[1].at == 2.0);
  CHECK(at(*c.checks[1].of, 3, 0) == 10.5);
  CHECK(*c.checks[1].within == doctest::Approx(0.15).epsilon(1e-15));
  CHECK(c.checks[1].where == "c.toml:40:1");
}

TEST_CASE("defaults are those of the manual") {
  const Case c = parse_case(minimal, "folder/small.toml", "folder", {}, words());
  CHECK(c.title == "small");
  CHECK(c.sde.interpretation == Interpretation::ito);
  CHECK(c.sde.noise_covariance.size() == 0);
  CHECK(c.scheme.form == "drift_diffusion");
  CHECK(c.scheme.flux == "scharfetter_gummel");
  CHECK_FALSE(c.scheme.positive.has_value());
  CHECK(c.time.stepper == "auto");
  CHECK(c.time.tolerance == 1e-6);
  CHECK_FALSE(c.time.dt.has_value());
  REQUIRE(c.output.times.size() == 21);
  CHECK(c.output.times[7] == 7 * 3.0 / 20);
  CHECK(c.output.times.back() == 3);
  CHECK(c.output.fields == std::vector<std::string>{"p"});
  const CaseMonteCarlo usual = *read(minimal + "[compare]\nmonte_carlo = true\n").compare.monte_carlo;
  CHECK(usual.particles == 100'000);
  CHECK(usual.seed == 1);
  CHECK_FALSE(usual.dt.has_value());
  CHECK(usual.stepper == "euler_maruyama");
  CHECK_FALSE(usual.lambda.has_value());
  CHECK_FALSE(usual.tolerance.has_value());
  const CaseMonteCarlo flow =
      *read(minimal + "[compare]\nmonte_carlo = { stepper = \"probability_flow\" }\n").compare.monte_carlo;
  CHECK(flow.tolerance == 1e-8);
  const CaseLogLikelihood carried = *read(minimal + "[compare]\nlog_likelihood = true\n").compare.log_likelihood;
  CHECK(carried.points == 1000);
  CHECK(carried.seed == 1);
  CHECK(carried.tolerance == 1e-10);
  CHECK_FALSE(read(minimal + "[compare]\nlog_likelihood = false\n").compare.log_likelihood.has_value());
  CHECK(read(minimal + "[compare]\nspectral = true\n").compare.spectral->tolerance == 1e-10);
  CHECK_FALSE(read(minimal + "[compare]\nspectral = false\n").compare.spectral.has_value());
}

TEST_CASE("a tolerance is filled in only for steppers that can hold it") {
  CHECK(read(minimal + "stepper = \"tr_bdf2\"\n").time.tolerance == 1e-6);
  CHECK_FALSE(read(minimal + "stepper = \"rk4\"\n").time.tolerance.has_value());
  CHECK_FALSE(read(minimal + "dt = 0.1\n").time.tolerance.has_value());
}

TEST_CASE("output times come from an index and hold 0 and the end") {
  const auto times = [](const std::string& output) { return read(minimal + "[output]\n" + output).output.times; };
  CHECK(times("every = 1") == std::vector<double>{0, 1, 2, 3});
  CHECK(times("every = 1.25") == std::vector<double>{0, 1.25, 2.5, 3});
  CHECK(times("every = 0.3").size() == 11);  // 10 * 0.3 is the end, up to rounding
  CHECK(times("every = 0.3")[7] == 7 * 0.3);
  CHECK(times("times = [0.5, \"1/3 + 1\"]") == std::vector<double>{0, 0.5, 1.0 / 3 + 1, 3});
  CHECK(times("times = [0, 3]") == std::vector<double>{0, 3});
  CHECK(times("times = []") == std::vector<double>{0, 3});
  CHECK(times("frames = 3") == std::vector<double>{0, 1, 2, 3});
}

TEST_CASE("a check's time becomes the output time it means") {
  const Case c = read(minimal + "[output]\nevery = 0.1\n[[check]]\nquantity = \"min_p\"\nabove = 0\nat = 0.3\n");
  CHECK(*c.checks[0].at == 3 * 0.1);  // not 0.3, which is another double
}

TEST_CASE("one axis takes plain numbers where lists of one stand") {
  std::string text = with("noise = [[1]]", "noise = 2", minimal);
  text = with("drift = [\"-x\"]", "drift = \"-x\"", text);
  const Case c = read(with("uniform = true", "gaussian = { mean = 0.5, covariance = 0.1 }", text));
  CHECK(c.sde.drift.size() == 1);
  CHECK(c.sde.noise[0][0].value() == 2);
  const Gaussian& start = std::get<InitialMixture>(c.initial).components[0];
  CHECK(start.mean[0] == 0.5);
  CHECK(start.covariance(0, 0) == 0.1);
  const Case point = read(with("uniform = true", "point = 1", minimal));  // on the wall is inside
  CHECK(std::get<InitialPoint>(point.initial).point == std::vector<double>{1});
  check_round_trip(text);
}

TEST_CASE("definitions refer to each other in any order and stand in every formula") {
  const Case c = read(with("slope = \"x^3 - x\"", "slope = \"u - x\"\nu = \"w*x\"\nw = \"x^2 + 0*t\""));
  CHECK(c.sde.drift == read(good()).sde.drift);
}

TEST_CASE("resolved toml loads to the same case") {
  check_round_trip(good());
  check_round_trip(minimal);
  for (const char* keys :
       {"monte_carlo = { lambda = \"1/3\" }", "monte_carlo = { stepper = \"probability_flow\", tolerance = 1e-5 }",
        "monte_carlo = { stepper = \"probability_flow_rk4\", dt = 0.1 }\nlog_likelihood = { points = 3, seed = 9 }"})
    check_round_trip(minimal + "[compare]\n" + keys + "\n");
  check_round_trip(good(), {"title=\"\""});
  check_round_trip(good(), {"axis.x.cells=10", "time.dt=1e-3", "title=\"quoted \\\"and\\\" \\\\ tab\\t\""});
  check_round_trip(replaced_initial("point = [0.1, \"1/3\"]"));
  check_round_trip(replaced_initial("uniform = true"));
  check_round_trip(replaced_initial("density = \"exp(-x^2 - slope^2*a)\""));
  check_round_trip(
      replaced_initial("mixture = [{ weight = \"1/3\", mean = [0, 0.1], covariance = [[1, 0], [0, 1]] }, "
                       "{ weight = \"2/3\", mean = [1, 1], covariance = [[0, 0], [0, 0]] }]"));
  const std::string noise =
      "drift = [\"-slope\", \"-a*y\"]\nnoise = [[\"s\", 0], [0, \"s\"]]\nnoise_covariance = [[1, 0.5], [0.5, 1]]";
  check_round_trip(with(noise, "potential = \"x^4/4 + y^2\"\ntemperature = \"a/3\""));
  check_round_trip(with(noise, "drift = [0, \"-y*exp(-t)\"]\ndiffusion = [[1, \"x*y/9\"], [\"y*x/9\", 2]]"));
  check_round_trip(with("interpretation = \"ito\"", "interpretation = \"klimontovich\""));
  check_round_trip(with("flux =", "positive = false\nflux ="));
  check_round_trip(with("exact = \"exp(-x^2/(1 + t) - y^2)\"", "exact = true"));
  check_round_trip(with("exact =", "spectral = { tolerance = 1e-8 }\nexact ="));
}

TEST_CASE("a table of points is found beside the case and checked before anything is run") {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("fokker_test_case_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::string points = "x,y,p\n";
  for (int j = 0; j < 12; ++j)
    for (int i = 0; i < 12; ++i)
      points += fmt::format("{},{},{}\n", 0.69 * i - 1.655, 0.5 * j - 2.75, 1 / (0.69 * 0.5 * 144));
  case_support::write(folder / "points.csv", points);
  const std::string text = with("against = \"exact\"", "against = \"points.csv\"");
  const Case c = read(text, {}, folder);
  REQUIRE(c.checks[0].table);
  CHECK(c.checks[0].table->p.size() == 144);
  REQUIRE(c.inputs.size() == 1);
  CHECK(c.inputs[0].text() == "points.csv");
  CHECK(c.inputs[0].sha256 == sha256_hex(points));
  std::filesystem::create_directories(folder / "run" / "inputs");
  case_support::write(folder / "run" / "inputs" / "index.toml", inputs_index(c.inputs));
  const Case back = read(resolved_toml(c), {}, folder / "run");
  CHECK(back.checks[0].against == "inputs/points.csv");
  CHECK(back.inputs.at(0).places.at(0) == std::filesystem::absolute(folder / "points.csv"));
  const std::string again = text + "[[check]]\nquantity = \"l2\"\nagainst = \"points.csv\"\nbelow = 1\n";
  CHECK(read(again, {}, folder).inputs.size() == 1);  // read once
  case_support::write(folder / "points.csv", "x,p\n0,1\n");
  CHECK(refusal(text, {}, folder) ==
        fmt::format("c.toml:37:11: check.0.against: {}: no column y, its columns are: x, p",
                    (folder / "points.csv").string()));
  CHECK(refusal(with("quantity = \"l1\"", "quantity = \"ks\"", text), {}, folder) ==
        "c.toml:37:11: check.0.against: ks cannot be taken from a table of points, l1, l2, linf and kl can");
  std::filesystem::remove_all(folder);
}

TEST_CASE("an override is TOML or a bare word and addresses axes by name and lists by index") {
  CHECK(read(good(), {"axis.x.cells=512"}).axes[0].cells == 512);
  CHECK(read(good(), {"axis.1.cells=16"}).axes[1].cells == 16);
  CHECK(read(good(), {"check.0.below=1e-9"}).checks[0].below == 1e-9);
  CHECK(read(good(), {"time.stepper=tr_bdf2"}).time.stepper == "tr_bdf2");
  CHECK(read(good(), {"time.end=4"}).output.times == std::vector<double>{0, 1, 2, 3, 4});
  CHECK(read(good(), {"sde.parameters.a=2*pi"}).parameters.at("a") == 2 * 3.14159265358979323846);
  CHECK(at(read(good(), {"sde.drift.1=-y^3"}).sde.drift[1], 0, 2) == -8);
  CHECK(read(good(), {"scheme.positive=true"}).scheme.positive == true);
  CHECK(read(good(), {"title=a # b = c"}).title == "a # b = c");
  CHECK(read(minimal, {"compare.monte_carlo.seed=3"}).compare.monte_carlo->seed == 3);
  CHECK(read(minimal + "[compare]\nmonte_carlo = true\n", {"compare.monte_carlo.seed=3"}).compare.monte_carlo->seed ==
        3);
  CHECK(read(good(), {"time.end=9", "time.end=4"}).time.end == 4);
  CHECK(read(good(), {"check=[]"}).checks.empty());
}

TEST_CASE("an override replaces what the file says and it excludes") {
  const Case fixed = read(good(), {"time.dt=0.01"});
  CHECK(fixed.time.dt == 0.01);
  CHECK_FALSE(fixed.time.tolerance.has_value());
  CHECK(read(good(), {"output.times=[1, 2]"}).output.times == std::vector<double>{0, 1, 2});
  CHECK(std::holds_alternative<InitialUniform>(read(good(), {"initial.uniform=true"}).initial));
  const Case narrow = read(good(), {"check.1.below=3"});
  CHECK(narrow.checks[1].below == 3);
  CHECK_FALSE(narrow.checks[1].near.has_value());
  CHECK(read(good(), {"sde.diffusion=[[1, 0], [0, 1]]"}).sde.noise.empty());
  CHECK(refusal(good(), {"time.dt=0.01", "time.tolerance=1e-3"}) ==
        "--set time.dt: time.dt: excludes time.tolerance, give one of them");
}

TEST_CASE("an override that fits nothing says so") {
  const auto answer = [](const char* setting) { return refusal(good(), {setting}); };
  CHECK(answer("time.ende=3") ==
        "--set time.ende: time.ende: unknown key; did you mean end? allowed: end, stepper, stepper_chosen, "
        "tolerance, dt");
  CHECK(answer("axis.z.cells=3") == "--set axis.z.cells: axis.z.cells: no such axis, allowed: x, y");
  CHECK(answer("check.7.below=3") == "--set check.7.below: check.7.below: 7, the list has the entries 0 to 1");
  CHECK(answer("sde.parameters.aa=3") ==
        "--set sde.parameters.aa: sde.parameters.aa: there is no such name; did you mean a? allowed: a, s");
  CHECK(answer("time.end.x=3") == "--set time.end.x: time.end.x: time.end is a number, it has no keys");
  CHECK(answer("time.end") == "--set time.end: time.end: no value, must be key.path=value");
  CHECK(answer("time..end=1") == "--set time..end: time..end: not a key, must be names and numbers with dots between");
  CHECK(answer("=1") == "--set : not a key, must be names and numbers with dots between");
  CHECK(answer("time.end=-1") == "--set time.end: time.end: -1, must be a number > 0");
  CHECK(answer("sde.drift=[\"x\"").substr(0, 51) == "--set sde.drift: sde.drift: not a TOML value: Error");
  CHECK(answer("title=1\nend = 3") == "");  // a line break makes no second key, only an odd title
}

TEST_CASE("a later problem can be given its position") {
  const Case c = read(good(), {"axis.x.cells=10", "scheme.positive=true"});
  CHECK(c.where("time.end") == "c.toml:27:7");
  CHECK(c.where("axis.x.cells") == "--set axis.x.cells");
  CHECK(c.where("axis.y.cells") == "c.toml:10:9");
  CHECK(c.where("check.1.near") == "c.toml:43:8");
  CHECK(c.where("time.stepper") == "c.toml:26:1");
  CHECK(c.where("nonsense") == "c.toml:1:1");
}

TEST_CASE("what is allowed but hardly meant is warned of with its position") {
  const Case all = parse_case(minimal + R"(
[output]
every = 4
[sde.parameters]
a = 1
b = "2*c"
c = 3
unused = 4
[sde.definitions]
g = "b*x"
h = "a*x"
)",
                              "case.toml", "", {"time.dt=5", "sde.drift=[\"g*exp(-t)\"]"}, {});
  REQUIRE(all.warnings.size() == 5);
  CHECK(all.warnings[0] == "--set time.dt: time.dt: 5 is beyond time.end = 3: one step goes all the way");
  CHECK(all.warnings[1] ==
        "case.toml:16:9: output.every: 4 is beyond time.end = 3: the start and the end alone are written");
  CHECK(all.warnings[2] == "case.toml:18:5: sde.parameters.a: is never used");
  CHECK(all.warnings[3] == "case.toml:21:10: sde.parameters.unused: is never used");
  CHECK(all.warnings[4] == "case.toml:24:5: sde.definitions.h: is never used");
  CHECK(parse_case(minimal, "case.toml", "", {}, {}).warnings.empty());
}
