#pragma once
#include <optional>
#include <vector>

#include "fokker/run/setup.hpp"

namespace fokker {

/// The distribution at the end that the schedule of a case claims, held against the prior that samplers start at.
struct PriorMismatch {
  double kl = 0;  ///< KL(p_end | prior) over the box
  double l1 = 0;
  bool moments = false;  ///< the initial density is no mixture: that of the Gaussian with its moments
};

/// Nothing where the case has no schedule.
[[nodiscard]] std::optional<PriorMismatch> prior_mismatch(const Setup& setup);

/// The initial density as a mixture: itself, a point, or the Gaussian with its moments.
[[nodiscard]] GaussianMixture initial_mixture(const Setup& setup);

}  // namespace fokker
