#pragma once
#include <span>
#include <string_view>

namespace fokker {

/// A row of `list particle_steppers`: how the particles of the Monte Carlo witness move.
struct ParticleStepperRow {
  std::string_view name;
  int order;      ///< weak order with noise, order of the path without; measured by the unit tests
  bool flow;      ///< particles of the probability flow: no noise, needs the score
  bool adaptive;  ///< takes a tolerance; the others take a dt
  std::string_view guarantee, reference, when_not;
};
[[nodiscard]] std::span<const ParticleStepperRow> particle_steppers();
/// Null when there is none of that name.
[[nodiscard]] const ParticleStepperRow* find_particle_stepper(std::string_view name);

}  // namespace fokker
