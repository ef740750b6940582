#pragma once
#include <array>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// Point values of a density from a CSV file with the axis names and p as columns, ready to be integrated over.
struct PointTable {
  std::vector<std::array<double, 2>> points;  ///< in the box; the second coordinate is unused in 1D
  std::vector<double> p;                      ///< [1/x^d]
  std::vector<double> weight;                 ///< trapezoidal, the ends carried on to the walls [x^d]
};

/// Takes such a file, or its bytes (messages call them `path`), and holds it against the axes. Throws FileError, naming
/// the line where there is one, for: no rows, a missing column, values that are not finite, points outside of the box,
/// p that is negative by more than rounding, in 1D points that do not ascend, in 2D anything but a complete tensor
/// grid, fewer than 8 positions along an axis, a stretch of the box without points that more than the table's own
/// spacing or next to no p would explain, and a trapezoidal integral that is not 1 within 1e-2 (not above 1 where a
/// side absorbs).
[[nodiscard]] PointTable parse_point_table(std::string_view bytes, const std::filesystem::path& path,
                                           std::span<const Axis> axes);
[[nodiscard]] PointTable read_point_table(const std::filesystem::path& path, std::span<const Axis> axes);

}  // namespace fokker
