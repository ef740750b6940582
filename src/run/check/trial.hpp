#pragma once
#include <string>
#include <vector>

#include "fokker/run/setup.hpp"

namespace fokker {

/// What a part of a run will take.
struct CostPart {
  std::string name;  ///< set_up, evolution, output, pictures, reverse, estimate, or a witness
  double seconds = 0;
};

struct Costs {
  std::vector<CostPart> parts;
  double bytes = 0;         ///< of the process where it is largest
  std::string not_tried{};  ///< why there is nothing here; empty: there is
  [[nodiscard]] double seconds() const;
};

/// Tries every part of a run on its own grid, for 0.2 s each or a few steps, with files in a folder among temporary
/// ones that is gone afterwards, and takes it to go on like that; `estimates`: also the runs on coarser grids. Throws
/// Stopped.
[[nodiscard]] Costs try_costs(const Setup& setup, bool estimates = false);

}  // namespace fokker
