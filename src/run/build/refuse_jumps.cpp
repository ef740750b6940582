#include "refuse_jumps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "fokker/base/errors.hpp"
#include "fokker/base/tape.hpp"
#include "fokker/particles/steppers.hpp"
#include "fokker/scheme/jumps.hpp"
#include "scores.hpp"

namespace fokker {
namespace {

class Refusals {
 public:
  explicit Refusals(const Case& config) : config_(config) {}
  void add(const std::string& key, const std::string& text) { problems_.push_back({config_.where(key), key, text}); }
  void report() {
    if (!problems_.empty()) throw CaseError(std::move(problems_));
  }

 private:
  const Case& config_;
  std::vector<Problem> problems_;
};

bool moves_without_noise(const CaseMonteCarlo& particles) {
  for (const ParticleStepperRow& row : particle_steppers())
    if (row.name == particles.stepper) return row.flow;
  return false;
}

void look_at_diffusion(const Setup& setup, const std::string& jump, Refusals& refusals) {
  const Case& c = setup.config;
  const bool ito = c.sde.interpretation == Interpretation::ito, diagonal = setup.sde->traits().diagonal;
  if (!diagonal)
    refusals.add("sde", fmt::format("{}, and the fluxes of cross terms take its derivative; smooth the jump over a few "
                                    "cells, or choose axes without cross terms",
                                    jump));
  else if (!ito && setup.sde->reading() == 0)
    refusals.add("sde.interpretation",
                 fmt::format("{}, and what '{}' adds to the Ito drift is a derivative there (a source drives several "
                             "axes); write the Ito drift, or smooth the jump over a few cells",
                             jump, to_string(c.sde.interpretation)));
  if (setup.flux->wide)
    refusals.add("scheme.flux", fmt::format("{}, and '{}' takes differences across it; use flux = "
                                            "\"scharfetter_gummel\"",
                                            jump, setup.flux->name));
  if (setup.score != nullptr && c.scheme.score_order > setup.score->order_across_jumps)
    refusals.add(setup.score->order_across_jumps > 0 ? "scheme.score_order" : "scheme.score",
                 fmt::format("{}, and the effective drift f - div D - D s has no value there; use score = "
                             "\"log_difference\" with score_order = 2, or \"flux_consistent\"",
                             jump));
  if (c.reverse)
    refusals.add("reverse",
                 fmt::format("{}, and the drift of the time reversal holds div D; smooth the jump over a few "
                             "cells",
                             jump));
  if (const auto& particles = c.compare.monte_carlo)
    if (moves_without_noise(*particles) || particles->lambda.value_or(1) != 1)
      refusals.add(
          "compare.monte_carlo",
          fmt::format("{}, and these particles move by f - div D - D s, which has no value there; use a stepper "
                      "with noise and lambda = 1",
                      jump));
  if (c.compare.log_likelihood)
    refusals.add("compare.log_likelihood", fmt::format("{}, and the flow has no velocity there; leave it out", jump));
}

/// "jumps at x = 0.5, from 0 to 1", or nothing.
std::string jump_of_potential(const Setup& setup, double t) {
  const SdeFormulas& sde = setup.config.sde;
  std::vector<std::string> names = sde.variables;
  names.emplace_back("t");
  const Grid& grid = *setup.grid;
  std::vector<double> points;
  for (int k = 0; k < grid.dimension(); ++k) {
    const Axis& axis = grid.axis(k);
    const bool plane = grid.dimension() > 1;
    for (Index line = 0; line < (plane ? grid.axis(1 - k).cells : 1); ++line) {
      std::vector<double> point(names.size(), plane ? grid.axis(1 - k).center(line) : 0);
      point.back() = t;
      setup.sde->breakpoints({k, point[0], axis.lower, axis.upper, axis.cells}, t, points);
      for (const double jump : points) {
        const double step = std::max(1e-9 * axis.width(), 16 * std::numeric_limits<double>::epsilon() * std::abs(jump));
        const auto at = [&](double x) {
          point[k] = x;
          return evaluate_at(*sde.potential, names, point);
        };
        const double before = at(jump - step), after = at(jump + step);
        if (std::abs(before - after) > 1e-6 * (std::abs(before) + std::abs(after)))
          return fmt::format("jumps at {} = {:.6g}, from {:.4g} to {:.4g}", axis.name, jump, before, after);
      }
    }
  }
  return {};
}

void look_at_potential(const Setup& setup, Refusals& refusals) {
  const Case& c = setup.config;
  if (!c.sde.potential) return;
  const bool averages = setup.sde->has_gibbs() && setup.score == nullptr && setup.flux->drift == DriftCarrier::fitted &&
                        !setup.flux->wide;
  const std::string jump = jump_of_potential(setup, 0);
  if (jump.empty()) return;
  if (!averages)
    refusals.add("sde.potential", fmt::format("{}: the drift has no value there, and only flux = "
                                              "\"scharfetter_gummel\" with a constant temperature takes exp(-U/T) "
                                              "itself; use that, or smooth the jump over a few cells",
                                              jump));
  else if (c.compare.monte_carlo || c.compare.spectral)
    refusals.add(c.compare.monte_carlo ? "compare.monte_carlo" : "compare.spectral",
                 fmt::format("the potential {}, and this witness needs its slope; leave it out", jump));
}

}  // namespace

void refuse_jumps(const Setup& setup) {
  Refusals refusals(setup.config);
  if (const auto jump = jump_of_diffusion(*setup.grid, *setup.sde, 0, setup.config.time.end))
    look_at_diffusion(setup, jump->text, refusals);
  if (setup.config.sde.interpretation == Interpretation::stratonovich)
    if (const auto jump = jump_to_rest(*setup.grid, *setup.sde, 0, setup.config.time.end))
      refusals.add("sde.interpretation",
                   fmt::format("{}, and in the reading 'stratonovich' what has got there comes back after a time that "
                               "depends on how D becomes 0; let D end at a small value or smoothly, or take 'ito' "
                               "(what gets there stays) or 'klimontovich' (nothing gets there)",
                               jump->text));
  look_at_potential(setup, refusals);
  refusals.report();
}

}  // namespace fokker
