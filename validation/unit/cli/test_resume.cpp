// A run that is stopped anywhere and goes on writes what an unbroken one writes, to the bit.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "../run/small_case.hpp"
#include "../scratch.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/output/checkpoint.hpp"
#include "fokker/run/resume.hpp"
#include "fokker/spectral/fourier.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

Command quiet(const fs::path& argument, std::vector<std::string> overrides = {}) {
  Command command;
  command.arguments = {argument.string()};
  command.overrides = std::move(overrides);
  command.quiet = true;
  return command;
}

/// A summary without what it says of time spent, which is another one every time.
Json without_seconds(const Json& all) {
  if (!all.is_object()) return all;
  Json kept = Json::object();
  for (const auto& [key, value] : all.items())
    if (key != "seconds" && key != "threads" && key != "factorisations" &&
        key.find("per_second") == std::string::npos) {
      kept[key] = without_seconds(value);
      if (value.is_array()) {
        kept[key] = Json::array();
        for (const Json& each : value) kept[key].push_back(without_seconds(each));
      }
    }
  return kept;
}

/// All that a run has written, by name.
std::map<std::string, std::string> written(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name == ".lock" || name == checkpoint_name || name == previous_checkpoint_name) continue;
    files[name] = read_file(entry.path());
    if (name == "report.html") files[name] = "";  // it tells seconds
    if (name == "summary.json") files[name] = without_seconds(Json::parse(files[name])).dump(1);
  }
  return files;
}

void check_same(const fs::path& folder, const std::map<std::string, std::string>& unbroken) {
  const auto found = written(folder);
  for (const auto& [name, bytes] : unbroken) {
    REQUIRE_MESSAGE(found.count(name) == 1, name);
    CHECK_MESSAGE(found.at(name) == bytes, name);
  }
  CHECK(found.size() == unbroken.size());
}

struct Row {
  const char* what;
  std::string text;
  std::vector<std::string> overrides;
};

const char* const inertia = R"(
[[axis]]
name = "x"
range = [-5, 5]
cells = 48
boundary = "reflecting"
[[axis]]
name = "v"
range = [-5, 5]
cells = 48
boundary = "reflecting"
[sde]
drift = ["v", "-0.5*v - x"]
diffusion = [[0, 0], [0, 0.5]]
[initial]
gaussian = { mean = [1, 0], covariance = [[0.4, 0], [0, 0.4]] }
[time]
end = 0.5
[output]
frames = 2
[compare]
exact = true
)";

const std::string narrow = square(32) + R"(
[sde]
drift = ["-x - 3*y", "3*x - y"]
diffusion = [[0.05, 0], [0, 0.05]]
[initial]
gaussian = { mean = [1.5, 0], covariance = [[0.1, 0], [0, 0.1]] }
[time]
end = 0.3
[output]
frames = 3
[compare]
twin = true
)";

const std::vector<Row> rows = {
    {"every witness, in 1D",
     std::string(ou) + "monte_carlo = { particles = 3000 }\ntwin = true\nlog_likelihood = { points = 50 }\n"
                       "[[check]]\nquantity = \"l1\"\nagainst = \"exact\"\nat = 0.2\nbelow = 1\n"
                       "[[check]]\nquantity = \"mass_error\"\nbelow = 1e-9\n",
     {"time.stepper=dopri5"}},
    {"an implicit stepper in powers of two", ou, {"time.stepper=tr_bdf2"}},
    {"a fixed step, which is judged", ou, {"time.stepper=rk4", "time.dt=0.002"}},
    {"particles of the flow",
     std::string(ou) + "monte_carlo = { particles = 500, stepper = \"probability_flow\" }\n",
     {"time.stepper=chebyshev"}},
    {"absorbing sides and cross terms, in 2D, with all that is asked",
     ou_2d,
     {"time.stepper=rkc2", "output.marginals=true", "output.formats=[\"vti\", \"csv\", \"npy\"]",
      "output.expectations={ far = \"x^2*cos(t)\" }", "output.probabilities={ right = \"x > 0.1\" }"}},
    {"the effective drift in long steps", ou, {"scheme.form=effective_drift", "time.stepper=frozen_generator"}},
    {"shears", inertia, {"time.stepper=kinetic_splitting"}},
    {"alternating directions", narrow, {"time.stepper=peaceman_rachford"}},
    {"a flux that is corrected, and the companion run", narrow, {"scheme.flux=central4_positive"}},
    {"a flux that is corrected in 1D", ou, {"scheme.flux=central4_positive", "time.stepper=rkc2"}},
    {"a run that its [[stop]] ends",
     std::string(ou) + "monte_carlo = { particles = 500 }\n[[check]]\nquantity = \"l1\"\nagainst = \"exact\"\n"
                       "below = 1\n[[stop]]\nstationary = 1e-9\n[[stop]]\nwhen = \"far < 0.7\"\n",
     {"time.stepper=rkc2", "output.expectations={ far = \"x^2\" }"}},
    {"there and back",
     std::string(ou) + "[reverse]\nlambda = [0, 1]\nscore = \"forward\"\nsnapshots = 16\n",
     {"time.stepper=rkc2"}},
};

}  // namespace

TEST_CASE("runs that are stopped at any poll go on to the same bits in other numbers of threads") {
  const Scratch scratch;
  std::vector<Row> all = rows;
  if (!fourier_library().empty()) all[0].text += "[compare.spectral]\ntolerance = 1e-9\n";
  for (const Row& row : all) {
    CAPTURE(row.what);
    const fs::path file = scratch.write("case.toml", row.text);
    Command whole = quiet(file, row.overrides);
    whole.out = scratch.path / "whole";
    CHECK(verb_run(whole) == exit_ok);
    const auto unbroken = written(*whole.out);
    fs::remove_all(*whole.out);
    for (const long polls : {1L, 60L, 333L}) {
      CAPTURE(polls);
      Command stopped = quiet(file, row.overrides);
      stopped.out = scratch.path / "stopped";
      int code = 0;
      {
        const ThreadLimit one(1);
        const StopRequest request(polls);
        try {
          code = verb_run(stopped);
        } catch (const Stopped&) {  // before there was a folder
          continue;
        }
      }
      for (int again = 0; code == exit_stopped && again < 2; ++again) {
        const StopRequest request(2 * polls);
        code = verb_resume(quiet(*stopped.out));
      }
      if (code == exit_stopped) code = verb_resume(quiet(*stopped.out));
      CHECK(code == exit_ok);
      check_same(*stopped.out, unbroken);
      CHECK(verb_resume(quiet(*stopped.out)) == exit_ok);  // nothing is left to do
      fs::remove_all(*stopped.out);
    }
  }
}

TEST_CASE("a run that its [[stop]] has ended is over whatever became of its process") {
  const Scratch scratch;
  const fs::path file = scratch.write("case.toml", std::string(ou) +
                                                       "[[check]]\nquantity = \"l1\"\nagainst = \"exact\"\nbelow = 1\n"
                                                       "[[stop]]\nwhen = \"mean < 0.8\"\n[[stop]]\nfile = \"STOP\"\n");
  Command command = quiet(file, {"output.expectations={ mean = \"x\" }", "time.stepper=rkc2"});
  command.out = scratch.path / "out";
  CHECK(verb_run(command) == exit_ok);
  const auto unbroken = written(*command.out);
  CHECK(Json::parse(unbroken.at("summary.json"))["stop_reason"] == "when: mean < 0.8");
  fs::remove(*command.out / "summary.json");  // killed between its last checkpoint and its summary
  CHECK(verb_resume(quiet(*command.out)) == exit_ok);
  check_same(*command.out, unbroken);
  CHECK_THROWS_WITH_AS(static_cast<void>(verb_resume(quiet(*command.out, {"time.end=2", "output.every=0.1"}))),
                       doctest::Contains("the run was ended by its [[stop]] (when: mean < 0.8), not by time.end"),
                       UsageError);
  std::ofstream(*command.out / "STOP") << "enough";  // of somebody who did not look
  CHECK(verb_resume(quiet(*command.out)) == exit_ok);
  command.force = true;
  CHECK_THROWS_WITH_AS(static_cast<void>(verb_run(command)),
                       doctest::Contains("would end this run after its first step"), UsageError);
  fs::remove(*command.out / "STOP");
  Command other = command;
  other.overrides.emplace_back("stop.0.when=mean < 0");
  const int code = [&] {
    const StopRequest request(20);
    return verb_run(other);
  }();
  REQUIRE(code == exit_stopped);
  std::ofstream(*command.out / "STOP") << "enough";
  CHECK(verb_resume(quiet(*command.out)) == exit_ok);
  const Json summary = Json::parse(read_file(*command.out / "summary.json"));
  CHECK(summary["stop_reason"] == "file: STOP");
  CHECK(summary["time"]["reached"] < 0.1);
  CHECK(read_file(*command.out / "STOP") == "enough");
}

TEST_CASE("a later end goes on from the frames that are there") {
  const Scratch scratch;
  const std::string text = std::string(ou) + "monte_carlo = { particles = 1000, dt = 0.01 }\n";
  const fs::path file = scratch.write("case.toml", text);
  Command first = quiet(file, {"time.stepper=rkc2", "output.every=0.1"});
  first.out = scratch.path / "first";
  CHECK(verb_run(first) == exit_ok);
  Command whole = quiet(file, {"time.stepper=rkc2", "output.every=0.1", "time.end=0.8"});
  whole.out = scratch.path / "whole";
  CHECK(verb_run(whole) == exit_ok);
  CHECK(verb_resume(quiet(*first.out, {"time.end=0.8"})) == exit_ok);
  for (const auto& [name, bytes] : written(*whole.out))
    if (name.ends_with(".vti") || name == "series.csv" || name == "density.pvd" || name == "resolved.toml" ||
        name == "view.py")
      CHECK_MESSAGE(read_file(*first.out / name) == bytes, name);
  CHECK(verb_resume(quiet(*first.out, {"time.end=0.9"})) == exit_ok);  // and once more
  CHECK(fs::exists(*first.out / "density_000009.vti"));
}

TEST_CASE("a later end may come with other times again and keeps checks and pictures of those before") {
  const Scratch scratch;
  const fs::path file = scratch.write("case.toml", std::string(ou) + R"(
[[check]]
quantity = "l1"
against = "exact"
at = 0.25
below = 1
[[check]]
quantity = "mass_error"
below = 1e-9
)");
  Command first = quiet(file, {"output.frames=2", "output.picture.times=[0.25]"});
  first.out = scratch.path / "first";
  CHECK(verb_run(first) == exit_ok);
  CHECK(verb_resume(quiet(*first.out, {"time.end=0.8", "output.every=0.125"})) == exit_ok);
  CHECK(verb_resume(quiet(*first.out, {"time.end=1.2", "output.every=0.4"})) == exit_ok);
  CHECK(verb_resume(quiet(*first.out, {"time.end=1.4", "output.times=[1.3]"})) == exit_ok);
  const std::string resolved = read_file(*first.out / "resolved.toml");
  CHECK_MESSAGE(resolved.find("times = [0.0, 0.25, 0.5, 0.625, 0.75, 0.8, 1.2, 1.3, 1.4]") != std::string::npos,
                resolved);
  const Json checks = Json::parse(read_file(*first.out / "summary.json"))["checks"];
  REQUIRE(checks.size() == 2);
  CHECK(checks[0]["at"] == 0.25);
  CHECK(checks[1]["at"] == 1.4);
  CHECK(resolved.find("at = 0.25") != std::string::npos);
  CHECK(resolved.find("at = 1.4") == std::string::npos);  // of the end, wherever that is
}

TEST_CASE("a run that is killed wherever files are written goes on or was never begun") {
  const Scratch scratch;
  const fs::path file = scratch.write("case.toml", std::string(ou) + "[[stop]]\nfile = \"STOP\"\n");
  Command command = quiet(file, {"time.stepper=rkc2"});
  command.out = scratch.path / "out";
  CHECK(verb_run(command) == exit_ok);
  const auto unbroken = written(*command.out);
  const Setup setup = build(load_case(file, command.overrides, vocabulary()));
  const fs::path begun = scratch.path / "begun";
  fs::create_directory(begun);
  write_checkpoint(begun, checkpoint_of(setup, false, ""), Durable::no);  // and no more
  static_cast<void>(scratch.write("begun/density_000007.vti", "of a longer run"));
  CHECK(verb_resume(quiet(begun)) == exit_ok);
  check_same(begun, unbroken);

  // What a later end writes, up to each point at which it may be killed.
  for (const char* const name : {"summary.json", "report.html"}) fs::remove(begun / name);
  CHECK(verb_resume(quiet(begun)) == exit_ok);
  check_same(begun, unbroken);
  for (const char* const name : {"summary.json", "report.html"}) fs::remove(begun / name);
  static_cast<void>(scratch.write("begun/resolved.toml", "[time]\nend = 0.7\n"));
  CHECK(verb_resume(quiet(begun)) == exit_ok);
  check_same(begun, unbroken);
  fs::remove(begun / "case.toml");  // half removed
  fs::remove(begun / "summary.json");
  CHECK_THROWS_WITH_AS(static_cast<void>(verb_resume(quiet(begun))), doctest::Contains("holds no case.toml"),
                       UsageError);
}

TEST_CASE("no frame stays behind an end that comes earlier than the one before the kill") {
  const Scratch scratch;
  const fs::path file = scratch.write("case.toml", std::string(ou_2d) + "[[stop]]\nfile = \"STOP\"\n");
  Command command =
      quiet(file, {"output.marginals=true", "output.formats=[\"vti\", \"npy\"]", "time.stepper=rk4", "time.dt=2e-4"});
  command.out = scratch.path / "out";
  {
    const StopRequest request(500);
    REQUIRE(verb_run(command) == exit_stopped);
  }
  for (const char* const name : {"density_000009.vti", "density_000009.npy", "marginal_x_000009.npy", "STOP"})
    static_cast<void>(scratch.write(std::string("out/") + name, "of the run that was killed"));
  CHECK(verb_resume(quiet(*command.out)) == exit_ok);
  for (const auto& [name, bytes] : written(*command.out))
    CHECK_MESSAGE(name.find("_000009") == std::string::npos, name);
}

TEST_CASE("a finished run answers with its summary") {
  const Scratch scratch;
  Command command = quiet(scratch.write("case.toml", ou));
  command.out = scratch.path / "out";
  CHECK(verb_run(command) == exit_ok);
  Command again = quiet(*command.out);
  again.json = true;
  const fs::path said = scratch.path / "said";
  const int before = ::dup(STDOUT_FILENO), file = ::open(said.c_str(), O_CREAT | O_WRONLY, 0600);
  ::dup2(file, STDOUT_FILENO);
  const int code = verb_resume(again);
  ::dup2(before, STDOUT_FILENO);
  ::close(before);
  ::close(file);
  CHECK(code == exit_ok);
  CHECK(read_file(said) == read_file(*command.out / "summary.json"));
}

TEST_CASE("a time reversal goes on where it was stopped") {
  const Scratch scratch;
  const fs::path file = scratch.write("case.toml", std::string(ou) +
                                                       "[reverse]\nlambda = [1, 0.5]\nscore = \"forward\"\n"
                                                       "snapshots = 16\n");
  Command command = quiet(file, {"axis.x.cells=30", "output.frames=2", "checkpoint.every=0"});
  command.out = scratch.path / "whole";
  CHECK(verb_run(command) == exit_ok);
  const auto unbroken = written(*command.out);
  command.out = scratch.path / "stopped";
  int code = exit_stopped, parts = 0;
  for (; code == exit_stopped && parts < 500; ++parts) {
    const StopRequest request(60);  // fewer looks, and the estimate of its error, which begins anew, never ends
    code = parts == 0 ? verb_run(command) : verb_resume(quiet(*command.out));
  }
  CHECK(code == exit_ok);
  CHECK(parts > 2);
  check_same(*command.out, unbroken);
}

TEST_CASE("what has come back can go on until its results are written") {
  const Scratch scratch;
  const fs::path file = scratch.write("case.toml", std::string(ou) +
                                                       "[reverse]\nlambda = [1]\nscore = \"forward\"\n"
                                                       "snapshots = 16\n");
  Command command = quiet(file, {"axis.x.cells=40", "output.frames=2"});
  command.out = scratch.path / "out";
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto ignored = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{60'000, before.rlim_max};  // less than a report
  ::setrlimit(RLIMIT_FSIZE, &small);
  CHECK_THROWS_AS(static_cast<void>(verb_run(command)), FileError);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, ignored);
  CHECK(fs::exists(*command.out / checkpoint_name));
  CHECK(verb_resume(quiet(*command.out)) == exit_ok);
  CHECK_FALSE(fs::exists(*command.out / checkpoint_name));
}

TEST_CASE("what is not the same run is refused and says what differs") {
  const Scratch scratch;
  const fs::path file = scratch.write("case.toml", ou);
  Command command = quiet(file);
  command.out = scratch.path / "out";
  CHECK(verb_run(command) == exit_ok);
  const auto refusal = [&](const std::vector<std::string>& overrides) -> std::string {
    try {
      static_cast<void>(verb_resume(quiet(*command.out, overrides)));
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(refusal({"scheme.flux=upwind"}) ==
        "--set scheme.flux=upwind: a run goes on as it was begun; only a later time.end, with output.times or "
        "output.every, may be set. Start another run for anything else");
  CHECK(refusal({"time.end=0.4"}) == "time.end = 0.4 is not later than that of the run, 0.5");
  CHECK(refusal({"time.end=0.6"}).find("add --set output.every=... or --set output.times=[...]") != std::string::npos);
  std::ofstream(*command.out / "case.toml", std::ios::app) << "# a word more\n";
  CHECK(refusal({"time.end=0.6", "output.every=0.1"})
            .find("is not the case that the run was begun with:\n  + # a word "
                  "more") != std::string::npos);
  CHECK_THROWS_WITH_AS(static_cast<void>(verb_resume(quiet(scratch.path / "none"))),
                       doctest::Contains("is no run folder: it holds no case.toml"), UsageError);
}

TEST_CASE("a checkpoint that is damaged gives way to the one before") {
  const Scratch scratch;
  const fs::path file = scratch.write("case.toml", ou);
  Command command = quiet(file, {"checkpoint.every=1e-9"});
  command.out = scratch.path / "out";
  CHECK(verb_run(command) == exit_ok);
  const auto unbroken = written(*command.out);
  const std::string good = read_file(*command.out / checkpoint_name);
  const auto damage = [&](const std::string& bytes) {
    write_atomically(*command.out / checkpoint_name, bytes);
    fs::remove(*command.out / "summary.json");
    CHECK(verb_resume(quiet(*command.out)) == exit_ok);
    check_same(*command.out, unbroken);
  };
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  damage(flipped);
  damage(good.substr(0, good.size() / 2));
  damage("");
  std::ofstream(*command.out / checkpoint_name) << "x";
  std::ofstream(*command.out / previous_checkpoint_name) << "y";
  fs::remove(*command.out / "summary.json");
  CHECK_THROWS_WITH_AS(static_cast<void>(verb_resume(quiet(*command.out))),
                       doctest::Contains("holds no checkpoint that is whole"), UsageError);
}

TEST_CASE("any bytes are a checkpoint or refused") {
  const std::string good = checkpoint_text({{"a", "some bytes"}, {"b", std::string(100, '\0')}});
  CHECK(parse_checkpoint(good).size() == 2);
  for (std::size_t k = 0; k < good.size(); ++k) {
    CHECK_THROWS_AS(static_cast<void>(parse_checkpoint(good.substr(0, k))), DamagedCheckpoint);
    for (const int bit : {1, 64, 128}) {
      std::string other = good;
      other[k] = static_cast<char>(other[k] ^ bit);
      CHECK_THROWS_AS(static_cast<void>(parse_checkpoint(other)), DamagedCheckpoint);
    }
  }
  CHECK_THROWS_AS(static_cast<void>(parse_checkpoint(good + "x")), DamagedCheckpoint);
}
