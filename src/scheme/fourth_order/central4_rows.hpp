#pragma once
#include <array>
#include <span>

#include "fokker/operator/operator.hpp"

/// The loops of the fourth-order flux, over stretches of faces or cells; nothing here knows a grid.
namespace fokker {

/// Five rows of cells in line across x, and what is wanted of them: the middle row, and its differences across
///     D = 8 (p_1 - p_-1) - (p_2 - p_-2),   C = p_1 - 2 p_0 + p_-1,   T = p_1 - p_-1
/// Null: not wanted.
struct RowDifferences {
  double *own, *across, *curvature, *twist;
};
void row_differences(const std::array<const double*, 5>& p, Index n, const RowDifferences& out);

/// Face averages by the cells b | c beside the face and a, d beyond them (exact for cubics):
///     value = 12 <p> = 7 (b + c) - (a + d),       slope = 12 h <p_n> = 15 (c - b) - (d - a)
struct FaceLine {
  double* value;
  double* slope;
};
void central_faces(const double* a, const double* b, const double* c, const double* d, Index n, FaceLine out);
/// The faces between row p[2] and row p[3], with the middle row and its D in the same pass.
void faces_and_differences(const std::array<const double*, 5>& p, Index n, FaceLine faces, double* own, double* across);

/// The same with weights of its own for the four cells, to be had for all faces of a row: in the y direction.
struct FaceWeights {
  std::array<double, 4> value, slope;
};
void weighted_faces(const std::array<const double*, 4>& p, const FaceWeights& weights, Index n, FaceLine out);

/// Coefficients of a stretch of faces in index units; a null column is 0 throughout.
///     J/h = value V + slope S + across D(V) + curvature C(V) + twist T(S)
struct FaceColumns {
  const double *value, *slope, *across, *curvature, *twist;
};
/// Faces of a row, face i between the cells i - 1 and i of `rows`; D(V) = V(D) and so on, by linearity.
void fluxes_along_row(const FaceColumns& columns, const RowDifferences& rows, Index n, double* J);
/// Faces side by side, whose neighbours in line across the axis are the faces before and after them.
void fluxes_across_row(const FaceColumns& columns, FaceLine faces, Index n, double* J);

/// J += 2/5 value (fourth difference of p at the cell that value blows from), faces between p[2] and p[3]: with it
/// value V is that of the fifth-order average (2, -13, 47, 27, -3)/60 of a face, upwind.
void add_upwind(const double* value, const std::array<const double*, 6>& p, Index n, double* J);

/// rate[i] = factor * ((Jx[i] - Jx[i + 1]) + (below[i] - above[i])); 1D: below and above null.
void cell_rates(double factor, const double* Jx, const double* below, const double* above, Index n, double* rate);

/// J = left p_L + right p_R.
void edge_fluxes(const double* left, const double* right, const double* pL, const double* pR, Index n, double* J);

/// next = p + weight * rate and sum += weight * p, with the rate of `cell_rates`.
void euler_cells(double weight, const double* p, const double* Jx, const double* below, const double* above, Index n,
                 double* next, double* sum);

/// value = low + what the fluxes bring (as in `cell_rates`); returns how many values are negative.
Index corrected_cells(const double* low, const double* Jx, const double* below, const double* above, Index n,
                      double* value);
/// mask = 0 where low and |value| are at most `noise`, else 1.
void noise_mask(const double* low, const double* value, double noise, Index n, double* mask);
/// J *= left * right.
void mask_faces(const double* left, const double* right, Index n, double* J);

/// Cubic extrapolation to the first and second cell (or line) beyond the end, from the four before it.
inline constexpr std::array<std::array<double, 4>, 2> extrapolation{{{4, -6, 4, -1}, {10, -20, 15, -4}}};

/// out[first + i] = scale * rate[i] + the sum of the terms at first + i; `out` may be the memory of a term.
void combine(double scale, const double* rate, std::span<const Term> terms, Index first, Index n, double* out);

}  // namespace fokker
