#pragma once
#include <optional>
#include <span>

#include "fokker/grid/grid.hpp"

namespace fokker {

/// How well a histogram of independent particles agrees with a density, each number with its sampling expectation, so
/// that "agrees" means "differs by no more than counting noise".
struct Agreement {
  double l1 = 0;            ///< sum |k_i/N - P_i| over cells
  double l1_expected = 0;   ///< its mean if the particles were drawn from P: sum of binomial mean absolute deviations
  double z = 0;             ///< (l1 - l1_expected) / its standard deviation; signed
  double ks = 0;            ///< largest |empirical - model| cdf at faces, over the marginals
  double ks_p_value = 1;    ///< Kolmogorov's law, Bonferroni over the marginals
  double chi2 = 0;          ///< Pearson's statistic, neighbouring cells pooled until 5 or more are expected
  double chi2_dof = 0;
  double chi2_p_value = 1;
  std::optional<double> w1; ///< 1D only
};

/// `counts`: particles per cell; `total`: all that were started (those that left through absorbing sides are one more
/// bin, whose probability is 1 - mass(p)). p: cell averages.
[[nodiscard]] Agreement agreement(const Grid& grid, std::span<const double> p, std::span<const double> counts,
                                  double total);

}  // namespace fokker
