#include "scores.hpp"

#include <fmt/format.h>

#include "fokker/base/named_rows.hpp"
#include "fokker/run/closed_form.hpp"
#include "fokker/scheme/effective_drift.hpp"
#include "fokker/spectral/fourier.hpp"
#include "fokker/spectral/score.hpp"
#include "score_from_run.hpp"

namespace fokker {

std::shared_ptr<ScoreSource> closed_score(const Setup& setup, const std::string& key, const std::string& remedy) {
  auto score = std::make_shared<ClosedScore>(closed_form(setup.config, *setup.formulas, key, "use " + remedy));
  try {
    score->prepare(0, {});
  } catch (const NumericalError& error) {
    refuse(setup.config, key, fmt::format("{}; start from a gaussian or a mixture, or use {}", error.what(), remedy));
  }
  return score;
}

namespace {

TimeRange times_of(const Setup& setup) { return {0, setup.config.time.end}; }

Reconstruction reconstruction_of(const CaseScheme& scheme) {
  return find_reconstruction(!scheme.limiter.empty()   ? scheme.limiter
                             : !scheme.weights.empty() ? scheme.weights
                                                       : scheme.flux);
}

/// Moved by f - div D - D s with s from `source`; null: by f alone, where nothing diffuses.
std::unique_ptr<Form> carried(const Setup& setup, std::shared_ptr<ScoreSource> source) {
  return make_given_drift(setup.grid, setup.sde, reconstruction_of(setup.config.scheme), std::move(source),
                          times_of(setup));
}

bool nothing_diffuses(const Setup& setup) { return setup.sde->traits().deterministic; }

std::unique_ptr<Form> log_difference(const Setup& setup) {
  if (nothing_diffuses(setup)) return carried(setup, nullptr);
  const CaseScheme& scheme = setup.config.scheme;
  return make_log_difference(setup.grid, setup.sde, reconstruction_of(scheme), scheme.score_order, times_of(setup));
}

std::unique_ptr<Form> flux_consistent(const Setup& setup) {
  return make_flux_consistent(setup.grid, setup.sde, *setup.flux, times_of(setup));
}

std::unique_ptr<Form> spectral(const Setup& setup) {
  if (nothing_diffuses(setup)) return carried(setup, nullptr);
  for (const Axis& axis : setup.grid->axes())
    if (axis.at_lower == Boundary::absorbing || axis.at_upper == Boundary::absorbing)
      refuse(setup.config, "scheme.score",
             fmt::format("\"spectral\" needs periodic or reflecting sides, and axis '{}' absorbs; use score = "
                         "\"log_difference\"",
                         axis.name));
  if (fourier_library().empty())
    refuse(setup.config, "scheme.score", "this build has no FFTW (it was configured with -DFOKKER_FFTW=OFF)");
  return make_following_drift(setup.grid, setup.sde, reconstruction_of(setup.config.scheme),
                              std::make_shared<SpectralScore>(setup.grid), times_of(setup));
}

std::unique_ptr<Form> exact(const Setup& setup) {
  if (nothing_diffuses(setup)) return carried(setup, nullptr);
  return carried(setup, closed_score(setup, "scheme.score", "score = \"log_difference\""));
}

std::unique_ptr<Form> table(const Setup& setup) {
  return carried(setup, nothing_diffuses(setup) ? nullptr : score_from_run(setup));
}

constexpr ScoreRow rows[] = {
    {.name = "log_difference",
     .doc = "differences of log p on the grid",
     .order_across_jumps = 2,
     .make = log_difference},
    {.name = "flux_consistent",
     .doc = "what makes F p the flux of a row of the drift_diffusion form",
     .divides_a_flux = true,
     .order_across_jumps = 4,
     .make = flux_consistent},
    {.name = "spectral", .doc = "the derivative of a Fourier series of p", .bytes_per_cell = 150, .make = spectral},
    {.name = "exact", .doc = "the closed form, where drift is linear and noise additive", .make = exact},
    {.name = "table", .doc = "log p of an earlier run (scheme.table), interpolated in time and space", .make = table},
};

}  // namespace

std::span<const ScoreRow> scores() { return rows; }

const ScoreRow* score_of(const CaseScheme& scheme) {
  return scheme.form == "effective_drift" ? &row_named(scores(), scheme.score, "score") : nullptr;
}

}  // namespace fokker
