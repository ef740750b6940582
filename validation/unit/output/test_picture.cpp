// Freezes what a reader of density.png relies on: the picture opens and has the size it should, up is up and right is
// right, the peak has the top colour and zero the bottom one, negative and not finite cells show in their own colours
// however small they are, and no density whatever crashes it.
#include <doctest/doctest.h>
#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkPNGReader.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>

#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/output/picture.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

using Rgb = std::array<int, 3>;
constexpr Rgb kTop{252, 231, 34}, kZero{71, 1, 85}, kRed{214, 39, 40}, kGrey{150, 150, 150}, kOrange{240, 120, 20};
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Picture {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;  // rows from top to bottom
  [[nodiscard]] Rgb at(int x, int y) const {
    const std::size_t i =
        3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x));
    return {rgb[i], rgb[i + 1], rgb[i + 2]};
  }
};

bool near(const Rgb& a, const Rgb& b, int tolerance) {
  bool all = true;
  for (std::size_t k = 0; k < 3; ++k) all = all && std::abs(a[k] - b[k]) <= tolerance;
  return all;
}

/// The pixels of one colour: how many, and the box they fill.
struct Patch {
  int count = 0, left = 1 << 20, right = -1, top = 1 << 20, bottom = -1;
  [[nodiscard]] double width() const { return right - left + 1; }
  [[nodiscard]] double height() const { return bottom - top + 1; }
};
/// Below the title lines and left of the colour bar, which starts 20 pixels right of a map that is 784 pixels wide at
/// most.
Patch find(const Picture& picture, const Rgb& color, int tolerance = 3, int right = 790) {
  Patch patch;
  for (int y = 60; y < picture.height; ++y) {
    for (int x = 0; x < std::min(picture.width, right); ++x) {
      if (!near(picture.at(x, y), color, tolerance)) continue;
      ++patch.count;
      patch.left = std::min(patch.left, x), patch.right = std::max(patch.right, x);
      patch.top = std::min(patch.top, y), patch.bottom = std::max(patch.bottom, y);
    }
  }
  return patch;
}

struct Sheet {
  fs::path path = fs::temp_directory_path() /
                  ("fokker_test_png_" + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + ".png");
  Sheet() = default;
  ~Sheet() { fs::remove(path); }
  Sheet(const Sheet&) = delete;
  Sheet& operator=(const Sheet&) = delete;

  Picture draw(const Grid& grid, std::span<const double> p, std::span<const double> exact = {},
               const std::string& title = "t") {
    write_density_png(path, grid, p, {"exact", exact}, title, 1.0);
    vtkNew<vtkPNGReader> reader;
    REQUIRE(reader->CanReadFile(path.c_str()) != 0);
    reader->SetFileName(path.c_str());
    reader->Update();
    vtkImageData* image = reader->GetOutput();
    REQUIRE(image->GetNumberOfScalarComponents() == 3);
    Picture picture{image->GetDimensions()[0], image->GetDimensions()[1], {}};
    for (int y = picture.height - 1; y >= 0; --y) {  // VTK's rows go upwards
      const auto* row = static_cast<const std::uint8_t*>(image->GetScalarPointer(0, y, 0));
      picture.rgb.insert(picture.rgb.end(), row, row + 3 * picture.width);
    }
    return picture;
  }
};

Grid plane(Index nx, Index ny, double x = 1.0, double y = 1.0) {
  return Grid({Axis{"x", -x, x, nx}, Axis{"y", -y, y, ny}});
}
Grid line(Index nx) { return Grid({Axis{"x", -4.0, 4.0, nx}}); }

template <class Function>
std::vector<double> values_on(const Grid& grid, const Function& function) {
  std::vector<double> values;
  for (Index i = 0; i < grid.cells(); ++i) {
    values.push_back(function(grid.centers().axis[0][i], grid.dimension() > 1 ? grid.centers().axis[1][i] : 0.0));
  }
  return values;
}

}  // namespace

TEST_CASE("the peak has the top colour and empty space the bottom one and up is up") {
  Sheet sheet;
  const Grid grid = plane(100, 100);
  // A plateau in the upper right quarter.
  const Picture picture =
      sheet.draw(grid, values_on(grid, [](double x, double y) { return x > 0 && y > 0 ? 0.25 : 0.0; }));
  CHECK(picture.width > 850);
  CHECK(picture.width < 1000);
  const Patch peak = find(picture, kTop), empty = find(picture, kZero);
  CHECK(empty.width() == 700);
  CHECK(empty.height() == 700);
  CHECK(peak.width() == doctest::Approx(350).epsilon(0.02));
  CHECK(peak.height() == doctest::Approx(350).epsilon(0.02));
  CHECK(peak.count == doctest::Approx(350 * 350).epsilon(0.04));
  CHECK(peak.right == empty.right);
  CHECK(peak.top == empty.top);
}

TEST_CASE("the map keeps the aspect of the axes and stays between a strip and a tower") {
  Sheet sheet;
  const std::array<std::array<double, 4>, 4> boxes{
      {{2, 1, 700, 350}, {1, 2, 350, 700}, {50, 1, 700, 200}, {1, 50, 200, 700}}};
  for (const auto& [x, y, width, height] : boxes) {
    const Grid grid = plane(4, 4, x, y);
    const Patch map = find(sheet.draw(grid, std::vector<double>(16, 0.0)), kZero, 3, static_cast<int>(84 + width + 5));
    CHECK(map.width() == width);
    CHECK(map.height() == height);
  }
}

TEST_CASE("a single cell of the finest grid still shows when it is negative or not finite") {
  Sheet sheet;
  const Grid grid = plane(1500, 1050);
  std::vector<double> p(grid.cells(), 1.0);
  p[500 + 1500 * 500] = -1e-5;
  p[1000 + 1500 * 250] = kNan;
  const Picture picture = sheet.draw(grid, p);
  const Patch red = find(picture, kRed), grey = find(picture, kGrey);
  CHECK(red.count >= 1);
  CHECK(red.count <= 4);
  CHECK(grey.count >= 1);
  CHECK(grey.count <= 4);
  CHECK(red.left == doctest::Approx(84 + 700 * 500 / 1500.0).epsilon(0.01));
  CHECK(grey.left == doctest::Approx(84 + 700 * 1000 / 1500.0).epsilon(0.01));
  CHECK(grey.top > red.top);  // lower y stands lower
}

TEST_CASE("rounding below zero is not painted red") {
  Sheet sheet;
  const Grid grid = plane(10, 10);
  std::vector<double> p(100, 1.0);
  p[55] = -1e-9;
  CHECK(find(sheet.draw(grid, p), kRed).count == 0);
  CHECK(find(sheet.draw(line(100), p), kRed).count == 0);
}

TEST_CASE("the exact distribution lies under the contours and only when it is given") {
  Sheet sheet;
  const Grid grid = plane(60, 60, 4, 4);
  const auto p = values_on(grid, [](double x, double y) { return std::exp(-x * x - y * y); });
  const auto shifted = values_on(grid, [](double x, double y) { return std::exp(-(x - 1) * (x - 1) - y * y); });
  CHECK(find(sheet.draw(grid, p), kOrange, 70).count == 0);
  CHECK(find(sheet.draw(grid, p, shifted), kOrange, 70).count > 1000);
}

TEST_CASE("the curve rises where the density does and its area is shaded down to zero") {
  Sheet sheet;
  const Grid grid = line(64);
  const Picture picture = sheet.draw(grid, values_on(grid, [](double x, double) { return x > 0 ? 2.0 : 1.0; }));
  CHECK(picture.width == 900);
  constexpr Rgb blue{38, 108, 160};
  const int left = 84 + 100, right = 84 + 700, floor = 66 + 400;
  const auto height = [&](int x) {
    int y = 66;
    while (y < floor && !near(picture.at(x, y), blue, 12)) ++y;
    return floor - y;
  };
  CHECK(height(right) == doctest::Approx(400 / 1.06).epsilon(0.01));
  CHECK(height(left) == doctest::Approx(200 / 1.06).epsilon(0.015));
  for (int y = floor - 150; y < floor - 5; ++y) CHECK(picture.at(left, y)[0] < 230);  // shaded, not white
  CHECK(near(picture.at(left, floor - 300), {255, 255, 255}, 30));                    // white or a grid line above
}

TEST_CASE("negative cells of a curve are red and missing ones grey") {
  Sheet sheet;
  const Grid grid = line(64);
  auto p = values_on(grid, [](double x, double) { return std::exp(-x * x); });
  CHECK(find(sheet.draw(grid, p), kRed).count == 0);
  p[5] = -1e-4;
  p[60] = kNan;
  const Picture picture = sheet.draw(grid, p);
  CHECK(find(picture, kRed, 3, 900).left == doctest::Approx(84 + 790 * 5 / 64.0).epsilon(0.01));
  CHECK(find(picture, kGrey, 0, 900).right == doctest::Approx(84 + 790 * 61 / 64.0).epsilon(0.01));
}

TEST_CASE("no density is too strange to be drawn") {
  Sheet sheet;
  constexpr double inf = std::numeric_limits<double>::infinity(), tiny = std::numeric_limits<double>::denorm_min();
  const std::vector<Grid> grids{line(1),
                                line(6),
                                plane(1, 1),
                                plane(1, 6),
                                Grid({Axis{"a_long_name", 1e6, 1e6 + 1e-9, 6}}),
                                Grid({Axis{"x", -1e-9, 1e12, 3}, Axis{"y", -1e-9, 1e-12, 2}})};
  for (const Grid& grid : grids) {
    const std::size_t n = grid.cells();
    for (const double value : {0.0, -1.0, kNan, inf, -1e308, tiny}) {
      std::vector<double> p(n, value);
      sheet.draw(grid, p, p);
      if (n == 1) continue;
      p[n / 2] = 0.5;
      sheet.draw(grid, p, std::vector<double>(n, 1e308));
    }
  }
}

TEST_CASE("any title fits and the same picture has the same bytes") {
  Sheet one, two;
  const std::vector<double> p{1, 2, 3, 4};
  for (const std::string& title :
       {std::string(), std::string(500, 'W'), std::string("Gr\xc3\xbc\xc3\x9f \xff \n\t %s")}) {
    one.draw(line(4), p, {}, title);
    two.draw(line(4), p, {}, title);
    CHECK(read_file(one.path) == read_file(two.path));
    one.draw(plane(2, 2), p, {}, title);
  }
}

TEST_CASE("a picture that cannot be written is a file error") {
  const fs::path nowhere = fs::temp_directory_path() / "fokker_absent_folder" / "a.png";
  CHECK_THROWS_AS(write_density_png(nowhere, line(2), std::vector<double>{1, 2}, {}, "t", 0), FileError);
}
