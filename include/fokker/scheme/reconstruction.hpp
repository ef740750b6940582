#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace fokker {

/// How the value on a face is guessed from the averages of the cells upwind and beside it.
enum class Reconstruction {
  upwind,    ///< the upwind cell's average; order 1
  huynh,     ///< third-order, limited by differences and, at smooth extrema, by the curvatures both sides agree on
  minmod,    ///< half of a limited slope; order 2, 1 at extrema (these four: van Leer 1979, Sweby 1984)
  van_leer,  ///< harmonic mean of the slopes
  mc,        ///< monotonised central slope
  superbee,  ///< the steepest slope that is still TVD: squares smooth waves off
  weno5_js,  ///< fifth-order, convex combination of three parabolas with the weights of Jiang and Shu (1996)
  weno5_z,   ///< the same with the weights of Borges et al. (2008): order 5 also at first-order critical points
};

/// Names of `limiter` (rows that say so) and of `weights`, the default first.
[[nodiscard]] std::span<const std::string_view> limiters();
[[nodiscard]] std::span<const std::string_view> weno_weights();
/// The reconstruction of such a name; std::nullopt when there is none.
[[nodiscard]] std::optional<Reconstruction> limiter_named(std::string_view name);
[[nodiscard]] std::optional<Reconstruction> weno_weights_named(std::string_view name);

}  // namespace fokker
