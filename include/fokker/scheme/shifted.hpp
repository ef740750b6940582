#pragma once
#include <memory>
#include <span>

#include "fokker/scheme/operator.hpp"

namespace fokker {

/// Solves (I - gamma A) x = b for a factorisation made once. Ledger entries are solved by substitution, so that they
/// equal b + gamma * (outflow rate of x).
class ShiftedSolver {
 public:
  virtual ~ShiftedSolver() = default;
  /// x may be the same memory as b. One caller at a time.
  virtual void solve(std::span<const double> b, std::span<double> x) const = 0;
  [[nodiscard]] virtual const char* name() const = 0;  ///< "tridiagonal", "cyclic tridiagonal", "sparse LU"
};

/// Assembles A at time t and factors I - gamma A with the cheapest fitting method. For a Markov generator every pivot is
/// on the diagonal and no subtraction occurs, so a nonnegative b gives a nonnegative x.
[[nodiscard]] std::unique_ptr<ShiftedSolver> factor_shifted(const LinearOperator& op, double t, double gamma);

}  // namespace fokker
