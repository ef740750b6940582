#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// One array of cell data: a scalar (one column of cells() values) or a vector (one column per axis, padded to three
/// components when written; in 1D say `vector`). Columns are borrowed. Scalars are written to the bit, NaN and
/// infinities included; a vector component that is infinite (or beyond 1e150) becomes NaN: VTK cannot read a file with
/// vectors of infinite length.
struct CellArray {
  std::string name;
  std::vector<std::span<const double>> columns;
  bool vector = columns.size() > 1;
};

/// Writes a .vti with cell data (a density is a cell average); in the field data `TimeValue`, names and units of the
/// axes (`axis_names`, `axis_units`, "" where there is none) and what ParaView shows at them (`AxisTitleForX` ...). A
/// 2D grid is nx x ny pixels; a 1D grid is a line of nx line cells, so that ParaView's "Integrate Variables" gives the
/// mass in both and "Plot Data" draws the curve. The first array is the active scalar. Inline binary with zlib:
/// appended data cannot be read by ParaView 5.11 with Debian 12's expat. The same input gives the same bytes. Atomic.
/// Throws FileError.
void write_vti(const std::filesystem::path& path, const Grid& grid, std::span<const CellArray> arrays, double time);

/// density.pvd: (time, file name) of every frame so far, rewritten atomically. Throws FileError.
void write_pvd(const std::filesystem::path& path, std::span<const std::pair<double, std::string>> frames);

/// The (x, t) picture of a 1D run as a 2D image with cell data `p`: one row of cells per frame. Evenly spaced frames
/// have the middle of their row at their time, so that the second axis is t; otherwise it is the number of the frame,
/// and the times stand in the field data array `frame_times` in both cases. Throws FileError.
void write_spacetime_vti(const std::filesystem::path& path, const Axis& axis, std::span<const double> times,
                         std::span<const std::vector<double>> frames);

/// What `info` and the tests read back: array names and values of a .vti. Throws FileError.
struct VtiContent {
  std::vector<Index> cells;
  std::vector<double> lower, upper;
  double time = 0;
  std::vector<std::string> names, units;                            ///< of the axes; none in files of earlier versions
  std::vector<std::pair<std::string, std::vector<double>>> arrays;  ///< vectors interleaved, 3 components
};
[[nodiscard]] VtiContent read_vti(const std::filesystem::path& path);
/// The same from the bytes of such a file; messages call them `path`.
[[nodiscard]] VtiContent parse_vti(const std::string& bytes, const std::filesystem::path& path);
/// With the values of one array alone: the others are there by their names, without values.
[[nodiscard]] VtiContent read_vti(const std::filesystem::path& path, std::string_view array);

}  // namespace fokker
