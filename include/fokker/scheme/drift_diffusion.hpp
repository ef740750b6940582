#pragma once
#include <memory>
#include <string>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/scheme/flux.hpp"
#include "fokker/scheme/operator.hpp"

namespace fokker {

/// What `check` prints about an operator at time t.
struct SchemeReport {
  double peclet_min = 0, peclet_max = 0;  ///< cell Peclet numbers |Pe_e| over all edges with rate > 0
  double exit_rate_max = 0;               ///< w = max|A_ii| [1/t]
  double smallest_eigenvalue = 0;         ///< of D over the cell centres [x^2/t]
  double largest_anisotropy = 1;          ///< largest ratio of eigenvalues of D in index units, infinity where singular
  Index offsets = 0;                      ///< distinct edge offsets in use
  Index capped_cells = 0;                 ///< cells whose |D_xy| was reduced
  Index limited_faces = 0;                ///< faces whose drift the limited part carries
  Index fallback_faces = 0;               ///< 1D: faces where the stationary weight is not integrable, a h / D used
  std::size_t bytes = 0;                  ///< memory held by the operator
};

/// The finite-volume drift-diffusion operator dp/dt = -div(a p - D grad p) on a grid. `op().linear()` is null when a
/// limited (nonlinear) part is active.
class DriftDiffusion {
 public:
  virtual ~DriftDiffusion() = default;
  [[nodiscard]] virtual const Operator& op() const = 0;
  [[nodiscard]] virtual SchemeReport report(double t) const = 0;
  /// Share of the mass of p that sits in capped cells.
  [[nodiscard]] virtual double capped_share(std::span<const double> p) const = 0;
  /// The scheme's own face fluxes at time t averaged to cells [p x/t]; columns of cells() values (Jy null in 1D). An
  /// offset edge adds its flux to the two cells it joins, half each, along its offset.
  virtual void current(double t, std::span<const double> p, double* Jx, double* Jy) const = 0;
};

/// Builds weights once for autonomous coefficients or a common time factor; otherwise again at every new t, of what
/// depends on t only. Looks at all coefficients at t = `t0` first and throws CaseError for non-finite ones and for a
/// diffusion tensor that is not positive semidefinite, naming the cell and its coordinates; later ones are a
/// NumericalError. A positive row is checked to be a Markov generator when built (std::logic_error otherwise).
[[nodiscard]] std::unique_ptr<DriftDiffusion> make_drift_diffusion(std::shared_ptr<const Grid> grid,
                                                                   std::shared_ptr<const Sde> sde,
                                                                   const FluxScheme& flux, double t0 = 0);

}  // namespace fokker
