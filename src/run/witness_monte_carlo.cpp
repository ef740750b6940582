#include "fokker/model/family_sde.hpp"
#include "fokker/particles/ensemble.hpp"
#include "fokker/particles/flow.hpp"
#include "fokker/particles/steppers.hpp"
#include "fokker/run/witness.hpp"
#include "particle_score.hpp"

namespace fokker {
namespace {

double rejected(const ParticleEnsemble&) { return 0; }
double rejected(const FlowEnsemble& ensemble) { return static_cast<double>(ensemble.rejected()); }

/// Particles of the same case, histogrammed on the solver's grid: ParticleEnsemble or FlowEnsemble.
template <class Ensemble>
class MonteCarlo : public Witness {
 public:
  MonteCarlo(std::shared_ptr<const Grid> grid, Ensemble ensemble)
      : grid_(std::move(grid)), ensemble_(std::move(ensemble)) {}

  const char* name() const override { return "monte_carlo"; }

  Field advance(double t) override {
    ensemble_.advance(t);
    return ensemble_.density();
  }

  Verdict judge(double t, const Field& p, const Field& own) const override {
    Verdict verdict = Witness::judge(t, p, own);
    verdict.agreement = agreement(*grid_, p.view(), ensemble_.counts(), static_cast<double>(ensemble_.particles()));
    verdict.norms.l1 = verdict.agreement->l1;
    verdict.ks = verdict.agreement->ks;
    verdict.w1 = verdict.agreement->w1;
    return verdict;
  }

  WitnessFacts facts() const override {
    return {{{"particles", static_cast<double>(ensemble_.particles())},
             {"dt", ensemble_.dt()},
             {"steps", static_cast<double>(ensemble_.steps())},
             {"rejected", rejected(ensemble_)},
             {"seconds", ensemble_.seconds()},
             {"particle_steps_per_second",
              ensemble_.seconds() > 0 ? ensemble_.particle_steps() / ensemble_.seconds() : 0.0}}};
  }

 private:
  std::shared_ptr<const Grid> grid_;
  Ensemble ensemble_;
};

template <class Ensemble>
std::unique_ptr<Witness> witness(const Setup& setup, Ensemble ensemble) {
  return std::make_unique<MonteCarlo<Ensemble>>(setup.grid, std::move(ensemble));
}

InitialLaw start(const Setup& setup) {
  InitialLaw law{setup.initial_law.get(), &setup.initial, std::nullopt};
  if (const auto* at = std::get_if<InitialPoint>(&setup.config.initial)) law.point = at->point;
  return law;
}

/// The member of the family that a stepper moves: 0 is the flow, 1 the SDE itself.
double lambda_of(const CaseMonteCarlo& asked) {
  return find_particle_stepper(asked.stepper)->flow ? 0 : asked.lambda.value_or(1);
}

}  // namespace

// Without noise the effective drift is f, and every member of the family the same.
std::shared_ptr<ClosedScore> particle_score(const Setup& setup) {
  const CaseMonteCarlo& asked = *setup.config.compare.monte_carlo;
  if (lambda_of(asked) == 1 || setup.sde->traits().deterministic) return nullptr;
  const bool flow = find_particle_stepper(asked.stepper)->flow;
  return std::make_shared<ClosedScore>(flow_form(setup,
                                                 flow ? "compare.monte_carlo.stepper" : "compare.monte_carlo.lambda",
                                                 flow ? "use stepper = \"euler_maruyama\"" : "leave lambda out"));
}

std::unique_ptr<Witness> make_monte_carlo(const Setup& setup) {
  if (!setup.config.compare.monte_carlo) return nullptr;
  const CaseMonteCarlo& asked = *setup.config.compare.monte_carlo;
  std::shared_ptr<const Sde> sde = setup.sde;
  Prepare prepare;
  if (const auto score = particle_score(setup)) {
    const auto family = std::make_shared<FamilySde>(setup.sde, score, lambda_of(asked));
    prepare = [family](double t) { family->prepare(t); };
    sde = family;
  }
  if (!find_particle_stepper(asked.stepper)->flow)
    return witness(setup, ParticleEnsemble(setup.grid, sde, start(setup),
                                           {asked.particles, asked.dt, asked.seed, std::move(prepare)}));
  const FlowSteps steps{asked.tolerance.value_or(1e-8), asked.dt};
  return witness(setup,
                 FlowEnsemble(setup.grid, sde, std::move(prepare), start(setup), {asked.particles, asked.seed, steps}));
}

}  // namespace fokker
