#pragma once
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// 1D, autonomous: for every inner face (cells - 1 of them, plus the wrap face last on a periodic axis) the Peclet number
/// log(m_R / m_L), m_i the average over cell i of exp(int a/D), so that the exact stationary law of any 1D autonomous SDE
/// is the null vector of the exponentially fitted scheme. Quadrature refines until 1e-13; tanh-sinh (Boost.Math) where
/// a/D is singular at a wall (integrable ones converge: CIR below the Feller ratio). NaN where D vanishes inside the
/// two cells or the weight is not integrable: the caller falls back to a h / D.
[[nodiscard]] std::vector<double> stationary_peclets(const Axis& axis, const Sde& sde);

/// log of the cell averages of exp(log_gibbs) for an Sde with has_gibbs(), 1D or 2D, by Gauss-Legendre in log-sum-exp
/// form: finite even where exp(-U/T) underflows. One value per cell.
[[nodiscard]] std::vector<double> log_gibbs_averages(const Grid& grid, const Sde& sde);

}  // namespace fokker
