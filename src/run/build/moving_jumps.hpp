#pragma once
#include <string>

#include "fokker/run/setup.hpp"

namespace fokker {

/// What the cells cost where a point at which D jumps runs through them: "" when little. Beside such a point p follows
/// within D/|v|, v its speed against the drift; the fluxes are those of a jump at rest, and of first order in |v| h/D.
[[nodiscard]] std::string moving_jump_warning(const Setup& setup);

}  // namespace fokker
