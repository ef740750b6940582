#include "fokker/model/sde.hpp"

#include <cmath>

namespace fokker {

void scale_tensor(const PointsIn& x, double factor, TensorOut D) {
  for (double* const column : {D.xx, x.dimension > 1 ? D.xy : nullptr, x.dimension > 1 ? D.yy : nullptr})
    if (column != nullptr)
      for (Index i = 0; i < x.size; ++i) column[i] *= factor;
}

void Sde::flux_velocity_along(int axis, const PointsIn& x, double t, double* a) const {
  std::array<double, 256> other;
  PointsOut both{{other.data(), other.data()}};
  both.axis[axis] = a;
  flux_velocity(x, t, both);
}

void Sde::diffusion_rounding(const PointsIn& x, double t, TensorOut error) const {
  constexpr double few_units = 1e-15;
  diffusion(x, t, error);
  for (double* const column : {error.xx, error.xy, error.yy})
    if (column == error.xx || x.dimension > 1)
      for (Index i = 0; i < x.size; ++i) column[i] = few_units * std::abs(column[i]);
}

}  // namespace fokker
