#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fokker/run/judgement.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// What the self-check of a run would find, without a run.
struct Forecast {
  std::string basis;  ///< "the closed form" or "its moments"
  Judgement judged;
  std::vector<double> peclet;  ///< per axis: largest cell Peclet number where the mass is (cell_peclet.hpp)
  double until = 0;  ///< [t] the end, or where most of the distribution is outside of the box or cannot be followed
};

/// Judges box and grid over [0, end] by the distribution that a Gaussian, a mixture or a point start becomes: exact
/// where the case has a closed form, else every component as the Gaussian with the mean and covariance that obey
///
///     m' = <f>,   V' = <(x - m) f^T> + <f (x - m)^T> + 2 <D>,
///
/// <.> over the 2 d points m +- sqrt(d) V^(1/2) e_k, kept inside the box. Nothing for other starts. `gives_way`: when
/// the flux gives way to the default one [t].
[[nodiscard]] std::optional<Forecast> forecast(const Setup& setup, std::optional<double> gives_way = {});

/// The fraction of the mass that absorbing sides leave at the end, by a run on at most 32 cells an axis; absent without
/// such sides, or where such a run is not possible.
[[nodiscard]] std::optional<double> left_by_absorbing_sides(const Setup& setup);

}  // namespace fokker
