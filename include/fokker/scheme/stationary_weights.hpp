#pragma once
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// 1D, autonomous: for every inner face (cells - 1 of them, plus the wrap face last on a periodic axis) the Peclet
/// number log(m_R / m_L), m_i the average over cell i of D^(a - 1) exp(int f/D) in the reading a of the Sde, so that
/// the exact stationary distribution of any 1D autonomous SDE is the null vector of the exponentially fitted scheme.
/// The weight ratio is good to 1e-13, or to the rounding of a large Peclet number, whatever its size: cells are
/// bisected at kinks, jumps and layers. At a wall f/D may be singular: what is integrable converges (k/x with any k >
/// -1: CIR below the Feller ratio). NaN at the faces of a cell inside which D vanishes or whose weight is not
/// integrable: the caller falls back to a h / D.
[[nodiscard]] std::vector<double> stationary_peclets(const Axis& axis, const Sde& sde);

/// log of the cell averages of exp(log_gibbs) for an Sde with has_gibbs(), 1D or 2D, by Gauss-Legendre in log-sum-exp
/// form, bisected where the exponent varies much: relative accuracy of the averages 1e-13 for smooth exponents (or the
/// rounding of large ones), finite even where exp(-U/T) underflows. One value per cell.
[[nodiscard]] std::vector<double> log_gibbs_averages(const Grid& grid, const Sde& sde);

}  // namespace fokker
