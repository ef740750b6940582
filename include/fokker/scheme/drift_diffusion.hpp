#pragma once
#include <memory>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/scheme/flux.hpp"
#include "fokker/scheme/form.hpp"

namespace fokker {

/// The finite-volume drift-diffusion operator dp/dt = -div(a p - D grad p) on a grid. Not linear in p when a limited
/// part is active.
///
/// Builds weights once for autonomous coefficients or a common time factor; otherwise again at every new t, of what
/// depends on t only. Nothing is asked for outside `times`. Looks at all coefficients at the first of them first and
/// throws CaseError for non-finite ones and for a diffusion tensor that is not positive semidefinite, naming the cell
/// and its coordinates; later ones are a NumericalError. A positive row is checked to be a Markov generator when built
/// (std::logic_error otherwise).
[[nodiscard]] std::unique_ptr<Form> make_drift_diffusion(std::shared_ptr<const Grid> grid,
                                                         std::shared_ptr<const Sde> sde, const FluxScheme& flux,
                                                         TimeRange times = 0);

}  // namespace fokker
