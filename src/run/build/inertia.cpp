#include "inertia.hpp"

#include <fmt/format.h>

namespace fokker {
namespace {

/// Of the initial mass, in the two cells beside a wall.
double mass_beside(const Setup& setup, int axis, bool upper) {
  const Grid& grid = *setup.grid;
  const Index n = grid.axis(axis).cells;
  double mass = 0;
  for (Index cell = 0; cell < grid.cells(); ++cell) {
    const Index i = axis == 0 ? cell % grid.nx() : cell / grid.nx();
    if (upper ? i >= n - 2 : i < 2) mass += setup.initial.values[cell] * grid.volume();
  }
  return mass;
}

/// A shear knows no wall: one that carries mass is no place for it. A run of `auto` would hand over later than that.
std::string wall_with_mass(const Setup& setup) {
  const double tolerance = stepper_options(setup).tolerance;
  for (int k = 0; k < setup.grid->dimension(); ++k)
    for (const bool upper : {false, true}) {
      const Axis& axis = setup.grid->axis(k);
      const double mass = axis.periodic() ? 0 : mass_beside(setup, k, upper);
      if (mass > tolerance)
        return fmt::format("starts with {:.2g} of its mass beside {}_{}, more than time.tolerance = {:.2g}", mass,
                           axis.name, upper ? "upper" : "lower", tolerance);
    }
  return {};
}

std::string why_not(const Setup& setup) {
  const Case& c = setup.config;
  if (!setup.canonical.flow) return setup.canonical.view.why_not;
  if (setup.score != nullptr) return "asks for the effective drift, which would move nothing";
  if (c.reverse && !setup.reverse_score)
    return "goes back in time by the score of its own run, which the rates of the fluxes carry between snapshots";
  return wall_with_mass(setup);
}

}  // namespace

void look_for_inertia(Setup& setup) {
  setup.canonical = make_canonical_flow(setup.grid, *setup.formulas);
  if (std::string why = why_not(setup); !why.empty()) setup.canonical.view = {nullptr, std::move(why)};
}

}  // namespace fokker
