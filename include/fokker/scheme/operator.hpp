#pragma once
#include <functional>
#include <span>

#include "fokker/base/points.hpp"

namespace fokker {

class LinearOperator;

/// dp/dt on a grid. The state is the cell averages [1/x^d] followed by one ledger per absorbing side: the mass that has
/// left through it so far [1]. One caller at a time (scratch inside, preallocated).
class Operator {
 public:
  virtual ~Operator() = default;
  [[nodiscard]] virtual Index cells() const = 0;
  [[nodiscard]] virtual Index ledgers() const = 0;
  [[nodiscard]] Index size() const { return cells() + ledgers(); }
  [[nodiscard]] virtual double cell_volume() const = 0;  ///< [x^d]; weighs cell errors against ledger errors

  /// rate = d(state)/dt; both size() long, not overlapping. Mass: volume * sum(cell rates) + sum(ledger rates) = 0 to
  /// rounding, by the form.
  virtual void apply(double t, std::span<const double> state, std::span<double> rate) const = 0;
  /// 1 / max|A_ii| at time t [t]: the largest forward Euler step that keeps p >= 0 for a positive flux, and the largest
  /// stable one for the others.
  [[nodiscard]] virtual double stable_step(double t) const = 0;
  [[nodiscard]] virtual bool autonomous() const = 0;
  /// Every off-diagonal rate is nonnegative (or the limiter keeps p >= 0 under stable_step).
  [[nodiscard]] virtual bool positive() const = 0;

  /// The operator as a matrix product, nullptr where it is not linear in p (a limiter is at work).
  [[nodiscard]] virtual const LinearOperator* linear() const { return nullptr; }

  /// Integral l1 norm of a state-sized vector: volume * sum |cells| + sum |ledgers|; fixed order of summation.
  [[nodiscard]] double norm_l1(std::span<const double> v) const;
};

using InsertEntry = std::function<void(Index row, Index column, double value)>;

/// An operator whose apply is a matrix product; the matrix is never formed except by `assemble`.
class LinearOperator : public Operator {
 public:
  [[nodiscard]] const LinearOperator* linear() const override { return this; }
  /// Hands out the entries of the matrix at time t (repeated ones add up), ledger rows included.
  virtual void assemble(double t, const InsertEntry& insert) const = 0;
};

}  // namespace fokker
