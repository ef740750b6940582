#include "fokker/run/end_warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/scheme/singular_ends.hpp"

namespace fokker {
namespace {

/// A number of cells as one would ask for it.
std::string cells_text(double cells) {
  const double unit = std::pow(10, std::floor(std::log10(cells)) - 1);
  return fmt::format("{:.0f}", std::ceil(cells / unit) * unit);
}

class Ends {
 public:
  Ends(const Setup& setup, const Field& p) : setup_(setup), grid_(*setup.grid), p_(p) {}

  std::vector<std::string> warnings() {
    for (int k = 0; k < grid_.dimension(); ++k)
      for (const SingularEnd& end : singular_ends(grid_, *setup_.sde, k, across(k), setup_.config.time.end))
        grid_.outflow(k, end.side) >= 0 ? at_absorbing(end) : at_reflecting(end);
    return std::move(warnings_);
  }

 private:
  /// The other coordinate of the line through the middle of the start.
  [[nodiscard]] double across(int k) const {
    if (grid_.dimension() == 1) return 0;
    const Axis& other = grid_.axis(1 - k);
    double sum = 0, mass = 0;
    for (Index cell = 0; cell < grid_.cells(); ++cell) {
      const Index i = k == 0 ? cell / grid_.nx() : cell % grid_.nx();
      sum += p_.values[cell] * other.center(i);
      mass += p_.values[cell];
    }
    return mass > 0 ? sum / mass : other.center(other.cells / 2);
  }

  [[nodiscard]] std::string name(const SingularEnd& end) const {
    return fmt::format("{}_{}", grid_.axis(end.axis).name, end.side == 0 ? "lower" : "upper");
  }
  [[nodiscard]] std::string distance(const SingularEnd& end) const {
    const Axis& axis = grid_.axis(end.axis);
    if (end.side == 1) return fmt::format("({:.6g} - {})", axis.upper, axis.name);
    return axis.lower == 0 ? axis.name : fmt::format("({} - {:.6g})", axis.name, axis.lower);
  }

  void at_absorbing(const SingularEnd& end) {
    const double rest = 2 - end.diffusion;  // 2 - 2b for noise like d^b
    if (!end.reached || rest <= 0) return;
    const Axis& axis = grid_.axis(end.axis);
    const double width = std::pow(end.factor * rest * rest * setup_.config.time.end, 1 / rest);
    const double wanted = end.diffusion >= 1.4 - 1e-6 ? 30 : 5;
    if (width >= wanted * axis.width()) return;
    warnings_.push_back(
        fmt::format("{}: the noise vanishes there like d^{:.3g}, and the layer in which p follows the wall is {:.2g} "
                    "wide, {:.2g} cells: "
                    "what leaves there is not resolved; axis.{}.cells = {} would do, or {}^{:.3g} as coordinate",
                    name(end), end.diffusion / 2, width, width / axis.width(), axis.name,
                    cells_text(wanted * (axis.upper - axis.lower) / width), distance(end), rest / 2));
  }

  void at_reflecting(const SingularEnd& end) {
    const Axis& axis = grid_.axis(end.axis);
    const Index wall = end.side == 0 ? 0 : axis.cells - 1;
    double fraction = 0, all = 0, mean = 0;
    for (Index cell = 0; cell < grid_.cells(); ++cell) {
      const Index i = end.axis == 0 ? cell % grid_.nx() : cell / grid_.nx();
      all += p_.values[cell];
      mean += p_.values[cell] * std::abs(axis.center(i) - (end.side == 0 ? axis.lower : axis.upper));
      if (i == wall) fraction += p_.values[cell];
    }
    fraction /= all;
    mean /= all;
    if (!(fraction > 1e-3)) return;
    if (!end.holds_mass()) {
      warnings_.push_back(
          fmt::format("{}: D vanishes there like d^{:.3g} and what comes near stays: {:.3g} of the mass is in the last "
                      "cell, counted as "
                      "at the end; {}",
                      name(end), end.diffusion, fraction,
                      end.diffusion < 2 ? fmt::format("an absorbing side would count what has got there, {}",
                                                      fmt::format("d = {}", distance(end)))
                                        : fmt::format("log({}) as coordinate follows it", distance(end))));
      return;
    }
    const double power = end.weight + 1, off = fraction * axis.width() * (0.5 - power / (power + 1));
    if (power >= 1 || off <= 5e-3 * mean) return;
    const double finer = std::pow(off / (1e-3 * mean), 1 / (1 + power));
    warnings_.push_back(
        fmt::format("{}: p grows towards it like d^{:.3g}, and {:.3g} of the mass is in the last cell, below what the "
                    "cells resolve: "
                    "means are off by up to {:.2g}; axis.{}.cells = {} would do, or {}^{:.3g} as coordinate",
                    name(end), end.weight, fraction, off, axis.name,
                    cells_text(finer * static_cast<double>(axis.cells)), distance(end), power));
  }

  const Setup& setup_;
  const Grid& grid_;
  const Field& p_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::vector<std::string> end_warnings(const Setup& setup, const Field& p) { return Ends(setup, p).warnings(); }

}  // namespace fokker
