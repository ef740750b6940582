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

/// `tries`: what every part of the run will cost too, by trying each for 0.2 s.
[[nodiscard]] CheckReport check_case(Setup& setup, bool tries = false);
[[nodiscard]] Document document(const Setup& setup, const CheckReport& report);

}  // namespace fokker
