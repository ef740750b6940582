#include "fokker/run/build.hpp"

#include "../build/faults.hpp"
#include "../build/scores.hpp"
#include "../observe/stops.hpp"
#include "fokker/particles/steppers.hpp"
#include "fokker/run/fields.hpp"
#include "fokker/run/quantities.hpp"
#include "fokker/run/witness.hpp"
#include "fokker/scheme/reconstruction.hpp"

namespace fokker {

Vocabulary vocabulary() {
  Vocabulary words;
  for (const FluxScheme& row : fluxes("drift_diffusion")) {
    words.fluxes.emplace_back(row.name);
    if (row.wide) words.wide_fluxes.emplace_back(row.name);
  }
  for (const FluxScheme& row : fluxes("effective_drift")) words.advective_fluxes.emplace_back(row.name);
  for (const ScoreRow& row : scores()) words.scores.emplace_back(row.name);
  for (const ReconstructionRow& row : reconstructions()) {
    if (row.key == "limiter") words.limiters.emplace_back(row.name);
    if (row.key == "weights") words.weights.emplace_back(row.name);
  }
  for (const StepperRow& row : steppers()) {
    words.steppers.emplace_back(row.name);
    if (row.adaptive) words.adaptive_steppers.emplace_back(row.name);
    if (row.adaptive && !row.exponential && !row.splits && !row.freezes && !row.kinetic)
      words.reverse_steppers.emplace_back(row.name);
  }
  for (const ParticleStepperRow& row : particle_steppers())
    words.particle_steppers.push_back({std::string(row.name), row.flow, row.adaptive});
  for (const FieldRow& row : field_rows()) words.fields.emplace_back(row.name);
  for (const WitnessRow& row : witness_rows()) words.witnesses.push_back({row.name, row.both_signs});
  for (const QuantityRow& row : quantity_rows()) words.quantities.push_back(row.quantity);
  return words;
}

Setup build(Case config) {
  Setup setup = assemble(std::move(config));
  require_fields(setup);
  require_stops(setup);
  try {
    require_witnesses(setup);
  } catch (const NumericalError& error) {  // of rates at a later time
    throw as_case_error(setup, error);
  }
  return setup;
}

}  // namespace fokker
