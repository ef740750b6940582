#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/spectral/spectral_grid.hpp"

namespace fokker {

/// What the solver knows about its own errors; integral l1 norms [1].
struct SpectralErrors {
  double time = 0;         ///< sum over the steps of their estimated errors
  double missing = 0;      ///< what wave numbers beyond the band would add (SpectrumTail), largest over the steps
  double walls = 0;        ///< largest mass within two cells of a wall that is neither periodic nor mirrored
  double periodicity = 0;  ///< what that does to the rest: two thirds of the box filled as densely as at its walls
  double tail_energy = 0;  ///< fraction of the spectrum's energy in the outer third of the band, largest over the steps
  /// Estimate of the whole error.
  [[nodiscard]] double total() const { return time + missing + periodicity; }
  void keep(Archive& archive) { archive(time, missing, walls, periodicity, tail_energy); }
};

/// Fourier pseudo-spectral solution of dp/dt = -div(f p) + div div(D p) on the cells of a grid as collocation points:
/// products formed at the points, derivatives in Fourier space, modes kept by the 2/3 rule. What of D is the same
/// everywhere is integrated exactly (integrating factor, its time integral by Gauss-Legendre), the rest by the pair
/// 5(4) of Dormand and Prince (1980) with a step that the estimated error per step rules. Mass is kept to rounding.
/// The box is a torus: an axis that is not periodic must either carry no mass at its walls, or (chosen here) is
/// mirrored, where the normal drift and D_xy vanish at both of its reflecting walls.
class SpectralSolver {
 public:
  /// `initial`: cell averages with mass 1 at t = 0; `end`: up to where coefficients are looked at for mirroring;
  /// `tolerance`: estimated error per step, integral l1 norm; `timeline`: of the SDE over the run. Throws
  /// std::invalid_argument with the reason where the solution could not be trusted from the start: absorbing walls, D =
  /// 0, mass at walls, a start too narrow for its grid; or where D varies so much that it would need too many steps.
  SpectralSolver(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const Field& initial, double end,
                 double tolerance, Timeline timeline = {});
  ~SpectralSolver();

  /// Moves to time t, not before the last one. Throws NumericalError when a coefficient is not finite, the step
  /// underflows, or more than 200 000 steps would be taken.
  void advance(double t);
  /// All that moves, between two advances.
  void keep(Archive& archive);
  /// Cell averages now.
  [[nodiscard]] Field density() const;
  [[nodiscard]] const SpectralErrors& errors() const { return errors_; }
  [[nodiscard]] long steps() const { return steps_; }
  [[nodiscard]] long rejected() const { return rejected_; }
  [[nodiscard]] const SpectralGrid& torus() const { return torus_; }

  /// An error estimate above this is not to be trusted: the reason, "" while all is well.
  static constexpr double trust_limit = 1e-6;
  [[nodiscard]] std::string distrust() const;

 private:
  class RightSide;
  void look();
  double try_step(double dt, double limit);
  void integrate_factors(double dt);

  SpectralGrid torus_;
  std::unique_ptr<RightSide> right_side_;
  double tolerance_;
  Timeline timeline_;
  double t_ = 0, dt_ = 0;
  long steps_ = 0, rejected_ = 0;
  SpectralErrors errors_;
  std::vector<Complex> now_, next_;             // kept modes at t_ and after the step that is tried
  std::array<std::vector<Complex>, 7> slopes_;  // of the stages
  std::array<std::vector<double>, 5> factors_;  // integrating factors between stages
  std::array<double, 3> quadrature_error_{};
  std::vector<Complex> scratch_;  // all modes
};

}  // namespace fokker
