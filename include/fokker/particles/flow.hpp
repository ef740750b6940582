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
#include "fokker/particles/steppers.hpp"

namespace fokker {

/// Steps of the flow: adaptive with an embedded error estimate (dopri5), or of fixed length (rk4) where dt is given.
struct FlowSteps {
  double tolerance = 1e-8;        ///< largest estimated error of a step, of every particle, in lengths of the box [1]
  std::optional<double> dt = {};  ///< [t]
  double most = std::numeric_limits<double>::infinity();  ///< adaptive steps, the rejected among them
  Timeline timeline = {};  ///< of the velocity, forwards: steps end at switches, and do not pass over pulses
};

struct FlowOptions {
  Index particles = 100'000;
  std::uint64_t seed = 1;
  FlowSteps steps = {};
};

/// Particles without noise, dZ = f(Z, t) dt with the drift of an Sde: FamilySde with lambda = 0 makes this the
/// probability flow, whose particles have the density of the SDE (theory section 2). Random is only where they start.
/// All take the same steps, in Boost.Odeint's formulas; the result does not depend on the number of threads. Periodic
/// axes wrap. The flow is tangential to a reflecting wall: what a step carries beyond one is put back on it.
class FlowEnsemble : public Ensemble {
 public:
  /// Draws the particles (initial.hpp). Throws std::invalid_argument for a count, dt or tolerance that is not
  /// positive, an initial distribution that cannot be drawn from, and a grid with an absorbing side (the flow keeps its
  /// particles, survival does not).
  FlowEnsemble(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, Prepare prepare,
               const InitialDistribution& initial, const FlowOptions& options, double t0 = 0);
  ~FlowEnsemble() override;
  FlowEnsemble(FlowEnsemble&&) noexcept;

  /// Moves all particles to exactly t, forwards or backwards. Throws NumericalError when a velocity or a position
  /// becomes non-finite, the step underflows or the steps are used up (the ensemble is then unusable).
  void advance(double t) override;
  void keep(Archive& archive) override;

  [[nodiscard]] double time() const;
  [[nodiscard]] std::vector<double> counts() const override;
  [[nodiscard]] Index particles() const override;
  [[nodiscard]] long steps() const override;
  [[nodiscard]] long rejected() const override;
  [[nodiscard]] double dt() const override;  ///< of the last step
  [[nodiscard]] double seconds() const override;
  [[nodiscard]] double particle_steps() const override;
  /// Position of particle n along an axis, in the box.
  [[nodiscard]] double position(Index n, int axis) const;

 private:
  [[nodiscard]] const std::shared_ptr<const Grid>& grid() const override;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fokker
