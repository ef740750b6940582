#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/output/document.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// What a run felt of its walls at one of Case::infinite.
struct FeltSide {
  double mass = 0;  ///< the most within two cells of it [1]
  double at = 0;    ///< when [t]
  void keep(Archive& archive) { archive(mass, at); }
};

/// The box of a case as a checkpoint keeps it.
struct ChosenBox {
  std::vector<double> ends;         ///< of the axes, lower and upper [x]
  std::vector<std::int64_t> cells;  ///< of the axes
  std::vector<int> enlarged;        ///< of Case::infinite; -1: kept as it is
  ChosenBox() = default;
  explicit ChosenBox(const Case& config);
  void keep(Archive& archive) { archive(ends, cells, enlarged); }
  /// Into the same case, read again. UsageError where it is another one.
  void put(Case& config) const;
};

/// Thrown where more than 1e-9 of the mass is within two cells of a side without an end, by a run whose box may still
/// be widened there: what is to be run in its place. No std::exception: nobody has failed.
struct BoxOutgrown {
  Case wider;        ///< half as much again at every such side, in cells of the same width
  std::string note;  ///< for people
};

/// Gives every axis without an end a box: mean -+ 6 standard deviations of the Gaussian closure over [0, time.end] of
/// every component of the initial density; `at_rest`, or without [time] or [initial]: of the closure at rest, from the
/// initial density or else from N(0, 1), and from starts up to 4^6 deviations to all sides; three cells more at either
/// end. Nothing where no side is infinite any more. Throws CaseError at the range where the closure does not tell.
void choose_box(Case& config, const Sde& sde, bool at_rest);

/// To be called at t = 0 and after every step: keeps the most that was felt, one entry per Case::infinite. Throws
/// BoxOutgrown.
void feel_sides(const Setup& setup, double t, const Field& p, std::vector<FeltSide>& felt);

/// Sides at which more was felt than may be, though the box was not widened any more.
[[nodiscard]] std::vector<std::string> warnings_of(const Case& config, const std::vector<FeltSide>& felt);

/// Where the ends are that the case leaves open, how often they were moved, and what was felt of them (empty: nothing
/// has run yet). Null without such a side.
[[nodiscard]] Finding box_finding(const Case& config, const std::vector<FeltSide>& felt);

/// act(case), and again with the wider case as long as its box is outgrown, of which `tell` hears.
template <class Act, class Tell>
auto in_wide_box(Case config, const Act& act, const Tell& tell) {
  for (;;) try {
      return act(config);
    } catch (BoxOutgrown& outgrown) {
      config = std::move(outgrown.wider);
      tell(outgrown.note);
    }
}

}  // namespace fokker
