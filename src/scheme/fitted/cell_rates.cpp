#include "cell_rates.hpp"

#include <array>

#include "fokker/scheme/flux.hpp"

namespace fokker {
namespace {

constexpr double kept_at_wall = 0.45;  // of the rates along the faces: see mirror_at_wall

/// The drift in units of what the tensor makes of it: Pe_e = q . e on an offset, D q = u, by the fraction of
/// selling.hpp.
std::array<double, 2> fitted_part(const CellTensor& D, const SellingDecomposition& parts, const double (&u)[2]) {
  if (D.singular()) return {0, 0};
  const double det = D.xx * D.yy - parts.xy * parts.xy;
  const double q[2] = {(D.yy * u[0] - parts.xy * u[1]) / det, (D.xx * u[1] - parts.xy * u[0]) / det};
  double largest = 0, spread = 0;
  for (std::size_t k = 0; k < 3; ++k) {
    if (parts.rate[k] == 0 || parts.x[k] == 0 || parts.y[k] == 0) continue;
    const double peclet = std::abs(q[0] * parts.x[k] + q[1] * parts.y[k]);
    largest = std::max(largest, peclet);
    spread += parts.rate[k] * peclet * peclet * (parts.x[k] * parts.x[k] + parts.y[k] * parts.y[k]);
  }
  const double theta = fitted_fraction(largest, spread, std::abs(u[0]) + std::abs(u[1]));
  return {theta * q[0], theta * q[1]};
}

/// Both rates along an axis, raised until none is below 0.
void raise(double (&rates)[2]) {
  const double below = std::min({0.0, rates[0], rates[1]});
  rates[0] -= below;
  rates[1] -= below;
}

// Beside a wall where D along `axis` vanishes, the way of an offset that would leave the box ends in the cell at the
// wall, and the way back is longer by what was cut off:
//
//     e = (1, -3), two cells from the wall:      wall |  .  .  o  .  .  .  .
//                                                (+1, -2) <----|----------> (-1, +4)
//
// The sum of e_x e_y over both ways stays, and the spread along the other axis; mean and spread along this one stay by
// the rates along the faces, of which `kept_at_wall` is to be left: it is they that hold the distribution at the wall.
// In the cell at the wall itself, which has one face, the mean stays. Drift along the other axis is in the two rates,
// Pe = q e_n. False where too little is left.
bool mirror_at_wall(const CellTensor& D, const SellingDecomposition& parts, int axis, const CellsAround& room,
                    CellRates& cell) {
  const int other = 1 - axis, near_side = room.nearer(axis);
  const double bare[2] = {cell.axis[axis][0], cell.axis[axis][1]};
  const double q = (cell.axis[other][1] - cell.axis[other][0]) / (other == 0 ? D.xx : D.yy);
  const bool at_wall = room.cells[axis][near_side] == 0;
  const auto hand_over = [&](const int(&steps)[2], double rate) {
    for (int a = 0; a < 2; ++a) {
      const double spread = 0.5 * steps[a] * steps[a] * rate, drift = 0.5 * steps[a] * rate;
      if (a == axis && at_wall) {
        cell.axis[a][1 - near_side] -= 2 * std::abs(drift);
      } else {
        cell.axis[a][0] -= spread - drift;
        cell.axis[a][1] -= spread + drift;
      }
    }
  };
  for (std::size_t k = 0; k < 3; ++k) {
    if (parts.rate[k] == 0 || parts.x[k] == 0 || parts.y[k] == 0) continue;
    const int steps[2] = {parts.x[k], parts.y[k]}, size = std::abs(steps[axis]);
    const int cut = size - static_cast<int>(std::min<Index>(size, room.cells[axis][near_side]));
    if (size + cut > room.cells[axis][1 - near_side]) return false;
    for (int way = 0; way < 2; ++way) {
      const int sign = way == 1 ? 1 : -1;
      const bool outwards = (sign * steps[axis] > 0) == (near_side == 1);
      int own[2] = {steps[0], steps[1]};
      own[axis] += (steps[axis] > 0) == outwards ? -cut : cut;
      if (own[axis] == 0) continue;
      const double rate = parts.rate[k] * bernoulli(-sign * q * steps[other]);
      cell.put(k, way, {own[0], own[1]}, rate);
      hand_over({sign * own[0], sign * own[1]}, rate);
    }
  }
  raise(cell.axis[other]);
  return cell.axis[axis][0] >= kept_at_wall * bare[0] && cell.axis[axis][1] >= kept_at_wall * bare[1];
}

}  // namespace

void distribute(const CellTensor& D, const SellingDecomposition& parts, CellRates& cell) {
  const std::array<double, 2> q =
      fitted_part(D, parts, {cell.axis[0][1] - cell.axis[0][0], cell.axis[1][1] - cell.axis[1][0]});
  for (std::size_t k = 0; k < 3; ++k) {
    if (parts.rate[k] == 0 || parts.x[k] == 0 || parts.y[k] == 0) continue;
    const int steps[2] = {parts.x[k], parts.y[k]};
    const double peclet = q[0] * steps[0] + q[1] * steps[1];
    cell.put(k, 0, {steps[0], steps[1]}, parts.rate[k] * bernoulli(peclet));
    cell.put(k, 1, {steps[0], steps[1]}, parts.rate[k] * bernoulli(-peclet));
    for (int axis = 0; axis < 2; ++axis) {
      const double spread = 0.5 * steps[axis] * steps[axis] * (cell.skew[k][0] + cell.skew[k][1]);
      const double drift = 0.5 * steps[axis] * (cell.skew[k][1] - cell.skew[k][0]);
      cell.axis[axis][0] -= spread - drift;
      cell.axis[axis][1] -= spread + drift;
    }
  }
  for (auto& rates : cell.axis) raise(rates);
}

bool distribute_at_wall(const CellTensor& D, int axis, int reach, const CellsAround& room, SellingDecomposition& parts,
                        CellRates& cell) {
  const CellRates bare = cell;
  bool found = false;
  double least = parts.xy, most = D.xy;
  for (int step = 0; step < 8; ++step) {
    const double xy = step == 0 ? most : 0.5 * (least + most);
    SellingDecomposition more =
        axis == 0 ? selling(D.xx, xy, D.yy, cell_offset_cap, reach) : selling(D.xx, xy, D.yy, reach, cell_offset_cap);
    CellRates tried = bare;
    if (std::abs(more.xy) > std::abs(least) && mirror_at_wall(D, more, axis, room, tried)) {
      more.capped = more.capped || step > 0;
      found = true;
      parts = more;
      cell = tried;
      least = xy;
      if (step == 0) break;
    } else {
      most = xy;
    }
  }
  return found;
}

}  // namespace fokker
