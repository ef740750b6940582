#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/particles/initial.hpp"
#include "fokker/particles/prepare.hpp"

namespace fokker {

/// What chosen steps may cost: as many of equal length as are left must do for the rest of the way, whatever shorter
/// ones were wanted. Without an end nothing is bounded.
struct StepBudget {
  double steps = std::numeric_limits<double>::infinity();  ///< of time, over the whole way
  double end = 0;                                          ///< of the way [t]
};

struct ParticleOptions {
  Index particles = 100'000;
  std::optional<double> dt;  ///< [t]; when absent chosen by euler_step (step_size.hpp), anew after 32 steps;
                             ///< at least 100 per `advance` where coefficients depend on time
  std::uint64_t seed = 1;
  Prepare prepare = {};  ///< with it all particles take a step before any takes the next
  StepBudget budget = {};
  std::optional<Index> stand_for = {};  ///< so many particles: steps are chosen for their counting noise
  Timeline timeline = {};  ///< of the SDE: steps end at its switches, and its short stretches take eight or more
};

/// Chosen steps so far: those that were wanted, and what the budget made of them.
struct ChosenSteps {
  double wanted = 0;                                          ///< how many, had there been no budget
  double shortest = std::numeric_limits<double>::infinity();  ///< wanted [t]
  long lengthened = 0;                                        ///< taken, longer than wanted
};

/// Independent particles of the SDE by Euler-Maruyama on the grid's box (the Monte Carlo witness; weak order 1, exact
/// for the law of one step when the coefficients are constant). A step from t takes drift and D at t + dt/2 and the
/// place at t, so that coefficients that depend on time alone are integrated to second order. Random numbers are
/// Philox4x32-10 keyed by (seed, particle, step): the ensemble at time t does not depend on the number of threads, nor,
/// when dt is given, on how many times it stopped in between if those are multiples of dt. Sides behave as the grid's
/// (walls.hpp): reflection along D n (what zero total flux means), absorption with the Brownian-bridge crossing
/// probability exp(-a b / (D_nn dt)), wrap.
class ParticleEnsemble {
 public:
  /// Places the particles (initial.hpp). Throws std::invalid_argument for a count or dt that is not positive, or an
  /// initial law that cannot be drawn from.
  ParticleEnsemble(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const InitialLaw& initial,
                   const ParticleOptions& options, double t0 = 0);
  ~ParticleEnsemble();
  ParticleEnsemble(ParticleEnsemble&&) noexcept;

  /// Moves all particles to exactly t >= time(). A given dt is kept and the last step cut short where t is no multiple
  /// of it (counted from t0, or from the last such cut); a chosen one divides what is left of the way evenly. Throws
  /// NumericalError naming the particle when a position becomes non-finite (the earliest such; the ensemble is then
  /// unusable).
  void advance(double t);

  [[nodiscard]] double time() const;
  /// Particles per cell, cells() long.
  [[nodiscard]] std::vector<double> counts() const;
  /// The histogram as a density: counts / (particles * volume).
  [[nodiscard]] Field density() const;
  [[nodiscard]] Index particles() const;
  /// Particles that left, per absorbing side in ledger order.
  [[nodiscard]] std::vector<Index> left() const;
  [[nodiscard]] long steps() const;  ///< time steps so far
  [[nodiscard]] const ChosenSteps& chosen() const;
  [[nodiscard]] double dt() const;              ///< [t]; a chosen one: the last used (infinity when nothing moves)
  [[nodiscard]] double seconds() const;         ///< spent in advance
  [[nodiscard]] double particle_steps() const;  ///< steps of particles that had not left
  /// Position of particle n along an axis (NaN once it has left), for tests.
  [[nodiscard]] double position(Index n, int axis) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fokker
