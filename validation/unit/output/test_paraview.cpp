// Freezes what ParaView is promised: every value arrives to the bit (NaN included), vectors have three components, the
// time is in the field data, the data stand inline (ParaView 5.11 on Debian 12 cannot read appended data), the
// same input gives the same bytes, and a file is either the old one or the new one.
#include <doctest/doctest.h>
#include <vtkFieldData.h>
#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkStringArray.h>
#include <vtkXMLImageDataReader.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>

#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/output/files.hpp"
#include "fokker/output/paraview.hpp"

using namespace fokker;
namespace fs = std::filesystem;

namespace {

struct TemporaryFolder {
  fs::path path =
      fs::temp_directory_path() / ("fokker_test_paraview_" + std::to_string(reinterpret_cast<std::uintptr_t>(this)));
  TemporaryFolder() { fs::create_directories(path); }
  ~TemporaryFolder() { fs::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

/// Values that a decimal or single-precision file would not keep.
std::vector<double> awkward_values(Index n, double seed) {
  std::vector<double> values;
  for (Index i = 0; i < n; ++i) values.push_back(std::sin(seed + 0.7 * static_cast<double>(i)) / 3.0);
  const double specials[] = {
      std::numeric_limits<double>::denorm_min(), -0.0, 1e308, -1e-308, std::numeric_limits<double>::quiet_NaN(),
      -std::numeric_limits<double>::infinity()};
  for (std::size_t i = 0; i < std::size(specials) && i < values.size(); ++i)
    values[values.size() - 1 - i] = specials[i];
  return values;
}

bool same_bits(std::span<const double> a, std::span<const double> b) {
  bool same = a.size() == b.size();
  for (std::size_t i = 0; same && i < a.size(); ++i) {
    same = std::bit_cast<std::uint64_t>(a[i]) == std::bit_cast<std::uint64_t>(b[i]);
  }
  return same;
}

Grid plane() { return Grid({Axis{"x", -2.5, 2.5, 40}, Axis{"y", -3.0, 1.0, 300}}); }
Grid line() { return Grid({Axis{"x", -6.0, 2.0, 64}}); }

/// Every quoted value in `text` that follows `attribute="`.
std::vector<std::string> values_of(const std::string& text, const std::string& attribute) {
  std::vector<std::string> found;
  const std::string start = attribute + "=\"";
  for (std::size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
    const std::size_t from = at + start.size();
    found.push_back(text.substr(from, text.find('"', from) - from));
  }
  return found;
}

}  // namespace

TEST_CASE("a plane frame reads back to the bit with padded vectors and its time") {
  const TemporaryFolder folder;
  const Grid grid = plane();
  const auto p = awkward_values(grid.cells(), 0.1);  // 96 kB: more than one compressed block
  const auto sx = awkward_values(grid.cells(), 0.2);
  const auto sy = awkward_values(grid.cells(), 0.3);
  const std::vector<CellArray> arrays{{"p", {p}}, {"score", {sx, sy}}};
  const double time = 0.1 + 0.2;
  write_vti(folder.path / "a.vti", grid, arrays, time);

  const VtiContent back = read_vti(folder.path / "a.vti");
  CHECK(back.cells == std::vector<Index>{40, 300});
  CHECK(back.lower == std::vector<double>{-2.5, -3.0});
  CHECK(back.upper[0] == doctest::Approx(2.5).epsilon(1e-15));
  CHECK(back.upper[1] == doctest::Approx(1.0).epsilon(1e-14));
  CHECK(std::bit_cast<std::uint64_t>(back.time) == std::bit_cast<std::uint64_t>(time));
  REQUIRE(back.arrays.size() == 2);
  CHECK(back.arrays[0].first == "p");
  CHECK(same_bits(back.arrays[0].second, p));
  CHECK(back.arrays[1].first == "score");
  std::vector<double> padded;
  for (std::size_t i = 0; i < p.size(); ++i) padded.insert(padded.end(), {sx[i], sy[i], 0.0});
  for (double& v : padded) {
    if (!(std::abs(v) < 1e150))
      v = std::numeric_limits<double>::quiet_NaN();  // VTK cannot read vectors of infinite length
  }
  CHECK(same_bits(back.arrays[1].second, padded));
}

TEST_CASE("a line frame is a row of line cells and its vectors have three components too") {
  const TemporaryFolder folder;
  const Grid grid = line();
  const auto p = awkward_values(grid.cells(), 0.1);
  const std::vector<double> drift(64, -2.0);
  write_vti(folder.path / "a.vti", grid, std::vector<CellArray>{{"p", {p}}, {"drift", {drift}, true}}, 3.0);
  const VtiContent back = read_vti(folder.path / "a.vti");
  CHECK(back.cells == std::vector<Index>{64});
  CHECK(back.lower == std::vector<double>{-6.0});
  CHECK(back.upper == std::vector<double>{2.0});
  CHECK(same_bits(back.arrays.at(0).second, p));
  const std::vector<double>& vectors = back.arrays.at(1).second;
  CHECK(vectors.size() == 3 * 64);
  CHECK(std::vector(vectors.begin(), vectors.begin() + 6) == std::vector{-2.0, 0.0, 0.0, -2.0, 0.0, 0.0});
  CHECK(values_of(read_file(folder.path / "a.vti"), "WholeExtent").at(0) == "0 64 0 0 0 0");
}

TEST_CASE("a frame has the names and units of its axes and the titles that ParaView shows") {
  const TemporaryFolder folder;
  const Grid grid({Axis{.name = "x", .cells = 2, .label = "Ort", .unit = std::string("µm\0<", 5)}, Axis{.name = "v"}});
  const std::vector<double> p{1.0, 2.0};
  write_vti(folder.path / "a.vti", grid, std::vector<CellArray>{{"p", {p}}}, 0);
  const VtiContent back = read_vti(folder.path / "a.vti");
  CHECK(back.names == std::vector<std::string>{"x", "v"});
  CHECK(back.units == std::vector<std::string>{"µm\\u0000<", ""});
  CHECK(same_bits(back.arrays.at(0).second, p));
  const vtkNew<vtkXMLImageDataReader> reader;
  reader->SetFileName((folder.path / "a.vti").c_str());
  reader->Update();
  const auto title = [&](const char* name) {
    return vtkStringArray::SafeDownCast(reader->GetOutput()->GetFieldData()->GetAbstractArray(name))->GetValue(0);
  };
  CHECK(title("AxisTitleForX") == "Ort [µm\\u0000<]");
  CHECK(title("AxisTitleForY") == "v");
}

TEST_CASE("fields that are nowhere a number are written and read") {
  const TemporaryFolder folder;
  const Grid grid({Axis{"x", 0.0, 1.0, 2}, Axis{"y", 0.0, 1.0, 1}});
  const std::vector<double> none(2, std::numeric_limits<double>::quiet_NaN()), zero(2);
  write_vti(folder.path / "a.vti", grid, std::vector<CellArray>{{"v", {none, zero}}, {"s", {none}}}, 0);
  const VtiContent back = read_vti(folder.path / "a.vti");
  CHECK(back.arrays.at(0).second.size() == 6);
  CHECK(std::isnan(back.arrays.at(0).second[3]));
  CHECK(std::isnan(back.arrays.at(1).second[1]));
}

TEST_CASE("the smallest grids are written and read") {
  const TemporaryFolder folder;
  const std::vector<double> p{7.0, 8.0};
  const auto round_trip = [&](const Grid& grid) {
    write_vti(folder.path / "a.vti", grid,
              std::vector<CellArray>{{"p", {std::span(p).first(static_cast<std::size_t>(grid.cells()))}}}, 0);
    return read_vti(folder.path / "a.vti");
  };
  CHECK(round_trip(Grid({Axis{"x", 0.0, 1.0, 1}})).cells == std::vector<Index>{1});
  CHECK(round_trip(Grid({Axis{"x", 0.0, 1.0, 1}, Axis{"y", 0.0, 1.0, 1}})).cells == std::vector<Index>{1, 1});
  CHECK(round_trip(Grid({Axis{"x", 0.0, 1.0, 1}, Axis{"y", 0.0, 1.0, 2}})).cells == std::vector<Index>{1, 2});
}

TEST_CASE("data stand inline and compressed and nothing is appended") {
  const TemporaryFolder folder;
  const Grid grid = plane();
  const std::vector<double> p(grid.cells(), 0.25);
  write_vti(folder.path / "a.vti", grid, std::vector<CellArray>{{"p", {p}}}, 1.0);
  write_spacetime_vti(folder.path / "b.vti", Axis{"x", 0.0, 1.0, 2}, std::vector<double>{0.0, 1.0},
                      std::vector<std::vector<double>>{{1, 2}, {3, 4}});
  for (const char* name : {"a.vti", "b.vti"}) {
    const std::string text = read_file(folder.path / name);
    CHECK(text.find("AppendedData") == std::string::npos);
    CHECK(text.find("compressor=\"vtkZLibDataCompressor\"") != std::string::npos);
    const auto formats = values_of(text, " format");
    CHECK(formats.size() == 6);  // p, the time, and the names, units and titles of the axes
    for (const std::string& format : formats) CHECK(format == "binary");
  }
  const std::string text = read_file(folder.path / "a.vti");
  CHECK(text.size() < 8 * p.size() / 20);
  CHECK(values_of(text, "<CellData Scalars").at(0) == "p");  // coloured by p when it opens
}

TEST_CASE("the same frame gives the same bytes and leaves no temporary file") {
  const TemporaryFolder folder;
  const Grid grid = plane();
  const auto p = awkward_values(grid.cells(), 0.1);
  const std::vector<CellArray> arrays{{"p", {p}}, {"current", {p, p}}};
  write_vti(folder.path / "a.vti", grid, arrays, 1.0);
  write_vti(folder.path / "b.vti", grid, arrays, 1.0);
  CHECK(read_file(folder.path / "a.vti") == read_file(folder.path / "b.vti"));
  write_vti(folder.path / "b.vti", grid, arrays, 2.0);  // replaces
  CHECK(read_vti(folder.path / "b.vti").time == 2.0);
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 2);
}

TEST_CASE("the collection lists every frame with its time to the bit and replaces the one before") {
  const TemporaryFolder folder;
  const fs::path path = folder.path / "density.pvd";
  std::vector<std::pair<double, std::string>> frames{{0.0, "density_000000.vti"}};
  write_pvd(path, frames);
  frames.emplace_back(0.1 + 0.2, "a<b>&\"c\".vti");
  write_pvd(path, frames);

  const std::string text = read_file(path);
  const auto times = values_of(text, "<DataSet timestep");
  REQUIRE(times.size() == 2);
  CHECK(values_of(text, " file").size() == 2);
  CHECK(std::stod(times[1]) == 0.1 + 0.2);
  CHECK(text.find("file=\"a&lt;b&gt;&amp;&quot;c&quot;.vti\"") != std::string::npos);
  CHECK(text.starts_with("<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\""));
  CHECK(text.ends_with("</Collection>\n</VTKFile>\n"));
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("spacetime rows are centred on evenly spaced times and numbered otherwise") {
  const TemporaryFolder folder;
  const Axis axis{"x", -1.0, 1.0, 4};
  const std::vector<std::vector<double>> frames{{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
  const std::vector<double> flat{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

  write_spacetime_vti(folder.path / "a.vti", axis, std::vector<double>{1.0, 1.5, 2.0}, frames);
  const VtiContent even = read_vti(folder.path / "a.vti");
  CHECK(even.cells == std::vector<Index>{4, 3});
  CHECK(even.lower == std::vector<double>{-1.0, 0.75});
  CHECK(even.upper == std::vector<double>{1.0, 2.25});
  CHECK(even.arrays.at(0).first == "p");
  CHECK(even.arrays.at(0).second == flat);

  write_spacetime_vti(folder.path / "a.vti", axis, std::vector<double>{1.0, 1.5, 4.0}, frames);
  const VtiContent uneven = read_vti(folder.path / "a.vti");
  CHECK(uneven.lower == std::vector<double>{-1.0, -0.5});
  CHECK(uneven.upper == std::vector<double>{1.0, 2.5});
  CHECK(read_file(folder.path / "a.vti").find("Name=\"frame_times\"") != std::string::npos);

  write_spacetime_vti(folder.path / "a.vti", axis, std::vector<double>{1.0}, std::span(frames).first(1));
  CHECK(read_vti(folder.path / "a.vti").cells == std::vector<Index>{4, 1});
}

TEST_CASE("files that cannot be written or read name the path and the reason") {
  const TemporaryFolder folder;
  const std::vector<double> p(64, 1.0);
  const std::vector<CellArray> arrays{{"p", {p}}};
  const auto message = [](const auto& action) -> std::string {
    try {
      action();
    } catch (const FileError& error) {
      return error.what();
    }
    return "no FileError";
  };
  const fs::path nowhere = folder.path / "absent" / "a.vti";
  const std::string unwritable = message([&] { write_vti(nowhere, line(), arrays, 0); });
  CHECK(unwritable.starts_with(nowhere.string() + ": cannot write: "));
  CHECK(unwritable.size() > nowhere.string().size() + 18);  // there is a reason
  CHECK(message([&] { (void)read_vti(nowhere); }) == nowhere.string() + ": cannot read: no such file");

  const fs::path text = folder.path / "text.vti";
  write_atomically(text, "not xml");
  CHECK(message([&] { (void)read_vti(text); }) == text.string() + ": cannot read: not a .vti file");

  const fs::path cut = folder.path / "cut.vti";
  write_vti(cut, line(), arrays, 0);
  write_atomically(cut, read_file(cut).substr(0, 500));
  CHECK(message([&] { (void)read_vti(cut); }).starts_with(cut.string() + ": cannot read: "));
}
