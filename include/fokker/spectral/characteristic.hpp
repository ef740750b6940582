#pragma once
#include <span>

#include "fokker/model/density.hpp"
#include "fokker/spectral/spectral_grid.hpp"

namespace fokker {

/// Largest |E exp(i k.X) - sum_c w_c exp(i k.m_c - k.V_c k/2)| of the density `averages` against a mixture's
/// distribution, over those wave numbers of the grid, up to 2/3 of its band, at which the distribution's modulus
/// exceeds 1e-10. The torus must not be mirrored. A mixture wrapped onto a periodic axis has the same values there.
[[nodiscard]] double characteristic_error(const SpectralGrid& torus, std::span<const double> averages,
                                          const GaussianMixture& distribution);

}  // namespace fokker
