#pragma once
#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/run/build.hpp"
#include "fokker/run/run.hpp"

namespace fokker {

/// A case from text, as `fokker run` would load it.
inline Setup setup_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return build(parse_case(text, "case.toml", FOKKER_SOURCE_DIR "/cases", overrides, vocabulary()));
}

/// What is said of a case that is refused; "" where it is not.
inline std::string refusal_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    static_cast<void>(setup_of(text, overrides));
  } catch (const CaseError& error) {
    return error.what();
  }
  return "";
}

/// The axes of a square box, reflecting: x and y in [-4, 4].
inline std::string square(int cells) {
  std::string axes;
  for (const char* const name : {"x", "y"})
    axes += std::string("[[axis]]\nname = \"") + name + "\"\nrange = [-4, 4]\ncells = " + std::to_string(cells) +
            "\nboundary = \"reflecting\"\n";
  return axes;
}

inline const char* const ou = R"(
title = "OU"
[[axis]]
name = "x"
range = [-4, 6]
cells = 120
boundary = "reflecting"
[sde]
drift = ["-x"]
noise = [[1]]
[initial]
gaussian = { mean = [1], covariance = [[0.25]] }
[time]
end = 0.5
[output]
frames = 5
fields = ["p", "current"]
[compare]
exact = true
)";

inline const char* const ou_2d = R"(
[[axis]]
name = "x"
range = [-4, 4]
cells = 40
boundary = ["absorbing", "reflecting"]
[[axis]]
name = "y"
range = [-4, 4]
cells = 40
boundary = "reflecting"
[sde]
drift = ["-x - y", "x - y"]
diffusion = [[0.5, 0.3], [0.3, 0.4]]
[initial]
gaussian = { mean = [-3, 0], covariance = [[0.3, 0.1], [0.1, 0.3]] }
[time]
end = 0.3
[output]
frames = 3
[compare]
monte_carlo = { particles = 2000, seed = 7, dt = 1e-2 }
)";

}  // namespace fokker
