// Freezes what a run says about its own box and grid: two kinds of error that used to pass without a word are warned of
// with their size, what is fine or meant is not.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "../../../src/run/check/forecast.hpp"
#include "../../../src/run/judge/distortion.hpp"
#include "../../../src/run/judge/space_error.hpp"
#include "fokker/run/check/check_case.hpp"
#include "fokker/run/fields.hpp"
#include "fokker/run/march.hpp"
#include "fokker/run/steady.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

const std::string rotation = square(48) + R"([sde]
drift = ["-x - omega*y", "omega*x - y"]
noise = [["s", 0], [0, "s"]]
[sde.parameters]
omega = 10
s = 0.5
[initial]
gaussian = { mean = [1.5, 0], covariance = [[0.1, 0], [0, 0.1]] }
[time]
end = 0.5
[output]
frames = 2
[compare]
exact = true
)";

const char* const exploding = R"(
[[axis]]
name = "x"
range = [-5, 5]
cells = 200
boundary = "reflecting"
[sde]
model = "ve"
sigma_min = 0.05
sigma_max = 5.0
blurred = false
[initial]
mixture = [{ weight = 0.4, mean = [-1.5], covariance = [[0.04]] }, { weight = 0.6, mean = [1], covariance = [[0.16]] }]
[time]
end = 1
[output]
frames = 4
[compare]
exact = true
)";

/// Drift, noise and start on [lower, upper].
std::string line(const std::string& range, const std::string& sde, const std::string& start) {
  return "[[axis]]\nname = \"x\"\nrange = " + range + "\ncells = 160\nboundary = \"reflecting\"\n[sde]\n" + sde +
         "\n[initial]\n" + start + "\n[time]\nend = 1\n[output]\nframes = 4\n";
}

std::string warning(const RunResult& result, const std::string& kind) {
  for (const std::string& text : result.warnings)
    if (text.find(kind) == 0) return text;
  return "";
}

RunResult run_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  Setup setup = setup_of(text, overrides);
  return run(setup, {});
}

double true_l1(const RunResult& result) { return result.verdicts[0].second.back().norms.l1; }

/// The run is off by more than `least`, and expected that within a factor.
void check_expected(const RunResult& result, double least, double factor) {
  const double expected = result.judgement.flux_l1, found = true_l1(result);
  CAPTURE(found);
  CHECK(found > least);
  CHECK(expected < factor * found);
  CHECK(expected > found / factor);
}

}  // namespace

TEST_CASE("a distortion is carried along and its l1 is that of Hermite polynomials") {
  // int |He_n| N(0, 1) dx by quadrature
  const std::array<std::pair<int, double>, 4> hermite = {{{3, 1.510013}, {4, 2.800600}, {5, 5.910086}, {6, 13.815598}}};
  Eigen::Matrix2d turn;
  turn << 0, -1, 1, 0;
  for (const auto& [n, l1] : hermite) {
    Distortion along;
    along.add_power(1e-3, {2, 0}, n);
    CHECK(1e3 * l1_of(along, Eigen::Vector2d(4, 1).asDiagonal()) == doctest::Approx(l1).epsilon(0.03));
    const Distortion across = carried(along, turn, {}, std::acos(0.0));  // a quarter of a turn
    CHECK(1e3 * across.at(0, n) == doctest::Approx(std::exp2(n)).epsilon(1e-7));
    CHECK(std::abs(across.at(n, 0)) < 1e-9);
    const double rate = 2.0 * n, kept = std::exp(-3 * rate);
    const Eigen::Matrix2d A = -2 * Eigen::Matrix2d::Identity();
    CHECK(1e3 * carried(along, A, {along, {}, {0, 0}}, 3).at(n, 0) ==
          doctest::Approx(std::exp2(n) * (kept + (1 - kept) / rate)).epsilon(1e-3));
  }
}

TEST_CASE("the velocity that feeds a distortion turns with the linear drift") {
  // c = exp(A t) (1, 0) and Q' = A Q + c_x k_x^3 + c_y k_y^3 for a turn by 2 pi: in the frame that turns along
  // k_x^3 cos^4 + .. has the mean 3/4 k_y'^3 of the direction that c had; over whole turns.
  Eigen::Matrix2d turn;
  turn << 0, -5, 5, 0;
  DistortionSource source;
  source.along[0].add_power(1, {1, 0}, 3);
  source.along[1].add_power(1, {0, 1}, 3);
  source.velocity = {1, 0};
  const double t = 2 * std::acos(-1.0) / 5;
  const Distortion found = carried({}, turn, source, t);
  CHECK(found.at(3, 0) == doctest::Approx(0.75 * t).epsilon(1e-3));
  CHECK(found.at(1, 2) == doctest::Approx(0.75 * t).epsilon(1e-3));
  CHECK(std::abs(found.at(0, 3)) < 1e-3);
}

TEST_CASE("an added covariance is carried as the moment equation says") {
  using Eigen::MatrixXd;
  const MatrixXd A = MatrixXd::Constant(1, 1, -2), Q = MatrixXd::Constant(1, 1, 3), V = MatrixXd::Constant(1, 1, 5);
  for (const double t : {1e-3, 1.0, 100.0})
    CHECK(carried(V, A, Q, t)(0, 0) ==
          doctest::Approx(5 * std::exp(-4 * t) + 0.75 * (1 - std::exp(-4 * t))).epsilon(1e-9));
  MatrixXd turn(2, 2), start(2, 2);  // a quarter of a turn swaps the axes
  turn << 0, -1, 1, 0;
  start << 1, 0.3, 0.3, 4;
  const MatrixXd turned = carried(start, turn, MatrixXd::Zero(2, 2), std::acos(0.0));
  CHECK(turned(0, 0) == doctest::Approx(4).epsilon(1e-8));
  CHECK(turned(1, 1) == doctest::Approx(1).epsilon(1e-8));
  CHECK(turned(0, 1) == doctest::Approx(-0.3).epsilon(1e-8));
}

TEST_CASE("the numerical diffusion of a flux is warned of with the error to expect") {
  for (const auto& [s, omega] : {std::pair{"s=0.05", "omega=10"}, {"s=0.5", "omega=-10"}, {"s=1", "omega=10"}}) {
    const RunResult result =
        run_of(rotation, {std::string("sde.parameters.") + s, std::string("sde.parameters.") + omega});
    CAPTURE(s);
    check_expected(result, 0.3, 2);
    const std::string text = warning(result, "flux: ");
    CHECK(text.find("about l1") != std::string::npos);
    CHECK(text.find("scheme.form = \"effective_drift\"") != std::string::npos);
    CHECK(text.find("axis.x.cells, axis.y.cells") != std::string::npos);
  }
  // Advection of what is two and three cells wide.
  for (const char* const s : {"s=0.3", "s=0.5"}) {
    const RunResult result = run_of(
        rotation, {"scheme.form=effective_drift", "sde.parameters.omega=20", std::string("sde.parameters.") + s});
    CAPTURE(s);
    check_expected(result, 0.03, 3);
  }
  const RunResult fine = run_of(rotation, {"scheme.form=effective_drift", "axis.x.cells=128", "axis.y.cells=128"});
  CAPTURE(true_l1(fine));
  CHECK_MESSAGE(warning(fine, "flux: ").empty(), warning(fine, "flux: "));
}

TEST_CASE("waves that central fluxes carry too slowly are expected in one dimension") {
  const std::string steady_drift = line("[-5, 5]", "drift = [\"c\"]\nnoise = [[\"0.3\"]]\nparameters.c = 3",
                                        "gaussian = { mean = [-2], covariance = [[0.05]] }");
  const std::string decay =
      line("[-5, 5]", "drift = [\"-4*x\"]\nnoise = [[\"0.6\"]]", "gaussian = { mean = [3], covariance = [[0.05]] }");
  for (const std::string flux : {"central", "central4"})
    for (const std::string& text : {steady_drift, decay}) {
      const bool fourth = flux == "central4";
      const std::string cells = fourth ? "axis.x.cells=90" : "axis.x.cells=150";
      const RunResult result =
          run_of(text + "[compare]\nexact = true\n", {"scheme.flux=" + flux, "time.end=0.4", cells});
      CAPTURE(flux);
      check_expected(result, fourth ? 2e-3 : 0.02, 1.3);
      CHECK((warning(result, "flux").empty()) == (result.judgement.flux_l1_worst <= 0.02));
    }
}

TEST_CASE("waves that central fluxes carry too slowly are expected in a rotation") {
  for (const char* const omega : {"sde.parameters.omega=20", "sde.parameters.omega=-20"}) {
    const RunResult second = run_of(rotation, {"scheme.flux=central", omega, "axis.x.cells=64", "axis.y.cells=64"});
    check_expected(second, 0.1, 1.7);
    CHECK(warning(second, "flux").find("central is expected to be off by about l1") != std::string::npos);
  }
  check_expected(run_of(rotation, {"scheme.flux=central4", "sde.parameters.omega=20"}), 0.03, 1.5);
  // with cross terms, on edges that are not along the axes
  for (const char* const flux : {"scheme.flux=central", "scheme.flux=central4"})
    check_expected(run_of(rotation, {flux, "sde.noise=[[\"0.5\", \"0.3\"], [\"0\", \"0.3\"]]"}), 0.02, 1.5);
}

TEST_CASE("what a pulse of drift costs is expected however short it is") {
  // In a thousandth of the time through half a box: within one step of an exponential, or in steps between two looks.
  for (const char* const pulse : {"if((t > 0.1)*(t < 0.1005), 1, 0)", "if((t > 0.223)*(t < 0.2235), 1, 0)",
                                  "0.5642*exp(-((t - 0.30025)/0.0005)^2)"})
    for (const bool shared : {false, true}) {
      const std::string rate = std::string("*") + pulse;
      const RunResult result =
          run_of(ou, {"sde.drift=[\"5000*(1 - x/2)" + rate + "\"]",
                      "sde.diffusion=[[\"0.01" + (shared ? rate : "") + "\"]]", "axis.x.cells=200", "output.frames=1"});
      CAPTURE(pulse);
      CAPTURE(shared);
      check_expected(result, 0.02, 3);
    }
}

TEST_CASE("the expected error is that of the narrow peaks of a wide density") {
  const auto at = [](const std::string& point) {
    return run_of(
        line("[-10, 10]", "drift = [5]\nnoise = [[0.1]]", "mixture = [" + point + "]") + "[compare]\nexact = true\n",
        {"time.end=0.5"});
  };
  const RunResult one = at("{ weight = 1, mean = [-1], covariance = [[0.1]] }");
  const RunResult two =
      at("{ weight = 0.5, mean = [-7], covariance = [[0.1]] }, { weight = 0.5, mean = [3], covariance = [[0.1]] }");
  CHECK(true_l1(two) == doctest::Approx(true_l1(one)).epsilon(0.01));
  CHECK(two.judgement.flux_l1 == doctest::Approx(one.judgement.flux_l1).epsilon(0.1));
  CHECK(one.judgement.flux_l1 == doctest::Approx(true_l1(one)).epsilon(0.3));
  const RunResult ring = run_of(line("[-10, 10]", "drift = [5]\nnoise = [[0.1]]",
                                     "mixture = [{ weight = 1, mean = [9.5], covariance = [[0.1]] }]") +
                                    "[compare]\nexact = true\n",
                                {"time.end=0.5", "axis.x.boundary=periodic"});
  CHECK(ring.judgement.flux_l1 == doctest::Approx(one.judgement.flux_l1).epsilon(0.01));
}

TEST_CASE("a box that cuts the distribution is warned of with the error to expect") {
  const RunResult narrow = run_of(exploding);
  CHECK(true_l1(narrow) > 0.3);
  const std::string text = warning(narrow, "walls: ");
  CHECK(text.find("x_lower at the end (closed form)") != std::string::npos);
  CHECK(text.find("axis.x.range") != std::string::npos);
  double expected = 0;
  for (const WallFinding& wall : narrow.judgement.walls) expected += wall.beyond;
  CHECK(expected == doctest::Approx(true_l1(narrow)).epsilon(0.05));
  CHECK(std::count_if(narrow.warnings.begin(), narrow.warnings.end(),
                      [](const std::string& warning) { return warning.find("walls: ") == 0; }) == 1);
  CHECK(warning(run_of(exploding, {"axis.x.range=[-30,30]", "axis.x.cells=600"}), "walls: ").empty());
}

TEST_CASE("where no closed form tells the density at the wall does") {
  // A spring and its cubic twin, both cut at one width; the distribution of the spring is known.
  const std::string start = "gaussian = { mean = [0], covariance = [[0.04]] }";
  for (const char* const drift : {"drift = [\"-x\"]", "drift = [\"-x - 1e-9*x^3\"]"}) {
    const RunResult cut = run_of(line("[-1.4, 1.4]", std::string(drift) + "\nnoise = [[1.4]]", start), {"time.end=4"});
    double beyond = 0;
    for (const WallFinding& wall : cut.judgement.walls) beyond += wall.beyond;
    CHECK(beyond > 0.157 / 2);  // N(0, 0.98) beyond +-1.4
    CHECK(beyond < 0.157 * 3);
    CHECK_FALSE(warning(cut, "walls: ").empty());
  }
  // Drift against the wall.
  const RunResult pressed =
      run_of(line("[-2, 2]", "drift = [\"2 + 0.01*sin(x)\"]\nnoise = [[0.3]]", start), {"time.end=2"});
  CHECK_FALSE(warning(pressed, "walls: x_lower").size() > 0);
  CHECK(warning(pressed, "walls: ").find("x_upper") != std::string::npos);
}

TEST_CASE("walls that are meant are not warned of") {
  const std::string point = "point = [0.3]", even = "uniform = true";
  const char* const cases[][3] = {
      {"[0, 1]", "drift = [0]\nnoise = [[1]]", "point = [0.3]"},  // reflecting Brownian motion
      {"[0, 8]", "potential = \"x\"\ntemperature = 1",
       "gaussian = { mean = [2], covariance = [[0.1]] }"},                                    // on its floor
      {"[0, 3]", "drift = [\"2*(0.3 - x)\"]\nnoise = [[\"0.8*sqrt(x)\"]]", "point = [0.3]"},  // no noise at 0
      {"[0, 1]", "drift = [\"0.4 - x\"]\nnoise = [[\"sqrt(x*(1 - x))\"]]",
       "gaussian = { mean = [0.5], covariance = [[0.01]] }"},
      {"[0, 3]", "drift = [\"x - x^3\"]\nnoise = [[0.5]]", "density = \"exp(-x^2)\""},  // half of a symmetric problem
  };
  for (const auto& [range, sde, start] : cases) {
    CAPTURE(sde);
    CHECK(warning(run_of(line(range, sde, start)), "walls: ").empty());
  }
}

TEST_CASE("a closed form beside absorbing walls and a run that loses everything are said") {
  const std::string start = "gaussian = { mean = [0], covariance = [[0.04]] }";
  const std::string text = line("[-1, 1]", "drift = [0]\nnoise = [[1]]", start);
  const RunResult compared = run_of(text + "[compare]\nexact = true\n", {"axis.x.boundary=absorbing"});
  CHECK(warning(compared, "walls: ").find("has left through absorbing sides") != std::string::npos);
  const RunResult gone = run_of(text, {"axis.x.boundary=absorbing", "time.end=40"});
  CHECK(warning(gone, "mass: ").find("time.end") != std::string::npos);
  CHECK(warning(run_of(text, {"axis.x.boundary=absorbing"}), "mass: ").empty());
}

TEST_CASE("a density narrower than its cells is said once and a point that spreads is not") {
  const RunResult narrow =
      run_of(line("[-10, 10]", "drift = [\"-x\"]\nnoise = [[0.1]]", "gaussian = { mean = [1], covariance = [[1]] }"),
             {"time.end=8"});
  const std::string text = warning(narrow, "resolution: ");
  CHECK(text.find("cells wide along x at the end") != std::string::npos);
  CHECK(text.find("axis.x.cells = ") != std::string::npos);
  CHECK(warning(run_of(line("[-10, 10]", "drift = [\"-x\"]\nnoise = [[1]]", "point = [1]")), "resolution: ").empty());
}

TEST_CASE("the error of long offsets and of a narrow start is expected too") {
  for (const char* const thin : {"0.02", "0.1"}) {
    const RunResult tilted = run_of(rotation, {"sde.parameters.omega=0", "sde.parameters.s=" + std::string(thin),
                                               "sde.noise=[[0.8, \"-0.6*s\"], [0.6, \"0.8*s\"]]"});
    CAPTURE(thin);
    CAPTURE(true_l1(tilted));
    CHECK(tilted.judgement.flux_l1 < 3 * true_l1(tilted));
    CHECK(tilted.judgement.flux_l1 > true_l1(tilted) / 3);
  }
  const RunResult spreading =
      run_of(line("[-5, 5]", "drift = [0]\nnoise = [[1]]", "gaussian = { mean = [0], covariance = [[0.02]] }") +
                 "[compare]\nexact = true\n",
             {"time.end=0.02", "output.frames=1"});
  CHECK(spreading.judgement.flux_l1 == doctest::Approx(true_l1(spreading)).epsilon(0.3));
}

TEST_CASE("walls that hold a density together do not let its expected error grow") {
  const RunResult box =
      run_of(line("[0, 1]", "drift = [0]\nnoise = [[1]]", "point = [0.3]"), {"time.end=50", "axis.x.cells=16"});
  CHECK(box.judgement.flux_l1 < 1e-3);
  const RunResult open = run_of(line("[0, 1]", "drift = [1]\nnoise = [[1]]", "point = [0.3]"),
                                {"time.end=4", "axis.x.cells=16", "axis.x.boundary=absorbing"});
  CHECK(open.judgement.flux_l1 < 1e-3);
}

TEST_CASE("a stationary density is judged too") {
  for (const char* const s : {"s=0.2", "s=1", "s=2"}) {
    Setup setup =
        setup_of(rotation, {std::string("sde.parameters.") + s, "axis.x.range=[-8, 8]", "axis.y.range=[-8, 8]"});
    const SteadyResult found = solve_steady(setup);
    CAPTURE(s);
    CAPTURE(found.exact->norms.l1);
    CHECK(found.judgement.flux_l1 < 3 * found.exact->norms.l1);
    CHECK(found.judgement.flux_l1 > found.exact->norms.l1 / 3);
    REQUIRE_FALSE(found.judgement.warnings.empty());
    CHECK(found.judgement.warnings[0].find("in the stationary density") != std::string::npos);
    CHECK(found.judgement.warnings[0].find("effective_drift") == std::string::npos);
  }
  // cut at 1.5 widths, and a Gibbs distribution that is exact on any cells
  Setup narrow = setup_of(line("[-1.5, 1.5]", "drift = [\"-x\"]\nnoise = [[\"sqrt(2)\"]]", "uniform = true"));
  const Judgement cut = solve_steady(narrow).judgement;
  REQUIRE(cut.warnings.size() == 1);
  CHECK(cut.warnings[0].find("walls: the box cuts the distribution") == 0);
  CHECK(cut.walls[0].beyond > 0.0668 / 3);
  CHECK(cut.walls[0].beyond < 0.0668 * 3);
  CHECK(cut.flux_l1 < 1e-4);
}

TEST_CASE("cells that no case may have are not the remedy for a width of nothing") {
  const RunResult point = run_of(line("[0, 1]", "drift = [0]\nnoise = [[\"sqrt(0.2)\"]]", "point = [1e-7]"),
                                 {"axis.x.boundary=[\"absorbing\", \"reflecting\"]", "time.end=0.05"});
  const std::string text = warning(point, "resolution: ");
  CHECK(text.find("no axis.x.cells that a case may have would do: narrow axis.x.range") != std::string::npos);
  CHECK(text.find("inf") == std::string::npos);
}

TEST_CASE("steady expects the error of drift across noise along one line aslant to the cells") {
  for (const char* const cells : {"axis.y.cells=60", "axis.y.cells=83"}) {  // offsets (4, 3), and none that fits
    Setup setup = setup_of(rotation, {"axis.x.range=[-5, 5]", "axis.y.range=[-8, 8]", "axis.x.cells=50", cells,
                                      "sde.drift=[\"y\", \"-x - y\"]", "sde.noise=[[1], [1]]"});
    const SteadyResult found = solve_steady(setup);
    CAPTURE(cells);
    CAPTURE(found.exact->norms.l1);
    CHECK(found.judgement.flux_l1 < 3 * found.exact->norms.l1);
    CHECK(found.judgement.flux_l1 > found.exact->norms.l1 / 3);
  }
}

TEST_CASE("steady says what a box cuts off a Gaussian distribution and what gathers at an end") {
  const auto steady = [](const std::string& range, const std::string& sde) {
    Setup setup = setup_of(line(range, sde, "uniform = true"));
    return solve_steady(setup).judgement;
  };
  const Judgement cut = steady("[-1.4, 9]", "drift = [\"-x\"]\nnoise = [[\"sqrt(2)\"]]");
  REQUIRE(cut.warnings.size() == 1);
  CHECK(cut.warnings[0].find("walls: the box cuts the distribution: 0.081 of the mass beyond x_lower") == 0);
  // a wall near the mean is meant, and one where nothing is said nothing of
  CHECK(steady("[0, 8]", "drift = [\"-x\"]\nnoise = [[\"sqrt(2)\"]]").warnings.empty());
  CHECK(steady("[-8, 8]", "drift = [\"-x\"]\nnoise = [[\"sqrt(2)\"]]").warnings.empty());
  const Judgement gathers = steady("[0, 2]", "drift = [\"0.02 - x\"]\nnoise = [[\"0.8*sqrt(x)\"]]");
  CHECK(std::any_of(gathers.warnings.begin(), gathers.warnings.end(), [](const std::string& warning) {
    return warning.find("p grows towards it") != std::string::npos;
  }));
}

TEST_CASE("check knows beforehand that absorbing sides leave nothing") {
  const std::string box =
      "[[axis]]\nname = \"x\"\nrange = [0, 1]\ncells = 400\nboundary = \"absorbing\"\n[sde]\ndrift = [\"0\"]\n"
      "noise = [[\"1\"]]\n[initial]\nuniform = true\n[time]\nend = 6\n";
  Setup all_gone = setup_of(box);
  // 8/pi^2 exp(-pi^2 t/2) = 1.1e-13
  CHECK(std::log10(*left_by_absorbing_sides(all_gone)) == doctest::Approx(-12.95).epsilon(0.1));
  CHECK(check_case(all_gone).warnings ==
        std::vector<std::string>{
            "mass: absorbing sides leave about 1.1e-13 of it at t = 6: p, moments and norms there would be those of "
            "nothing; end the run earlier (time.end)"});
  Setup some_left = setup_of(box, {"time.end=0.5"});
  CHECK(*left_by_absorbing_sides(some_left) == doctest::Approx(0.8106 * std::exp(-2.4674)).epsilon(0.01));
  CHECK(check_case(some_left).warnings.empty());
}

TEST_CASE("check tells beforehand what the run will say") {
  const auto expected = [](const std::string& text, const std::vector<std::string>& overrides) {
    const Setup setup = setup_of(text, overrides);
    return *forecast(setup);
  };
  for (const char* const s : {"s=0.05", "s=0.5", "s=1"}) {
    const std::vector<std::string> noise = {std::string("sde.parameters.") + s};
    const Forecast known = expected(rotation, noise);
    CHECK(known.basis == "the closed form");
    CHECK(known.judged.flux_l1 == doctest::Approx(run_of(rotation, noise).judgement.flux_l1).epsilon(0.3));
    std::vector<std::string> bent = noise;  // no closed form any more
    bent.insert(bent.end(), {"sde.drift=[\"-x - omega*y - 1e-9*x^3\", \"omega*x - y\"]", "compare.exact=false"});
    const Forecast followed = expected(rotation, bent);
    CHECK(followed.basis == "its moments");
    CHECK(followed.until == 0.5);
    CHECK(followed.judged.flux_l1 == doctest::Approx(known.judged.flux_l1).epsilon(0.02));
    CHECK(followed.peclet[0] == doctest::Approx(known.peclet[0]).epsilon(0.01));
  }
  const Forecast cut = expected(exploding, {});
  double beyond = 0;
  for (const WallFinding& wall : cut.judged.walls) beyond += wall.beyond;
  CHECK(beyond == doctest::Approx(0.333).epsilon(0.01));
  CHECK(cut.judged.warnings.size() == 1);
  CHECK(expected(ou, {}).judged.warnings.empty());
  const Setup even = setup_of(ou, {"initial={ uniform = true }", "compare.exact=false"});
  CHECK_FALSE(forecast(even).has_value());
}

TEST_CASE("a reduced cross term is warned of with its fraction and its size") {
  const RunResult thin = run_of(rotation, {"sde.parameters.omega=0", "sde.noise=[[0.9, 0], [0.4, 0.005]]"});
  const std::string text = warning(thin, "tensor: ");
  CHECK(text.find("D_xy was reduced") != std::string::npos);
  CHECK(text.find("l1 ") != std::string::npos);
  CHECK(text.find("axis.x.cells") != std::string::npos);
}

TEST_CASE("good runs are not warned of anything") {
  for (const std::string& text : {std::string(ou), std::string(exploding), rotation}) {
    const bool wide = text == exploding, turns = text == rotation;
    const RunResult fine =
        run_of(text, wide    ? std::vector<std::string>{"axis.x.range=[-30,30]", "axis.x.cells=1000"}
                     : turns ? std::vector<std::string>{"sde.parameters.omega=1", "sde.parameters.s=1"}
                             : std::vector<std::string>{});
    CHECK_MESSAGE(fine.warnings.empty(), fine.warnings.front());
  }
  const RunResult asleep = run_of(ou, {"sde.drift=[\"9*exp(-((t - 1)/0.02)^2)\"]",
                                       "sde.noise=[[\"exp(-((t - 1)/0.02)^2)\"]]", "compare.exact=false"});
  CHECK_MESSAGE(asleep.warnings.empty(), asleep.warnings.front());  // rates of 1e-270 and below
}

TEST_CASE("a flux that gave way is expected to be off as the default one is") {
  const std::vector<std::string> weak = {"scheme.flux=central4_positive", "axis.x.cells=48", "axis.y.cells=48"};
  const RunResult given = run_of(rotation, weak);
  REQUIRE(given.corrections->gave_way >= 0);
  CHECK(given.judgement.flux_l1 > true_l1(given) / 3);
  CHECK(given.judgement.flux_l1 < true_l1(given) * 3);
  CHECK(warning(given, "flux: on these cells scharfetter_gummel").find("central4_positive") == std::string::npos);
  const auto told = forecast(setup_of(rotation, weak), given.corrections->gave_way);
  CHECK(told->judged.flux_l1 == doctest::Approx(given.judgement.flux_l1).epsilon(0.3));
  const Setup plain = setup_of(rotation, {"axis.x.cells=48", "axis.y.cells=48"});
  CHECK(given.mean_velocity == mean_velocity(plain, given.t, given.p));  // of the fluxes that carried p
}

TEST_CASE("a drift that changes within cells is warned of where noise does not smooth it") {
  // D = 0.005, waves of 1/64: the mean velocity is 1.879; 64 cells say 2, whatever the flux.
  const std::string ring = R"case(
axis = [{ name = "x", range = [0, 1], cells = 64, boundary = "periodic" }]
sde = { drift = ["2 + sin(2*pi*64*x)"], noise = [["s"]], parameters = { s = 0.1 } }
initial = { density = "1 + 0.5*cos(2*pi*x)" }
scheme = { flux = "upwind5_positive" }
time = { end = 0.01 }
)case";
  const char* const start = "sde: the drift along x changes within cells";
  const RunResult coarse = run_of(ring, {});
  CHECK(coarse.mean_velocity[0] == doctest::Approx(2).epsilon(1e-3));
  CHECK(warning(coarse, start).find("0.71 of its 2.1") != std::string::npos);
  CHECK(warning(run_of(ring, {"axis.x.cells=256"}), start).empty());
  CHECK(warning(run_of(ring, {"sde.parameters.s=1"}), start).empty());  // the same drift under noise that smooths it
}

TEST_CASE("log-price and variance on cells that tilt with them are warned of") {
  // E exp(x) was 1.0225 instead of exp(0.02) on 128^2, 1.0248 on 64^2, with edges; rates of cells: off by 5e-4 on 64^2.
  const RunResult heston = run_of(R"case(
[[axis]]
name = "x"
range = [-2, 2]
cells = 64
boundary = "reflecting"
[[axis]]
name = "v"
range = [0, 1]
cells = 64
boundary = "reflecting"
[sde]
drift = ["0.02 - v/2", "2*(0.04 - v)"]
noise = [["sqrt(v)", "0"], ["-0.21*sqrt(v)", "0.3*sqrt(0.51)*sqrt(v)"]]
[initial]
point = [0, 0.04]
[time]
end = 1
)case");
  double grown = 0;
  const PointsIn centers = heston.p.grid->centers();
  for (Index cell = 0; cell < heston.p.grid->cells(); ++cell)
    grown += std::exp(centers.axis[0][cell]) * heston.p.values[cell] * heston.p.grid->volume();
  CHECK(std::abs(grown - std::exp(0.02)) < 7e-4);
  CHECK(heston.judgement.flux_l1 > std::abs(grown - std::exp(0.02)));
  CHECK_FALSE(warning(heston, "flux: ").empty());
  CHECK(warning(heston, "tensor: ").find("to fit offsets of at most 16 cells that stay within the box") !=
        std::string::npos);
  CHECK(heston.judgement.reduced_fraction > 0.01);
  CHECK(heston.judgement.reduced_fraction < 0.5);
}

TEST_CASE("nothing is expected beside a wall where D vanishes for there the weights carry p") {
  // p grows towards the wall like d^-0.69; l1 to the closed form, cell averages of a noncentral chi-square: 3.9e-4.
  const RunResult singular = run_of(R"case(
[[axis]]
name = "v"
range = [0, 2]
cells = 800
boundary = "reflecting"
[sde]
drift = ["0.1 - v"]
noise = [["0.8*sqrt(v)"]]
[initial]
point = [0.1]
[time]
end = 1
)case");
  CHECK(singular.judgement.flux_l1 < 5e-4);
  CHECK(singular.judgement.flux_l1 > 5e-5);
  CHECK(warning(singular, "flux: ").empty());
}

TEST_CASE("what a fixed step costs is expected and steps that do not damp end the run") {
  for (const char* const stepper : {"backward_euler", "crank_nicolson", "rkc2"}) {
    const std::vector<std::string> steps = {std::string("time.stepper=") + stepper, "time.dt=0.1",
                                            "scheme.positive=false",
                                            "axis.x.cells=600"};  // so that the error is that of the steps
    const RunResult stepped = run_of(ou, steps);
    CAPTURE(stepper);
    CAPTURE(true_l1(stepped));
    CHECK(stepped.judgement.step_l1 > true_l1(stepped) / 2);
    CHECK(stepped.judgement.step_l1 < 10 * true_l1(stepped) + 1e-3);
    CHECK(warning(stepped, "time: ").empty() == (std::string(stepper) != "backward_euler"));
  }
  const RunResult corrected =
      run_of(ou, {"time.stepper=backward_euler", "time.dt=0.05", "scheme.flux=central4_positive", "axis.x.cells=100"});
  CHECK(corrected.judgement.step_l1 > true_l1(corrected) / 2);
  CHECK(corrected.judgement.step_l1 < 10 * true_l1(corrected));
  CHECK(run_of(ou, {}).judgement.step_l1 == 0);
  const RunResult wild =
      run_of(ou, {"time.stepper=euler", "time.dt=0.05", "scheme.positive=false", "axis.x.cells=600"});
  CHECK(wild.numerical_failure);
  CHECK(wild.stop_reason.find("of negative mass, more than there is in all") != std::string::npos);
}

TEST_CASE("judging changes no bit of the solution") {
  const std::vector<std::string> changing = {"sde.drift=[\"-x - 10*cos(t)*y\", \"10*x - y\"]", "compare.exact=false",
                                             "sde.noise=[[\"0.5 + 0.3*sin(20*t)\", 0.1], [0.2, 0.4]]",
                                             "axis.x.cells=24", "axis.y.cells=24"};
  for (const char* const step : {"time.tolerance=1e-6", "time.dt=0.005"}) {
    std::vector<std::string> overrides = changing;
    overrides.insert(overrides.end(),
                     {step, std::string(step) == "time.dt=0.005" ? "time.stepper=tr_bdf2" : "time.stepper=auto"});
    const RunResult judged = run_of(rotation, overrides);
    Setup setup = setup_of(rotation, overrides);
    Eigen::VectorXd state = Eigen::VectorXd::Zero(setup.scheme->op().size());
    state.head(setup.grid->cells()) = setup.initial.values;
    const std::span<double> view(state.data(), static_cast<std::size_t>(state.size()));
    const std::vector<double>& times = setup.config.output.times;
    March march(*setup.stepper, *setup.stepper_row, setup.timeline);
    march.begin(times[1], view);
    for (std::size_t k = 1; k < times.size(); ++k) {
      while (march.t() < times[k]) static_cast<void>(march.step(times[k], view));
      march.leave();
    }
    CHECK((judged.p.values.array() == state.head(setup.grid->cells()).array()).all());
  }
}
