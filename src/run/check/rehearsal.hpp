#pragma once
#include <optional>

#include "fokker/run/setup.hpp"

namespace fokker {

/// What a run whose steps are corrected will take, as far as it was tried.
struct Rehearsal {
  double products = 0;             ///< of all of the run, Euler steps of the correction included
  double until = 0;                ///< [t] how far it was tried: the end, where `products` is what a run takes, or less
  std::optional<double> gave_way;  ///< [t] from which the default flux went on alone, if within `until`
};

/// Goes the first part of the way of a run with flux correction, for whether and when steps must be corrected no
/// formula tells, and most of the cost hangs on it: until the end or until `most` cells times products are spent. The
/// rest is taken to go on as the last doublings of t did. Nothing for runs without correction. Throws
/// what steps throw.
[[nodiscard]] std::optional<Rehearsal> rehearse(const Setup& setup, double most = 2e8);

}  // namespace fokker
