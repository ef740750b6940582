#pragma once
#include <memory>
#include <span>
#include <string>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// Canonical Langevin dynamics on a grid of a position x and a velocity v,
///
///     dx = v dt,   dv = (F(x, t) - gamma(x, t) v) dt + sqrt(2 D(x, t)) dW
///
/// split into a Hamiltonian part (v moves x, F moves v) and an Ornstein-Uhlenbeck process at every x.
class CanonicalFlow {
 public:
  virtual ~CanonicalFlow() = default;
  [[nodiscard]] const Grid& grid() const { return *grid_; }
  [[nodiscard]] int position() const { return 1 - velocity_; }  ///< axis of x
  [[nodiscard]] int velocity() const { return velocity_; }      ///< axis of v
  /// F at the centres of the position axis [v/t].
  virtual void force(double t, std::span<double> F) const = 0;
  /// gamma, of either sign [1/t], and D >= 0 [v^2/t] there.
  virtual void friction(double t, std::span<double> gamma, std::span<double> D) const = 0;

 protected:
  CanonicalFlow(std::shared_ptr<const Grid> grid, int velocity) : grid_(std::move(grid)), velocity_(velocity) {}

 private:
  std::shared_ptr<const Grid> grid_;
  int velocity_;
};

/// A problem as canonical Langevin dynamics, or why it is none: words that go on from "this case".
struct Canonical {
  const CanonicalFlow* flow = nullptr;
  std::string why_not = "has not been looked at";
};

}  // namespace fokker
