#pragma once
#include <string>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// What the last density, or the case alone, has to fear of ends where D vanishes: layers that the cells do not
/// resolve, with the cells or the coordinate that would, and mass that gathers in the last cell.
[[nodiscard]] std::vector<std::string> end_warnings(const Setup& setup, const Field& p);

}  // namespace fokker
