#include "inertia.hpp"

#include <fmt/format.h>

#include "fokker/integrate/kinetic.hpp"

namespace fokker {
namespace {

/// A shear knows no wall: one that carries mass is no place for it. A run of `auto` would hand over later than that.
std::string wall_with_mass(const Setup& setup) {
  const double tolerance = stepper_options(setup).tolerance;
  for (int k = 0; k < setup.grid->dimension(); ++k)
    for (const int side : {0, 1})
      if (const double mass = mass_beside_wall(*setup.grid, setup.initial.view(), k, side); mass > tolerance)
        return fmt::format("starts with {:.2g} of its mass beside {}_{}, more than time.tolerance = {:.2g}", mass,
                           setup.grid->axis(k).name, side == 0 ? "lower" : "upper", tolerance);
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
