#pragma once
#include <optional>
#include <span>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// How well a histogram of independent particles agrees with a density, each number with its sampling expectation, so
/// that "agrees" means "differs by no more than counting noise". With N particles, k_i of them in cell i, and
/// P_i = max(p_i, 0) * volume, divided by sum P where that exceeds 1 (by rounding, or because negative averages were
/// dropped); what sum P is short of 1 is the probability of having left.
struct Agreement {
  double l1 = 0;           ///< sum |k_i/N - P_i| over cells
  double l1_expected = 0;  ///< its mean if the particles were drawn from P: sum of binomial mean absolute deviations
  double z = 0;            ///< (l1 - l1_expected) / its standard deviation under P; signed; 0 where nothing can vary
  /// Largest |empirical - model| cdf at faces, over the marginals. Cdfs count all N particles; those that left lie
  /// beyond the last face.
  double ks = 0;
  /// Kolmogorov's asymptotic law at ks (sqrt N + 0.12 + 0.11/sqrt N) (Stephens 1970), times the number of marginals.
  /// Between faces the cdfs are not compared, so the true probability is smaller: a test that errs towards agreement.
  double ks_p_value = 1;
  /// Pearson's statistic. Cells are pooled along the grid (in 2D to and fro, so that neighbours meet) until 5 or more
  /// particles are expected; those that left come last; a short last pool joins the one before.
  double chi2 = 0;
  double chi2_dof = 0;       ///< pools - 1
  double chi2_p_value = 1;   ///< upper tail; 1 with a single pool
  std::optional<double> w1;  ///< 1D only: int |cdf difference| dx [x], both scaled to mass 1; absent when all have left
};

/// `counts`: particles per cell, cells() long; `total`: all that were started. p: cell averages. Throws
/// std::invalid_argument when sizes differ or `total` is less than the particles counted or not positive.
[[nodiscard]] Agreement agreement(const Grid& grid, std::span<const double> p, std::span<const double> counts,
                                  double total);

}  // namespace fokker
