#pragma once
#include <Eigen/Core>

namespace fokker {

/// exp(A t) of a linear drift for small matrices: a first step in which little happens, and how often to double it.
class Doubling {
 public:
  Doubling(Eigen::MatrixXd A, double dt) : A_(std::move(A)), step_(dt) {
    constexpr double small = 1.0 / 64;
    for (; A_.norm() * step_ > small && doublings_ < 200; ++doublings_) step_ /= 2;
  }
  [[nodiscard]] double step() const { return step_; }
  [[nodiscard]] int doublings() const { return doublings_; }
  /// exp(A s), s at most one step.
  [[nodiscard]] Eigen::MatrixXd flow(double s) const {
    const Eigen::MatrixXd B = A_ * s, unit = Eigen::MatrixXd::Identity(A_.rows(), A_.cols());
    return unit + B * (unit + B / 2 * (unit + B / 3 * (unit + B / 4)));
  }

 private:
  Eigen::MatrixXd A_;
  double step_;
  int doublings_ = 0;
};

}  // namespace fokker
