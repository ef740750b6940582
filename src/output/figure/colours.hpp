#pragma once
#include <cstdint>
#include <string>

#include "fokker/output/figure.hpp"

namespace fokker::figure {

struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
};

[[nodiscard]] Rgb colour_of(const Paint& paint);
/// "blue"; "shade" for one of the sequential map.
[[nodiscard]] std::string name_of(const Paint& paint);
[[nodiscard]] std::string hex(Rgb colour);

/// t in [0, 1]. Sequential: viridis, in the sixth-degree fit to it by M. Zucker (public domain). Diverging: blue,
/// white, red-brown, equally dark at both ends.
[[nodiscard]] Rgb sequential(double t);
[[nodiscard]] Rgb diverging(double t);

inline constexpr Rgb negative_colour{214, 39, 40}, not_finite_colour{150, 150, 150};

/// Can the value be drawn? Not finite, or so large that differences overflow, counts as "not finite".
[[nodiscard]] bool drawable(double value);
/// Of a value that is drawable.
[[nodiscard]] Rgb colour_on(const ColourScale& scale, double value);
/// Where it stands between the ends of the scale, in [0, 1].
[[nodiscard]] double position_on(const ColourScale& scale, double value);

}  // namespace fokker::figure
