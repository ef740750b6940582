// The table of a sweep, its figure and its page.
#include <doctest/doctest.h>

#include <cmath>

#include "../scratch.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/run/records/sweep_table.hpp"
#include "fokker/run/report.hpp"
#include "fokker/run/run_figure.hpp"
#include "fokker/run/run_folder.hpp"
#include "small_case.hpp"

using namespace fokker;

namespace {

bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

/// Over every a and b one member: the last failed, the first fell short.
SweepTable table_over(const std::filesystem::path& folder, const std::vector<std::string>& a,
                      const std::vector<std::string>& b, const char* second = "b") {
  SweepTable table{.folder = folder, .keys = {"sde.parameters.a", second}, .quantities = {"q"}, .members = {}};
  for (const std::string& first : a)
    for (const std::string& other : b)
      table.members.push_back({.number = table.members.size(),
                               .values = {first, other},
                               .status = "done",
                               .quantities = {std::to_string(1 + std::stod(first) * std::stod(other))},
                               .seconds = "1",
                               .host = "",
                               .message = ""});
  table.members.front().status = "short";
  table.members.back().status = "failed";
  table.members.back().quantities = {""};
  table.members.back().message = "it <broke>";
  return table;
}

std::string svg_of(const SweepTable& table) { return figure::svg_of(figure_of_sweep(table, {}, false)); }

}  // namespace

TEST_CASE("a table of a sweep is read as it was written and what is none is refused") {
  const Scratch scratch;
  CHECK_FALSE(is_sweep_folder(scratch.path));
  CHECK_THROWS_AS(static_cast<void>(read_sweep_table(scratch.path)), UsageError);
  const std::string head = "member,title,sde.parameters.T,status,q,seconds,host,message\n";
  static_cast<void>(
      scratch.write("sweep.csv", head + "0,\"a, \"\"b\"\"\nc\",0.1,done,2.5,1,vm,\n1,d,0.2,failed,,0,,\"x,y\"\r\n"));
  CHECK(is_sweep_folder(scratch.path));
  const SweepTable table = read_sweep_table(scratch.path);
  CHECK(table.keys == std::vector<std::string>{"title", "sde.parameters.T"});
  CHECK(table.quantities == std::vector<std::string>{"q"});
  REQUIRE(table.members.size() == 2);
  CHECK(table.members[0].values[0] == "a, \"b\"\nc");
  CHECK(number_of(table.members[0].quantities[0]) == 2.5);
  CHECK(std::isnan(number_of(table.members[1].quantities[0])));
  CHECK(table.members[1].message == "x,y");
  CHECK(counts_text(table) == "2 members: 1 done, 1 failed");
  static_cast<void>(scratch.write("sweep.csv", head + "0,a,0.1,done\n"));
  CHECK_THROWS_WITH_AS(static_cast<void>(read_sweep_table(scratch.path)), doctest::Contains("line 2 has 4 of 8"),
                       FileError);
}

TEST_CASE("axes of a sweep are the keys that vary and logarithmic where their values are") {
  const SweepTable table = table_over("none", {"0.1", "1.0", "10.0"}, {"1", "2", "3"});
  const std::vector<SweptAxis> axes = swept_axes(table);
  REQUIRE(axes.size() == 2);
  CHECK(axes[0].log);
  CHECK_FALSE(axes[1].log);
  CHECK(is_product(table, axes));
  SweepTable zipped = table_over("none", {"1", "2", "3"}, {"0"});
  for (auto& member : zipped.members) member.values[1] = std::to_string(10 - member.number);
  CHECK(swept_axes(zipped).size() == 1);
  zipped.members[1].values[1] = "11";  // neither rises nor falls with the first
  CHECK(swept_axes(zipped).size() == 2);
}

TEST_CASE("a figure of a sweep marks members that failed or fell short and is an image over two keys") {
  const std::string line = svg_of(table_over("none", {"0.1", "1", "10"}, {"2"}));
  CHECK(has(line, "failed"));
  CHECK(has(line, "short of a check"));
  CHECK(has(line, "3 members: 1 done, 1 short of a check, 1 failed"));
  CHECK(has(svg_of(table_over("none", {"1", "2", "3"}, {"1", "2", "3"})), "fokker-image"));
  CHECK(has(svg_of(table_over("none", {"1", "2", "3"}, {"1", "2"})), "b = 2"));
  const std::string repeated = svg_of(table_over("none", {"1", "2", "3"}, {"1", "2", "3"}, "compare.monte_carlo.seed"));
  CHECK(has(repeated, "± deviation over compare.monte_carlo.seed"));
  SweepTable nothing = table_over("none", {"1", "2"}, {"1"});
  for (auto& member : nothing.members) member.quantities = {""};
  CHECK_THROWS_WITH_AS(svg_of(nothing), doctest::Contains("no member has a number"), UsageError);
  CHECK_THROWS_WITH_AS(static_cast<void>(figure_of_sweep(nothing, {"p"}, false)), doctest::Contains("no column p"),
                       UsageError);
}

TEST_CASE("the page of a sweep has a row and a density for each member and says what it lacks") {
  const Scratch scratch;
  const SweepTable table = table_over(scratch.path, {"1", "2"}, {"1"});
  Setup setup = setup_of(ou);
  const RunFolder kept(table.folder_of(table.members[0]), false, setup.config);
  static_cast<void>(run(setup, {.folder = kept.path()}));
  const std::string page = play_of(table, "");
  CHECK(has(page, "<tr class=\"short\"><td>0</td><td>1</td><td>1</td><td>short</td><td>2.000000</td>"));
  CHECK(has(page, "<tr class=\"failed\"><td>1</td><td>2</td>"));
  CHECK(has(page, "<td>it &lt;broke&gt;</td>"));
  CHECK(has(page, "1 of 2 members have no density here."));
  CHECK(has(page, "There is no figure"));
  CHECK(page.size() < report_bytes);
}

TEST_CASE("a figure of members that ended at other times says so") {
  SweepTable table = table_over("none", {"1", "2", "3"}, {"0"});
  table.quantities = {"stop_reason", "q"};
  for (auto& member : table.members) member.quantities.insert(member.quantities.begin(), "end");
  const char* const words = "a [[stop]] has ended some: numbers are of the times";
  CHECK(svg_of(table).find(words) == std::string::npos);
  table.members[1].quantities[0] = "stationary: 1e-09";
  CHECK(svg_of(table).find(words) != std::string::npos);
}
