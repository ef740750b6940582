#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fokker/operator/operator.hpp"

namespace fokker {

/// The stationary density of an operator, and how it was found.
struct Stationary {
  std::vector<double> p;  ///< cell averages [1/x^d], mass 1, p >= 0 for a positive operator
  std::string method;     ///< "detailed balance", "elimination", "multigrid", "sparse LU"
  std::string reason;     ///< why not a faster one; empty for the first
  int cycles = 0;         ///< of multigrid on the finest grid
  double correction = 0;  ///< multigrid, sparse LU: the largest relative (l1) change of p in the last round
};

/// Solves A p = 0 with mass 1 for an autonomous operator without absorbing sides.
///
///   detailed balance   every edge carries as much forth as back under one distribution: that distribution, summed up
///   along edges elimination        1D, and small planes: without any subtraction, all p_i to a small relative error
///   multigrid          planes: nested iteration from the coarsest grid up, each level solved for p relative to what
///   the
///                      coarser one said, so that thin tails are as accurate, relatively, as the bulk
///   sparse LU          the rest (offsets that vary from cell to cell, odd numbers of cells): inverse iteration
class StationarySolver {
 public:
  /// Copies the edges at time t. Throws UsageError, with the reason, where there is no unique stationary density: sides
  /// absorb, or the cells fall into several closed parts.
  StationarySolver(const LinearOperator& op, double t);
  ~StationarySolver();
  /// Throws NumericalError when nothing converges.
  [[nodiscard]] Stationary solve();
  /// int |A p| dx [1/t]: how far the density would move, in the l1 norm, per time. Rounding alone leaves about 1e-16
  /// times the largest exit rate.
  [[nodiscard]] double residual(std::span<const double> p) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fokker
