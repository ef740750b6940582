#pragma once
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// Smallest and largest, but for a small fraction of the mass at either end.
struct PecletRange {
  double least = 0, largest = 0;
};

/// Cell Peclet numbers |f_k| h_k / D_kk at the cell centres, f the Ito drift: what a cell's drift does against its
/// diffusion along each axis, however a scheme splits either among its edges. Without div D, which stationary weights
/// carry exactly and which is infinite at every wall where D vanishes. 0 where f_k is 0, infinite where D_kk alone is.
class CellPeclets {
 public:
  CellPeclets(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde);

  /// One number per cell at time t, along axis k; computed again only where coefficients depend on t. Good until the
  /// next call.
  [[nodiscard]] std::span<const double> along(int k, double t);
  /// Its range where the mass is: `share` of it may lie in cells below `least`, and as much in cells above `largest`.
  /// p: cell averages (negative ones count as 0).
  [[nodiscard]] PecletRange range(int k, double t, std::span<const double> p, double fraction = 1e-3);

 private:
  void move_to(double t);

  std::shared_ptr<const Grid> grid_;
  std::shared_ptr<const Sde> sde_;
  std::array<std::vector<double>, 2> peclet_;
  double at_;  // NaN: nowhere yet
};

}  // namespace fokker
