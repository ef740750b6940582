#include "fokker/scheme/singular_ends.hpp"

#include <array>
#include <cmath>

#include "line_view.hpp"

namespace fokker {

std::vector<SingularEnd> singular_ends(const Grid& grid, const Sde& sde, int axis, double across, double t) {
  std::vector<SingularEnd> ends;
  const Axis& line = grid.axis(axis);
  if (line.periodic()) return ends;
  const LineView view(sde, axis, across, t, DriftAs::written);
  const double a = view.reading(), h = line.width();
  for (int side = 0; side < 2; ++side) {
    const double wall = side == 0 ? line.lower : line.upper, inwards = side == 0 ? 1 : -1;
    const std::array<double, 3> d{h / 16, h / 256, h / 4096};
    std::array<double, 3> x{}, f{}, D{};
    for (std::size_t i = 0; i < 3; ++i) x[i] = wall + inwards * d[i];
    view.evaluate(x.data(), 3, f.data(), D.data());
    if (!(D[0] > 0 && D[1] > 0 && D[2] > 0)) continue;
    const double outer = std::log2(D[0] / D[1]) / 4, nearer = std::log2(D[1] / D[2]) / 4;
    if (!(outer > 0.02 && nearer > 0.02)) continue;
    const double exponent = nearer + (nearer - outer) / 15;
    const double drift = inwards * d[2] * f[2] / D[2], before = inwards * d[1] * f[1] / D[1];
    const double own = std::abs(drift) > 10 && std::abs(drift) > 2 * std::abs(before) ? std::copysign(INFINITY, drift)
                                                                                      : drift + (drift - before) / 15;
    constexpr double rounding = 1e-4;
    ends.push_back({axis, side, exponent, D[2] / std::pow(d[2], exponent), own + (a - 1) * exponent,
                    -own - a * exponent > -1 + rounding});
    if (std::abs(ends.back().weight + 1) < rounding) ends.back().weight = -1;
  }
  return ends;
}

}  // namespace fokker
