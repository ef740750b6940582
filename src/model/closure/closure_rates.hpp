#pragma once
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "fokker/base/normal_sums.hpp"
#include "fokker/model/gaussian_closure.hpp"

namespace fokker {

/// m and V: x, xx on a line, else x, y, xx, xy, yy.
using ClosureState = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, 5, 1>;
inline bool on_plane(const ClosureState& y) { return y.size() == 5; }
inline int variance_slot(const ClosureState& y, int k) { return on_plane(y) ? 2 + 2 * k : 1; }
inline double deviation(const ClosureState& y, int k) { return std::sqrt(std::max(0.0, y[variance_slot(y, k)])); }

/// So wide around a ring that nothing tells it from uniform: its first harmonic is e^-20.
inline bool is_uniform(const ClosureState& y, int k, const Space& space) {
  return space.periodic[k] && deviation(y, k) >= space.upper[k] - space.lower[k];
}

/// The right side of the moment equations.
class ClosureRates {
 public:
  ClosureRates(const Sde& sde, const Space& space) : sde_(sde), space_(space) {}

  ClosureState operator()(double t, const ClosureState& y);

  /// What the last rates are sums of, each term without its sign: their rounding is 1e-16 of it.
  [[nodiscard]] const ClosureState& size() const { return size_; }

 private:
  void set_points(const ClosureState& y);

  void set(NormalSums& sums, const ClosureState& y, int k, double mean, double deviation) const;

  /// Ends are mirrors: |Y| is reflected where Y has the odd drift and the even diffusion.
  void place(int k, double mean, double off);

  /// To second moments, with drifts from their means: those of a narrow distribution far out are all but the same.
  void add(std::size_t i, ClosureState& rate);

  const Sde& sde_;
  Space space_;
  NormalSums first_, second_;
  ClosureState size_;
  std::vector<double> weight_;
  std::array<std::vector<double>, 2> off_, x_, sign_, f_;
  std::array<std::vector<double>, 3> D_;
};

}  // namespace fokker
