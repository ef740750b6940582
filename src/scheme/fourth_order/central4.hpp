#pragma once
#include <memory>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/scheme/flux.hpp"
#include "fokker/scheme/form.hpp"

namespace fokker {

/// The drift-diffusion form with face fluxes of fourth order (row.wide). Throws CaseError for coefficients as
/// make_drift_diffusion does, for fewer than four cells between walls, and for an absorbing wall that drift crosses
/// without diffusion.
[[nodiscard]] std::unique_ptr<Form> make_central4(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                                  const FluxScheme& row, TimeRange times);

}  // namespace fokker
