#include "fokker/particles/steppers.hpp"

#include <algorithm>
#include <array>

#include "fokker/particles/ensemble.hpp"
#include "fokker/particles/flow.hpp"

namespace fokker {
namespace {

template <int order>
std::unique_ptr<Ensemble> with_noise(EnsembleRequest r) {
  return std::make_unique<ParticleEnsemble>(r.grid, r.sde, r.initial,
                                            ParticleOptions{.particles = r.particles,
                                                            .dt = r.dt,
                                                            .seed = r.seed,
                                                            .prepare = std::move(r.prepare),
                                                            .budget = r.budget,
                                                            .order = order,
                                                            .timeline = std::move(r.timeline)});
}

std::unique_ptr<Ensemble> along_flow(EnsembleRequest r) {
  const FlowSteps steps{r.tolerance.value_or(1e-8), r.dt, r.budget.steps, std::move(r.timeline)};
  return std::make_unique<FlowEnsemble>(r.grid, r.sde, std::move(r.prepare), r.initial,
                                        FlowOptions{r.particles, r.seed, steps});
}

constexpr std::array<ParticleStepperRow, 4> rows = {{
    {"euler_maruyama", 1, false, false, with_noise<1>,
     "the walls of the grid: reflection along D n, Brownian bridge at absorbing sides; with lambda the family "
     "dX = [f - (1 - lambda^2)(div D + D s)] dt + lambda G dW of equal marginals",
     "Maruyama 1955; Gobet 2000 (bridge)", "a bias of order dt: choose dt, or let it be chosen"},
    {"heun", 2, false, false, with_noise<2>,
     "the walls of the grid as euler_maruyama; away from them a bias of order dt^2: ten times longer steps and more",
     "Kloeden and Platen 1992, section 15.1", "noise depends on the position (refused); walls matter"},
    {"probability_flow", 5, true, true, along_flow,
     "dZ = (f - div D - D s) dt, no noise after the start; each step's estimated error of every particle below "
     "tolerance * box length",
     "Dormand and Prince 1980; Song et al. 2021", "there is no closed-form score, or a side absorbs"},
    {"probability_flow_rk4", 4, true, false, along_flow, "the same flow in steps of dt", "Kutta 1901; Song et al. 2021",
     "the scale of the flow changes much on the way: probability_flow adapts"},
}};

}  // namespace

Field Ensemble::density(std::span<const double> all) const {
  Field field(grid());
  const double scale = 1 / (static_cast<double>(particles()) * field.grid->volume());
  for (std::size_t i = 0; i < all.size(); ++i) field.values[static_cast<Index>(i)] = all[i] * scale;
  return field;
}

std::span<const ParticleStepperRow> particle_steppers() { return rows; }

const ParticleStepperRow* find_particle_stepper(std::string_view name) {
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.name == name; });
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace fokker
