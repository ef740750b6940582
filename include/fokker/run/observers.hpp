#pragma once
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fokker/run/run_state.hpp"
#include "fokker/run/setup.hpp"
#include "fokker/run/witness.hpp"

namespace fokker {

/// The state of a run as its observers see it; borrowed for the length of the call.
struct Moment {
  double t = 0, dt = 0;  ///< time, and the length of the step that led to it [t]
  long step = 0, rhs_evaluations = 0;
  const Field* p = nullptr;
  const MassBalance* balance = nullptr;
  std::span<const double> state = {};  ///< cells, then outflows
};

/// A witness's density at a frame and what it says.
struct Comparison {
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
  virtual void frame(const Moment&, std::span<const Comparison>) {}
  virtual void end(const Moment&) {}
  /// What it remembers, between two steps.
  virtual void keep(Archive& /*archive*/) {}

  /// Times, ascending, that must be stepped to besides the output times, and the next of them.
  [[nodiscard]] virtual std::span<const double> stops() const { return {}; }
  [[nodiscard]] virtual double next_stop() const { return std::numeric_limits<double>::infinity(); }
  /// At t = 0 and wherever a step or a wait has ended, maybe at one of these times.
  virtual void look(const Moment&) {}
  /// Behind a switch of the coefficients, where the rate of p is another one.
  virtual void look_behind(const Moment&) {}
};

/// A bar with rate and time left, given to `draw`.
[[nodiscard]] std::unique_ptr<Observer> make_progress(const Setup& setup, std::function<void(std::string_view)> draw);
/// Whether files that grow begin, or go on where a checkpoint left them.
enum class Files { begin, go_on };
/// series.csv: a row for every frame and for the first step after each multiple of output.series.
[[nodiscard]] std::unique_ptr<Observer> make_series(const Setup& setup, const std::filesystem::path& folder,
                                                    Files files);
/// density_NNNNNN.vti, density.pvd, spacetime.vti (1D), density.png (and twin.png) of the last
/// frame.
[[nodiscard]] std::unique_ptr<Observer> make_frames(const Setup& setup, std::filesystem::path folder);

}  // namespace fokker
