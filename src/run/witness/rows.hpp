#pragma once
#include "fokker/run/witness.hpp"

namespace fokker {

/// The rows of the table of witnesses, each beside the class it makes.
[[nodiscard]] WitnessRow exact_row();
[[nodiscard]] WitnessRow monte_carlo_row();
[[nodiscard]] WitnessRow spectral_row();
[[nodiscard]] WitnessRow twin_row();

}  // namespace fokker
