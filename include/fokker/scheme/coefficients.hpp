#pragma once
#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// Throws CaseError when a coefficient at t is not finite or D not positive semidefinite, at the cell centres, inner
/// faces and absorbing walls: the first offender of each kind with its cell, coordinates and formula, and how many
/// there are.
void check_coefficients(const Grid&, const Sde&, double t);

/// The same over a range of time, at the centres of a few thousand cells: at both sides of every switch, 32 times in
/// between, and the end. Nothing to do where coefficients do not depend on time.
void check_coefficients(const Grid&, const Sde&, const TimeRange& times, const Timeline& timeline);

/// The box of a grid, as timelines want it.
[[nodiscard]] Box box_of(const Grid&);

}  // namespace fokker
