// Two runs against each other: on one grid the norms of the difference, on two grids those of averages over the coarser
// cells, to the order of the interpolation; samples against their counting noise.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "../scratch.hpp"
#include "fokker/analysis/other_cells.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/records/compare_runs.hpp"
#include "fokker/run/records/copy_case.hpp"
#include "fokker/run/records/info.hpp"
#include "fokker/run/records/matrix_market.hpp"
#include "fokker/run/records/upgrade.hpp"
#include "fokker/run/resume.hpp"
#include "fokker/run/run_folder.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "small_case.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

fs::path run_of(const Scratch& scratch, const std::string& name, const std::vector<std::string>& overrides,
                const std::string& text = ou) {
  Setup setup = setup_of(text, overrides);
  const fs::path folder = scratch.path / name;
  const RunFolder kept(folder, false, setup.config);
  const RunResult result = run(setup, {.folder = folder});
  write_atomically(folder / "summary.json", json_text(json_of(document(setup, result, folder))));
  return folder;
}

// Averages of exp(-x^2/2) over cells.
std::vector<double> bell(const Axis& axis) {
  std::vector<double> averages;
  for (Index i = 0; i < axis.cells; ++i)
    averages.push_back(std::sqrt(M_PI / 2) * (std::erf(axis.face(i + 1) / M_SQRT2) - std::erf(axis.face(i) / M_SQRT2)) /
                       axis.width());
  return averages;
}

double worst(const std::vector<double>& a, const std::vector<double>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

}  // namespace

TEST_CASE("averages over other cells keep mass and sign and are of high order") {
  const auto axis = [](double lower, double upper, Index cells) {
    return Axis{.name = "x", .lower = lower, .upper = upper, .cells = cells};
  };
  const Axis fine = axis(-5, 5, 120), nested = axis(-5, 5, 40), other = axis(-4.9, 4.95, 47);
  CHECK(worst(averaged_over(fine, bell(fine), nested), bell(nested)) < 1e-14);
  CHECK(worst(averaged_over(fine, bell(fine), fine), bell(fine)) < 1e-14);
  const double coarse_error = worst(averaged_over(fine, bell(fine), other), bell(other));
  const Axis finer = axis(-5, 5, 240);
  const double fine_error = worst(averaged_over(finer, bell(finer), other), bell(other));
  CHECK(coarse_error < 1e-7);
  CHECK(coarse_error / fine_error > 16);
  std::vector<double> spike(120, 0.0);
  spike[60] = 1;
  double mass = 0;
  const Axis whole = axis(-5, 5, 47);
  for (const double value : averaged_over(fine, spike, whole)) {
    CHECK(value >= 0);
    mass += value * whole.width();
  }
  CHECK(mass == doctest::Approx(fine.width()).epsilon(1e-14));
}

TEST_CASE("two runs are compared frame by frame on one grid and on two") {
  const Scratch scratch;
  const fs::path a = run_of(scratch, "a", {}), same = run_of(scratch, "same", {}),
                 fine = run_of(scratch, "fine", {"axis.x.cells=360", "output.times=[0.3, 0.5]"}),
                 hot = run_of(scratch, "hot", {"sde.noise=[[1.2]]", "compare.exact=false"});
  const RunComparison none = compare_runs(a, same);
  CHECK(none.frames.size() == 6);
  CHECK_FALSE(none.averaged);
  for (const ComparedFrame& frame : none.frames) {
    CHECK(frame.verdict.norms.l1 == 0);
    CHECK(frame.verdict.ks == 0);
    CHECK(*frame.verdict.w1 == 0);
  }
  const RunComparison finer = compare_runs(a, fine);
  CHECK(finer.averaged);
  CHECK(finer.cells == std::vector<Index>{120});
  CHECK(finer.frames.size() == 3);  // 0, 0.3 and 0.5
  CHECK(finer.only_a == 3);
  CHECK(finer.frames[0].verdict.norms.l1 < 1e-14);  // averages of one Gaussian
  CHECK(finer.frames[2].verdict.norms.l1 < 4e-3);   // what the flux costs on 120 cells
  CHECK(finer.frames[2].verdict.norms.l1 > 1e-4);
  // Variances 0.25 e^{-2t} + s^2 (1 - e^{-2t})/2 at t = 0.5 of s = 1 and 1.2.
  CHECK(compare_runs(a, hot).frames.back().verdict.covariance_error ==
        doctest::Approx(0.22 * (1 - std::exp(-1))).epsilon(0.01));
  const std::string shown = text_of(document(finer));
  CHECK(shown.find("the grids differ: both averaged over 120 cells") != std::string::npos);
  CHECK(json_of(document(none))["frames"].size() == 6);
}

TEST_CASE("a run is compared with samples and with values of a file") {
  const Scratch scratch;
  const fs::path a = run_of(scratch, "a", {});
  // Draws from the end: Normal(e^{-1/2}, 0.25 e^{-1} + (1 - e^{-1})/2), by bisection.
  const double mean = std::exp(-0.5), deviation = std::sqrt(0.25 * std::exp(-1) + 0.5 * (1 - std::exp(-1)));
  std::string samples = "x\n", values = "x,p\n";
  std::mt19937_64 numbers(7);
  for (int n = 0; n < 2000; ++n) {
    const double u = (static_cast<double>(numbers() >> 12) + 0.5) / 4503599627370496.0;
    double low = -9, high = 9;
    while (high - low > 1e-9) {
      const double middle = (low + high) / 2;
      (0.5 * std::erfc(-middle / M_SQRT2) < u ? low : high) = middle;
    }
    samples += fmt::format("{}\n", mean + deviation * low);
  }
  for (double x = -4; x <= 6; x += 0.02)
    values += fmt::format("{},{}\n", x,
                          std::exp(-std::pow((x - mean) / deviation, 2) / 2) / (deviation * std::sqrt(2 * M_PI)));
  const RunComparison drawn = compare_runs(a, scratch.write("samples.csv", samples));
  CHECK(drawn.with == "samples");
  CHECK(drawn.frames[0].verdict.mean_error < 5e-2);
  CHECK(drawn.agreement->verdict().word == "agrees");
  const RunComparison known = compare_runs(a, scratch.write("values.csv", values));
  CHECK(known.with == "values");
  CHECK(known.frames[0].verdict.norms.l1 < 3e-3);
  const RunComparison shifted = compare_runs(a, scratch.write("far.csv", "x\n-3\n-3\n-3\n-3\n-3\n-3\n-3\n-3\n"));
  CHECK(shifted.agreement->verdict().word == "differs");
}

TEST_CASE("compare says what cannot be compared") {
  const Scratch scratch;
  const fs::path a = run_of(scratch, "a", {});
  const auto refusal = [&](const fs::path& b) -> std::string {
    try {
      static_cast<void>(compare_runs(a, b));
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  };
  CHECK(refusal(scratch.path / "none") == (scratch.path / "none").string() + ": no such file or folder");
  CHECK(refusal(scratch.path).find("holds no resolved.toml: no folder of a run") != std::string::npos);
  CHECK(refusal(scratch.write("y.csv", "y\n1\n")).find("has no column x, it has y; columns of the axes are samples") !=
        std::string::npos);
  CHECK(refusal(scratch.write("out.csv", "x\n99\n")).find("none of the 1 samples lies in the box") !=
        std::string::npos);
  const fs::path later =
      run_of(scratch, "later",
             {"axis.x.range=[20, 30]", "initial.gaussian.mean=[25]", "sde.drift=[\"25-x\"]", "compare.exact=false"});
  CHECK(refusal(later).find("the boxes have nothing in common along x") != std::string::npos);
}

TEST_CASE("info says what files of a run are") {
  const Scratch scratch;
  const fs::path a = run_of(scratch, "a", {});
  const auto json = [](const fs::path& path) { return json_of(info(path)); };
  CHECK(json(a)["kind"] == "run folder");
  CHECK(json(a)["frames"] == 6);
  CHECK(json(a)["stop_reason"] == "end");
  CHECK(json(a)["made_by"].get<std::string>().starts_with("fokker "));
  CHECK(json(a / "case.toml")["kind"] == "case");
  CHECK(json(a / "summary.json")["kind"] == "summary");
  CHECK(json(a / "series.csv")["kind"] == "series of a run");
  CHECK(json(a / "density.pvd")["frames"] == 6);
  const Json frame = json(a / "density_000005.vti");
  CHECK(frame["t"] == 0.5);
  CHECK(frame["arrays"][0]["name"] == "p");
  CHECK(frame["arrays"][0]["integral"].get<double>() == doctest::Approx(1).epsilon(1e-12));
  CHECK(frame["arrays"][1]["components"] == 3);
  CHECK(frame["sha256"].get<std::string>().size() == 64);
  fs::remove(a / "summary.json");
  CHECK(json(a)["state"].get<std::string>().find("no summary.json") == 0);
  CHECK(json(scratch.write("broken.toml", "titel = 3\n"))["problems"] > 0);
  CHECK(json(scratch.write("m.mtx", "%%MatrixMarket matrix array real general\n% says"))["kind"] == "matrix");
  write_checkpoint(a, checkpoint_of(setup_of(ou), false, "state"), Durable::no);
  const Json kept = json(a / "checkpoint");
  CHECK(kept["kind"] == "checkpoint");
  CHECK(kept["state"] == 5);
  CHECK(kept["flux"] == "scharfetter_gummel");
  fs::create_directories(scratch.path / "cut");
  CHECK(json(scratch.write("cut/checkpoint", read_file(a / "checkpoint").substr(0, 200))).contains("damaged"));
  CHECK_THROWS_AS(static_cast<void>(info(scratch.write("bad.json", "[1"))), FileError);
  CHECK_THROWS_AS(static_cast<void>(info(scratch.write("bad.vti", "nothing"))), FileError);
  CHECK_THROWS_AS(static_cast<void>(info(scratch.path / "absent")), FileError);
  CHECK_THROWS_AS(static_cast<void>(info(scratch.path)), FileError);
}

TEST_CASE("upgrade renames what a summary called otherwise and leaves cases of today") {
  const Scratch scratch;
  const fs::path old = scratch.write(
      "summary.json",
      R"({"fokker": {"version": "0"}, "scheme": {"flux": "central", "capped_share": 0.5}, "reverse": {"floored": 2}})");
  CHECK(json_of(upgrade(scratch.path))["changes"].size() == 2);
  const std::string made = read_file(old);
  CHECK(Json::parse(made)["scheme"]["capped_fraction"] == 0.5);
  CHECK(made.find("floored") == std::string::npos);
  CHECK(made.find("flux") < made.find("capped_fraction"));  // in the old order
  CHECK(json_of(upgrade(old))["changes"].empty());
  CHECK(json_of(upgrade(scratch.write("today.toml", ou)))["changes"].empty());
  CHECK_THROWS_AS(static_cast<void>(upgrade(scratch.write("bad.toml", "titel = 1\n"))), CaseError);
  CHECK_THROWS_AS(static_cast<void>(upgrade(scratch.write("other.json", "{}"))), FileError);
  CHECK_THROWS_AS(static_cast<void>(upgrade(scratch.write("x.csv", "x\n1\n"))), FileError);
}

TEST_CASE("the matrix of a case keeps mass with volumes and outflow and is the operator") {
  const Scratch scratch;
  const Setup setup =
      setup_of(ou, {"axis.x.boundary=[\"absorbing\", \"reflecting\"]", "axis.x.cells=30", "compare.exact=false"});
  const WrittenOperator written = write_operator(setup, scratch.path / "Q.mtx");
  CHECK(written.sides == std::vector<std::string>{"x_lower"});
  std::vector<double> p(31), rate(31), made(31), column_sums(30);
  for (int i = 0; i < 30; ++i) p[i] = 1 + std::sin(i);
  setup.scheme->op().apply(0, p, rate);
  const auto read = [&](const fs::path& file, int first, bool matrix) {
    std::istringstream lines(read_file(file));
    std::string line;
    while (std::getline(lines, line) && line.starts_with("%")) continue;
    int row = 0, column = 0;
    double value = 0;
    while (lines >> row >> column >> value) {
      made[first + row - 1] += value * p[column - 1];
      column_sums[column - 1] += value * (matrix ? setup.grid->volume() : 1);
    }
  };
  read(written.matrix, 0, true);
  read(written.outflow, 30, false);
  for (int i = 0; i < 31; ++i) CHECK(made[i] == doctest::Approx(rate[i]).epsilon(1e-12));
  for (const double sum : column_sums) CHECK(std::abs(sum) < 1e-12);
  CHECK(read_file(written.volumes).find("30 1\n0.33333333333333331\n") != std::string::npos);
}

TEST_CASE("a case is copied with the files it reads and reads the copies") {
  const Scratch scratch;
  fs::create_directories(scratch.path / "data");
  fs::create_directories(scratch.path / "more");
  fs::create_directories(scratch.path / "cases");
  std::string values = "x,p\n";
  for (double x = -4; x <= 6; x += 0.02)
    values += fmt::format("{},{}\n", x, std::exp(-x * x / 2) / std::sqrt(2 * M_PI));
  static_cast<void>(scratch.write("data/theirs.csv", values));
  static_cast<void>(scratch.write("more/theirs.csv", values + "\n"));
  const fs::path file =
      scratch.write("cases/c.toml", std::string(ou) +
                                        "[[check]]\nquantity = \"l1\"\nagainst = \"../data/theirs.csv\"\nbelow = 9\n"
                                        "[[check]]\nquantity = \"l1\"\nagainst = \"../more/theirs.csv\"\nbelow = 9\n");
  const CopiedCase copied = copy_case(file, scratch.path / "away", false);
  CHECK(copied.inputs == std::vector<std::string>{"inputs/theirs.csv", "inputs/theirs_2.csv"});
  fs::remove_all(scratch.path / "data");
  fs::remove_all(scratch.path / "more");
  const Case there = load_case(copied.file, {}, vocabulary());
  CHECK(there.checks.back().against == "inputs/theirs_2.csv");
  CHECK_THROWS_AS(static_cast<void>(copy_case(copied.file, scratch.path / "away", false)), UsageError);
  CHECK_THROWS_AS(static_cast<void>(copy_case(copied.file, scratch.path / "away", true)), UsageError);
}
