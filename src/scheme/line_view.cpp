#include "line_view.hpp"

#include <algorithm>

namespace fokker {
namespace {

constexpr Index block = 256;

/// The columns of a point and its tensor with the axis of the line first.
template <class Columns>
Columns turned(Columns columns, int axis) {
  if (axis == 1) std::swap(columns.axis[0], columns.axis[1]);
  return columns;
}

TensorOut turned(TensorOut tensor, int axis) {
  if (axis == 1) std::swap(tensor.xx, tensor.yy);
  return tensor;
}

}  // namespace

void LineView::evaluate(const double* x, Index n, double* f, double* D) const {
  double across[block], other[2][block];
  std::fill_n(across, std::min(block, n), across_);
  for (Index first = 0; first < n; first += block) {
    const Index count = std::min(block, n - first);
    const PointsIn at = turned(PointsIn{count, sde_.dimension(), {x + first, across}}, axis_);
    const PointsOut velocity = turned(PointsOut{{f + first, other[0]}}, axis_);
    if (!drifts_)
      std::fill_n(f + first, count, 0.0);
    else
      drift_as(drift_, sde_, at, t_, velocity);
    sde_.diffusion(at, t_, turned(TensorOut{D + first, other[0], other[1]}, axis_));
    for (Index i = first; i < first + count; ++i) {
      f[i] *= sign_;
      D[i] *= sign_;
      if (D[i] < 0) forgive_rounding(x[i], D[i]);
    }
  }
}

void LineView::forgive_rounding(double x, double& D) const {
  double error[3] = {};
  const PointsIn at = turned(PointsIn{1, sde_.dimension(), {&x, &across_}}, axis_);
  sde_.diffusion_rounding(at, t_, turned(TensorOut{error, error + 1, error + 2}, axis_));
  if (D + error[0] >= 0) D = 0;
}

}  // namespace fokker
