#pragma once
#include <span>
#include <string>

#include "fokker/case/case.hpp"

namespace fokker {

/// The title of a case, or else the name of its file.
[[nodiscard]] std::string title_of(const Case& config);
/// What a density over these axes is per: "1/um", "1/um²", "1/(um s)"; "" where a unit is not known.
[[nodiscard]] std::string density_unit(std::span<const Axis> axes);
/// A current whose integral of |J| is a smaller part of that of p |f| is what cells leave of flows that cancel, and not
/// drawn: where it should vanish, cells of the shipped cases leave up to 0.2 %.
inline constexpr double balanced_part = 1e-2;
/// Is one unit of an axis as long as one of the other where both are drawn?
[[nodiscard]] bool equal_axes(const Case& config, const CasePicture& wishes);

}  // namespace fokker
