#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fokker/grid/grid.hpp"
#include "fokker/model/density.hpp"

namespace fokker {

/// Where particles start. `density` is the distribution before truncation (sampled exactly for Gaussian mixtures, by
/// rejection inside the box); `cells` its cell averages on the grid (mass 1), used to draw from other distributions;
/// `point` a sure start.
struct InitialDistribution {
  const Density* density = nullptr;
  const Field* cells = nullptr;
  std::optional<std::vector<double>> point;
};

/// Fills one column per axis with independent positions, each a function of (seed, particle) alone.
///
///   point       exactly there (it must lie in the box);
///   mixture     a component by weight, a normal around its mean, both drawn anew until the position is in the box
///               (wrapped on periodic axes): the truncated distribution. If fewer than 1 in 1000 attempts land in the
///               box, as the next;
///   otherwise   a cell by its fraction of `cells` (negative averages count as 0), then within the cell by rejection
///               from the density's values under 1.2 times the largest of 5 (in 2D 25) values there; evenly where there
///               is no density, or none of these values is positive and finite, and after 64 refusals.
///
/// Throws std::invalid_argument when the distribution names nothing to draw from, or a point outside the box.
void draw_particles(const Grid& grid, const InitialDistribution& distribution, std::uint64_t seed,
                    const std::array<std::span<double>, 2>& columns);

}  // namespace fokker
