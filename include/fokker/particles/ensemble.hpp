#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/density.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

struct ParticleOptions {
  Index particles = 100'000;
  std::optional<double> dt;  ///< [t]; chosen from the coefficients and the cell width when absent
  std::uint64_t seed = 1;
};

/// Where particles start. `density` is the law before truncation (sampled exactly for Gaussian mixtures, by rejection
/// inside the box); `cells` its cell averages on the grid (mass 1), used to place other laws; `point` a sure start.
struct InitialLaw {
  const Density* density = nullptr;
  const Field* cells = nullptr;
  std::optional<std::vector<double>> point;
};

/// Independent particles of the SDE by Euler-Maruyama on the grid's box (the Monte Carlo witness). Random numbers are
/// Philox4x32-10 keyed by (seed, particle, step): the ensemble at time t does not depend on the number of threads, nor
/// on how many times it stopped in between if those are multiples of dt. Boundaries as the grid's: reflection along
/// D n (what zero total flux means), absorption with the Brownian-bridge crossing probability exp(-a b / (D_nn dt)),
/// wrap.
class ParticleEnsemble {
 public:
  ParticleEnsemble(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const InitialLaw& initial,
                   const ParticleOptions& options, double t0 = 0);
  ~ParticleEnsemble();
  ParticleEnsemble(ParticleEnsemble&&) noexcept;

  /// Moves all particles to exactly t >= time(). Throws NumericalError when a position becomes non-finite.
  void advance(double t);

  [[nodiscard]] double time() const;
  /// Particles per cell, cells() long.
  [[nodiscard]] std::vector<double> counts() const;
  /// The histogram as a density: counts / (particles * volume).
  [[nodiscard]] Field density() const;
  [[nodiscard]] Index particles() const;
  /// Particles that left, per absorbing side in ledger order.
  [[nodiscard]] std::vector<Index> left() const;
  [[nodiscard]] long steps() const;           ///< time steps so far
  [[nodiscard]] double dt() const;            ///< [t]
  [[nodiscard]] double seconds() const;       ///< spent in advance
  [[nodiscard]] double particle_steps() const;
  /// Position of particle n along an axis (NaN once it has left), for tests.
  [[nodiscard]] double position(Index n, int axis) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fokker
