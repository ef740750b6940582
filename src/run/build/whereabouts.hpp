#pragma once
#include <memory>
#include <span>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/scheme/choose_flux.hpp"

namespace fokker {

/// Where a density that starts as `start` (cell averages on `grid`) is on the way from 0 to `end`, by a run on at most
/// 48 cells an axis (256 on a line) with a wide upwind flux: the coarse cells that hold more than 1e-3 of the largest p
/// at some step, and their neighbours. Within 10 000 products, and until the correction of that flux is too dear; what
/// comes later is not seen. Everywhere, where such a run is not possible.
[[nodiscard]] Whereabouts find_whereabouts(const Grid& grid, std::shared_ptr<const Sde> sde,
                                           std::span<const double> start, double end);

}  // namespace fokker
