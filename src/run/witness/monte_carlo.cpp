#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/model/family_sde.hpp"
#include "fokker/particles/ensemble.hpp"
#include "fokker/particles/steppers.hpp"
#include "fokker/run/closed_form.hpp"
#include "fokker/run/witness.hpp"
#include "particle_score.hpp"
#include "rows.hpp"

namespace fokker {
namespace {

/// What the steps of the particles add to their facts.
void add_chosen(const Ensemble& ensemble, double steps_max, WitnessFacts& facts) {
  const ChosenSteps chosen = ensemble.chosen();
  if (!(chosen.wanted > 0)) return;  // dt was given, or follows from the tolerance
  facts.numbers.emplace_back("steps_max", steps_max);
  facts.numbers.emplace_back("steps_wanted", chosen.wanted);
  facts.numbers.emplace_back("steps_lengthened", static_cast<double>(chosen.lengthened));
  if (chosen.lengthened == 0) return;
  facts.caution = fmt::format(
      "{} of its {} steps are longer than they should be (down to {:.2g} was wanted): its error in time may exceed its "
      "noise; raise compare.monte_carlo.steps_max = {:.4g} or take fewer particles",
      chosen.lengthened, ensemble.steps(), chosen.shortest, steps_max);
}

/// Particles of the same case, histogrammed on the solver's grid.
class MonteCarlo : public Witness {
 public:
  MonteCarlo(std::unique_ptr<Ensemble> ensemble, CaseMonteCarlo asked)
      : ensemble_(std::move(ensemble)), asked_(std::move(asked)) {}

  const char* name() const override { return "monte_carlo"; }

  Field advance(double t) override {
    ensemble_->advance(t);
    counts_ = ensemble_->counts();
    return ensemble_->density(counts_);
  }

  Verdict judge(double t, const Field& p, const Field& own) const override {
    Verdict verdict = Witness::judge(t, p, own);
    verdict.agreement = agreement(*p.grid, p.view(), counts_, static_cast<double>(ensemble_->particles()));
    verdict.norms.l1 = verdict.agreement->l1;
    verdict.ks = verdict.agreement->ks;
    verdict.w1 = verdict.agreement->w1;
    return verdict;
  }

  void keep(Archive& archive) override { archive(*ensemble_); }

  WitnessFacts facts() const override {
    WitnessFacts facts{{{"particles", static_cast<double>(ensemble_->particles())},
                        {"dt", ensemble_->dt()},
                        {"steps", static_cast<double>(ensemble_->steps())},
                        {"rejected", static_cast<double>(ensemble_->rejected())},
                        {"seconds", ensemble_->seconds()},
                        {"particle_steps_per_second",
                         ensemble_->seconds() > 0 ? ensemble_->particle_steps() / ensemble_->seconds() : 0.0}}};
    if (asked_.lambda) facts.numbers.insert(facts.numbers.begin(), {"lambda", *asked_.lambda});
    facts.stepper = asked_.stepper;
    add_chosen(*ensemble_, asked_.steps_max, facts);
    return facts;
  }

 private:
  std::unique_ptr<Ensemble> ensemble_;
  CaseMonteCarlo asked_;
  std::vector<double> counts_;  ///< per cell, where `advance` led
};

const ParticleStepperRow& row_of(const CaseMonteCarlo& asked) { return *find_particle_stepper(asked.stepper); }

InitialDistribution start(const Setup& setup) {
  InitialDistribution distribution{setup.initial_distribution.get(), &setup.initial, std::nullopt};
  if (const auto* at = std::get_if<InitialPoint>(&setup.config.initial)) distribution.point = at->point;
  return distribution;
}

/// The member of the family that a stepper moves: 0 is the flow, 1 the SDE itself.
double lambda_of(const CaseMonteCarlo& asked) { return row_of(asked).flow ? 0 : asked.lambda.value_or(1); }

}  // namespace

// Without noise the effective drift is f, and every member of the family the same.
std::shared_ptr<ClosedScore> particle_score(const Setup& setup) {
  const CaseMonteCarlo& asked = *setup.config.compare.monte_carlo;
  if (lambda_of(asked) == 1 || setup.sde->traits().deterministic) return nullptr;
  const bool flow = row_of(asked).flow;
  return std::make_shared<ClosedScore>(flow_form(setup,
                                                 flow ? "compare.monte_carlo.stepper" : "compare.monte_carlo.lambda",
                                                 flow ? "use stepper = \"euler_maruyama\"" : "leave lambda out"));
}

namespace {

/// The SDE that the particles follow, and what must be told the time before it is asked.
struct Motion {
  std::shared_ptr<const Sde> sde;
  Prepare prepare;
};

Motion motion_of(const Setup& setup) {
  const auto score = particle_score(setup);
  if (!score) return {setup.sde, {}};
  const auto family = std::make_shared<FamilySde>(setup.sde, score, lambda_of(*setup.config.compare.monte_carlo));
  return {family, [family](double t) { family->prepare(t); }};
}

/// Columns of G, or the dimension where D or a temperature is given.
Index noise_sources(const Setup& setup) {
  const auto& noise = setup.config.sde.noise;
  return noise.empty() || noise[0].empty() ? setup.grid->dimension() : std::ssize(noise[0]);
}

/// Time steps of all particles that a case can afford.
double affordable_steps(const Setup& setup) {
  const CaseMonteCarlo& asked = *setup.config.compare.monte_carlo;
  const bool flow = row_of(asked).flow;
  return asked.steps_max /
         (static_cast<double>(asked.particles) * static_cast<double>(flow ? 1 : noise_sources(setup)));
}

std::unique_ptr<Witness> make(const Setup& setup) {
  const CaseMonteCarlo& asked = *setup.config.compare.monte_carlo;
  Motion motion = motion_of(setup);
  EnsembleRequest request{.grid = setup.grid,
                          .sde = motion.sde,
                          .prepare = std::move(motion.prepare),
                          .initial = start(setup),
                          .particles = asked.particles,
                          .seed = asked.seed,
                          .dt = asked.dt,
                          .tolerance = asked.tolerance,
                          .budget = {affordable_steps(setup), setup.config.time.end},
                          .timeline = setup.timeline};
  return std::make_unique<MonteCarlo>(row_of(asked).make(std::move(request)), asked);
}

/// Particles step in the Ito reading: the drift that another reading induces is a derivative of D, and where D jumps it
/// is on the jump, which no particle meets.
void require_particles_of_reading(const Setup& setup) {
  if (setup.config.sde.interpretation == Interpretation::ito) return;
  const auto jump = jump_of_diffusion(setup);
  if (!jump) return;
  refuse(setup.config, "compare.monte_carlo",
         fmt::format("D jumps at {}: particles step in the Ito reading, and the drift that {} induces there is one "
                     "that they never meet; leave the particles out, or let D change over a few cells",
                     *jump, to_string(setup.config.sde.interpretation)));
}

/// Heun's step has its order where noise does not depend on the position.
void require_noise_of_stepper(const Setup& setup) {
  const ParticleStepperRow& row = row_of(*setup.config.compare.monte_carlo);
  if (row.flow || row.order == 1 || setup.sde->traits().additive) return;
  refuse(setup.config, "compare.monte_carlo.stepper",
         fmt::format("{} has its order where noise does not depend on the position, and here it does; use "
                     "euler_maruyama",
                     row.name));
}

void require(Setup& setup) {
  static_cast<void>(particle_score(setup));
  require_noise_of_stepper(setup);
  require_particles_of_reading(setup);
}

}  // namespace

WitnessRow monte_carlo_row() {
  return {.name = "monte_carlo",
          .asked = [](const CaseCompare& compare) { return compare.monte_carlo.has_value(); },
          .require = require,
          .make = make};
}

// A few particles go the whole way by steps chosen for the noise of all, longer where they would be too many: they
// count what the others will need.
std::optional<ParticleCost> particle_cost(const Setup& setup) {
  const auto& asked = setup.config.compare.monte_carlo;
  if (!asked || row_of(*asked).adaptive) return std::nullopt;
  ParticleCost cost;
  cost.particles = asked->particles;
  cost.sources = row_of(*asked).flow ? 1 : noise_sources(setup);
  const double end = setup.config.time.end;
  if (asked->dt) {
    cost.steps = std::ceil(end / *asked->dt);
    cost.shortest = *asked->dt;
    return cost;
  }
  constexpr Index few = 512;
  constexpr double enough_steps = 20'000;
  Motion motion = motion_of(setup);
  ParticleEnsemble pilot(setup.grid, motion.sde, start(setup),
                         {.particles = std::min<Index>(few, asked->particles),
                          .dt = std::nullopt,
                          .seed = asked->seed,
                          .prepare = std::move(motion.prepare),
                          .budget = {enough_steps, end},
                          .stand_for = asked->particles,
                          .order = row_of(*asked).flow ? 1 : row_of(*asked).order,
                          .timeline = setup.timeline});
  for (const double t : setup.config.output.times) pilot.advance(t);
  cost.chosen = true;
  cost.affordable = affordable_steps(setup);
  cost.steps = pilot.chosen().wanted;
  cost.shortest = pilot.chosen().shortest;
  return cost;
}

}  // namespace fokker
