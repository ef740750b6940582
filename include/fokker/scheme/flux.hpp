#pragma once
#include <memory>
#include <span>
#include <string_view>

#include "fokker/model/sde.hpp"

namespace fokker {

class Form;
class Grid;
struct FluxScheme;

/// e^(1/2): how much D may change from cell to cell, and from centre to face, where it counts as smooth; beyond, fluxes
/// along axes look at the cells closely.
inline constexpr double smooth_ratio = 1.6487212707001282;

/// One edge between cell L and cell R = L + offset, in index units:
///
///        L ---- e ----> R        J > 0 carries probability from L to R
///
struct Edge {
  double rate = 0;  ///< diffusive rate, D_nn / h^2 for a face, lambda_e for a Selling offset [1/t], >= 0
  /// log(pi_R right / (pi_L left)) of the local equilibrium the fitted part keeps; f h / D_nn for smooth data
  double peclet = 0;
  double velocity = 0;  ///< drift that fitting does not carry, a_n / h [1/t]
  /// What p_L and p_R count with in the diffusive part: (D_L/D)^(1-a) and (D_R/D)^(1-a) where the edge is written in
  /// the reading a without a derivative of D, 1 where the Peclet number holds all of it.
  double left = 1, right = 1;
  bool close = false;  ///< coefficients jump or vanish beside the edge: no smooth function crosses it
};

/// J = left * p_L + right * p_R [p/t]; positive when left >= 0 >= right.
struct EdgeWeights {
  double left = 0, right = 0;
};

/// Where a flux wants the drift when the diffusion tensor needs skew edges. With a diagonal tensor every edge is a face
/// and the three are the same.
enum class DriftCarrier {
  fitted,  ///< on all edges while |Pe| <= 2, the rest as velocity of the axis faces (theory section 6); keeps the exact
           ///< stationary distribution where one is known
  edges,   ///< on all edges, whatever Pe
  faces    ///< as velocity of the axis faces
};

/// How a flux carries p, which is what it does wrong: upwind on two cells, or two cells with weights that are fitted to
/// D or the mean of both; averages over four cells, or over five, upwind; the rest reconstruct p from a side
/// (five_cells by a limited average of theirs).
enum class Carries { fitted, upwind, central, four_cells, upwind_five, upwind_advection, parabolas, five_cells };

/// A row of `list fluxes`.
struct FluxScheme {
  std::string_view name;
  std::string_view form;  ///< "drift_diffusion" or "effective_drift"
  Carries carries = Carries::upwind;
  int order = 1;                  ///< for smooth p, measured by the unit tests
  bool positive = false;          ///< a Markov generator: left >= 0 >= right for any edge
  bool limited_velocity = false;  ///< carries drift in directions without diffusion by the limited second-order part
  DriftCarrier drift = DriftCarrier::fitted;
  bool wide = false;                              ///< more cells to a face than two: no weights of single edges
  bool corrected = false;                         ///< p >= 0 by flux correction of every step (flux_correction.hpp)
  EdgeWeights (*weights)(const Edge&) = nullptr;  ///< of one edge: drift_diffusion only, null where wide
  /// The form with this flux; drift_diffusion only (`make_drift_diffusion` calls it).
  std::unique_ptr<Form> (*make)(std::shared_ptr<const Grid>, std::shared_ptr<const Sde>, const FluxScheme&,
                                TimeRange) = nullptr;
  std::string_view guarantee, reference, when_not;
};

/// B(z) = z / (e^z - 1), B(0) = 1; accurate to rounding for all z, B(-z) = B(z) + z.
[[nodiscard]] double bernoulli(double z);

/// The rows of a form.
[[nodiscard]] std::span<const FluxScheme> fluxes(std::string_view form);
/// The row that carries p as this one does and differs in what it promises of p >= 0 by correction; null: none.
[[nodiscard]] const FluxScheme* counterpart(const FluxScheme& row);
/// The row of drift_diffusion that a case gets which names none.
[[nodiscard]] const FluxScheme& default_flux();
/// nullptr when that form has no such row.
[[nodiscard]] const FluxScheme* find_flux(std::string_view name, std::string_view form = "drift_diffusion");

}  // namespace fokker
