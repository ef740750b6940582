#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>

#include "../scratch.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/base/sha256.hpp"
#include "fokker/output/json_text.hpp"
#include "fokker/run/sweep.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

/// Members are run by a program that fails.
SweepOptions failing(const Scratch& scratch) {
  SweepOptions options;
  options.folder = scratch.path / "out";
  options.program = "/bin/false";
  return options;
}

std::string problems_of(const Scratch& scratch, const std::string& sweep) {
  try {
    const Sweep read = load_sweep(scratch.write("sweep.toml", sweep));
    SweepOptions options = failing(scratch);
    options.collect = true;
    static_cast<void>(run_sweep(read, options));
  } catch (const CaseError& error) {
    return error.what();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

bool has(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("members of a sweep are the combinations of grid and zip and sample") {
  const Scratch scratch;
  const Sweep sweep = load_sweep(scratch.write("sweep.toml", R"(
case = "ou.toml"
[grid]
axis.x.cells = [10, 20]
"time.end" = { from = 0.01, to = 1, count = 3, spacing = "log" }
[zip]
output.frames = [1, 2]
time.tolerance = [1e-3, 1e-4]
)"));
  REQUIRE(sweep.members.size() == 12);
  CHECK(sweep.members[0] == std::vector<std::string>{"10", "0.01", "1", "0.001"});
  CHECK(sweep.members[3] == std::vector<std::string>{"10", "0.1", "2", "1e-04"});
  CHECK(sweep.overrides(11) ==
        std::vector<std::string>{"axis.x.cells=20", "time.end=1.0", "output.frames=2", "time.tolerance=1e-04"});
}

TEST_CASE("a Latin sample has one point in each stratum and its draws do not depend on other keys") {
  const Scratch scratch;
  const std::string head = "case = \"ou.toml\"\n[sample]\ncount = 10\nseed = 3\n";
  const std::string one = "time.end = { from = 1, to = 2 }\n",
                    other = "axis.x.cells = { from = 10, to = 90, round = true }\n";
  const Sweep alone = load_sweep(scratch.write("a.toml", head + one)),
              both = load_sweep(scratch.write("b.toml", head + other + one));
  std::set<int> strata;
  for (std::size_t i = 0; i < 10; ++i) {
    strata.insert(static_cast<int>(10 * (std::stod(alone.members[i][0]) - 1)));
    CHECK(alone.members[i][0] == both.members[i][1]);
  }
  CHECK(strata.size() == 10);
}

TEST_CASE("everything wrong with a sweep is said at once with its place and before anything is written") {
  const Scratch scratch;
  static_cast<void>(scratch.write("ou.toml", ou));
  const std::string file = problems_of(scratch, R"(case = "ou.toml"
vreb = "run"
[grid]
time.end = [1]
axis.x.cells = { from = 10, to = 20, cuont = 3 }
[zip]
time.end = [1, 2]
output.frames = [1]
)");
  CHECK(has(file, "sweep.toml:2:1: vreb: unknown key; did you mean verb?"));
  CHECK(has(file, "grid.axis.x.cells.count: missing"));
  CHECK(has(file, "did you mean count?"));
  CHECK(has(file, "zip.time.end: has two lists in this sweep"));
  CHECK(has(file, "time.end has 2 values and output.frames has 1, must have as many"));

  const std::string members = problems_of(scratch, R"(case = "ou.toml"
[grid]
time.edn = [1]
axis.x.cells = [20, -3]
axis.y.cells = [5]
)");
  CHECK(has(members, "sweep.toml:3:6: time.edn: unknown key; did you mean end?"));
  CHECK(has(members, "(member 1: time.edn = 1, axis.x.cells = -3, axis.y.cells = 5)"));
  CHECK(has(members, "no such axis"));
  CHECK(has(problems_of(scratch, "case = \"ou.toml\"\n"), "sweeps nothing"));
  CHECK_FALSE(std::filesystem::exists(scratch.path / "out"));
}

TEST_CASE("files that a sweep names are seen from it") {
  const Scratch scratch;
  const Sweep sweep = load_sweep(scratch.write(
      "sweep.toml",
      "case = \"ou.toml\"\n[grid]\ncheck.0.against = [\"exact\", \"a.csv\"]\nscheme.table = [\"run\"]\n"));
  CHECK(sweep.members[0] == std::vector<std::string>{"\"exact\"", '"' + (scratch.path / "run").string() + '"'});
  CHECK(sweep.members[1][0] == '"' + (scratch.path / "a.csv").string() + '"');
  const Sweep tables = load_sweep(scratch.write(
      "sweep.toml",
      "case = \"ou.toml\"\n[grid]\ncheck = [[{ quantity = \"l1\", against = \"a.csv\", below = 1 }], []]\n"));
  CHECK(tables.members[0][0] ==
        "[{\"quantity\" = \"l1\", \"against\" = \"" + (scratch.path / "a.csv").string() + "\", \"below\" = 1}]");
  CHECK(tables.members[1][0] == "[]");
}

TEST_CASE("a table of members that ended at other times says so before any number") {
  const Scratch scratch;
  const std::filesystem::path file = scratch.write("ou.toml", ou);
  const Sweep sweep = load_sweep(scratch.write(
      "sweep.toml", "case = \"ou.toml\"\n[grid]\naxis.x.cells = [20, 30]\n[output]\nquantities = [\"value\"]\n"));
  SweepOptions options = failing(scratch);
  options.collect = true;
  const auto table = [&](const std::string& reason) {
    for (std::size_t i = 0; i < 2; ++i) {
      const Json summary = {{"case", {{"sha256", sha256_hex(ou)}, {"overrides", sweep.overrides(i)}}},
                            {"stop_reason", i == 0 ? "end" : reason},
                            {"time", {{"reached", i == 0 ? 0.5 : 0.25}}},
                            {"value", 3}};
      const std::filesystem::path folder = scratch.path / "out" / (i == 0 ? "0000" : "0001");
      std::filesystem::create_directories(folder);
      std::ofstream(folder / "summary.json") << summary.dump();
    }
    std::filesystem::remove(scratch.path / "out/sweep.sqlite");
    static_cast<void>(run_sweep(sweep, options));
    const std::string csv = read_file(scratch.path / "out/sweep.csv");
    return csv.substr(0, csv.find("seconds")) + csv.substr(csv.find("\n1,"));
  };
  CHECK(has(table("end"), "status,value,"));
  const std::string early = table("when: mass < 0.5");
  CHECK(has(early, "status,time.reached,stop_reason,value,"));
  CHECK(has(early, "1,30,done,0.25,when: mass < 0.5,3,"));
}

TEST_CASE("a sweep that has changed is refused with the difference and a changed comment is not") {
  const Scratch scratch;
  static_cast<void>(scratch.write("ou.toml", ou));
  const std::string before = "case = \"ou.toml\"\n[grid]\ntime.end = [1, 2]\n";
  CHECK(problems_of(scratch, before).empty());
  CHECK(problems_of(scratch, "# the same\n" + before).empty());
  const std::string changed = problems_of(scratch, "case = \"ou.toml\"\n[grid]\ntime.end = [1, 3]\n");
  CHECK(has(changed, "holds another sweep"));
  CHECK(has(changed, "- member 1: time.end = 2"));
  CHECK(has(changed, "+ member 1: time.end = 3"));
}

TEST_CASE("seconds of a member are wall time of its process") {
  const Scratch scratch;
  static_cast<void>(scratch.write("ou.toml", ou));
  SweepOptions options = failing(scratch);
  options.program = scratch.write("slow", "#!/bin/sh\nsleep 0.1\nexit 1\n");
  std::filesystem::permissions(options.program, std::filesystem::perms::owner_all);
  const Sweep sweep = load_sweep(scratch.write("sweep.toml", "case = \"ou.toml\"\n[grid]\ntime.end = [1, 2]\n"));
  options.jobs = 2;
  for (const MemberState& member : run_sweep(sweep, options).members) CHECK(member.seconds >= 0.1);
}

TEST_CASE("a member whose process fails is reported and a list has a command for every member") {
  const Scratch scratch;
  static_cast<void>(scratch.write("ou.toml", ou));
  const Sweep sweep = load_sweep(scratch.write("sweep.toml", "case = \"ou.toml\"\n[grid]\ntime.end = [1, 2]\n"));
  SweepOptions options = failing(scratch);
  options.list_for = "slurm";
  CHECK(run_sweep(sweep, options).list.filename() == "sweep.slurm");
  const std::string jobs = read_file(scratch.path / "out" / "sweep.jobs");
  CHECK(std::count(jobs.begin(), jobs.end(), '\n') == 2);
  CHECK(has(jobs, "--set time.end=2"));
  options.list_for.clear();
  const SweepResult result = run_sweep(sweep, options);
  CHECK(result.count("failed") == 2);
  CHECK(result.members[1].exit_code == 1);
}
