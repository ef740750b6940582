#include "fokker/operator/scaled_operator.hpp"

namespace fokker {
namespace {

Shape without_time(Shape shape) {
  shape.autonomous = true;
  return shape;
}

}  // namespace

ScaledOperator::Unscaled::Unscaled(const ScaledOperator& scaled)
    : LinearOperator(without_time(scaled.shape())), scaled_(scaled) {}

double ScaledOperator::stable_step(double t) const {
  const double scale = move_to(t);
  return 1 / (scale * exit_rate());
}

SpectralBound ScaledOperator::spectral_bound(double t) const {
  const double scale = move_to(t);
  const SpectralBound bound = eigenvalues();
  return {scale * bound.real, scale * bound.imaginary};
}

const LinearOperator* ScaledOperator::base() const {
  if (autonomous()) return this;
  return separated() ? &unscaled_ : nullptr;
}

std::optional<double> ScaledOperator::elapsed(double t0, double t1) const {
  return base() == nullptr ? std::nullopt : std::optional(integral(t0, t1));
}

void ScaledOperator::rates(double scale, std::span<const double> state, std::span<double> rate) const {
  const Stage stage{1, {}, rate.data()};
  const Product product{state, {&stage, 1}};
  products(scale, {&product, 1});
}

void ScaledOperator::transposed(double scale, std::span<const double> u, std::span<double> out) const {
  transpose([&](const InsertEntry& insert) { entries(scale, insert); }, u, out);
}

}  // namespace fokker
