#include "fokker/particles/walls.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fokker {

Walls::Walls(const Grid& grid) : dimension_(static_cast<std::size_t>(grid.dimension())) {
  for (std::size_t k = 0; k < dimension_; ++k) {
    const Axis& axis = grid.axis(static_cast<int>(k));
    // Coefficients may be singular on a wall that does not absorb: particles stop a hair short of it.
    box_[k] = {axis.lower,
               axis.upper,
               1e-13 * (axis.upper - axis.lower),
               axis.periodic(),
               {axis.at_lower == Boundary::absorbing, axis.at_upper == Boundary::absorbing}};
  }
}

int Walls::settle(const Position& start, const Tensor& D, double dt, const Stream& stream, std::uint64_t number,
                  Position& end) const {
  for (std::size_t k = 0; k < dimension_; ++k) {
    const double width = box_[k].upper - box_[k].lower;
    if (box_[k].periodic) end[k] -= width * std::floor((end[k] - box_[k].lower) / width);
  }
  // In the metric of D every bounce brings the end nearer to each point of the box, and a wedge of angle w needs pi/w
  // of them. A tensor so thin that these do not suffice (or one of rank one whose line misses the box) leaves the end
  // at the nearest point.
  constexpr int bounces = 256;
  for (int bounce = 0; bounce < bounces; ++bounce) {
    const int crossed = first_crossed(start, end);
    if (crossed < 0) break;
    if (box_[crossed / 2].absorbing[crossed % 2]) return crossed;
    reflect(crossed, D, end);
  }
  for (std::size_t k = 0; k < dimension_; ++k)
    if (!box_[k].periodic) end[k] = std::clamp(end[k], box_[k].lower + box_[k].margin, box_[k].upper - box_[k].margin);
  return bridged(start, D, dt, stream, number, end);
}

int Walls::first_crossed(const Position& start, const Position& end) const {
  int crossed = -1;
  double earliest = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < dimension_; ++k) {
    if (box_[k].periodic) continue;
    const double before[2] = {start[k] - box_[k].lower, box_[k].upper - start[k]};
    const double beyond[2] = {box_[k].lower - end[k], end[k] - box_[k].upper};
    for (int side = 0; side < 2; ++side) {
      if (!(beyond[side] > 0)) continue;
      const double fraction = before[side] / (before[side] + beyond[side]);
      if (fraction < earliest) {
        earliest = fraction;
        crossed = static_cast<int>(2 * k) + side;
      }
    }
  }
  return crossed;
}

void Walls::reflect(int crossed, const Tensor& D, Position& end) const {
  const std::size_t k = crossed / 2;
  const double wall = crossed % 2 == 0 ? box_[k].lower : box_[k].upper;
  const double normal = k == 0 ? D.xx : D.yy, shift = 2 * (end[k] - wall);
  end[k] -= shift;
  if (dimension_ > 1 && normal > 0) {
    const double along = shift * (D.xy / normal);
    if (!std::isfinite(along)) return;
    const Side& other = box_[1 - k];
    end[1 - k] -= along;
    if (other.periodic) {
      const double width = other.upper - other.lower;
      end[1 - k] -= width * std::floor((end[1 - k] - other.lower) / width);
    }
  }
}

int Walls::bridged(const Position& start, const Tensor& D, double dt, const Stream& stream, std::uint64_t number,
                   const Position& end) const {
  std::array<double, 2> uniform{};
  bool drawn = false;
  for (std::size_t k = 0; k < dimension_; ++k) {
    const double scale = (k == 0 ? D.xx : D.yy) * dt;
    const double before[2] = {start[k] - box_[k].lower, box_[k].upper - start[k]};
    const double after[2] = {end[k] - box_[k].lower, box_[k].upper - end[k]};
    for (int side = 0; side < 2; ++side) {
      const double product = before[side] * after[side];
      if (!box_[k].absorbing[side] || !(product < 37.0 * scale)) continue;
      if (!drawn) uniform = uniform_pair(stream, number);
      drawn = true;
      const double chance = side == 0 ? uniform[k] : 1 - uniform[k];
      if (chance < std::exp(-product / scale)) return static_cast<int>(2 * k) + side;
    }
  }
  return -1;
}

}  // namespace fokker
