#pragma once
#include <optional>
#include <string>

namespace fokker {

/// How a number, or a density, changes from grid to coarser grid: differences of numbers (with their sign) or
/// distances.
struct GridChanges {
  double change = 0;               ///< value on the next coarser grid less the value on this one
  std::optional<double> before{};  ///< value on the third grid less that on the second; absent: there is no third
  double ratio = 2;                ///< of the cell widths of the second grid and this one, > 1
  double ratio_before = 2;         ///< of the third and the second
  double noise = 0;                ///< what the differences hold beside the grids: rounding, steps in time
  std::string doubt{};             ///< why no order is to be made of them; empty: nothing speaks against it
  bool alike = true;               ///< the differences of the densities behind them are of one shape (changes_alike)
  bool distances = false;          ///< of which no parts cancel, as those of a number may
};

/// What grids say about the error of the finest of them.
struct GridError {
  std::optional<double> order{};  ///< measured; absent where the differences show none
  bool credible = false;          ///< of three grids, between 1/2 and one above that of the scheme
  std::string why{};              ///< not credible: why
  double error = 0;               ///< value on this grid less that on cells without width; 0 where not credible
  double uncertainty = 0;         ///< what the modulus of the error should not exceed
};

/// Richardson extrapolation of three grids. The order p solves
///
///     before / change = r^p (r_b^p - 1) / (r^p - 1),      error = change / (r^p - 1)
///
/// (Celik et al. 2008). Where it is credible the uncertainty is F |change| / (r^q - 1), q the smaller of p and that of
/// the scheme, F = 1.25 where p is within a tenth of it, else 3 (Oberkampf and Roy 2010, section 8.6). Elsewhere the
/// differences themselves are the bound: q = 1/2 and F = 3 and no less than thrice the larger one, more by their ratio
/// where they grow; where p is too high, thrice the larger of `change` and what `before` makes of it in the order of
/// the scheme (thrice, or all of it where that is more), and of distances that are not `alike` the larger of that and
/// what an order of 1 at most leaves, thrice.
[[nodiscard]] GridError grid_error(const GridChanges& changes, int scheme_order);

}  // namespace fokker
