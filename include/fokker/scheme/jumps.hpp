#pragma once
#include <optional>
#include <string>

#include "fokker/grid/grid.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// A point where an entry of D jumps along an axis: what needs div D, or differences of smooth functions across it,
/// cannot be right there.
struct DiffusionJump {
  int axis = 0;
  double point = 0, t = 0;
  double before = 0, after = 0;
  std::string text;  ///< "D jumps at x = 0.5, from 1 to 0.1"
};

/// The first one on the lines of the grid between t0 and t1 (at 33 times where points or D depend on t), looked for at
/// the breakpoints of the formulas and where a periodic axis closes.
[[nodiscard]] std::optional<DiffusionJump> jump_of_diffusion(const Grid& grid, const Sde& sde, double t0, double t1);

/// The same for jumps of D along an axis to 0 where no drift runs on the side without noise.
[[nodiscard]] std::optional<DiffusionJump> jump_to_rest(const Grid& grid, const Sde& sde, double t0, double t1);

}  // namespace fokker
