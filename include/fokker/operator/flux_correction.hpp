#pragma once
#include <span>

#include "fokker/base/archive.hpp"
#include "fokker/operator/operator.hpp"

namespace fokker {

/// How often and how much steps were corrected, since the start.
struct Corrections {
  long steps = 0;        ///< accepted steps with a negative cell
  long cells = 0;        ///< cells whose outflow was limited, over all steps
  long faces = 0;        ///< faces whose flux was limited, over all steps
  double moved = 0;      ///< probability that the limited fluxes carry less [1]
  double level = 0;      ///< where: the largest p in a cell that was limited, as a fraction of the largest p of all
  long substeps = 0;     ///< Euler steps of the low-order scheme
  double gave_way = -1;  ///< time from which the default flux went on alone, for the sake of the cost; -1: never
  void keep(Archive& archive) { archive(steps, cells, faces, moved, level, substeps, gave_way); }
};

/// Turns steps that go negative into steps that do not: Zalesak's flux correction of the time-integrated face fluxes of
/// a step towards a positive low-order step over the same time. Serves every one-step method without its help:
///
/// `recording()` is the operator with more unknowns behind the outflows, which only record: their rates are the state
/// itself (times a common factor of time), or the face fluxes where coefficients vary otherwise. Whatever a method does
/// to the state, u_new = u + h sum b_i A u_i, it does to them: starting from 0 they end as h sum b_i u_i, so that the
/// fluxes of the step are the fluxes of what they hold, to rounding.
class FluxCorrection {
 public:
  virtual ~FluxCorrection() = default;
  [[nodiscard]] virtual const Operator& recording() const = 0;
  /// The default flux on the same unknowns, for where correcting costs too much; made when first asked for, before
  /// steps.
  [[nodiscard]] virtual const Operator& default_flux() = 0;
  [[nodiscard]] virtual int dimension() const = 0;
  /// The default flux is no match for this one (drift outweighs diffusion): worth going on at many times its cost, and
  /// at steps that move more than their tolerance where shorter ones move as much in the same time.
  [[nodiscard]] virtual bool persists() const = 0;
  /// `state`: where the step from t to `end` began, p >= 0, size() of the operator long; `next`: where it led, as long
  /// as `recording()` wants it, its records counted from 0. A step without a negative cell stays as it is. Otherwise
  /// the cells of `next` become exactly nonnegative and its outflows agree with them; what was done is added to
  /// `account`. Throws NumericalError for a negative cell in `state` and for what is not finite.
  virtual void correct(double t, double end, std::span<const double> state, std::span<double> next,
                       Corrections& account) = 0;
};

}  // namespace fokker
