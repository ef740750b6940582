#pragma once
#include <array>
#include <string>
#include <vector>

#include "fokker/base/archive.hpp"

namespace fokker {

/// What a run found at one reflecting wall over its whole length.
struct WallFinding {
  std::string side;          ///< "x_lower"
  double mass = 0;           ///< largest fraction of the mass in the cells of the wall
  double beyond = 0;         ///< largest mass that the distribution without the wall has beyond it (wall_check.hpp)
  double at = 0;             ///< when [t]
  bool closed_form = false;  ///< exact; else estimated from the density at the wall
  bool judged = false;       ///< the wall is not one that the case means
  void keep(Archive& archive) { archive(side, mass, beyond, at, closed_form, judged); }
};

/// How well box and grid served a run, over its whole length. Errors are expected l1 distances (space_error.hpp), 2 at
/// most; "worst" is over the output times.
struct Judgement {
  std::vector<WallFinding> walls;
  std::vector<double> width, width_at;  ///< per axis: least width [cells] after a narrow start has spread, and when [t]
  double flux_l1 = 0;                   ///< what the numerical diffusion of the flux costs at the end
  double flux_l1_worst = 0, flux_l1_worst_at = 0;
  double reduced_fraction = 0;  ///< largest fraction of the mass in cells whose cross term was reduced
  double reduced_l1 = 0;        ///< what that costs, the worst
  double step_l1 = 0;           ///< what a fixed time.dt costs (step_check.hpp); 0 for adaptive steps
  std::vector<std::string> warnings;
  void keep(Archive& archive) {
    archive(walls, width, width_at, flux_l1, flux_l1_worst, flux_l1_worst_at, reduced_fraction, reduced_l1, step_l1,
            warnings);
  }
};

}  // namespace fokker
