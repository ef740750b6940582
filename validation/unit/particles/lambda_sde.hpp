#pragma once
#include <array>
#include <cmath>
#include <functional>

#include "fokker/model/sde.hpp"

/// An Sde from two functions of a point, so that these tests stand on their own.
class LambdaSde final : public fokker::Sde {
 public:
  using Vector = std::function<std::array<double, 2>(double x, double y, double t)>;
  using Tensor = std::function<std::array<double, 3>(double x, double y, double t)>;  ///< xx, xy, yy

  LambdaSde(int dimension, Vector f, Tensor D, fokker::Traits traits = {})
      : dimension_(dimension), f_(std::move(f)), D_(std::move(D)), traits_(traits) {}

  [[nodiscard]] int dimension() const override { return dimension_; }
  void drift(const fokker::PointsIn& x, double t, fokker::PointsOut f) const override {
    for (fokker::Index i = 0; i < x.size; ++i) {
      const auto value = f_(x.axis[0][i], dimension_ > 1 ? x.axis[1][i] : 0, t);
      for (std::size_t k = 0; k < static_cast<std::size_t>(dimension_); ++k) f.axis[k][i] = value[k];
    }
  }
  void flux_velocity(const fokker::PointsIn& x, double t, fokker::PointsOut a) const override { drift(x, t, a); }
  void diffusion(const fokker::PointsIn& x, double t, fokker::TensorOut D) const override {
    for (fokker::Index i = 0; i < x.size; ++i) {
      const auto value = D_(x.axis[0][i], dimension_ > 1 ? x.axis[1][i] : 0, t);
      D.xx[i] = value[0];
      if (dimension_ == 1) continue;
      D.xy[i] = value[1];
      D.yy[i] = value[2];
    }
  }
  [[nodiscard]] int noise_count() const override { return dimension_; }
  void noise(const fokker::PointsIn&, double, double* const*) const override {}
  [[nodiscard]] fokker::Traits traits() const override { return traits_; }

 private:
  int dimension_;
  Vector f_;
  Tensor D_;
  fokker::Traits traits_;
};
