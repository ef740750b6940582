#pragma once
#include <span>

#include "fokker/model/density.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// Where an SDE is defined, per axis: `lower` or `upper` infinite where it has no end there.
struct Space {
  int dimension = 1;
  std::array<double, 2> lower{}, upper{};
  std::array<bool, 2> periodic{};
};

/// From where to where a distribution reaches along each axis [x].
struct ClosureReach {
  std::array<double, 2> lower{}, upper{};
};

/// Mean -+ `deviations` standard deviations over [0, end] of every Gaussian of `start` by itself, each kept a Gaussian
/// as it moves (theory section 4, with expectations for what is linear there):
///
///     m' = E f(X),   V' = E (X - m) f^T + E f (X - m)^T + 2 E D,   X ~ N(m, V) at every time,
///
/// exact for linear drift and for diffusion of second degree, an approximation elsewhere. Expectations are sums over
/// +-7 deviations. Ends of the space that are finite are mirrors, whatever stands there.
/// Coefficients that come and go in time are met, as the timeline of the SDE tells them. Throws NumericalError with the
/// time where moments or coefficients are not finite, or cannot be followed.
[[nodiscard]] ClosureReach reach_of_closure(const Sde& sde, std::span<const Gaussian> start, double end,
                                            const Space& space, double deviations);

/// The same Gaussian for an autonomous SDE as long after as it takes to come to rest. Throws NumericalError where it
/// does not: with the time at which its moments had grown beyond all numbers, or lost their width.
[[nodiscard]] Gaussian closure_at_rest(const Sde& sde, const Gaussian& start, const Space& space);

}  // namespace fokker
