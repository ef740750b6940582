#pragma once
#include "fokker/base/points.hpp"

/// What happens inside one panel of 16 lines (axis_splitting.hpp): position by position, all lines at once. Every array
/// is `length` x 16 and contiguous; a panel of 256 cells and its rates fit into the second-level cache.
///
/// Streams per cell of a solve: b, up, down, 1/pivot and x, each once from memory (40 bytes), the rest is in cache; 15
/// flops. The chain from cell to cell is one multiplication and one addition in each sweep.
namespace fokker {

struct LinePanel {
  const double *up, *down, *lower_sink;
  const double *inverse, *ring;  ///< ring: null unless periodic
  Index length;
  double gamma;
};

/// 1 / pivot, and on periodic axes the ring (else null; `scratch` as long as a panel). False when a pivot is not
/// positive.
bool factor_lines(const double* up, const double* down, const double* lower_sink, Index length, double gamma,
                  double* inverse, double* ring, double* scratch);

/// x = of_x (I - gamma A)^-1 b + of_b b; lower and upper (16 each) are gamma times what leaves through the two ends.
void solve_lines(const LinePanel& panel, const double* b, double* x, double of_x, double of_b, double* lower,
                 double* upper);

/// out = p + gamma A p on `rows` rows of 16 cells, for the lines that cross them; p with the given stride, everything
/// else with 16, beginning at the first row. `below` is gamma times the flux into that row, `beyond` the row after the
/// last one.
void apply_lines(double gamma, const double* up, const double* down, const double* p, Index stride, Index rows,
                 const double* beyond, double* below, double* out);

/// A panel of columns back into rows: out = base + x, `rows` times 16; base may be null (0), its stride is that of out.
void store_columns(const double* x, Index rows, const double* base, double* out, Index stride);

/// to[c][r] = from[r][c] for 16 x 16 values; strides in doubles.
void transpose_tile(const double* from, Index from_stride, double* to, Index to_stride);
/// The same for rows x columns; to[c][rows..15] = 0.
void transpose_part(const double* from, Index from_stride, Index rows, Index columns, double* to, Index to_stride);

}  // namespace fokker
