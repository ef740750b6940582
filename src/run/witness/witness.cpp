#include "fokker/run/witness.hpp"

#include <fmt/format.h>

#include <cmath>

#include "../build/faults.hpp"
#include "fokker/base/named_rows.hpp"
#include "fokker/base/stopwatch.hpp"
#include "particle_score.hpp"
#include "rows.hpp"

namespace fokker {

std::span<const WitnessRow> witness_rows() {
  static const std::vector<WitnessRow> rows = made_rows(all_witness_rows);
  return rows;
}

const WitnessRow& witness_row(std::string_view name) { return row_named(witness_rows(), name, "witness"); }

Verdict verdict_on(double t, const Field& p, const Field& reference) {
  const Grid& grid = *p.grid;
  const MomentErrors errors = moment_errors(grid, p.view(), reference.view());
  Verdict verdict;
  verdict.t = t;
  verdict.norms = norms(grid, p.view(), reference.view());
  verdict.mean_error = errors.mean;
  verdict.covariance_error = errors.covariance;
  verdict.ks = kolmogorov_smirnov(grid, p.view(), reference.view());
  if (grid.dimension() == 1) verdict.w1 = wasserstein1(grid, p.view(), reference.view());
  return verdict;
}

std::string kl_note(const Norms& norms) {
  if (!(norms.kl_left_out > 0)) return "";
  return fmt::format("{} {:.2g} of the mass, where the reference underflows",
                     std::isinf(norms.kl) ? "infinite: p has" : "without", norms.kl_left_out);
}

Verdict Witness::judge(double t, const Field& p, const Field& own) const { return verdict_on(t, p, own); }

void require_witnesses(Setup& setup) {
  const CaseCompare& compare = setup.config.compare;
  for (const WitnessRow& row : witness_rows())
    if (row.require != nullptr && row.asked(compare)) row.require(setup);
  if (compare.log_likelihood) static_cast<void>(likelihood_form(setup));
}

Witnesses make_witnesses(const Setup& setup) try {
  Witnesses made;
  for (const WitnessRow& row : witness_rows()) {
    if (!row.asked(setup.config.compare)) continue;
    const Stopwatch watch(made.seconds.emplace_back(0));
    made.all.push_back(row.make(setup));
  }
  return made;
} catch (const NumericalError& error) {
  throw NumericalError(describe(setup, error), error.time(), error.index());
}

void check_witnesses(const Setup& setup) {
  for (const WitnessRow& row : witness_rows())
    if (row.refused_when_made && row.asked(setup.config.compare)) static_cast<void>(row.make(setup));
}

}  // namespace fokker
