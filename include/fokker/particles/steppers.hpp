#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fokker/base/archive.hpp"
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

/// Chosen steps so far: those that were wanted, and what the budget made of them.
struct ChosenSteps {
  double wanted = 0;                                          ///< how many, had there been no budget
  double shortest = std::numeric_limits<double>::infinity();  ///< wanted [t]
  long lengthened = 0;                                        ///< taken, longer than wanted
  void keep(Archive& archive) { archive(wanted, shortest, lengthened); }
};

/// Particles on the grid's box, whose histogram stands for a density.
class Ensemble {
 public:
  Ensemble() = default;
  virtual ~Ensemble() = default;
  Ensemble(Ensemble&&) noexcept = default;

  /// Moves all particles to exactly t. Throws NumericalError (the ensemble is then unusable).
  virtual void advance(double t) = 0;
  /// All that moves, between two advances.
  virtual void keep(Archive& archive) = 0;
  /// Particles per cell, cells() long.
  [[nodiscard]] virtual std::vector<double> counts() const = 0;
  /// The histogram as a density: counts / (particles * volume).
  [[nodiscard]] Field density() const { return density(counts()); }
  [[nodiscard]] Field density(std::span<const double> counts) const;
  [[nodiscard]] virtual Index particles() const = 0;
  [[nodiscard]] virtual long steps() const = 0;                    ///< time steps so far
  [[nodiscard]] virtual long rejected() const { return 0; }        ///< tried again because their error was too large
  [[nodiscard]] virtual ChosenSteps chosen() const { return {}; }  ///< none wanted: given, or adaptive
  [[nodiscard]] virtual double dt() const = 0;                     ///< [t]
  [[nodiscard]] virtual double seconds() const = 0;                ///< spent in advance
  [[nodiscard]] virtual double particle_steps() const = 0;         ///< steps of particles that had not left

 private:
  [[nodiscard]] virtual const std::shared_ptr<const Grid>& grid() const = 0;
};

/// What a stepper makes an ensemble of; each takes what it knows.
struct EnsembleRequest {
  std::shared_ptr<const Grid> grid;
  std::shared_ptr<const Sde> sde;  ///< that the particles follow
  Prepare prepare = {};
  InitialDistribution initial = {};
  Index particles = 100'000;
  std::uint64_t seed = 1;
  std::optional<double> dt = {}, tolerance = {};
  StepBudget budget = {};
  Timeline timeline = {};
};

/// A row of `list particle_steppers`: how the particles of the Monte Carlo witness move.
struct ParticleStepperRow {
  std::string_view name;
  int order;      ///< weak order with noise, order of the path without; measured by the unit tests
  bool flow;      ///< particles of the probability flow: no noise, needs the score
  bool adaptive;  ///< takes a tolerance; the others take a dt
  /// Draws the particles. Throws std::invalid_argument for what the ensemble refuses.
  std::unique_ptr<Ensemble> (*make)(EnsembleRequest);
  std::string_view guarantee, reference, when_not;
};
[[nodiscard]] std::span<const ParticleStepperRow> particle_steppers();
/// Null when there is none of that name.
[[nodiscard]] const ParticleStepperRow* find_particle_stepper(std::string_view name);

}  // namespace fokker
