#pragma once
#include <string>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/output/document.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// What a run felt of its walls at one of Case::infinite.
struct FeltSide {
  double mass = 0;         ///< the most in the cells along it, a 32nd of the way to the mean [1]
  double at = 0;           ///< when [t]
  double variance = 0;     ///< the most that would lie beyond, in parts of the variance along the axis [1]
  double variance_at = 0;  ///< when [t]; then too:
  double added = 0;        ///< what half of the box more there would hold, in the same parts [1]
  double mean = 0;         ///< by how much what lies beyond would move the mean [x]
  double beyond = 0;       ///< the mass that lies beyond [1]
  double power = 0;        ///< p falls there like distance^-power
  void keep(Archive& archive) { archive(mass, at, variance, variance_at, added, mean, beyond, power); }
};

/// To be called at t = 0 and after every step: keeps the most that was felt, one entry per Case::infinite. A side is
/// felt where more than 1e-9 of the mass is close to it, or where more than 1e-5 of the variance along the axis would
/// lie beyond it: p is taken to go on there as the power of the distance from the mean with which it falls within an
/// eighth of the box of the side (exact for tails of a power; more than there is where p falls faster than any). Throws
/// BoxOutgrown where a felt side may be widened.
void feel_sides(const Setup& setup, double t, const Field& p, std::vector<FeltSide>& felt);

/// Sides at which more was felt than may be, though the box was not widened any more.
[[nodiscard]] std::vector<std::string> warnings_of(const Case& config, const std::vector<FeltSide>& felt);

/// Where the ends are that the case leaves open, how often they were moved, and what was felt of them (empty: nothing
/// has run yet). Null without such a side.
[[nodiscard]] Finding box_finding(const Case& config, const std::vector<FeltSide>& felt);

}  // namespace fokker
