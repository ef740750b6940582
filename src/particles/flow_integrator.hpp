#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/particles/flow.hpp"

// dz/dt = rate(t, z) for many points at once: all of them take the same steps, so that a score is moved to a time once
// for all.
namespace fokker {

class FlowIntegrator {
 public:
  using State = std::vector<double>;
  using Rate = std::function<void(double t, const State& z, State& rate)>;
  // Puts back what a step carried out of bounds; true when it moved anything.
  using Settle = std::function<bool(State& z)>;

  // `scale[i / (size / scales)]` is the unit in which the error of entry i is measured: one per column of the state.
  FlowIntegrator(std::size_t size, std::vector<double> scales, const FlowSteps& steps, Rate rate, Settle settle = {});
  ~FlowIntegrator();
  FlowIntegrator(FlowIntegrator&&) noexcept;

  // From one time to another, which may be earlier; lands on it exactly. Throws NumericalError where the rate or the
  // state is not finite, and where the step underflows.
  void advance(double from, double to, State& z);

  void keep(Archive& archive);
  [[nodiscard]] long steps() const;
  [[nodiscard]] long rejected() const;
  [[nodiscard]] double dt() const;  // of the last step [t]

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace fokker
