#pragma once
#include <span>

#include "fokker/operator/operator.hpp"

namespace fokker {

/// A form that is not linear in p and yet a Markov generator A(t; p) once the density in its rates is held:
/// off-diagonal rates >= 0, columns that sum to 0 (outflow included), and A(t; p) p is what `Operator::apply` says of
/// p, to rounding (docs/decisions/0023-frozen-generator.md).
class FrozenForm {
 public:
  virtual ~FrozenForm() = default;
  /// A(t; p), made of edges (LinearOperator::on_edges is there); whatever time it is asked for, it is that of t.
  /// Borrowed until the next call. Allocates at the first call, and where the edges of a tensor that varies in time are
  /// others than before.
  [[nodiscard]] virtual const LinearOperator& freeze(double t, std::span<const double> p) const = 0;
  /// False: A is the same for every p.
  [[nodiscard]] virtual bool depends_on_p() const = 0;
  /// At time t some edges join cells that are not neighbours along an axis.
  [[nodiscard]] virtual bool skew(double t) const = 0;
};

}  // namespace fokker
