#pragma once
#include <functional>

namespace fokker {

/// Called with a time before coefficients are asked for at it, by one thread: moves a score along (FamilySde::prepare).
/// Empty where nothing follows a clock.
using Prepare = std::function<void(double t)>;

}  // namespace fokker
