#pragma once
#include "fokker/run/setup.hpp"

namespace fokker {

/// Whether the case is one that kinetic_splitting carries: puts it, or the reason why not, into `setup.canonical`.
/// Needs the grid, the formulas, the start and the score of a reversal.
void look_for_inertia(Setup& setup);

}  // namespace fokker
