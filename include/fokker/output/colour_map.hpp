#pragma once
#include <array>
#include <cstdint>

namespace fokker::figure {

/// Red, green and blue of the sequential colour map of figures (viridis) at a part of 1.
[[nodiscard]] std::array<std::uint8_t, 3> sequential_colour(double part);

}  // namespace fokker::figure
