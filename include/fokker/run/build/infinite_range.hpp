#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

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

/// Thrown where a side without an end is felt (fokker/run/judge/felt_sides.hpp), by a run whose box may still be
/// widened there: what is to be run in its place. No std::exception: nobody has failed.
struct BoxOutgrown {
  Case wider;        ///< half as much again at every such side, in cells of the same width
  std::string note;  ///< for people
};

/// Gives every axis without an end a box: mean -+ 6 standard deviations of the Gaussian closure over [0, time.end] of
/// every component of the initial density; `at_rest`, or without [time] or [initial]: of the closure at rest, from the
/// initial density or else from N(0, 1), and from starts up to 4^6 deviations to all sides; three cells of 128 more at
/// either end. Nothing where no side is infinite any more. Throws CaseError at the range where the closure does not
/// tell.
void choose_box(Case& config, const Sde& sde, bool at_rest);

/// "x_upper"
[[nodiscard]] std::string name_of(const Case& config, const InfiniteSide& side);

/// "x in [-6, 6], 256 cells, widened 2 times at x_upper"
[[nodiscard]] std::string box_text(const Case& config);

/// Neither widened six times there, nor kept, nor of too many cells.
[[nodiscard]] bool may_widen(const Case& config, const InfiniteSide& side);

/// Why the box is not wider at that side, for people.
[[nodiscard]] std::string why_kept(const InfiniteSide& side);

/// Throws BoxOutgrown with half as much again at those of Case::infinite; `why`: what was felt there at t, for people.
[[noreturn]] void outgrow(const Case& config, const std::vector<std::size_t>& sides, const std::string& why, double t);

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
