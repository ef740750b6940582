#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// One array of cell data: a scalar (one column of cells() values) or a vector (one column per axis, padded to three
/// components when written). Columns are borrowed.
struct CellArray {
  std::string name;
  std::vector<std::span<const double>> columns;
};

/// Writes a .vti with cell data, inline binary with zlib (appended data cannot be read by ParaView 5.11 with Debian
/// 12's expat), TimeValue in the field data. Atomic. Throws FileError.
void write_vti(const std::filesystem::path& path, const Grid& grid, std::span<const CellArray> arrays, double time);

/// density.pvd: (time, file name) of every frame so far, rewritten atomically.
void write_pvd(const std::filesystem::path& path, std::span<const std::pair<double, std::string>> frames);

/// The (x, t) picture of a 1D run as a 2D image: frames.size() rows in equal steps of frame number, cell data `p`;
/// real times in the field data array `frame_times`.
void write_spacetime_vti(const std::filesystem::path& path, const Axis& axis, std::span<const double> times,
                         std::span<const std::vector<double>> frames);

/// A picture of the density: 2D as a colour map with axes ranges and colour bar, 1D as a line over a light grid with
/// optional second line (the exact law). Labels are drawn with a small built-in bitmap font. VTK's PNG writer, no
/// display needed.
void write_density_png(const std::filesystem::path& path, const Grid& grid, std::span<const double> p,
                       std::span<const double> exact, const std::string& title, double time);

/// What `info` and the tests read back: array names and values of a .vti. Throws FileError.
struct VtiContent {
  std::vector<Index> cells;
  std::vector<double> lower, upper;
  double time = 0;
  std::vector<std::pair<std::string, std::vector<double>>> arrays;  ///< vectors interleaved, 3 components
};
[[nodiscard]] VtiContent read_vti(const std::filesystem::path& path);

}  // namespace fokker
