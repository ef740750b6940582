#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/particles/initial.hpp"
#include "fokker/particles/prepare.hpp"
#include "fokker/particles/steppers.hpp"

namespace fokker {

struct ParticleOptions {
  Index particles = 100'000;
  std::optional<double> dt;  ///< [t]; when absent chosen by particle_step (step_size.hpp), anew after 32 steps;
                             ///< at least 100 per `advance` where coefficients depend on time
  std::uint64_t seed = 1;
  Prepare prepare = {};  ///< with it all particles take a step before any takes the next
  StepBudget budget = {};
  std::optional<Index> stand_for = {};  ///< so many particles: steps are chosen for their counting noise
  int order = 1;                        ///< 1: Euler-Maruyama; 2: Heun, for noise that does not depend on the position
  Timeline timeline = {};  ///< of the SDE: steps end at its switches, and its short stretches take eight or more
};

/// Independent particles of the SDE by Euler-Maruyama or Heun on the grid's box (the Monte Carlo witness; weak order 1,
/// exact for the distribution of one step when the coefficients are constant). A step from t takes drift and D at t +
/// dt/2 and the position at t, so that coefficients that depend on time alone are integrated to second order; Heun's
/// takes the mean of that drift and the one where such a step ends (within the box: at a wall the nearest point of it),
/// which has weak order 2 with additive noise away from walls. Random numbers are Philox4x32-10 keyed by (seed,
/// particle, step): the ensemble at time t does not depend on the number of threads, nor, when dt is given, on how many
/// times it stopped in between if those are multiples of dt. Sides behave as the grid's (walls.hpp): reflection along D
/// n (what zero total flux means), absorption with the Brownian-bridge crossing probability exp(-a b / (D_nn dt)),
/// wrap.
class ParticleEnsemble : public Ensemble {
 public:
  /// Draws the particles (initial.hpp). Throws std::invalid_argument for a count or dt that is not positive, or an
  /// initial distribution that cannot be drawn from, or order 2 with noise that depends on the position.
  ParticleEnsemble(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const InitialDistribution& initial,
                   const ParticleOptions& options, double t0 = 0);
  ~ParticleEnsemble() override;
  ParticleEnsemble(ParticleEnsemble&&) noexcept;

  /// Moves all particles to exactly t >= time(). A given dt is kept and the last step cut short where t is no multiple
  /// of it (counted from t0, or from the last such cut); a chosen one divides what is left of the way evenly. Throws
  /// NumericalError naming the particle when a position becomes non-finite (the earliest such; the ensemble is then
  /// unusable).
  void advance(double t) override;
  void keep(Archive& archive) override;

  [[nodiscard]] double time() const;
  [[nodiscard]] std::vector<double> counts() const override;
  [[nodiscard]] Index particles() const override;
  /// Particles that left, per absorbing side in outflow order.
  [[nodiscard]] std::vector<Index> left() const;
  [[nodiscard]] long steps() const override;
  [[nodiscard]] ChosenSteps chosen() const override;
  /// A chosen one: the last used (infinity when nothing moves).
  [[nodiscard]] double dt() const override;
  [[nodiscard]] double seconds() const override;
  [[nodiscard]] double particle_steps() const override;
  /// Position of particle n along an axis (NaN once it has left), for tests.
  [[nodiscard]] double position(Index n, int axis) const;

 private:
  [[nodiscard]] const std::shared_ptr<const Grid>& grid() const override;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fokker
