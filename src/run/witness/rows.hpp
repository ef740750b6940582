#pragma once
#include "fokker/run/witness.hpp"

namespace fokker {

/// The rows of the table of witnesses, each beside the class it makes.
[[nodiscard]] WitnessRow exact_row();
[[nodiscard]] WitnessRow monte_carlo_row();
[[nodiscard]] WitnessRow spectral_row();
[[nodiscard]] WitnessRow twin_row();
/// In the order in which they are made and judge.
inline constexpr WitnessRow (*all_witness_rows[])() = {exact_row, monte_carlo_row, spectral_row, twin_row};

}  // namespace fokker
