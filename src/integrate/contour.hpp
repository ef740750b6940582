#pragma once
#include <array>
#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "fokker/base/points.hpp"

/// exp(h A) p for a tridiagonal (or cyclic tridiagonal) A with nonnegative rates as a sum of resolvents along a Talbot
/// contour: one complex linear system per pole, all poles side by side in vector lanes.
///
///     exp(z) = 1/(2 pi i) oint exp(s)/(s - z) ds  ~  sum_k c_k/(z_k - z)
///
///     z(theta) = N (0.5017 theta cot(0.6407 theta) - 0.6122 + 0.2645 i theta),   theta_k = (2k + 1) pi/N
///
/// (Trefethen, Weideman, Schmelzer 2006, table of section 4: the error on the negative real axis falls like 3.89^-N).
namespace fokker {

/// Rates of A by columns [1/t]: from cell j to its left, to its right, and out of the box. On a ring left[0] goes to
/// the last cell and right[n-1] to the first.
struct TridiagonalRates {
  std::vector<double> left, right, out;
  bool ring = false;
};

/// Sixteen lanes: the poles of the upper half plane (p is real: the others are their conjugates) of the sum with N =
/// 24, 12 of them, and of one with N = 8, 4 of them, that shows how far the first one can be trusted.
struct Poles {
  static constexpr std::size_t lanes = 16, fine_lanes = 12, group = 8;
  static constexpr int fine = 24, coarse = 8;
  alignas(64) std::array<double, lanes> re{}, im{};                ///< z_k
  alignas(64) std::array<double, lanes> weight_re{}, weight_im{};  ///< 2 c_k: the sums are Re(sum 2 c_k x_k)
  std::array<std::complex<double>, lanes> mean{};  ///< 2 c_k / z_k, 0 for the coarse ones: the mean state of the step
  double at_zero = 0;                              ///< what the sum with N = 24 gives at z = 0, 1 - 1e-14
  Poles();
};

/// Two doubles per cell.
struct ContourSums {
  double fine, coarse;
};

/// sums[j] += what the eight poles of a group (0 or 1) give for cell j: Re(sum 2 c_k x_k), x_k = (z_k - h A)^-1 p.
/// `work` is contour_work doubles per cell; contour_value reads x_k there afterwards.
///
/// Elimination takes pivots from column sums, as shifted_solver.cpp does: kept_j, of what a cell is given the part that
/// it does not hand back, starts from z_k and goes through w -> w/(w + rate), sums and products with rates, none of
/// which leaves the sector between the positive axis and z_k: sums cancel by a factor cos(arg(z_k)/2) >= 0.28 at most,
/// however large h is. 256 bytes written, read and written per cell, 60 flops and a division per cell and lane: bound
/// by the latency of the chain from pivot to pivot, which is why a line is eliminated from both ends. One group at a
/// time, so that the work of 1000 cells is a quarter of a megabyte: in a run it has left the nearest caches since the
/// step before.
void contour_line(const Poles& poles, std::size_t group, double h, const TridiagonalRates& rates,
                  std::span<const double> p, double* work, ContourSums* sums);
void contour_ring(const Poles& poles, std::size_t group, double h, const TridiagonalRates& rates,
                  std::span<const double> p, double* work, ContourSums* sums);
constexpr std::size_t contour_work(bool ring) { return ring ? 48 : 32; }

/// x_k of lane k of the group in the work of a cell.
inline std::complex<double> contour_value(const double* work, std::size_t k) {
  return {work[k], work[Poles::group + k]};
}

}  // namespace fokker
