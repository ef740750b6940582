#pragma once
#include <memory>

#include "fokker/grid/grid.hpp"
#include "fokker/model/score.hpp"
#include "fokker/model/sde.hpp"
#include "fokker/scheme/flux.hpp"
#include "fokker/scheme/form.hpp"
#include "fokker/scheme/reconstruction.hpp"

namespace fokker {

/// dp/dt = -div(F p), F = f - div D - D s: the same densities without noise (theory section 2). Each way to the score s
/// has its operator. Where the Sde has D = 0 everywhere F is f and no score is used: `make_given_drift` serves.

/// F = J / p on every edge, J the flux of a drift-diffusion row and p the mean of the two cells (0 where both are 0):
/// an identity, the same rates as that form to rounding.
[[nodiscard]] std::unique_ptr<Form> make_flux_consistent(std::shared_ptr<const Grid> grid,
                                                         std::shared_ptr<const Sde> sde, const FluxScheme& row,
                                                         TimeRange times = 0);

/// F from differences of log p, and p on the edge from log p as well, reconstructed from the upwind side:
///
///     F = rate (Pe - (log p_R - log p_L)),    J = F exp(value on the edge of log p),    0 <= J / J_fitted <= 2
///
/// with the edges of the drift-diffusion form (faces; the offsets of Selling's decomposition for full tensors) and
/// their Peclet numbers, so that the stationary distributions that form keeps are kept here, where F = 0. J_fitted is
/// the exponentially fitted flux of that form: it bounds the flux where log p is too steep for a difference, and with
/// it p >= 0 for steps of half that form's length. Beside a cell with p = 0, where the score is infinite, J is J_fitted
/// (counted: Form::undefined_scores). Drift that edges do not carry (D = 0 in its direction) is advected as in
/// `make_given_drift`. score_order 4 takes the differences of log p, and the values on edges, from logs of de-averaged
/// densities over six cells in line: order 4 in 1D, 2 in 2D with a smaller error.
[[nodiscard]] std::unique_ptr<Form> make_log_difference(std::shared_ptr<const Grid> grid,
                                                        std::shared_ptr<const Sde> sde, Reconstruction reconstruction,
                                                        int score_order = 2, TimeRange times = 0);

/// `make_log_difference` with the differences replaced by the score that `source` finds in p (its spectral derivative):
/// at the middle of faces; for the other offsets of a full tensor the mean of both cells.
[[nodiscard]] std::unique_ptr<Form> make_following_drift(std::shared_ptr<const Grid> grid,
                                                         std::shared_ptr<const Sde> sde, Reconstruction reconstruction,
                                                         std::shared_ptr<ScoreSource> source, TimeRange times = 0);

/// F across the faces from the score that `source` gives there (null: F = a = f - div D, for D = 0), advected with p
/// reconstructed from the upwind side. Order in L1 for smooth p and F: 1 for upwind; 2 for limited slopes; for weno5 5
/// (in 2D the flux is integrated over the face by three Gauss points). p >= 0 for forward Euler steps up to
/// stable_step. With a source that follows p (a score derived from it) that step changes with p, so p >= 0 is no
/// promise, and scores are asked for at the face centres only: order 2 in 2D.
[[nodiscard]] std::unique_ptr<Form> make_given_drift(std::shared_ptr<const Grid> grid, std::shared_ptr<const Sde> sde,
                                                     Reconstruction reconstruction, std::shared_ptr<ScoreSource> source,
                                                     TimeRange times = 0);

}  // namespace fokker
