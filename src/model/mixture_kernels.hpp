#pragma once
#include <span>

#include "fokker/model/score.hpp"

/// What a mixture of Gaussians adds up to at many points at once.
namespace fokker {

/// Columns of the sums over all terms. With w_k = p_k / (largest p_k) and g_k = -V_k^-1 (x - m_k): log p = top + log
/// sum w, s = sum w g / sum w, and Hess log p = sum w (g g^T - V^-1) / sum w - s s^T.
struct MixtureTotals {
  static constexpr Index longest = 64;  ///< points at once, a whole number of vectors
  double top[longest], sum[longest];
  double gx[longest], gy[longest];
  double xx[longest], xy[longest], yy[longest];
};

/// What is to be added up, each with what stands before it.
enum class MixtureOrder { density, score, jacobian };

/// `count`: a multiple of 8 up to MixtureTotals::longest, so that every point goes through whole vectors and its
/// numbers do not depend on its neighbours. `y` is not read in one dimension. Per point and term: two exponents, of 3
/// flops in 1D and 9 in 2D, one exp, and 3 to 14 flops for the sums.
void add_up(std::span<const MixtureTerm> terms, int dimension, MixtureOrder order, const double* x, const double* y,
            Index count, MixtureTotals& totals);

}  // namespace fokker
