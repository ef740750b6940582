#include "fokker/operator/axis_splitting.hpp"

#include <algorithm>
#include <stdexcept>

namespace fokker {

AxisSplitting::AxisSplitting(std::array<Index, 2> cells, std::array<bool, 2> periodic, Index outflows,
                             double cell_volume)
    : cells_(cells), outflows_(outflows), volume_(cell_volume) {
  for (const int axis : {0, 1}) {
    Part& part = axes_[axis];
    part.periodic = periodic[axis];
    part.up.resize(padded(axis));
    part.down.resize(padded(axis));
    part.lower_sink.resize(panels(axis) * lanes);
  }
}

void AxisSplitting::clear() {
  for (Part& part : axes_) {
    for (auto* rates : {&part.up, &part.down, &part.lower_sink}) std::fill(rates->begin(), rates->end(), 0.0);
    part.outflow = {-1, -1};
  }
  exact = true;
  ++version_;
}

std::size_t AxisSplitting::slot(int axis, Index line, Index position) const {
  return static_cast<std::size_t>(offset(axis, line / lanes) + position * lanes + line % lanes);
}

void AxisSplitting::add_edge(int axis, Index cell, double up, double down) {
  const Index x = cell % cells_[0], y = cell / cells_[0];
  const std::size_t at = axis == 0 ? slot(0, y, x) : slot(1, x, y);
  Part& part = axes_[axis];
  part.up[at] += up;
  part.down[at] += down;
}

void AxisSplitting::add_edges(int axis, Index cell, Index count, const double* left, const double* right) {
  const Index x = cell % cells_[0], y = cell / cells_[0];
  Part& part = axes_[axis];
  const auto add = [&](std::size_t first, Index stride, Index from, Index to) {
    double *const up = part.up.data() + first, *const down = part.down.data() + first;
    for (Index k = from; k < to; ++k) {
      up[(k - from) * stride] += left[k];
      down[(k - from) * stride] -= right[k];
    }
  };
  if (axis == 0) return add(slot(0, y, x), lanes, 0, count);
  for (Index k = 0; k < count;) {  // side by side as far as the panel goes
    const Index end = std::min(count, k + lanes - (x + k) % lanes);
    add(slot(1, x + k, y), 1, k, end);
    k = end;
  }
}

void AxisSplitting::add_sink(int axis, int side, Index cell, Index outflow, double rate) {
  Part& part = axes_[axis];
  Index& known = part.outflow[side];
  if (part.periodic || (known >= 0 && known != outflow)) throw std::logic_error("one outflow per side of a line");
  known = outflow;
  const Index line = axis == 0 ? cell / cells_[0] : cell % cells_[0];
  if (side == 0)
    part.lower_sink[line] += rate;
  else
    part.up[slot(axis, line, cells(axis) - 1)] += rate;
}

std::size_t AxisSplitting::bytes() const {
  std::size_t doubles = 0;
  for (const Part& part : axes_) doubles += part.up.capacity() + part.down.capacity() + part.lower_sink.capacity();
  return doubles * sizeof(double);
}

}  // namespace fokker
