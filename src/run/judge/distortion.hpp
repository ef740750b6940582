#pragma once
#include <Eigen/Core>
#include <array>

#include "fokker/base/archive.hpp"

namespace fokker {

/// What the cells do to a density beyond mean and covariance: the logarithm of the Fourier transform of what they make
/// of p less that of p, by its powers of k = d/dx (i times the wave vector),
///
///     Q(k) = sum c_ab k_x^a k_y^b,   a + b <= 6  [x^(a + b)].
///
/// A cumulant K of order n is (-1)^n K / n! there.
class Distortion {
 public:
  static constexpr int degree = 6;

  [[nodiscard]] double& at(int a, int b) { return c_[a * (degree + 1) + b]; }
  [[nodiscard]] double at(int a, int b) const { return c_[a * (degree + 1) + b]; }
  /// Adds factor (e . k)^n, n <= 6.
  void add_power(double factor, const Eigen::Vector2d& e, int n);
  /// Adds factor (e . k)^n (u . k), n <= 5.
  void add_power(double factor, const Eigen::Vector2d& e, int n, const Eigen::Vector2d& u);
  void add(double factor, const Distortion& other);
  void scale(double factor);
  void keep(Archive& archive) { archive(c_); }

 private:
  std::array<double, (degree + 1) * (degree + 1)> c_{};
};

/// Q in the coordinates E x.
[[nodiscard]] Distortion turned(const Distortion& Q, const Eigen::Matrix2d& E);

/// What adds to a distortion per unit of time: `steady`, and `along[j]` for each unit of the velocity c_j of p as a
/// whole, which the linear drift turns and damps as it carries p.
struct DistortionSource {
  Distortion steady;
  std::array<Distortion, 2> along{};  // [x^(a + b) / x]
  Eigen::Vector2d velocity = Eigen::Vector2d::Zero();
  void keep(Archive& archive) { archive(steady, along, velocity); }
};

/// Q carried for dt by the linear drift A while `source` adds to it, its velocity c exp(A t) c.
[[nodiscard]] Distortion carried(const Distortion& Q, const Eigen::Matrix2d& A, const DistortionSource& source,
                                 double dt);

/// int |Q(d/dx) N(0, V)| dx: how far a density with the covariance V and that distortion is from the Gaussian, to first
/// order, within 3 %; at most 2.
[[nodiscard]] double l1_of(const Distortion& Q, const Eigen::Matrix2d& V);

}  // namespace fokker
