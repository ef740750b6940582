#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "../edge_source.hpp"
#include "fokker/operator/edge_matrix.hpp"
#include "fokker/scheme/selling.hpp"

/// The rates out of a cell by itself (docs/decisions/0019). Everything is in index units: tensors D_ij / (h_i h_j),
/// velocities f_i / h_i, both [1/t], offsets in cells.
namespace fokker {

/// The rates out of one cell: `axis` along the faces, `skew` along up to three offsets e; [0] against, [1] along.
/// Beside a wall the offsets of the two ways may differ.
struct CellRates {
  double axis[2][2] = {}, skew[3][2] = {};
  std::int8_t x[3][2] = {}, y[3][2] = {};

  [[nodiscard]] Offset offset(int way) const { return {x[way / 2][way % 2], y[way / 2][way % 2]}; }
  [[nodiscard]] double rate(Offset e, int way) const {
    double sum = 0;
    for (int k = 0; k < 3; ++k)
      if (x[k][way] == e.x && y[k][way] == e.y) sum += skew[k][way];
    return sum;
  }
  [[nodiscard]] bool has_offsets_of(const CellRates& other) const {
    return std::equal(&x[0][0], &x[0][0] + 6, &other.x[0][0]) && std::equal(&y[0][0], &y[0][0] + 6, &other.y[0][0]);
  }
  void put(std::size_t k, int way, Offset e, double value) {
    x[k][way] = static_cast<std::int8_t>(e.x);
    y[k][way] = static_cast<std::int8_t>(e.y);
    skew[k][way] = value;
  }
};

/// Cells between one and the sides of the box, [axis][side].
struct CellsAround {
  Index cells[2][2] = {};
  bool fades[2][2] = {};  // D along the axis vanishes at that side
  [[nodiscard]] int nearer(int axis) const { return cells[axis][0] < cells[axis][1] ? 0 : 1; }
};

struct CellTensor {
  double xx = 0, xy = 0, yy = 0;
  [[nodiscard]] bool valid() const { return semidefinite(xx, xy, yy) && std::isfinite(xx + yy); }
  [[nodiscard]] bool singular() const { return singular_tensor(xx, xy, yy); }
};

/// Hands over to the skew offsets what they carry of the rates along the axes: lambda_e B(-Pe_e) along e and
/// lambda_e B(Pe_e) against it, so that mean and variance of what leaves along each axis stay. Where variance is short,
/// as drift rules, both rates along that axis are raised until none is below 0: upwinding.
void distribute(const CellTensor& D, const SellingDecomposition& parts, CellRates& cell);
/// The same where D along `axis` vanishes at a wall near by, with the largest D_xy that leaves enough along the faces,
/// found by bisection above what fits within the box; false where that is nothing more. `reach` is that of the other
/// axis.
bool distribute_at_wall(const CellTensor& D, int axis, int reach, const CellsAround& room, SellingDecomposition& parts,
                        CellRates& cell);

}  // namespace fokker
