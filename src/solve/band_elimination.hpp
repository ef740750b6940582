#pragma once
#include <span>
#include <vector>

#include "markov_chain.hpp"

namespace fokker {

/// Direct elimination of M = shift - gamma A for a chain small or thin enough: cells one after the other, the last one
/// being `root`. Pivots are sums of what a cell still hands on (Grassmann, Taksar, Heyman 1985): nothing is ever
/// subtracted, so every component of a stationary vector has a small relative error, however slow the exchange between
/// two wells. Cells are ordered outwards-in around the root's row, so that a ring is a band too.
class BandElimination {
 public:
  /// Multiplications, cells * band^2 (at least; exact where that is below 1e10).
  [[nodiscard]] static double cost(const Chain& chain);

  BandElimination(const Chain& chain, double shift, double gamma, Index root);

  /// x = M^-1 b. For shift = 0: of a b that sums to 0, the solution with x[root] = 0.
  void solve(std::span<const double> b, std::span<double> x) const;
  /// shift = 0: log of the stationary vector, its largest element 1. -inf in cells that are only left (transient).
  [[nodiscard]] std::vector<double> log_stationary() const;

 private:
  [[nodiscard]] double& entry(Index i, Index j) { return rates_[i * (2 * band_ + 1) + j - i + band_]; }
  [[nodiscard]] double entry(Index i, Index j) const { return rates_[i * (2 * band_ + 1) + j - i + band_]; }

  Index n_, band_ = 0;
  bool singular_;
  std::vector<Index> position_;        // of a cell in the order of elimination
  std::vector<double> rates_, pivot_;  // row i, column j of -M off its diagonal, after elimination
  mutable std::vector<double> work_;
};

}  // namespace fokker
