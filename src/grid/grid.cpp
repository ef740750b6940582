#include "fokker/grid/grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "fokker/base/compensated_sum.hpp"

namespace fokker {

std::string to_string(Boundary boundary) {
  switch (boundary) {
    case Boundary::reflecting:
      return "reflecting";
    case Boundary::absorbing:
      return "absorbing";
    case Boundary::periodic:
      return "periodic";
  }
  return "";
}

// Both ends enter with integer weights, so that an axis that is symmetric about 0 has centres and faces that are
// exact mirror images and x -> -x can hold to the bit.
double Axis::center(Index i) const {
  const auto weight = static_cast<double>(2 * i + 1), all = static_cast<double>(2 * cells);
  return (lower * (all - weight) + upper * weight) / all;
}

double Axis::face(Index i) const {
  const auto weight = static_cast<double>(i), all = static_cast<double>(cells);
  if (i == 0) return lower;
  if (i == cells) return upper;
  return (lower * (all - weight) + upper * weight) / all;
}

Grid::Grid(std::vector<Axis> axes) : axes_(std::move(axes)) {
  for (const Axis& axis : axes_) volume_ *= axis.width();
  for (std::size_t k = 0; k < axes_.size(); ++k) {
    if (axes_[k].at_lower == Boundary::absorbing) outflow_[2 * k] = outflows_++;
    if (axes_[k].at_upper == Boundary::absorbing) outflow_[2 * k + 1] = outflows_++;
    centers_[k].resize(cells());
  }
  for (Index j = 0, cell = 0; j < ny(); ++j)
    for (Index i = 0; i < nx(); ++i, ++cell) {
      centers_[0][cell] = axes_[0].center(i);
      if (axes_.size() > 1) centers_[1][cell] = axes_[1].center(j);
    }
}

PointsIn Grid::centers() const {
  return {cells(), dimension(), {centers_[0].data(), dimension() > 1 ? centers_[1].data() : nullptr}};
}

Index Grid::find(std::span<const double> point) const {
  Index cell = 0, stride = 1;
  for (std::size_t k = 0; k < axes_.size(); ++k) {
    const Axis& axis = axes_[k];
    if (!(point[k] >= axis.lower && point[k] <= axis.upper)) return -1;
    auto i = static_cast<Index>((point[k] - axis.lower) / axis.width());
    i = std::min(i, axis.cells - 1);
    while (i > 0 && point[k] < axis.face(i)) --i;  // the division is rounded; the faces decide
    while (i + 1 < axis.cells && point[k] >= axis.face(i + 1)) ++i;
    cell += stride * i;
    stride *= axis.cells;
  }
  return cell;
}

std::string Grid::describe(Index cell) const {
  const Index i = cell % nx(), j = cell / nx();
  if (dimension() == 1) return fmt::format("cell {} at {} = {:.6g}", i, axes_[0].name, axes_[0].center(i));
  return fmt::format("cell ({}, {}) at {} = {:.6g}, {} = {:.6g}", i, j, axes_[0].name, axes_[0].center(i),
                     axes_[1].name, axes_[1].center(j));
}

std::vector<std::string> Grid::absorbing_sides() const {
  std::vector<std::string> names;
  for (int k = 0; k < dimension(); ++k)
    for (int side = 0; side < 2; ++side)
      if (outflow(k, side) >= 0) names.push_back(axis(k).name + (side == 0 ? "_lower" : "_upper"));
  return names;
}

double Field::mass() const { return total(view()) * grid->volume(); }

AxisSplit split_on(const Axis& axis, double point) {
  const double cell = (point - axis.lower) / axis.width() - 0.5;
  const auto left = static_cast<Index>(std::floor(cell));
  const double right_weight = cell - static_cast<double>(left);
  const auto into = [&](Index i) {
    return axis.periodic() ? ((i % axis.cells) + axis.cells) % axis.cells : std::clamp<Index>(i, 0, axis.cells - 1);
  };
  return {{into(left), into(left + 1)}, {1 - right_weight, right_weight}};
}

}  // namespace fokker
