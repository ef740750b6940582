#pragma once
#include <array>
#include <span>
#include <vector>

#include "fokker/base/large_array.hpp"
#include "fokker/operator/canonical_flow.hpp"
#include "line_kernels.hpp"

namespace fokker::kinetic {

/// Mass per cell that ran against the ends of an axis and was kept in the last cells.
struct Blocked {
  double position = 0, velocity = 0;
};

/// p at the points (x_i, v_j), x fastest whatever axis it is, and what the two halves of canonical dynamics do to it.
/// Nothing is allocated but by the constructor. The bits do not depend on the number of threads.
class PhaseSpace {
 public:
  /// `keep`: p >= 0 is kept.
  PhaseSpace(const CanonicalFlow& flow, bool keep);
  /// To and from the cells of the grid.
  void load(std::span<const double> state);
  void store(std::span<double> state) const;
  /// x += v h, v += F h from t on, composed to order 4 in h (Omelyan, Mryglod and Folk 2002), F at the time that x has
  /// got to.
  void hamilton(double t, double h);
  /// The Ornstein-Uhlenbeck process of v from t to t + h at every x, exact for gamma and D of the middle.
  void thermostat(double t, double h);
  /// Since the last call.
  Blocked take_blocked();
  [[nodiscard]] long sweeps() const { return sweeps_; }  ///< over all cells

 private:
  struct Scratch {
    LargeArray memory;
    Lines rows, columns;
  };
  [[nodiscard]] Scratch make_scratch() const;
  void move(double h);
  void kick(double t, double h);
  void move_row(Index row, double h, Scratch& scratch);
  void kick_panel(Index panel, double h, Scratch& scratch);
  void thermalise_panel(Index panel, double h, Scratch& scratch);
  void relax(Index first, Index count, double h, const double* gamma, const double* D, Scratch& scratch);
  void diffuse(Index first, Index count, const double* variance, Scratch& scratch);
  template <class Work>
  void over(Index lines, const Work& work);

  const CanonicalFlow& flow_;
  const Axis &x_, &v_;
  Index nx_, nv_;
  bool keep_;
  PartialCell partial_;
  LargeArray p_;
  std::vector<double> force_, gamma_, D_;
  std::vector<double> blocked_rows_, blocked_columns_;
  std::vector<Scratch> scratch_;
  long sweeps_ = 0;
};

}  // namespace fokker::kinetic
