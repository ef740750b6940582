#include "frozen_edges.hpp"

#include <algorithm>

#include "../edge_system.hpp"
#include "fokker/base/parallel.hpp"
#include "fokker/base/vector_math.hpp"

namespace fokker {
namespace {

constexpr Index piece_runs = 16;  // per piece of a parallel loop, a row each as a rule
constexpr double most = 2;        // of the fitted flux, or of the upwind one

Shape held(Shape shape) {
  shape.autonomous = true;
  shape.positive = true;
  return shape;
}

FOKKER_KERNEL(void, scale_weights,
              (const double* left, const double* right, const double* J, const double* here, const double* there,
               Index count, double* to_left, double* to_right),
              (left, right, J, here, there, count, to_left, to_right)) {
#pragma omp simd
  for (Index i = 0; i < count; ++i) {
    const double fitted = left[i] * here[i] + right[i] * there[i];
    const double ratio = std::min(std::max(J[i] / fitted, 0.0), most);  // nan for 0/0, which the next line drops
    const double q = (here[i] > 0) & (there[i] > 0) & (fitted != 0) ? ratio : 1;
    to_left[i] = q * left[i];
    to_right[i] = q * right[i];
  }
}

}  // namespace

FrozenEdges::FrozenEdges(const Grid& grid, const Shape& shape)
    : LinearOperator(held(shape)), grid_(grid), edges_(grid) {}

void FrozenEdges::take(const EdgeMatrix& edges, long build, double scale) {
  scale_ = scale;
  if (build == build_) return;
  edges_ = edges;
  build_ = build;
  laid_out_ = false;
}

void FrozenEdges::hold(const EdgeMatrix& fitted, const double* J, const double* p) {
  const auto runs = fitted.runs();
  parallel_for(0, static_cast<Index>(runs.size()), piece_runs, [&](Index first, Index last) {
    for (const Run& run : runs.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first)))
      scale_weights(fitted.left() + run.first, fitted.right() + run.first, J + run.first, p + run.left, p + run.right,
                    run.count, edges_.left() + run.first, edges_.right() + run.first);
  });
  laid_out_ = false;
}

void FrozenEdges::carry(const Advection& advection, const double* p) {
  for (int axis = 0; axis < grid_.dimension(); ++axis) {
    const std::span<const double> velocities = advection.velocities(axis);
    if (velocities.empty()) continue;
    carried_.resize(velocities.size());
    advection.fluxes(axis, p, carried_.data());
    const Offset along = axis == 0 ? Offset{1, 0} : Offset{0, 1};
    for (const Run& run : edges_.runs()) {
      if (run.offset != along) continue;
      for (Index k = 0; k < run.count; ++k) {
        const double v = velocities[run.left + k], upwind = v * (v > 0 ? p[run.left + k] : p[run.right + k]);
        const double rate = upwind != 0 ? v * std::clamp(carried_[run.left + k] / upwind, 0.0, most) : v;
        (v > 0 ? edges_.left() : edges_.right())[run.first + k] += rate;
      }
    }
  }
  laid_out_ = false;
}

void FrozenEdges::apply(double, std::span<const double> state, std::span<double> rate) const {
  edges_.apply(scale_, state.data(), rate.data());
  edges_.drain(scale_, state, rate);
}

double FrozenEdges::stable_step(double) const {
  std::vector<double> exits(cells(), 0.0);
  edges_.add_exit_rates(true, exits);
  for (const Sink& sink : edges_.sinks()) exits[sink.cell] += sink.rate;
  return 1 / (scale_ * *std::max_element(exits.begin(), exits.end()));
}

Split FrozenEdges::split(double) const {
  if (!directions_) directions_.emplace(lines_of(grid_));
  if (!laid_out_) lay_out_axes(grid_, edges_, *directions_);
  laid_out_ = true;
  return {&*directions_, scale_};
}

}  // namespace fokker
