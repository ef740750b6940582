#pragma once
#include <span>
#include <string_view>

namespace fokker {

/// How the value on a face is guessed from the averages of the cells upwind and beside it: a row of `list limiters`.
/// The functions themselves stand beside their names in scheme/advective/face_value.hpp.
struct ReconstructionRow {
  std::string_view name;
  std::string_view key;  ///< of [scheme], where the name is written: "limiter", "weights" or none
  std::string_view doc;  ///< what it does
  std::string_view reference;
  bool transverse = false;  ///< of so high an order that in 2D fluxes are integrated over faces by more than one point
};
using Reconstruction = const ReconstructionRow*;

/// The default of each key stands first.
[[nodiscard]] std::span<const ReconstructionRow> reconstructions();
/// nullptr when there is none.
[[nodiscard]] Reconstruction find_reconstruction(std::string_view name);

}  // namespace fokker
