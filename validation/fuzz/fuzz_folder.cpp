// libFuzzer target of what the program itself reads of a run folder beside the case, the checkpoint and its tables: any
// bytes are frames as an array of the grid's values or none, and an index of inputs, none, or a FileError; what is
// accepted reads back. (.vti files are read by VTK.)
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/base/errors.hpp"
#include "fokker/case/inputs.hpp"
#include "fokker/output/tables.hpp"

namespace {

namespace fs = std::filesystem;

/// Taken away at the end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("fokker_fuzz_" + std::to_string(getpid()));
  Folder() { fs::create_directories(path / "inputs"); }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void index(std::string_view bytes) const {
    std::ofstream(path / "inputs/index.toml", std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
};

void read_array(const fokker::Grid& grid, std::string_view bytes) {
  const std::vector<double> values = fokker::npy_values(grid, bytes);
  if (values.empty()) return;
  if (values.size() != static_cast<std::size_t>(grid.cells())) std::abort();
  const std::vector<double> back = fokker::npy_values(grid, fokker::npy_bytes(grid, values));
  if (back.size() != values.size() || std::memcmp(back.data(), values.data(), sizeof(double) * back.size()) != 0)
    std::abort();
}

void read_index(std::string_view bytes) try {
  static const Folder folder;
  folder.index(bytes);
  const std::vector<fokker::CaseInput> inputs = fokker::read_inputs_index(folder.path);
  if (inputs.empty()) return;
  folder.index(fokker::inputs_index(inputs));
  const std::vector<fokker::CaseInput> back = fokker::read_inputs_index(folder.path);
  if (back.size() != inputs.size()) std::abort();
  for (std::size_t k = 0; k < back.size(); ++k)
    if (back[k].word != inputs[k].word || back[k].copy() != inputs[k].copy() || back[k].sha256 != inputs[k].sha256 ||
        back[k].bytes != inputs[k].bytes)
      std::abort();
} catch (const fokker::FileError&) {
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using fokker::Boundary;
  static const fokker::Grid line({{.name = "x", .lower = 0, .upper = 1, .cells = 5}}),
      plane({{.name = "x", .lower = 0, .upper = 1, .cells = 3}, {.name = "y", .lower = 0, .upper = 1, .cells = 2}});
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_array(line, bytes);
  read_array(plane, bytes);
  read_index("# fokker inputs 1\n" + std::string(bytes));
  return 0;
}
