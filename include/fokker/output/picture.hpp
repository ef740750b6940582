#pragma once
#include <filesystem>
#include <span>
#include <string>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// Another density, for a picture: one value per cell (borrowed), or none.
struct Reference {
  std::string name;
  std::span<const double> values;
};

/// A picture of the density, about 900 pixels wide. 1D: the curve with its area; 2D: a colour map (viridis from 0 to
/// the maximum, true aspect of the axes from 3.5 : 1 to 1 : 3.5) with the contours that hold 50, 90 and 99 % of the
/// mass. A reference with values is drawn in orange and named: a dashed curve, or broad contours beneath the
/// white ones. Negative values beyond a millionth of the maximum are red, values that are not finite grey, and both are
/// counted in words. A time that is no number reads "stationary". Needs no display; the same input gives the same
/// bytes. Atomic. Throws FileError.
void write_density_png(const std::filesystem::path& path, const Grid& grid, std::span<const double> p,
                       const Reference& reference, const std::string& title, double time);

}  // namespace fokker
