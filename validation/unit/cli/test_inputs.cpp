// Files that a case reads travel with its run: the bytes that were read, and no others, wherever the folder goes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "../run/small_case.hpp"
#include "../scratch.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/base/sha256.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/cli/verbs.hpp"
#include "fokker/run/run_folder.hpp"
#include "fokker/run/run_record.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

Command quiet(const fs::path& argument, const fs::path& out = {}, std::vector<std::string> overrides = {}) {
  Command command;
  command.arguments = {argument.string()};
  command.overrides = std::move(overrides);
  command.quiet = true;
  if (!out.empty()) command.out = out;
  return command;
}

/// Point values of a Gaussian with mean `m` and variance 1.
std::string gaussian_table(double m) {
  std::string table = "x,p\n";
  for (int i = 0; i <= 400; ++i) {
    const double x = -4 + i / 40.0;
    table += fmt::format("{},{}\n", x, std::exp(-(x - m) * (x - m) / 2) / std::sqrt(2 * M_PI));
  }
  return table;
}

std::string with_check(const std::string& file) {
  return std::string(ou) + fmt::format("[[check]]\nquantity = \"l1\"\nagainst = \"{}\"\nbelow = 2\n", file);
}

double l1(const fs::path& folder) {
  return Json::parse(read_file(folder / "summary.json"))["checks"][0]["value"].get<double>();
}

/// A case that reads ../data/theirs.csv, run into `out`.
struct Ran : Scratch {
  Ran() {
    fs::create_directory(path / "data");
    fs::create_directory(path / "cases");
    static_cast<void>(write("data/theirs.csv", gaussian_table(0.5)));
    file = write("cases/case.toml", with_check("../data/theirs.csv"));
    REQUIRE(verb_run(quiet(file, path / "out")) == exit_ok);
  }
  fs::path file;
};

std::string refusal(const auto& act) {
  try {
    static_cast<void>(act());
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a run that is stopped and moved goes on with the files it read and is run and drawn again without them") {
  const Scratch scratch;
  for (const char* const name : {"home", "home/sub"}) fs::create_directory(scratch.path / name);
  static_cast<void>(scratch.write("home/sub/values.csv", gaussian_table(0.5)));
  const fs::path file = scratch.write("home/case.toml", with_check("sub/values.csv"));
  const std::vector<std::string> steps{"time.stepper=rk4", "time.dt=1e-4"};
  CHECK(verb_run(quiet(file, scratch.path / "whole", steps)) == exit_ok);
  {
    const StopRequest request(500);
    CHECK(verb_run(quiet(file, scratch.path / "out", steps)) == exit_stopped);
  }
  fs::remove_all(scratch.path / "home");
  const fs::path moved = scratch.path / "moved";
  fs::rename(scratch.path / "out", moved);
  CHECK(verb_resume(quiet(moved)) == exit_ok);
  CHECK(verb_run(quiet(moved / "resolved.toml", scratch.path / "resolved")) == exit_ok);
  CHECK(verb_run(quiet(moved / "case.toml", scratch.path / "again", steps)) == exit_ok);
  for (const char* const other : {"moved", "resolved", "again"}) {
    for (const char* const name : {"density_000005.vti", "inputs/values.csv", "resolved.toml"})
      CHECK_MESSAGE(read_file(scratch.path / other / name) == read_file(scratch.path / "whole" / name), other, name);
    CHECK(l1(scratch.path / other) == l1(scratch.path / "whole"));
  }
  CHECK(read_file(moved / "resolved.toml").find("against = \"inputs/values.csv\"") != std::string::npos);
  fs::remove_all(moved / "inputs");
  CHECK(verb_plot(quiet(moved)) == exit_ok);
  CHECK(verb_report(quiet(moved)) == exit_ok);
}

TEST_CASE("the table of a score travels with the run") {
  const Scratch scratch;
  const fs::path file = scratch.write("case.toml", ou);
  CHECK(verb_run(quiet(file, scratch.path / "earlier")) == exit_ok);
  const std::vector<std::string> table{"scheme.form=effective_drift", "scheme.score=table",
                                       "scheme.table=" + (scratch.path / "earlier").string()};
  CHECK(verb_run(quiet(file, scratch.path / "out", table)) == exit_ok);
  const std::string first = read_file(scratch.path / "earlier/density_000002.vti");
  CHECK(read_file(scratch.path / "out/inputs/earlier/density_000002.vti") == first);
  fs::remove_all(scratch.path / "earlier");
  CHECK(verb_run(quiet(scratch.path / "out/resolved.toml", scratch.path / "again")) == exit_ok);
  CHECK(read_file(scratch.path / "again/density_000005.vti") == read_file(scratch.path / "out/density_000005.vti"));
  static_cast<void>(scratch.write("out/inputs/earlier/density_000003.vti", first));
  CHECK(refusal([&] {
          return verb_run(quiet(scratch.path / "out/resolved.toml", scratch.path / "third"));
        }).find(fmt::format("density_000003.vti has sha256 {}", sha256_hex(first))) != std::string::npos);
}

TEST_CASE("a copy that is not what was read is passed over for the original and neither of them is taken unlike it") {
  const Ran ran;
  const fs::path out = ran.path / "out";
  static_cast<void>(ran.write("out/inputs/theirs.csv", gaussian_table(0.4)));
  CHECK(verb_run(quiet(out / "case.toml", ran.path / "again")) == exit_ok);
  CHECK(l1(ran.path / "again") == l1(out));
  static_cast<void>(ran.write("data/theirs.csv", gaussian_table(0.3)));
  const std::string said = refusal([&] { return verb_run(quiet(out / "case.toml", ran.path / "third")); });
  for (const std::string& words :
       {"check.0.against: ../data/theirs.csv: a file with sha256 " + sha256_hex(gaussian_table(0.5)),
        "out/inputs/theirs.csv has sha256 " + sha256_hex(gaussian_table(0.4)),
        "data/theirs.csv has sha256 " + sha256_hex(gaussian_table(0.3))})
    CHECK_MESSAGE(said.find(words) != std::string::npos, said);
  CHECK_FALSE(fs::exists(ran.path / "third"));
  CHECK(verb_run(quiet(ran.file, ran.path / "third")) == exit_ok);  // the case itself reads what is there now
  CHECK(l1(ran.path / "third") > l1(out) + 0.05);
}

TEST_CASE("a file beside the case of a run that is not the one which it has read is never passed over in silence") {
  const Ran ran;
  const fs::path file = ran.write("cases/case.toml", with_check("beside.csv"));
  static_cast<void>(ran.write("cases/beside.csv", gaussian_table(0.5)));
  const std::vector<std::string> steps{"time.stepper=rk4", "time.dt=1e-4"};
  {
    const StopRequest request(500);
    CHECK(verb_run(quiet(file, ran.path / "stopped", steps)) == exit_stopped);
  }
  const fs::path folder = ran.path / "stopped";
  static_cast<void>(ran.write("stopped/beside.csv", gaussian_table(0.5)));
  CHECK(verb_run(quiet(folder / "case.toml", ran.path / "again", steps)) == exit_ok);
  static_cast<void>(ran.write("stopped/beside.csv", gaussian_table(0.3)));
  const std::string said = refusal([&] { return verb_run(quiet(folder / "case.toml", ran.path / "third", steps)); });
  CHECK_MESSAGE(
      said.find("stopped/beside.csv is not the file that the run in this folder has read") != std::string::npos, said);
  const auto warned = [&](const fs::path& of, const char* words) {
    return Json::parse(read_file(of / "summary.json"))["warnings"].dump().find(words) != std::string::npos;
  };
  CHECK(verb_resume(quiet(folder)) == exit_ok);  // to what it was begun with
  CHECK(l1(folder) == l1(ran.path / "again"));
  CHECK(warned(folder, "stopped/beside.csv is not the file that the run in"));
  static_cast<void>(ran.write("data/theirs.csv", gaussian_table(0.3)));
  CHECK(verb_run(quiet(ran.path / "out/case.toml", ran.path / "moved")) == exit_ok);
  CHECK(l1(ran.path / "moved") == l1(ran.path / "out"));
  CHECK(warned(ran.path / "moved", "data/theirs.csv is not the file that the run in"));
}

TEST_CASE("files that --set names are seen from the working directory and found again by a run that goes on") {
  const Ran ran;
  const std::vector<std::string> set{"check.0.against=theirs.csv", "time.stepper=rk4", "time.dt=1e-4"};
  static_cast<void>(ran.write("cases/theirs.csv", gaussian_table(0.2)));  // beside the case: not meant
  struct Elsewhere {
    explicit Elsewhere(const fs::path& folder) { fs::current_path(folder); }
    ~Elsewhere() { fs::current_path(before); }
    fs::path before = fs::current_path();
  };
  {
    const Elsewhere there(ran.path / "data");
    CHECK(verb_run(quiet(ran.file, ran.path / "whole", set)) == exit_ok);
    const StopRequest request(500);
    CHECK(verb_run(quiet(ran.file, ran.path / "stopped", set)) == exit_stopped);
  }
  CHECK(l1(ran.path / "whole") == doctest::Approx(l1(ran.path / "out")).epsilon(1e-3));
  fs::remove(ran.path / "data/theirs.csv");
  CHECK(verb_resume(quiet(ran.path / "stopped")) == exit_ok);
  CHECK(verb_run(quiet(ran.path / "stopped/resolved.toml", ran.path / "resolved")) == exit_ok);
  for (const char* const other : {"stopped", "resolved"}) CHECK(l1(ran.path / other) == l1(ran.path / "whole"));
  static_cast<void>(ran.write("data/theirs.csv", gaussian_table(0.9)));
  const Elsewhere there(ran.path / "data");
  CHECK(verb_run(quiet(ran.path / "stopped/case.toml", ran.path / "new", set)) == exit_ok);  // what is there now
  CHECK(l1(ran.path / "new") > l1(ran.path / "whole") + 0.05);
}

TEST_CASE("a file that changes between reading and copying is refused") {
  const Ran ran;
  CaseInput input{.word = "theirs.csv",
                  .name = "theirs.csv",
                  .file = "",
                  .sha256 = std::string(64, '0'),
                  .bytes = 3,
                  .places = {ran.path / "data/theirs.csv"}};
  CHECK(refusal([&] {
          return write_inputs(ran.path / "new", {&input, 1}), 0;
        }).find("has sha256") != std::string::npos);
  CHECK_FALSE(fs::exists(ran.path / "new/inputs/theirs.csv"));
}

TEST_CASE("a large file is kept by its path and its hash") {
  const Ran ran;
  const fs::path file = ran.path / "data/theirs.csv";
  const CaseInput input{.word = "theirs.csv",
                        .name = "theirs.csv",
                        .file = "",
                        .sha256 = sha256_hex(read_file(file)),
                        .bytes = largest_copy + 1,
                        .places = {file}};
  write_inputs(ran.path / "new", {&input, 1});
  CHECK_FALSE(fs::exists(ran.path / "new/inputs/theirs.csv"));
  const std::vector<CaseInput> known = read_inputs_index(ran.path / "new");
  REQUIRE(known.size() == 1);
  CHECK(read_input(known[0]) == read_file(file));
  fs::rename(file, ran.path / "new/inputs/theirs.csv");  // what a refusal says is to be done
  CHECK(read_input(known[0]) == read_file(ran.path / "new/inputs/theirs.csv"));
  CHECK(written_inputs(ran.path / "new", true).size() == 3);
}

TEST_CASE("force removes copies of inputs and nothing that the case reads or that no run wrote") {
  const Ran ran;
  const fs::path out = ran.path / "out";
  Command again = quiet(ran.file, out);
  again.force = true;
  CHECK(verb_run(again) == exit_ok);
  Command own = quiet(out / "resolved.toml", out);
  own.force = true;
  CHECK(refusal([&] {
          return verb_run(own);
        }).find("inputs/theirs.csv, which the case reads and --force would remove") != std::string::npos);
  static_cast<void>(ran.write("out/inputs/mine.csv", "x\n"));
  CHECK(refusal([&] { return verb_run(again); }).find("holds inputs/mine.csv, which no run writes") !=
        std::string::npos);
  fs::remove(out / "inputs/mine.csv");
  static_cast<void>(ran.write("out/inputs/theirs.csv.0123456789abcdef.tmp", "x"));  // of a run that was killed
  CHECK(verb_run(again) == exit_ok);
  fs::create_directory(ran.path / "cases/inputs");
  static_cast<void>(ran.write("cases/inputs/index.toml", "[site]\ntitle = \"another one\"\n"));
  CHECK(verb_run(quiet(ran.file, ran.path / "beside")) == exit_ok);  // an index of something else
  static_cast<void>(ran.write("out/inputs/index.toml", "# fokker inputs 1\n[[input]]\nword = 3\n"));
  CHECK(refusal([&] {
          return verb_run(quiet(out / "case.toml", ran.path / "third"));
        }).find("inputs/index.toml is damaged: the input in line 2 is not whole; it says which files") !=
        std::string::npos);
}

TEST_CASE("names of copies and words of the case are never taken for each other") {
  const Ran ran;
  fs::create_directory(ran.path / "cases/inputs");
  static_cast<void>(ran.write("cases/theirs.csv", gaussian_table(0.2)));
  static_cast<void>(ran.write("cases/inputs/theirs.csv", gaussian_table(0.8)));
  const std::string both = with_check("theirs.csv") + "[[check]]\nquantity = \"l1\"\nagainst = \"{}\"\nbelow = 2\n";
  const auto second = [](const fs::path& folder) {
    return Json::parse(read_file(folder / "summary.json"))["checks"][1]["value"].get<double>();
  };
  const auto with = [&](const std::string& word) {
    std::string text = both;
    return ran.write("cases/both.toml", text.replace(text.find("{}"), 2, word));
  };
  const fs::path confused = with("inputs/theirs.csv");
  CHECK(refusal([&] { return verb_run(quiet(confused, ran.path / "both")); }).find("write ./inputs/theirs.csv") !=
        std::string::npos);
  const fs::path told = with("./inputs/theirs.csv");
  CHECK(verb_run(quiet(told, ran.path / "both")) == exit_ok);
  CHECK(verb_run(quiet(ran.path / "both/case.toml", ran.path / "again")) == exit_ok);
  CHECK(verb_run(quiet(ran.path / "both/resolved.toml", ran.path / "third")) == exit_ok);
  for (const char* const other : {"again", "third"}) {
    CHECK(l1(ran.path / other) == l1(ran.path / "both"));
    CHECK(second(ran.path / other) == second(ran.path / "both"));
  }
  CHECK(l1(ran.path / "both") != second(ran.path / "both"));
}
