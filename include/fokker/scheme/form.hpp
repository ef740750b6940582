#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "fokker/operator/operator.hpp"

namespace fokker {

/// What `check` prints about an operator at time t.
struct SchemeReport {
  double peclet_min = 0, peclet_max = 0;  ///< cell Peclet numbers |Pe_e| over all edges with rate > 0,
                                          ///< without what weights from cell to cell carry
  double exit_rate_max = 0;               ///< w = max|A_ii| [1/t]
  double smallest_eigenvalue = 0;         ///< of D over the cell centres [x^2/t]
  double largest_anisotropy = 1;          ///< largest ratio of eigenvalues of D in index units, infinity where singular
  Index offsets = 0;                      ///< distinct edge offsets in use
  Index capped_cells = 0;                 ///< cells whose |D_xy| was reduced
  bool cell_rates = false;                ///< D vanishes at a wall: cross terms by rates of the cells by themselves
  Index limited_faces = 0;                ///< faces across which drift is carried by advection
  Index fallback_faces = 0;               ///< 1D: faces where the stationary weight is not integrable, a h / D used
  std::size_t bytes = 0;                  ///< memory held by the operator
};

/// What became of cross terms that edges of at most 8 cells (16 where rates are those of cells) cannot carry.
struct ReducedCross {
  double fraction = 0;  ///< of the mass, in cells whose |D_xy| was reduced
  double missing = 0;   ///< mean over p of |D_xy - what is carried| [x y/t]: half the rate at which V_xy is off
};

/// One of the two forms of the equation on a grid: drift plus diffusion (drift_diffusion.hpp) or pure advection by the
/// effective drift (effective_drift.hpp). `op().linear()` is null where it is not linear in p.
class Form {
 public:
  virtual ~Form() = default;
  [[nodiscard]] virtual const Operator& op() const = 0;
  [[nodiscard]] virtual SchemeReport report(double t) const = 0;
  /// What goes on alone once this one has given way (Corrections::gave_way): the default flux, or itself.
  [[nodiscard]] virtual const Form& default_form() const { return *this; }
  /// For the coefficients at t and the density p; nothing where the form has no edges that could be too short.
  [[nodiscard]] virtual ReducedCross reduced_cross(double /*t*/, std::span<const double> /*p*/) const { return {}; }
  /// The scheme's own face fluxes at time t averaged to cells [p x/t]; columns of cells() values (Jy null in 1D). An
  /// offset edge adds its flux to the two cells it joins, half each, along its offset.
  virtual void current(double t, std::span<const double> p, double* Jx, double* Jy) const = 0;
  /// The sum of that current over all cells [p x/t], where a form knows a shorter way.
  [[nodiscard]] virtual std::optional<std::array<double, 2>> total_current(double /*t*/,
                                                                           std::span<const double> /*p*/) const {
    return std::nullopt;
  }
  /// d/dt of the outflows [1/t], where a form knows a shorter way than its operator; else false.
  virtual bool outflow_rates(double /*t*/, std::span<const double> /*p*/, std::span<double> /*rates*/) const {
    return false;
  }
  /// Edges on which the effective drift is infinite because p is 0 at one end only; 0 for forms that need no score.
  [[nodiscard]] virtual Index undefined_scores(std::span<const double> /*p*/) const { return 0; }
};

}  // namespace fokker
