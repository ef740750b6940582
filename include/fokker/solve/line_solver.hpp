#pragma once
#include <array>
#include <span>
#include <vector>

#include "fokker/operator/axis_splitting.hpp"

namespace fokker {

/// Solves along all lines of both axes: S_x = (I - gamma A_x)^-1, S_y likewise, A_x and A_y the parts of
/// `AxisSplitting`.
///
/// Elimination without row exchanges. Pivots come from column sums (Grassmann, Taksar, Heyman 1985), without a
/// subtraction, so that nonnegative b gives nonnegative x to small RELATIVE errors. Each solve ends in flux form,
/// x_i = b_i + gamma (what comes in - what goes out), the flux between two cells being one number: mass plus outflow
/// holds to rounding, and no term of that sum exceeds (1 + gamma w) x_i, w the exit rate.
///
/// States are cells + outflows long. One caller at a time. The same bits for any number of threads.
class LineSolver {
 public:
  /// Factors I - gamma A [gamma in units of t, >= 0] for both axes; the last few factorisations are kept, and used
  /// again for the very same bits of gamma while `directions` does not change. `directions` must outlive its use. t is
  /// for messages. Throws NumericalError when a pivot is not positive: weights without a sign, or not finite.
  void prepare(const AxisSplitting& directions, double gamma, double t);
  [[nodiscard]] long factorisations() const { return made_; }

  /// x = base + S_y S_x b; x may be the memory of base.
  void solve(std::span<const double> b, std::span<const double> base, std::span<double> x);
  /// x = S_y (I + gamma A_x) S_x (I + gamma A_y) p (Peaceman and Rachford 1955). p >= 0 gives x >= 0 as long as gamma
  /// is at most 1 / (largest exit rate along one axis). x may be the memory of p.
  void alternate(std::span<const double> p, std::span<double> x);

  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Factors {
    const AxisSplitting* directions = nullptr;
    long version = -1;
    double gamma = 0;
    std::array<LargeArray, 2> inverse;  ///< 1 / pivot
    std::array<LargeArray, 2> ring;     ///< periodic axes: what the last cell of a line sends into the others
  };
  /// Buffers of one worker: two panels of the longer axis.
  struct Scratch {
    LargeArray b, x;
  };
  /// Of one panel: what a sweep has let out through the two ends of its lines; whether all pivots were positive.
  struct Outcome {
    double lower[AxisSplitting::lanes], upper[AxisSplitting::lanes];
    bool valid = true;
  };

  void allocate(const AxisSplitting& directions);
  void factor(Factors& factors, int axis, double t);
  template <class Load>
  void sweep_x(const Load& load, double of_x, double of_b);
  void sweep_y(const double* base, double* x);
  void solve_panel(int axis, Index panel, const double* b, double* x, double of_x, double of_b);
  void add_outflow(int axis, double factor, std::span<double> x) const;
  template <class Body>
  void over_panels(const AxisSplitting& directions, int axis, const Body& body);

  std::vector<Factors> kept_;     // in use first
  std::vector<Scratch> scratch_;  // one per worker
  LargeArray middle_;             // between the sweeps, in the panels of the columns
  std::vector<Outcome> outcome_;  // one per panel
  long made_ = 0;
};

}  // namespace fokker
