#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fokker/model/timeline.hpp"
#include "fokker/scheme/flux.hpp"
#include "fokker/scheme/form.hpp"

namespace fokker {

class Grid;
class Sde;

struct FluxChoice {
  const FluxScheme* row = nullptr;
  std::unique_ptr<Form> form;
  std::string reason;  ///< one line
};

struct FluxWish {
  bool positive = true;     ///< p >= 0 is to be kept
  double tolerance = 1e-6;  ///< of a step, integral l1 norm
};

/// Where the density is on its way: cells of some coarse grid. No grid: everywhere.
struct Whereabouts {
  std::shared_ptr<const Grid> grid;
  std::vector<std::uint8_t> cells;
  [[nodiscard]] bool hold(std::span<const double> point) const;
};

/// The rule behind `flux = "auto"` of the drift-diffusion form: central4_positive, where grid and problem are smooth
/// together and second order would show; else upwind5_positive, where they are smooth wherever the density comes, drift
/// as strong as it may be; both without "_positive" where p >= 0 is not asked for; else scharfetter_gummel. Smooth
/// means, at start, middle and end and between switches and in pulses of the timeline unless autonomous, with a the
/// drift of the flux f - div D:
///
///     the start       sum |fourth differences| <= sum |p|, along every axis: 1.6 cells per standard deviation
///     what it meets   h^2 |da_k/dx_k| <= D_kk / 4 where drift contracts and |a_k| h / D_kk <= 2: a density that rests
///                     there is at least 2 cells wide
///     drift           |a_k| h / D_kk <= 5 everywhere, and <= 3/2 at reflecting walls that it runs against; no second
///                     difference above 1/4 of the largest first one (a kink or a jump)
///
/// For upwind5 no bound on |a_k| h / D_kk but at walls (absorbing ones too), the width where a changes sign (one cell
/// in a plane, where mass turns about such lines), and all of it on the faces that `whereabouts` (called at most once)
/// hold.
///
/// Second order shows when the two rates on the start differ at one of these times by more than 10 tolerances over the
/// time in which the density changes (or the length of the pulse, or t1 - t0). `start`: cell averages. Throws what
/// make_drift_diffusion does.
[[nodiscard]] FluxChoice choose_flux(
    std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde, const FluxWish& wish,
    std::span<const double> start, double t0, double t1, const Timeline& timeline = {},
    const std::function<Whereabouts()>& whereabouts = [] { return Whereabouts(); });

}  // namespace fokker
