// Freezes what scripts rely on: run folders that are never overwritten by accident, exit codes, converge and validate.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "../run/small_case.hpp"
#include "../scratch.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/cli/console.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/output/paraview.hpp"
#include "fokker/run/converge.hpp"
#include "fokker/run/run_folder.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

Command quiet(std::vector<std::string> arguments) {
  Command command;
  command.arguments = std::move(arguments);
  command.quiet = true;
  return command;
}

}  // namespace

TEST_CASE("run writes every file of the contract and refuses to write twice without force") {
  const Scratch scratch;
  Command command = quiet({scratch.write("ou.toml", ou).string()});
  command.out = scratch.path / "out";
  CHECK(verb_run(command) == exit_ok);
  for (const char* name :
       {"case.toml", "resolved.toml", "summary.json", "series.csv", "density.pvd", "density_000000.vti",
        "density_000005.vti", "spacetime.vti", "figure.png", "figure.svg", "report.html", "view.py"})
    CHECK_MESSAGE(fs::exists(*command.out / name), name);
  CHECK(read_file(*command.out / "case.toml") == ou);
  for (const auto& [name, values] : read_vti(*command.out / "density_000005.vti").arrays)
    CHECK_MESSAGE(values.size() == (name == "current" ? 360 : 120), name);  // a vector has three components in 1D too
  CHECK_THROWS_AS(verb_run(command), UsageError);
  command.force = true;
  std::ofstream(*command.out / "series.csv.0123456789abcdef.tmp") << "left by a run that was killed";
  CHECK(verb_run(command) == exit_ok);
  CHECK_FALSE(fs::exists(*command.out / "series.csv.0123456789abcdef.tmp"));
  std::ofstream(*command.out / "thesis.tex") << "irreplaceable";
  CHECK_THROWS_AS(verb_run(command), UsageError);
  CHECK(fs::exists(*command.out / "thesis.tex"));
}

TEST_CASE("resolved.toml states what auto took and a run of it takes the same") {
  const Scratch scratch;
  Command command = quiet({scratch.write("ou.toml", std::string(ou) + "monte_carlo = { particles = 500 }\n").string()});
  command.overrides = {"scheme.flux=auto"};
  command.out = scratch.path / "first";
  REQUIRE(verb_run(command) == exit_ok);
  const auto summary = [&](const char* folder) {
    return Json::parse(read_file(scratch.path / folder / "summary.json"));
  };
  const Json first = summary("first");
  const std::string resolved = read_file(scratch.path / "first/resolved.toml");
  for (const std::string& words :
       {"flux_chosen = " + first["scheme"]["flux"].dump(), "stepper_chosen = " + first["time"]["stepper"].dump(),
        std::string("\n# scheme.positive: p >= 0 is promised and enforced\n"),
        std::string("\n# compare.monte_carlo.dt: 0.")})
    CHECK_MESSAGE(resolved.find(words) != std::string::npos, words);

  command.arguments = {scratch.write("again.toml", resolved).string()};
  command.overrides.clear();
  command.out = scratch.path / "second";
  REQUIRE(verb_run(command) == exit_ok);
  for (const char* const name : {"density_000005.vti", "series.csv", "resolved.toml"})
    CHECK_MESSAGE(read_file(scratch.path / "second" / name) == read_file(scratch.path / "first" / name), name);

  const std::string other = first["time"]["stepper"] == "tr_bdf2" ? "rkc2" : "tr_bdf2";
  for (const std::string key : {"time.stepper_chosen", "time.stepper"}) {  // another row is kept, or named
    command.overrides = {key + "=" + other};
    command.out = scratch.path / key;
    REQUIRE(verb_run(command) == exit_ok);
    CHECK(summary(key.c_str())["time"]["stepper"] == other);
  }
}

TEST_CASE("exit codes: a check that falls short is 5 and an interruption is 6") {
  const Scratch scratch;
  Command command =
      quiet({scratch.write("ou.toml", std::string(ou) + "[[check]]\nquantity=\"min_p\"\nabove=1\n").string()});
  command.out = scratch.path / "out";
  CHECK(verb_run(command) == exit_check);
  command.force = true;
  const StopRequest now;
  CHECK(verb_run(command) == exit_stopped);
  CHECK(read_file(*command.out / "summary.json").find("\"stop_reason\": \"interrupted\"") != std::string::npos);
}

TEST_CASE("two runs do not write into one folder") {
  const Scratch scratch;
  Command command = quiet({scratch.write("ou.toml", ou).string()});
  command.out = scratch.path / "out";
  command.force = true;
  {
    const RunFolder other(*command.out, false, parse_case(ou, "ou.toml", ".", {}, vocabulary()));
    CHECK_THROWS_WITH_AS(
        verb_run(command),
        fmt::format("{} is in use by process {}, another run; wait for it, or choose another folder with "
                    "--out",
                    command.out->string(), ::getpid())
            .c_str(),
        UsageError);
  }
  CHECK(verb_run(command) == exit_ok);
}

TEST_CASE("series.csv has a row for every frame and for the first step after each multiple of output.series") {
  const Scratch scratch;
  Command command = quiet({scratch.write("ou.toml", ou).string()});
  command.out = scratch.path / "out";
  command.overrides = {"time.dt=0.01", "time.stepper=rk4", "axis.x.cells=60", "output.times=[0.105]",
                       "output.series=0.092"};
  REQUIRE(verb_run(command) == exit_ok);
  std::istringstream series(read_file(*command.out / "series.csv"));
  std::string line;
  std::getline(series, line);
  // Steps of 0.01, one of them cut at the frame in 0.105; multiples 0.092, 0.184, 0.276, 0.368, 0.46.
  for (const double t : {0.0, 0.1, 0.105, 0.185, 0.285, 0.375, 0.465, 0.5}) {
    REQUIRE(std::getline(series, line));
    CHECK(std::stod(line) == doctest::Approx(t));
  }
  CHECK_FALSE(std::getline(series, line));
}

TEST_CASE("nothing is written for a case that is refused") {
  const Scratch scratch;
  Command command = quiet({scratch.write("bad.toml", "title = 3\n").string()});
  command.out = scratch.path / "out";
  CHECK_THROWS_AS(verb_run(command), CaseError);
  CHECK_FALSE(fs::exists(*command.out));
  command.arguments = {scratch.write("no_closed_form.toml", ou).string()};
  command.overrides = {"sde.drift=[\"-x^3\"]"};
  CHECK_THROWS_AS(verb_run(command), CaseError);
  CHECK_THROWS_AS(verb_check(command), CaseError);
  CHECK_FALSE(fs::exists(*command.out));
}

TEST_CASE("converge measures the order against the exact distribution and by Richardson differences") {
  const Case base = parse_case(ou, "case.toml", ".", {"axis.x.cells=60"}, vocabulary());
  const Convergence exact = converge(base, 3, false);
  CHECK(exact.exact);
  CHECK(exact.order() == doctest::Approx(2).epsilon(0.05));
  Case without = base;
  without.compare.exact_closed_form = false;
  const Convergence richardson = converge(without, 4, false);
  CHECK_FALSE(richardson.exact);
  CHECK(richardson.order() == doctest::Approx(2).epsilon(0.05));
  CHECK(std::isnan(richardson.rows.back().error));
}

TEST_CASE("converge in time measures the order of the stepper") {
  const Case base = parse_case(ou, "case.toml", ".", {"time.stepper=crank_nicolson", "time.dt=0.02", "output.frames=1"},
                               vocabulary());
  CHECK(converge(base, 4, true).order() == doctest::Approx(2).epsilon(0.05));
}

TEST_CASE("validate counts cases and fails on the first that falls short") {
  const Scratch scratch;
  (void)scratch.write("good.toml", std::string(ou) + "[[check]]\nquantity=\"mass_error\"\nbelow=1e-12\n");
  CHECK(verb_validate(quiet({scratch.path.string()})) == exit_ok);
  (void)scratch.write("short.toml", std::string(ou) + "[[check]]\nquantity=\"min_p\"\nabove=1\n");
  CHECK(verb_validate(quiet({scratch.path.string()})) == exit_check);
}

TEST_CASE("the worst lambda is that nearest to its bound and labels and bounds say what was compared") {
  CaseCheck check;
  check.quantity = "l1";
  check.against = "reverse";
  check.of_reverse = true;
  check.below = 1.23456e-4;
  CHECK(CheckResult{&check, 0, 0, true}.label() == "l1 against reverse, worst lambda");
  CHECK(CheckResult{&check, 0, 0, true}.bound() == "< 0.000123456");
  check.lambda = 0.5;
  CHECK(CheckResult{&check, 0, 0, true}.label() == "l1 against reverse, lambda 0.5");
  CaseCheck near;
  near.quantity = "p";
  near.near = 1.0 / 3;
  near.within = 1e-11;
  CHECK(CheckResult{&near, 0, 0, true}.bound() == "0.3333333333333 +- 1e-11");
}

TEST_CASE("validate leaves out what says it is none of its cases and says when nothing was validated") {
  const Scratch scratch;
  const std::string checked = std::string(ou) + "[[check]]\nquantity = \"mass_error\"\nbelow = 1e-9\n";
  fs::create_directories(scratch.path / "inner");
  fs::create_directories(scratch.path / "driven");
  static_cast<void>(scratch.write("inner/good.toml", checked));
  static_cast<void>(scratch.write("driven/broken.toml", "nonsense"));
  static_cast<void>(scratch.write("driven/not_validated", "run.py drives these"));
  CHECK(verb_validate(quiet({scratch.path.string()})) == exit_ok);
  CHECK(verb_validate(quiet({(scratch.path / "driven").string()})) == exit_check);
}

TEST_CASE("no file of a run takes the place of a standard stream that is closed") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    for (const int stream : {0, 1, 2}) close(stream);
    prepare_streams();
    _exit(open("/dev/null", O_RDONLY) > 2 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
