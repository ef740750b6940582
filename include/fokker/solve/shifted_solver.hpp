#pragma once
#include <memory>
#include <span>

#include "fokker/operator/operator.hpp"

namespace fokker {

/// Solves (I - gamma A) x = b for a factorisation made once. Outflow entries are solved by substitution, so that they
/// equal b + gamma * (outflow rate of x).
class ShiftedSolver {
 public:
  virtual ~ShiftedSolver() = default;
  /// b and x are Operator::size() long; x may be the same memory as b. One caller at a time; allocates nothing.
  virtual void solve(std::span<const double> b, std::span<double> x) const = 0;
  [[nodiscard]] virtual const char* name()
      const = 0;  ///< "tridiagonal", "cyclic tridiagonal", "multigrid", "sparse LU"
};

/// What a solution must be good for.
enum class Accuracy {
  of_each_cell,  ///< a nonnegative b gives a nonnegative x: direct methods
  of_the_whole   ///< 1e-10 of the l1 norm of b, with errors of either sign in thin tails: iterative ones too
};

/// Assembles A at time t and factors I - gamma A [gamma in units of t, >= 0] with the cheapest fitting method:
///
///   1D            tridiagonal         2 multiplications and 2 additions per cell and sweep
///   1D periodic   cyclic tridiagonal  the same plus a column and a row for the last cell
///   2D, large     multigrid           for Accuracy::of_the_whole and edges that suit it; 10 or so cycles per solve
///   otherwise     sparse LU           COLAMD ordering, partial pivoting
///
/// For a Markov generator every pivot stays on the diagonal and no subtraction occurs after that, so a nonnegative b
/// gives a nonnegative x. The two band methods go further: pivots come from column sums (Grassmann, Taksar, Heyman
/// 1985; O'Cinneide 1993), without any subtraction, so every x_i has a small RELATIVE error however large gamma is and
/// however far b and x fall into a tail. Band matrices that are not diagonally dominant (a central flux at large Peclet
/// numbers) go to sparse LU, which pivots. Throws NumericalError when the matrix is singular or an entry is not finite.
[[nodiscard]] std::unique_ptr<ShiftedSolver> factor_shifted(const LinearOperator& op, double t, double gamma,
                                                            Accuracy accuracy = Accuracy::of_each_cell);

}  // namespace fokker
