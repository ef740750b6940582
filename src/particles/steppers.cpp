#include "fokker/particles/steppers.hpp"

#include <algorithm>
#include <array>

namespace fokker {
namespace {

constexpr std::array<ParticleStepperRow, 3> rows = {{
    {"euler_maruyama", 1, false, false,
     "the walls of the grid: reflection along D n, Brownian bridge at absorbing sides; with lambda the family "
     "dX = [f - (1 - lambda^2)(div D + D s)] dt + lambda G dW of equal marginals",
     "Maruyama 1955; Gobet 2000 (bridge)", "a bias of order dt: choose dt, or let it be chosen"},
    {"probability_flow", 5, true, true,
     "dZ = (f - div D - D s) dt, no noise after the start; each step's estimated error of every particle below "
     "tolerance * box length",
     "Dormand and Prince 1980; Song et al. 2021", "there is no closed-form score, or a side absorbs"},
    {"probability_flow_rk4", 4, true, false, "the same flow in steps of dt", "Kutta 1901; Song et al. 2021",
     "the scale of the flow changes much on the way: probability_flow adapts"},
}};

}  // namespace

std::span<const ParticleStepperRow> particle_steppers() { return rows; }

const ParticleStepperRow* find_particle_stepper(std::string_view name) {
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.name == name; });
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace fokker
