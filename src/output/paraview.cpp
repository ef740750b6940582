#include "fokker/output/paraview.hpp"

#include <fmt/format.h>
#include <vtkCallbackCommand.h>
#include <vtkCellData.h>
#include <vtkDoubleArray.h>
#include <vtkErrorCode.h>
#include <vtkExecutive.h>
#include <vtkFieldData.h>
#include <vtkImageData.h>
#include <vtkInformation.h>
#include <vtkInformationDoubleVectorKey.h>
#include <vtkNew.h>
#include <vtkStringArray.h>
#include <vtkXMLImageDataReader.h>
#include <vtkXMLImageDataWriter.h>
#include <vtkZLibDataCompressor.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <system_error>

#include "fokker/base/errors.hpp"
#include "fokker/base/printable.hpp"
#include "fokker/output/files.hpp"
#include "fokker/output/markup.hpp"

namespace fokker {
namespace {

/// VTK prints its errors to stderr unless somebody listens; the first one becomes the reason of a FileError.
class ErrorListener {
 public:
  ErrorListener() {
    command_->SetClientData(&first_);
    command_->SetCallback([](vtkObject*, unsigned long, void* first, void* text) {
      auto& kept = *static_cast<std::string*>(first);
      if (kept.empty() && text != nullptr) kept = static_cast<const char*>(text);
    });
  }
  [[nodiscard]] vtkCommand* command() { return command_; }
  void listen_to(vtkAlgorithm* speaker) {
    speaker->AddObserver(vtkCommand::ErrorEvent, command_);
    speaker->GetExecutive()->AddObserver(vtkCommand::ErrorEvent, command_);
  }
  /// Without the source line and the address that VTK puts in front: "ERROR: In FILE, line N\nCLASS (ADDRESS): reason".
  [[nodiscard]] std::string reason() const {
    const std::size_t start = first_.find("): "), end = first_.find_last_not_of(" \n");
    return start == std::string::npos ? first_ : first_.substr(start + 3, end - start - 2);
  }
  [[nodiscard]] bool heard() const { return !first_.empty(); }

 private:
  std::string first_;
  vtkNew<vtkCallbackCommand> command_;
};

/// The first codes of VTK's list are errno values.
std::string reason_of(unsigned long code) {
  if (code < vtkErrorCode::FirstVTKErrorCode) return std::generic_category().message(static_cast<int>(code));
  return code == vtkErrorCode::OutOfDiskSpaceError ? "no space left" : fmt::format("VTK error {}", code);
}

vtkNew<vtkDoubleArray> named_array(const std::string& name, std::span<const double> values) {
  vtkNew<vtkDoubleArray> array;
  array->SetName(name.c_str());
  array->SetNumberOfTuples(static_cast<vtkIdType>(values.size()));
  std::copy(values.begin(), values.end(), array->GetPointer(0));
  return array;
}

vtkNew<vtkStringArray> named_words(const std::string& name, std::span<const std::string> words) {
  vtkNew<vtkStringArray> array;
  array->SetName(name.c_str());
  for (const std::string& word : words) array->InsertNextValue(printable_line(word));  // a zero would end it
  return array;
}

/// The names and units of axes for scripts, and what ParaView writes at the axes of a view.
void add_axes(std::span<const Axis> axes, vtkFieldData* fields) {
  std::vector<std::string> names, units;
  for (const Axis& axis : axes) {
    names.push_back(axis.name);
    units.push_back(axis.unit);
  }
  fields->AddArray(named_words("axis_names", names));
  fields->AddArray(named_words("axis_units", units));
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const std::string title = axes[k].title_with_unit();
    fields->AddArray(named_words(k == 0 ? "AxisTitleForX" : "AxisTitleForY", {&title, 1}));
  }
}

/// VTK stores the range of a vector's length in the file and cannot read it back when it is infinite.
double with_finite_square(double v) { return std::abs(v) < 1e150 ? v : std::numeric_limits<double>::quiet_NaN(); }

/// Scalars as they are; vectors interleaved and padded with zeros to the three components that VTK's filters expect.
vtkNew<vtkDoubleArray> cell_array(const CellArray& source, std::size_t cells) {
  const std::size_t columns = source.columns.size();
  for (const auto& column : source.columns) {
    if (column.size() != cells) throw std::logic_error("cell array " + source.name + " does not fit the grid");
  }
  if (!source.vector) return named_array(source.name, source.columns[0]);
  vtkNew<vtkDoubleArray> array;
  array->SetName(source.name.c_str());
  array->SetNumberOfComponents(3);
  array->SetNumberOfTuples(static_cast<vtkIdType>(cells));
  double* out = array->GetPointer(0);
  bool finite = false;
  for (std::size_t i = 0; i < cells; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      out[k] = k < columns ? with_finite_square(source.columns[k][i]) : 0.0;
      sum += out[k];
    }
    out += 3;
    finite = finite || std::isfinite(sum);
  }
  // Of no length at all VTK would write a range from 1e149 to NaN, and not read that back.
  constexpr double none[2] = {0, 0};
  if (!finite) array->GetInformation()->Set(vtkDataArray::L2_NORM_RANGE(), none, 2);
  return array;
}

/// VTK looks for those who make its objects when the first one is made, by two threads at once twice over: before any
/// other use of it here. Always true.
bool factories_found() {
  static const bool found = [] {
    const vtkNew<vtkImageData> first;
    return first->GetReferenceCount() > 0;
  }();
  return found;
}

/// Writes beside the target and renames, so that a kill leaves the old file or the new one.
void write_image(const std::filesystem::path& path, vtkImageData* image) {
  Draft draft(path);
  vtkNew<vtkZLibDataCompressor> zlib;
  zlib->SetCompressionLevel(1);
  vtkNew<vtkXMLImageDataWriter> writer;
  ErrorListener errors;
  errors.listen_to(writer);
  writer->SetFileName(draft.path().c_str());
  writer->SetInputData(image);
  writer->SetDataModeToBinary();  // inline: ParaView 5.11 cannot read appended data with Debian 12's expat
  writer->SetHeaderTypeToUInt64();
  writer->SetCompressor(zlib);
  const bool written = writer->Write() != 0 && writer->GetErrorCode() == vtkErrorCode::NoError;
  if (!written) throw FileError(path.string(), "cannot write: " + reason_of(writer->GetErrorCode()));
  draft.keep();
}

/// Are the frames evenly spaced in time (to the rounding of their computation)?
bool evenly_spaced(std::span<const double> times) {
  const double span = times.back() - times.front();
  const double step = span / static_cast<double>(times.size() - 1);
  for (std::size_t k = 0; k < times.size(); ++k) {
    if (!(std::abs(times[k] - times.front() - static_cast<double>(k) * step) <= 1e-9 * span)) return false;
  }
  return span > 0;
}

}  // namespace

void write_vti(const std::filesystem::path& path, const Grid& grid, std::span<const CellArray> arrays, double time) {
  // Points are the corners of cells: nx + 1 of them make nx cells. A 1D grid is a line of line cells.
  const bool plane = grid.dimension() == 2;
  factories_found();
  vtkNew<vtkImageData> image;
  image->SetDimensions(static_cast<int>(grid.nx() + 1), plane ? static_cast<int>(grid.ny() + 1) : 1, 1);
  image->SetOrigin(grid.axis(0).lower, plane ? grid.axis(1).lower : 0.0, 0.0);
  image->SetSpacing(grid.axis(0).width(), plane ? grid.axis(1).width() : 1.0, 1.0);
  for (const CellArray& array : arrays) {
    image->GetCellData()->AddArray(cell_array(array, static_cast<std::size_t>(grid.cells())));
  }
  // What ParaView colours by when it opens the file.
  if (!arrays.empty()) image->GetCellData()->SetActiveAttribute(arrays[0].name.c_str(), vtkDataSetAttributes::SCALARS);
  image->GetFieldData()->AddArray(named_array("TimeValue", std::span(&time, 1)));
  add_axes(grid.axes(), image->GetFieldData());
  write_image(path, image);
}

void write_pvd(const std::filesystem::path& path, std::span<const std::pair<double, std::string>> frames) {
  std::string text =
      "<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" version=\"0.1\" byte_order=\"LittleEndian\">\n  "
      "<Collection>\n";
  for (const auto& [time, file] : frames) {
    text += fmt::format("    <DataSet timestep=\"{}\" group=\"\" part=\"0\" file=\"{}\"/>\n", time, markup_text(file));
  }
  text += "  </Collection>\n</VTKFile>\n";
  write_atomically(path, text);
}

void write_spacetime_vti(const std::filesystem::path& path, const Axis& axis, std::span<const double> times,
                         std::span<const std::vector<double>> frames) {
  if (times.size() != frames.size() || frames.empty()) throw std::logic_error("one time for every frame");
  const std::size_t nx = axis.cells;
  factories_found();
  vtkNew<vtkDoubleArray> p;
  p->SetName("p");
  p->SetNumberOfTuples(static_cast<vtkIdType>(nx * frames.size()));
  double* row = p->GetPointer(0);
  for (const std::vector<double>& frame : frames) {
    if (frame.size() != nx) throw std::logic_error("a frame does not fit the axis");
    row = std::copy(frame.begin(), frame.end(), row);
  }

  // Each frame is a row of cells, its middle at the time of the frame (at its number when times are not even).
  const bool even = frames.size() > 1 && evenly_spaced(times);
  const double step = even ? (times.back() - times.front()) / static_cast<double>(times.size() - 1) : 1.0;
  vtkNew<vtkImageData> image;
  image->SetDimensions(static_cast<int>(nx + 1), static_cast<int>(frames.size() + 1), 1);
  image->SetOrigin(axis.lower, (even ? times.front() : 0.0) - step / 2, 0.0);
  image->SetSpacing(axis.width(), step, 1.0);
  image->GetCellData()->SetScalars(p);
  image->GetFieldData()->AddArray(named_array("frame_times", times));
  const Axis rows{.name = even ? "t" : "frame"};
  add_axes(std::array{axis, rows}, image->GetFieldData());
  write_image(path, image);
}

namespace {

/// A .vti that has been found to be one; read it, and what was said is a FileError.
class VtiFile {
 public:
  explicit VtiFile(const std::filesystem::path& path) : path_(path) {
    listen();
    if (std::error_code ignored; !std::filesystem::is_regular_file(path, ignored)) fail("no such file");
    if (reader_->CanReadFile(path.c_str()) == 0) fail("not a .vti file");
    reader_->SetFileName(path.c_str());
    look();
  }
  VtiFile(const std::string& bytes, const std::filesystem::path& path) : path_(path) {
    listen();
    reader_->ReadFromInputStringOn();
    reader_->SetInputString(bytes);
    look();
  }

  [[nodiscard]] std::vector<std::string> arrays() {
    std::vector<std::string> names;
    for (int a = 0; a < reader_->GetNumberOfCellArrays(); ++a) names.emplace_back(reader_->GetCellArrayName(a));
    return names;
  }
  void only(std::string_view name) {
    for (const std::string& other : arrays()) reader_->SetCellArrayStatus(other.c_str(), other == name ? 1 : 0);
  }
  [[nodiscard]] VtiContent read();

 private:
  void listen() {
    errors_.listen_to(reader_);
    reader_->SetParserErrorObserver(errors_.command());
  }
  void look() {
    reader_->UpdateInformation();
    if (errors_.heard()) fail("damaged: " + errors_.reason());
  }
  [[noreturn]] void fail(const std::string& reason) const { throw FileError(path_.string(), "cannot read: " + reason); }

  std::filesystem::path path_;
  bool ready_ = factories_found();  // before the reader is made
  vtkNew<vtkXMLImageDataReader> reader_;
  ErrorListener errors_;
};

std::vector<std::string> words_in(vtkFieldData* fields, const char* name) {
  std::vector<std::string> words;
  if (auto* array = vtkStringArray::SafeDownCast(fields->GetAbstractArray(name)); array != nullptr)
    for (vtkIdType k = 0; k < array->GetNumberOfValues(); ++k) words.push_back(array->GetValue(k));
  return words;
}

VtiContent VtiFile::read() {
  reader_->Update();
  vtkImageData* image = reader_->GetOutput();
  if (reader_->GetErrorCode() != 0 || errors_.heard()) fail("damaged: " + errors_.reason());
  if (image->GetNumberOfCells() == 0) fail("it holds no cells");

  VtiContent content;
  for (int k = 0; k < 3 && image->GetDimensions()[k] > 1; ++k) {
    const int cells = image->GetDimensions()[k] - 1;
    content.cells.push_back(cells);
    content.lower.push_back(image->GetOrigin()[k]);
    content.upper.push_back(image->GetOrigin()[k] + cells * image->GetSpacing()[k]);
  }
  if (vtkDataArray* time = image->GetFieldData()->GetArray("TimeValue")) content.time = time->GetComponent(0, 0);
  content.names = words_in(image->GetFieldData(), "axis_names");
  content.units = words_in(image->GetFieldData(), "axis_units");
  for (int a = 0; a < image->GetCellData()->GetNumberOfArrays(); ++a) {
    vtkDataArray* array = image->GetCellData()->GetArray(a);
    if (array == nullptr) continue;  // text, not numbers
    const int components = array->GetNumberOfComponents();
    std::vector<double> values;
    values.reserve(array->GetNumberOfValues());
    for (vtkIdType i = 0; i < array->GetNumberOfTuples(); ++i) {
      for (int c = 0; c < components; ++c) values.push_back(array->GetComponent(i, c));
    }
    content.arrays.emplace_back(array->GetName() != nullptr ? array->GetName() : "", std::move(values));
  }
  return content;
}

}  // namespace

VtiContent read_vti(const std::filesystem::path& path) { return VtiFile(path).read(); }

VtiContent parse_vti(const std::string& bytes, const std::filesystem::path& path) {
  return VtiFile(bytes, path).read();
}

VtiContent read_vti(const std::filesystem::path& path, std::string_view array) {
  VtiFile file(path);
  const std::vector<std::string> names = file.arrays();
  file.only(array);
  VtiContent content = file.read();
  auto read = std::move(content.arrays);
  content.arrays.clear();
  for (const std::string& name : names)
    content.arrays.emplace_back(
        name, name == array && !read.empty() ? std::move(read.front().second) : std::vector<double>{});
  return content;
}

}  // namespace fokker
