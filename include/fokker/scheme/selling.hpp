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
inline constexpr int cell_offset_cap = 16;  ///< where rates are those of cells (drift_diffusion_cells.cpp)

/// Selling's algorithm (Selling 1874; Conway and Sloane 1992) for a symmetric positive semidefinite tensor in index
/// units, D_ij / (h_i h_j) [1/t]. Where an offset with a component beyond the cap is needed, |D_xy| is reduced to the
/// largest value that offsets within the cap can represent: the diagonal, and so the variance along each axis, stays
/// exact. Axis swap and reflection of the input give exactly the swapped and reflected output. At most 2 cap steps for
/// any input; a |D_xy| beyond sqrt(D_xx D_yy) counts as that bound (rounding; refusing indefinite tensors is the
/// caller's part).
[[nodiscard]] SellingDecomposition selling(double xx, double xy, double yy, int cap = offset_cap);
/// The same with a cap for each component; 0: an axis that nothing is tilted to.
[[nodiscard]] SellingDecomposition selling(double xx, double xy, double yy, int cap_x, int cap_y);

/// Whether a tensor has less than full rank, in any units.
[[nodiscard]] inline bool singular_tensor(double xx, double xy, double yy) {
  constexpr double rank = 1e-12;  // of D_xx D_yy
  return xx * yy - xy * xy <= rank * xx * yy;
}

/// The share theta of a drift u in the range of D that fitted edges take: all of it as far as every |Pe_e| <= 2
/// (`largest` of them) and no more diffusion is added than upwinding on the faces would. Fitting adds
/// lambda_e Pe_e^2 / 12 along e, which for a thin tensor is mostly along its long axis, upwinding |u_i| / 2 along each
/// axis, so theta^2 spread / 12 <= theta (|u_x| + |u_y|) / 2, spread = sum(lambda_e Pe_e^2 |e|^2), `drift` = |u_x| +
/// |u_y| (measured at 1000:1, 30 degrees, 128^2: l1 0.163 with the first rule alone, 0.084 with both, 20:1 the same).
[[nodiscard]] inline double fitted_fraction(double largest, double spread, double drift) {
  constexpr double largest_peclet = 2;
  const double theta = largest > largest_peclet ? largest_peclet / largest : 1, upwind = 6 * drift;
  return theta * spread > upwind ? upwind / spread : theta;
}

}  // namespace fokker
