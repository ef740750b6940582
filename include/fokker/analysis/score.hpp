#pragma once
#include <optional>
#include <span>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"

/// What the logarithm of a density says: its gradient, the information in it, the dissipation of a current.
namespace fokker {

/// s = grad log p at the cell centres [1/x] from cell averages: log p there, to fourth order the log of the average
/// less h^2 (l'' + l'^2)/24 along each axis (l = log p), then central differences over five cells (three beside walls,
/// two at them). NaN where a cell that is needed has p <= 0. sy: null in 1D.
void score_field(const Grid& grid, std::span<const double> p, double* sx, double* sy);

/// 1 where p is above 2.2e-16 of its maximum, else 0: below, a density in double precision may rest on rounding alone,
/// and so may whatever is divided by it.
[[nodiscard]] std::vector<double> carried_by_doubles(std::span<const double> p);

/// Fisher divergence 1/2 int p |s - s_exact|^2 dx [1/x^2] over the cells that doubles carry. Columns of cells() values.
[[nodiscard]] double fisher_divergence(const Grid& grid, std::span<const double> p, const double* exact_x,
                                       const double* exact_y);

/// Entropy production J . D^-1 J / p per volume at the cell centres [1/(t x^d)], 0 where p <= 0 (theory section 5).
/// std::nullopt where D is singular at some centre: the dissipation of such a direction is not defined.
[[nodiscard]] std::optional<std::vector<double>> entropy_production(const Grid& grid, const Sde& sde, double t,
                                                                    std::span<const double> p, const double* Jx,
                                                                    const double* Jy);

}  // namespace fokker
