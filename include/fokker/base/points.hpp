#pragma once
#include <array>
#include <cstddef>

namespace fokker {

using Index = std::ptrdiff_t;

/// n points in d = 1 or 2 dimensions, one contiguous column of length `size` per axis (structure of arrays); borrowed.
struct PointsIn {
  Index size = 0;
  int dimension = 1;
  std::array<const double*, 2> axis{nullptr, nullptr};
};

/// One column per component of a vector field at the same points (drift [x/t], velocity [x/t]); borrowed.
struct PointsOut {
  std::array<double*, 2> axis{nullptr, nullptr};
};

/// The columns of a symmetric tensor field (diffusion [x^2/t]): xx, and in 2D xy, yy; borrowed.
struct TensorOut {
  double* xx = nullptr;
  double* xy = nullptr;
  double* yy = nullptr;
};

}  // namespace fokker
