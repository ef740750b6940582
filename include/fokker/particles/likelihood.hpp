#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/particles/flow.hpp"

namespace fokker {

/// The flow whose log-density is carried: dz/dt = F, d log p/dt = -div F (theory section 2).
struct FlowRates {
  Prepare prepare;  ///< moves both to a time, by one thread
  /// F [x/t] and div F [1/t] at the points, at that time; from several threads at once.
  std::function<void(const PointsIn& x, double t, PointsOut velocity, double* divergence)> evaluate;
};

/// Points carried along the flow together with the logarithm of the density there, free of any box; all take the same
/// adaptive steps, in which the error of positions is measured in `length` and that of log p in 1.
class CarriedPoints {
 public:
  /// `positions`: one column per axis; `log_p`: log density at them at time t0; `timeline`: of the flow.
  CarriedPoints(FlowRates rates, const std::vector<std::vector<double>>& positions, const std::vector<double>& log_p,
                std::vector<double> lengths, double tolerance, double t0 = 0, Timeline timeline = {});
  ~CarriedPoints();
  CarriedPoints(CarriedPoints&&) noexcept;

  /// To exactly t, forwards or backwards. Throws NumericalError as FlowEnsemble does.
  void advance(double t);

  [[nodiscard]] Index size() const;
  [[nodiscard]] double time() const;
  [[nodiscard]] PointsIn positions() const;
  [[nodiscard]] const double* log_p() const;
  [[nodiscard]] long steps() const;
  void keep(Archive& archive);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fokker
