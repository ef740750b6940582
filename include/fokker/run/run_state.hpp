#pragma once
#include <Eigen/Core>
#include <vector>

#include "fokker/run/setup.hpp"

namespace fokker {

/// Running totals over the initial state and every accepted step.
struct MassBalance {
  double mass_initial = 0, mass = 0;          ///< on the grid [1]
  std::vector<double> outflow;                ///< per absorbing side, Grid::absorbing_sides order [1]
  double mass_error = 0, mass_max_error = 0;  ///< mass + outflow - mass_initial: now, and the largest modulus
  double min = 0, max = 0;                    ///< of p now [1/x^d]
  double run_min = 0, run_max = 0;            ///< over the run
  double negative_mass = 0;                   ///< largest int max(-p, 0) dx over the run
  [[nodiscard]] double total_outflow() const;
  void keep(Archive& archive) {
    archive(mass_initial, mass, outflow, mass_error, mass_max_error, min, max, run_min, run_max, negative_mass);
  }
};

/// Where a run is: all of it that moves, but for the memory of its stepper.
struct RunState {
  double t = 0, dt = 0;  ///< time, and the length of the step that led to it [t]
  long steps = 0, rejected = 0;
  double dt_min = 0, dt_max = 0;  ///< over accepted steps
  double framed = -1;             ///< time of the last frame [t]
  Eigen::VectorXd state;          ///< the cells, then what has left through each absorbing side
  Field p;                        ///< the cells alone
  MassBalance balance;
  void keep(Archive& archive) { archive(t, dt, steps, rejected, dt_min, dt_max, framed, state, p.values, balance); }
};

/// At t = 0.
[[nodiscard]] RunState initial_run_state(const Setup& setup);
/// Counts the step that has led to `now.state`, of length `dt` and at `t` now. Throws NumericalError where mass is
/// lost, negative mass grows beyond all there is, or p < 0 although p >= 0 was promised.
void count_step(const Setup& setup, double t, double dt, RunState& now);

/// The invariant of every run: throws NumericalError when mass and outflow together are off by more than 1e-9 of the
/// larger of 1 and themselves.
void require_mass(double mass, double initial, double t);

/// Sum of cells in blocks of fixed size, so that the bits do not depend on threads.
[[nodiscard]] double sum_of_cells(std::span<const double> values);

}  // namespace fokker
