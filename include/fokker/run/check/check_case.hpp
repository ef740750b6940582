#pragma once
#include <string>
#include <vector>

#include "fokker/output/document.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// What `fokker check` found: grid, memory, Peclet numbers, stiffness, the choice of stepper, what was proved.
struct CheckReport {
  std::vector<Finding> findings;
  std::vector<std::string> warnings;  ///< of the forecast
  bool good = true;                   ///< nothing that the case claims was found wrong
};

/// What is tried for 0.2 s each to tell what the parts of a run will cost.
enum class Tries { nothing, run, run_and_estimate };

[[nodiscard]] CheckReport check_case(Setup& setup, Tries tries = Tries::nothing);
[[nodiscard]] Document document(const Setup& setup, const CheckReport& report);

}  // namespace fokker
