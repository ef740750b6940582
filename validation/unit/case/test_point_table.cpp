// A table of point values is held against the grid before anything is run: each way in which it cannot judge a density
// is refused by its line, and what is accepted is integrated up to the walls.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <functional>

#include "case_support.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/case/point_table.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

struct File {
  fs::path path = fs::temp_directory_path() / ("fokker_test_point_table_" + std::to_string(getpid()) + ".csv");
  explicit File(const std::string& text) { case_support::write(path, text); }
  ~File() { fs::remove(path); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
};

Axis axis(const char* name, double lower, double upper, Boundary side = Boundary::reflecting) {
  return {name, lower, upper, 100, side, side};
}

double normal(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979); }

/// x,p at n positions from `first` to `last`.
std::string line(double first, double last, int n, const std::function<double(double)>& p) {
  std::string text = "x,p\n";
  for (int i = 0; i < n; ++i) {
    const double x = first + (last - first) * i / (n - 1);
    text += fmt::format("{},{}\n", x, p(x));
  }
  return text;
}

PointTable table(const std::string& text, const std::vector<Axis>& axes) {
  const File file(text);
  return read_point_table(file.path, axes);
}

std::string fault(const std::string& text, const std::vector<Axis>& axes = {axis("x", -5, 5)}) {
  const File file(text);
  try {
    static_cast<void>(read_point_table(file.path, axes));
  } catch (const FileError& error) {
    return std::string(error.what()).substr(file.path.string().size() + 2);
  }
  return "";
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("weights reach up to the walls and round a circle") {
  const auto sum = [](const PointTable& points) {
    double all = 0;
    for (const double weight : points.weight) all += weight;
    return all;
  };
  const auto flat = [](double) { return 0.1; };
  const PointTable centres = table(line(-4.5, 4.5, 10, flat), {axis("x", -5, 5)});
  CHECK(centres.weight == std::vector<double>(10, 1.0));
  CHECK(sum(table(line(-5, 5, 21, flat), {axis("x", -5, 5)})) == doctest::Approx(10).epsilon(1e-14));
  const std::vector<Axis> circle{axis("x", -5, 5, Boundary::periodic)};
  CHECK(table(line(-5, 4, 10, flat), circle).weight == std::vector<double>(10, 1.0));
  CHECK(sum(table(line(-5, 5, 11, flat), circle)) == doctest::Approx(10).epsilon(1e-14));
}

TEST_CASE("a table of one axis that cannot judge is refused") {
  const std::string good = line(-5, 5, 21, normal);
  CHECK(fault(good).empty());
  CHECK(fault("x,p\n") == "no rows below the header");
  CHECK(fault("x,q\n1,2\n") == "no column p, its columns are: x, q");
  CHECK(fault("y,p\n1,2\n") == "no column x, its columns are: y, p");
  CHECK(fault(changed(good, "\n-4,", "\n-5,")) == "line 4: x = -5 after -4.5, must ascend");
  CHECK(fault(changed(good, "\n-4,", "\n-4.5,")) == "line 4: x = -4.5 after -4.5, must ascend");
  CHECK(fault(changed(good, "\n-4,", "\nnan,")) == "line 4: x = nan, must be finite");
  CHECK(fault(changed(good, "\n-4,", "\n-4,inf\n-3.9,")) == "line 4: p = inf, must be finite");
  CHECK(fault(changed(good, "\n-4,", "\n-4,1,")) == "line 4: 3 values, the header names 2 columns");
  CHECK(fault(changed(good, "\n0,", "\n0,-0.1\n0.1,")) == "line 12: p = -0.1, a density is not negative");
  CHECK(fault(line(100, 109, 10, normal)) == "line 2: x = 100 is outside the box, must be in [-5, 5]");
  CHECK(fault(line(-5, 5.25, 22, normal)) == "line 23: x = 5.25 is outside the box, must be in [-5, 5]");
  CHECK(fault(line(-5, 5 + 1e-9, 21, normal)).empty());
  CHECK(fault(line(-5, 5, 7, normal)) == "7 positions along x, at least 8 are needed to integrate over");
}

TEST_CASE("a table of a part of the density or of another quantity is refused") {
  CHECK(fault(line(-5, 0, 21, normal)) ==
        "covers x in [-5, 0] only, the box is [-5, 5], and p is not small at the ends");
  CHECK(fault(line(-1, 5, 21, normal)) ==
        "covers x in [-1, 5] only, the box is [-5, 5], and p is not small at the ends");
  CHECK(fault(line(-4.5, 4.5, 21, normal)).empty());  // there is nothing beyond
  CHECK(fault(line(-5, 5, 21, [](double x) { return std::erfc(-x) / 2; }))
            .starts_with("its p integrates to 5 by trapezoids, a density to 1 within 0.01: too few points for it, or a "
                         "part of it, or another quantity than p"));
  CHECK(fault(line(-5, 5, 21, [](double x) { return 50 * normal(50 * (x - 0.13)); })).starts_with("its p integrates"));
  const std::vector<Axis> open{axis("x", -5, 5, Boundary::absorbing)};
  CHECK(fault(line(-5, 5, 21, [](double x) { return 0.3 * normal(x); }), open).empty());
  CHECK(fault(line(-5, 5, 21, [](double x) { return 1.3 * normal(x); }), open).find("a density to at most 1 within") !=
        std::string::npos);
  CHECK(fault(line(-5, 5, 21, [](double) { return 0.0; }), open).starts_with("its p integrates to 0"));
}

TEST_CASE("a table of two axes must be a complete tensor grid") {
  const std::vector<Axis> plane{axis("x", -4, 4), axis("y", -4, 4)};
  std::vector<std::string> rows;
  for (int j = 0; j < 17; ++j)
    for (int i = 0; i < 17; ++i) {
      const double x = -4 + 0.5 * i, y = -4 + 0.5 * j;
      rows.push_back(fmt::format("{},{},{}\n", x, y, normal(x) * normal(y)));
    }
  const auto all = [](const std::vector<std::string>& lines) {
    std::string text = "x,y,p\n";
    for (const std::string& row : lines) text += row;
    return text;
  };
  CHECK(fault(all(rows), plane).empty());
  std::vector<std::string> shuffled = rows;
  std::swap(shuffled[3], shuffled[200]);
  CHECK(fault(all(shuffled), plane).empty());
  std::vector<std::string> twice = rows;
  twice.push_back(rows[5]);
  CHECK(fault(all(twice), plane) == "line 291: x = -1.5, y = -4 is there twice, also in line 7");
  std::vector<std::string> short_of_one(rows.begin(), rows.end() - 1);
  CHECK(fault(all(short_of_one), plane) ==
        "17 positions along x and 17 along y make a grid of 289 points, and it has 288 rows");
  std::vector<std::string> replaced = rows;
  replaced[8] = rows[5];
  CHECK(fault(all(replaced), plane) == "line 10: x = -1.5, y = -4 is there twice, also in line 7");
  CHECK(fault(all(rows), {axis("x", -4, 4), axis("y", -4, 5)}).empty());
  const std::vector<std::string> half(rows.begin() + 17 * 8, rows.end());
  CHECK(fault(all(half), plane) == "covers y in [0, 4] only, the box is [-4, 4], and p is not small at the ends");
}
