#pragma once
#include <array>

namespace fokker {

/// D = sum_k rate[k] e_k e_k^T with integer offsets e_k = (x[k], y[k]) and rate[k] >= 0 (theory section 6). Offsets are
/// canonical: x > 0, or x = 0 and y > 0. Unused entries have rate 0 and offset (0, 0).
struct SellingDecomposition {
  std::array<int, 3> x{}, y{};
  std::array<double, 3> rate{};  ///< [1/t]
  double xy = 0;                 ///< the D_xy that is represented (smaller in modulus than asked when capped) [1/t]
  bool capped = false;           ///< an offset beyond `cap` would have been needed
};

inline constexpr int offset_cap = 8;

/// Selling's algorithm (Selling 1874; Conway and Sloane 1992) for a symmetric positive semidefinite tensor in index
/// units, D_ij / (h_i h_j) [1/t]. Where an offset with a component beyond the cap is needed, |D_xy| is reduced to the
/// largest value that offsets within the cap can represent: the diagonal, and so the variance along each axis, stays
/// exact. Axis swap and reflection of the input give exactly the swapped and reflected output. At most 2 cap steps for
/// any input; a |D_xy| beyond sqrt(D_xx D_yy) counts as that bound (rounding; refusing indefinite tensors is the
/// caller's part).
[[nodiscard]] SellingDecomposition selling(double xx, double xy, double yy, int cap = offset_cap);
/// The same with a cap for each component; 0: an axis that nothing is tilted to.
[[nodiscard]] SellingDecomposition selling(double xx, double xy, double yy, int cap_x, int cap_y);

}  // namespace fokker
