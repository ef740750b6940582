#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// One value per cell as numpy.load takes it: float64, shape (nx,) or (nx, ny) in C order, so that a[i, j] is cell
/// (i, j).
[[nodiscard]] std::string npy_bytes(const Grid& grid, std::span<const double> values);
/// The values of a file that npy_bytes wrote for such a grid; none where it is another.
[[nodiscard]] std::vector<double> npy_values(const Grid& grid, std::string_view bytes);
/// The same as a table: the coordinates of the cell centres, and `p`; every number reads back to its bits.
[[nodiscard]] std::string csv_text(const Grid& grid, std::span<const double> values);

}  // namespace fokker
