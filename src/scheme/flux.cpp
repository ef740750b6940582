#include "fokker/scheme/flux.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "edge_form.hpp"
#include "fourth_order/central4.hpp"

namespace fokker {

double bernoulli(double z) {
  if (z == 0) return 1;
  if (z > 40) return std::isinf(z) ? 0 : z * std::exp(-z);  // e^-40 is below half an ulp of 1; expm1 would overflow
  return z / std::expm1(z);
}

namespace {

// The drift of an edge as one velocity. An edge without diffusion has no Peclet number, whatever is written there.
double drift_of(const Edge& edge) { return edge.rate > 0 ? edge.rate * edge.peclet : 0; }

// Upwinded drift plus k (p_L - p_R): the sum that keeps its digits in every limit.
EdgeWeights upwinded(double drift, double k) { return {k + std::max(drift, 0.0), -(k + std::max(-drift, 0.0))}; }

//   J = rate [left B(-Pe) p_L - right B(Pe) p_R] + upwinded velocity,    rate B(-Pe) = rate B(Pe) + rate Pe
//
// written with B(|Pe|) only, so that nothing cancels: k = |a| / (e^|Pe| - 1) is the diffusion left over at large |Pe|.
EdgeWeights scharfetter_gummel(const Edge& edge) {
  const double k = edge.rate > 0 ? edge.rate * bernoulli(std::abs(edge.peclet)) : 0;
  const EdgeWeights fitted = upwinded(drift_of(edge), k), carried = upwinded(edge.velocity, 0);
  return {edge.left * fitted.left + carried.left, edge.right * fitted.right + carried.right};
}

//   J = rate (left p_L - right p_R) + v p_upwind
EdgeWeights upwind(const Edge& edge) {
  const double v = drift_of(edge) + edge.velocity;
  return {edge.rate * edge.left + std::max(v, 0.0), -(edge.rate * edge.right + std::max(-v, 0.0))};
}

//   J = rate (left p_L - right p_R) + v (p_L + p_R) / 2
EdgeWeights central(const Edge& edge) {
  const double half = 0.5 * (drift_of(edge) + edge.velocity);
  return {edge.rate * edge.left + half, -(edge.rate * edge.right) + half};
}

constexpr std::array rows{
    FluxScheme{
        .name = "scharfetter_gummel",
        .form = "drift_diffusion",
        .carries = Carries::fitted,
        .order = 2,
        .positive = true,
        .limited_velocity = true,
        .drift = DriftCarrier::fitted,
        .weights = scharfetter_gummel,
        .make = make_edge_form,
        .guarantee =
            "Markov generator; the exact stationary distribution of 1D autonomous SDEs and of gradient drifts with "
            "constant D "
            "is "
            "its null vector. Order 2 while the cell Peclet number is below 2, towards 1 above. Cross terms: order 2 "
            "in "
            "L1; at a reflecting wall that carries mass order 2 only where |e_n| <= 1 for every offset e, else 1; "
            "beside a wall where D vanishes rates of cells by themselves (docs/decisions/0019), which keep means to "
            "order "
            "2. Directions without diffusion: limited second-order upwind, positive under stable_step",
        .reference = "Scharfetter & Gummel 1969; Chang & Cooper 1970; Il'in 1969; skew edges: Mirebeau 2014, Bonnans, "
                     "Bonnet & Mirebeau 2021; limited part: van Leer 1979, Huynh 1995",
        .when_not =
            "drift-dominated problems with a small but nonzero D at cell Peclet numbers far above 2: first-order "
            "upwind there, refine instead"},
    FluxScheme{.name = "upwind",
               .form = "drift_diffusion",
               .carries = Carries::upwind,
               .order = 1,
               .positive = true,
               .limited_velocity = false,
               .drift = DriftCarrier::faces,
               .weights = upwind,
               .make = make_edge_form,
               .guarantee = "Markov generator, linear for every D including 0. Cross terms at a reflecting wall that "
                            "carries mass: order 1",
               .reference = "Courant, Isaacson & Rees 1952; skew edges: Mirebeau 2014",
               .when_not =
                   "whenever accuracy matters: it adds the diffusion |a| h / 2. Of use as a robust reference and "
                   "for implicit steps where D vanishes"},
    FluxScheme{.name = "central",
               .form = "drift_diffusion",
               .carries = Carries::central,
               .order = 2,
               .positive = false,
               .limited_velocity = false,
               .drift = DriftCarrier::edges,
               .weights = central,
               .make = make_edge_form,
               .guarantee =
                   "conservative and linear, no sign promised: negative values appear at cell Peclet numbers "
                   "above 2. Cross terms at a reflecting wall that carries mass: order 2 only where |e_n| <= 1 "
                   "for every offset e, else 1",
               .reference = "Patankar 1980, section 5.2; skew edges: Mirebeau 2014",
               .when_not = "cell Peclet numbers above 2, D = 0 anywhere, or whenever p >= 0 is needed"},
    FluxScheme{.name = "central4",
               .form = "drift_diffusion",
               .carries = Carries::four_cells,
               .order = 4,
               .wide = true,
               .make = make_central4,
               .guarantee =
                   "conservative and linear, order 4 for variable drift and full tensors, all walls included; no "
                   "sign promised: tails of steep densities ring",
               .reference = "Barad & Colella 2005; McCorquodale & Colella 2011",
               .when_not = "p >= 0 is needed (central4_positive), cell Peclet numbers above 5 or D = 0 along an axis "
                           "(upwind5), densities that the grid does not "
                           "resolve (under 3 cells per standard deviation)"},
    FluxScheme{
        .name = "central4_positive",
        .form = "drift_diffusion",
        .carries = Carries::four_cells,
        .order = 4,
        .wide = true,
        .corrected = true,
        .make = make_central4,
        .guarantee = "central4 with p >= 0 after every step of every stepper: the fluxes of a step that goes negative "
                     "are limited towards a positive low-order step where it does, and nowhere else; order 4 where p "
                     "is smooth. `positivity` of summary.json says how often and how much",
        .reference = "Zalesak 1979; Boris & Book 1973",
        .when_not = "dt far above 1/w: the low-order partner takes dt * w small steps; D = 0 along an axis; densities "
                    "that the grid does not resolve"},
    FluxScheme{
        .name = "upwind5",
        .form = "drift_diffusion",
        .carries = Carries::upwind_five,
        .order = 4,
        .wide = true,
        .make = make_central4,
        .guarantee = "conservative and linear: drift by the fifth-order upwind average of five cells, diffusion as "
                     "central4; order 4 (5 without noise) at any cell Peclet number, D = 0 included, all walls "
                     "included; no sign promised: steep densities undershoot, waves of two cells are damped",
        .reference = "Leonard 1979; Shu 1998; transverse terms and walls: McCorquodale & Colella 2011",
        .when_not = "p >= 0 is needed (upwind5_positive); drift that jumps, or presses mass against a wall, absorbing "
                    "ones too, at cell Peclet numbers above 2; densities that the grid does not resolve "
                    "(under 2 cells per standard deviation)"},
    FluxScheme{.name = "upwind5_positive",
               .form = "drift_diffusion",
               .carries = Carries::upwind_five,
               .order = 4,
               .wide = true,
               .corrected = true,
               .make = make_central4,
               .guarantee =
                   "upwind5 with p >= 0 after every step of every stepper, by the correction of central4_positive: "
                   "sharp where drift outweighs diffusion, and linear but for the cells that would end below 0",
               .reference = "Zalesak 1979; Boris & Book 1973",
               .when_not = "where upwind5 is not to be taken; cell Peclet numbers below 1 throughout "
                           "(central4_positive has the smaller error); densities that "
                           "the grid does not resolve"},
    FluxScheme{.name = "upwind",
               .form = "effective_drift",
               .carries = Carries::upwind_advection,
               .order = 1,
               .positive = true,
               .guarantee = "conservative, p >= 0 under stable_step",
               .reference = "Courant, Isaacson & Rees 1952",
               .when_not = "whenever accuracy matters: it adds the diffusion |F| h / 2"},
    FluxScheme{.name = "muscl",
               .form = "effective_drift",
               .carries = Carries::parabolas,
               .order = 2,
               .positive = true,
               .guarantee = "conservative, p >= 0 under stable_step; limiter = huynh (default) keeps order 2 at smooth "
                            "extrema, minmod, van_leer, mc and superbee fall to order 1 there",
               .reference = "van Leer 1979; Sweby 1984; Huynh 1995",
               .when_not = "very smooth densities on fine grids: weno5 has a smaller error there"},
    FluxScheme{
        .name = "weno5",
        .form = "effective_drift",
        .carries = Carries::five_cells,
        .order = 5,
        .positive = true,
        .guarantee =
            "conservative, p >= 0 under stable_step; order 5 for a given velocity (in 2D by three Gauss "
            "points on a face), with score = log_difference the order of score_order in 1D and 2 in 2D. weights = z "
            "(default) or js",
        .reference = "Jiang & Shu 1996; Borges, Carmona, Costa & Don 2008; positivity in the spirit of Zhang & "
                     "Shu 2010",
        .when_not = "steps and contacts on coarse grids: muscl costs a third"},
};

}  // namespace

std::span<const FluxScheme> fluxes(std::string_view form) {
  const auto is_row = [&](const FluxScheme& flux) { return flux.form == form; };
  const auto first = std::find_if(rows.begin(), rows.end(), is_row);
  return {first, std::find_if_not(first, rows.end(), is_row)};
}

const FluxScheme& default_flux() { return rows.front(); }

const FluxScheme* counterpart(const FluxScheme& row) {
  for (const FluxScheme& other : rows)
    if (other.carries == row.carries && other.corrected != row.corrected) return &other;
  return nullptr;
}

const FluxScheme* find_flux(std::string_view name, std::string_view form) {
  for (const FluxScheme& flux : fluxes(form))
    if (flux.name == name) return &flux;
  return nullptr;
}

}  // namespace fokker
