#pragma once
#include <memory>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/scheme/flux.hpp"
#include "fokker/scheme/form.hpp"

namespace fokker {

/// The drift-diffusion form of a row that weighs edges one by one.
[[nodiscard]] std::unique_ptr<Form> make_edge_form(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                                   const FluxScheme& row, TimeRange times);

}  // namespace fokker
