#pragma once
#include <cmath>
#include <vector>

#include "scaled_system.hpp"

namespace fokker {

/// Euclidean length; the same bits for any thread count.
[[nodiscard]] double length(const double* v, Index cells);

/// Flexible GMRES (Saad 1993): minimises the residual over corrections that a preconditioner, which may differ from
/// call to call, has proposed. Classical Gram-Schmidt: one pass over the basis for all products, one to subtract; what
/// orthogonality that loses a restart restores. The 2 most + 1 columns are allocated when they are first needed.
class FlexibleGmres {
 public:
  /// `shape` is borrowed.
  FlexibleGmres(const ScaledChain& shape, int most);

  /// Up to `most` corrections; stops when the residual is at most `target`. On entry `residual()` holds that of x, on
  /// return x is corrected and `residual()` is scratch. Returns the length of the residual by the recurrence.
  /// apply(z, out): out = matrix * z;  precondition(v, z): z ~ matrix^-1 v.
  template <class Apply, class Precondition>
  double solve(double target, const Apply& apply, const Precondition& precondition, double* x) {
    double length_now = begin();
    while (length_now > target && used_ < most_) {
      allocate();
      double* const z = proposals_[used_].data();
      precondition(basis_[used_].data(), z);
      apply(z, basis_[static_cast<std::size_t>(used_) + 1].data());
      length_now = extend();
    }
    correct(x);
    return length_now;
  }
  [[nodiscard]] double* residual() { return basis_.front().data(); }
  /// Corrections of the last solve.
  [[nodiscard]] int used() const { return used_; }
  [[nodiscard]] std::size_t bytes() const;

 private:
  void allocate();
  double begin();
  double extend();
  void correct(double* x) const;
  [[nodiscard]] double& h(int i, int j) { return hessenberg_[i + (most_ + 1) * j]; }
  [[nodiscard]] double h(int i, int j) const { return hessenberg_[i + (most_ + 1) * j]; }

  const ScaledChain& shape_;
  Index cells_;
  int most_, used_ = 0;
  std::vector<PaddedColumn> basis_, proposals_;
  std::vector<double> hessenberg_, cosine_, sine_, right_;  // rotated to a triangle as it grows
  std::vector<double> partial_;                             // products of the blocks, added up in order
};

}  // namespace fokker
