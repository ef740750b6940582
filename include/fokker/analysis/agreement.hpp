#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/grid/grid.hpp"

namespace fokker {

/// What z, KS and chi-square say together.
struct JointVerdict {
  double p_value = 1;              ///< min(1, 3 min(p_z, p_KS, p_chi2)): Bonferroni's bound
  std::string word;                ///< "agrees", "doubtful" below 1e-2, "differs" below 1e-3
  std::vector<std::string> spoke;  ///< those that alone make it doubtful, or different: "z", "KS", "chi-square"
};
inline constexpr double doubtful_below = 1e-2, differs_below = 1e-3;

/// How well a histogram of independent particles agrees with a density, each number with its sampling expectation, so
/// that "agrees" means "differs by no more than counting noise". With N particles, k_i of them in cell i, and
/// P_i = max(p_i, 0) * volume, divided by sum P where that exceeds 1 (by rounding, or because negative averages were
/// dropped); what sum P is short of 1 is the probability of having left. A p that is not finite agrees with nothing:
/// its statistics are NaN, their p-values 0.
struct Agreement {
  double l1 = 0;           ///< sum |k_i/N - P_i| over cells
  double l1_expected = 0;  ///< its mean if the particles were drawn from P: sum of binomial mean absolute deviations
  std::optional<double>
      z;                 ///< (l1 - l1_expected) / its standard deviation under P; signed; absent where too few expect
  Index expecting = 0;   ///< cells with N P_i >= 1; under 10 of them z means nothing
  double z_p_value = 1;  ///< both tails at z of a distribution with the skewness of l1, the normal one for many cells
  /// Largest |empirical - model| cdf at faces, over the marginals; on a periodic axis Kuiper's, the largest difference
  /// less the smallest, which does not depend on where the circle is cut. Cdfs count all N particles; those that left
  /// lie beyond the last face.
  double ks = 0;
  /// Kolmogorov's asymptotic distribution at ks (sqrt N + 0.12 + 0.11/sqrt N), or Kuiper's at (sqrt N + 0.155 +
  /// 0.24/sqrt N) (Stephens 1970), the smallest over the marginals times their number. Between faces the cdfs are not
  /// compared, so the true probability is smaller: a test that errs towards agreement.
  double ks_p_value = 1;
  /// Pearson's statistic over the cells that expect 5 or more particles and over pools of the others, taken together
  /// along the grid (in 2D to and fro, so that neighbours meet) until they do; those that left come last; a short last
  /// pool joins the smallest.
  double chi2 = 0;
  double chi2_dof = 0;  ///< pools - 1
  /// Upper tail; 1 with a single pool. Where the emptiest cells hold more particles than chance allows (1e-6), the
  /// chance of that many.
  double chi2_p_value = 1;
  std::optional<double> w1;  ///< 1D only: int |cdf difference| dx [x], both scaled to mass 1; absent when all have left

  [[nodiscard]] JointVerdict verdict() const;
  void keep(Archive& archive) {
    archive(l1, l1_expected, z, expecting, z_p_value, ks, ks_p_value, chi2, chi2_dof, chi2_p_value, w1);
  }
};

/// `counts`: particles per cell, cells() long; `total`: all that were started. p: cell averages. Throws
/// std::invalid_argument when sizes differ or `total` is less than the particles counted or not positive.
[[nodiscard]] Agreement agreement(const Grid& grid, std::span<const double> p, std::span<const double> counts,
                                  double total);

}  // namespace fokker
