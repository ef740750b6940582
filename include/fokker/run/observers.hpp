#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/run/setup.hpp"
#include "fokker/run/witness.hpp"

namespace fokker {

/// Running totals over the initial state and every accepted step.
struct Ledger {
  double mass_initial = 0, mass = 0;          ///< on the grid [1]
  std::vector<double> outflow;                ///< per absorbing side, Grid::absorbing_sides order [1]
  double mass_error = 0, mass_max_error = 0;  ///< mass + outflow - mass_initial: now, and the largest modulus
  double min = 0, max = 0;                    ///< of p now [1/x^d]
  double run_min = 0, run_max = 0;            ///< over the run
  double negative_mass = 0;                   ///< largest int max(-p, 0) dx over the run
  [[nodiscard]] double total_outflow() const;
};

/// The state of a run as its observers see it; borrowed for the length of the call.
struct Moment {
  double t = 0, dt = 0;  ///< time, and the length of the step that led to it [t]
  long step = 0, rhs_evaluations = 0;
  const Field* p = nullptr;
  const Ledger* ledger = nullptr;
};

/// A witness's density at a frame and what it says.
struct Opinion {
  std::string witness;
  Field density;
  Verdict verdict;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void begin(const Moment&) {}
  virtual void after_step(const Moment&) {}
  /// At every output time, t = 0 included.
  virtual void frame(const Moment&, std::span<const Opinion>) {}
  virtual void end(const Moment&) {}
};

/// A bar with rate and time left, given to `draw`.
[[nodiscard]] std::unique_ptr<Observer> make_progress(const Setup& setup, std::function<void(std::string_view)> draw);
/// series.csv: a row for every frame and for the first step after each multiple of output.series.
[[nodiscard]] std::unique_ptr<Observer> make_series(const Setup& setup, const std::filesystem::path& folder);
/// density_NNNNNN.vti, density.pvd, spacetime.vti (1D), density.png (and twin.png) of the last
/// frame.
[[nodiscard]] std::unique_ptr<Observer> make_frames(const Setup& setup, std::filesystem::path folder);

}  // namespace fokker
