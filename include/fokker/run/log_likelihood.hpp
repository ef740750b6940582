#pragma once
#include <memory>

#include "fokker/run/setup.hpp"

namespace fokker {

/// What points carried along the flow say at one frame; errors are differences of log p.
struct LikelihoodVerdict {
  double t = 0;
  double error = 0;            ///< largest, carried against the closed form
  double error_grid = 0;       ///< largest, the grid's own log p against the carried one
  double error_grid_mean = 0;  ///< mean modulus of the same
  double mean = 0;             ///< mean carried log p (minus the cross entropy)
  Index unseen = 0;            ///< points outside the box, or where the grid's p is not positive: not in error_grid
  void keep(Archive& archive) { archive(t, error, error_grid, error_grid_mean, mean, unseen); }
};

/// Exact log-likelihood: points drawn from the initial distribution, carried by the probability flow with the exact
/// score, and log p with them, d log p/dt = -div F (theory section 2).
class LogLikelihood {
 public:
  /// The one a case asks for. Throws CaseError where there is no closed form.
  explicit LogLikelihood(const Setup& setup);
  ~LogLikelihood();

  /// Carries the points to t, not before the previous call's, and judges the grid's p there.
  [[nodiscard]] LikelihoodVerdict judge(double t, const Field& p);
  [[nodiscard]] long steps() const;
  void keep(Archive& archive);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fokker
