#pragma once
#include <array>
#include <span>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// What a run sees in one cell when it judges itself. Derivatives are differences over the neighbouring cells
/// (one-sided at walls), so that nothing is evaluated outside of the box.
struct CellLook {
  double weight = 0;                                   ///< its fraction of the mass that was looked at
  std::array<double, 2> x{};                           ///< centre [x]
  std::array<double, 2> drift{};                       ///< f [x/t]
  std::array<double, 3> diffusion{};                   ///< D: xx, xy, yy [x^2/t]
  std::array<std::array<double, 2>, 2> drift_slope{};  ///< df_i/dx_k [1/t]
  std::array<double, 2> advection{};                   ///< a = f - div D, what multiplies p in flux form [x/t]
  std::array<double, 2> velocity{};                    ///< J / p = f - div(D p) / p, of the current [x/t]
  std::array<double, 3> curvature{};                   ///< (d^2 p / dx_i dx_k) / p: xx, xy, yy [1/x^2]
  bool inner = true;                                   ///< more than two cells away from every wall
  std::array<bool, 2> uneven{};  ///< D_nn changes from cell to cell by more than a slope tells: a jump, or a zero
  std::array<bool, 2> fades{};   ///< by a wall across the axis at which D_nn vanishes, D_nn there unlike that next door
};

/// The cells that hold 99 % of the mass of p (cell averages) or more, at most `most` of them, evenly chosen.
[[nodiscard]] std::vector<Index> cells_with_mass(std::span<const double> p, Index most);

/// Looks at p at time t in such cells, at most 1024. Empty where there is no mass.
[[nodiscard]] std::vector<CellLook> look_at_cells(const Grid& grid, const Sde& sde, double t,
                                                  std::span<const double> p);

}  // namespace fokker
