#pragma once
#include <array>

#include "fokker/base/points.hpp"

/// What moves probability along lines of cells, several lines side by side, for kinetic_splitting. All values are those
/// of p at points, times the cell: sums of them are mass. Every kernel is a flux between neighbours, so that mass holds
/// to rounding, of high order and, with `keep`, blended with the flux of the donor cell where p would go below 0
/// (Zalesak 1979): the low-order result is >= 0 by itself, and a cell gives no more than it has.
///
/// Work per cell, beside the 16 bytes that come from and go to memory once: a shift 14 operations for the flux, 4 for
/// the donor's, 12 for the blend; all lines of a call fit the second-level cache (4 arrays of length * lanes).
namespace fokker::kinetic {

inline constexpr Index ghosts = 4;  ///< cells beyond either end that stencils look at
inline constexpr int lanes = 16;    ///< lines side by side where they lie so in memory
inline constexpr int taps = 7;      ///< cells under a flux: the primitive on 8 faces, a polynomial of degree 7

/// Lines of `cells` cells in scratch memory: value of cell i of lane l at cell[i * lanes_ + l], i from -ghosts to
/// cells - 1 + ghosts; `low` and `keep` alike, `excess` for the faces 0..cells.
struct Lines {
  Index cells = 0;
  bool ring = false;  ///< the last cell is next to the first; else no flux through the ends
  double *cell = nullptr, *low = nullptr, *excess = nullptr, *keep = nullptr;
};

/// The mass in the part `s` in [0, 1] of a cell next to its upper face is sum_m weight[m] cell[m - 3].
class PartialCell {
 public:
  PartialCell();
  void weights(double s, double* weight, Index stride = 1) const {
    for (std::size_t m = 0; m < taps; ++m) {
      double sum = 0;
      for (std::size_t k = taps; k-- > 0;) sum = (sum + table_[m][k]) * s;
      weight[static_cast<Index>(m) * stride] = sum;
    }
  }
  /// table()[m][k]: of s^(k + 1).
  [[nodiscard]] const std::array<std::array<double, taps>, taps>& table() const { return table_; }

 private:
  std::array<std::array<double, taps>, taps> table_{};
};

/// Moves by a part of a cell upwards, fraction[l] in [0, 1]; weight[m * lanes + l] of PartialCell. On a line what would
/// leave stays in the last cell. One line, or `lanes` of them.
void shift_line(const Lines& lines, const double* weight, double fraction, bool keep);
void shift_lanes(const Lines& lines, const double* weight, const double* fraction, bool keep);

/// Cells shrink towards v = 0, which is `origin` cells from the first face, by factor[l] = e^(gamma h) from what they
/// were: new cell [a, b] holds what was in [a, b] * factor. What lies beyond the ends stays in the last cells.
void contract_lanes(const Lines& lines, const PartialCell& partial, double origin, const double* factor, bool keep);

/// Convolves with what has the variance[l] <= 1 [cells^2] of a Gaussian and its fourth and sixth moment; slightly
/// negative ones sharpen.
void spread_lanes(const Lines& lines, const double* variance, bool keep);

/// Convolves with weight[k * lanes + l], k = 0 .. radius < cells, and the same for -k, all >= 0 and 1 together; `cell`
/// needs `radius` cells of 0 beyond the ends. What would leave stays in the last cells: lower and upper [lanes].
void convolve_lanes(const Lines& lines, const double* weight, Index radius, double* lower, double* upper);

}  // namespace fokker::kinetic
