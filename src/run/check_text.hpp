#pragma once
#include <string>

#include "fokker/run/setup.hpp"

namespace fokker {

/// What `fokker check` prints: grid, memory, Peclet numbers, stiffness, the choice of stepper, what was proved.
[[nodiscard]] std::string check_text(Setup& setup);

}  // namespace fokker
