#pragma once
#include <string>

#include "fokker/run/setup.hpp"

namespace fokker {

/// What `fokker check` says, for people and as JSON: grid, memory, Peclet numbers, stiffness, the choice of stepper,
/// what was proved.
struct CheckReport {
  std::string text, json;
  bool good = true;  ///< nothing that the case claims was found wrong
};

[[nodiscard]] CheckReport check_case(Setup& setup);

}  // namespace fokker
