#pragma once
#include <array>
#include <vector>

#include "axis_fluxes.hpp"

namespace fokker {

/// Of the cells of a plane that a break of the coefficients crosses aslant: log of the cell average of D_kk^(a - 1) for
/// both axes k, from four lines through the cell along an axis that it breaks on, integrated between their breakpoints;
/// NaN elsewhere, and where the coefficients vary along one axis only, where lines know better. Empty where no cell is.
[[nodiscard]] std::array<std::vector<double>, 2> oblique_cells(const Grid& grid, const Sde& sde, double reading,
                                                               double t, const std::vector<AxisFluxes>& axes);

}  // namespace fokker
