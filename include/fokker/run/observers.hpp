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
  bool last = false;                   ///< the run has come to an end of its case
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

/// What has left the box through one side so far, or through all of them, and when.
struct Passages {
  double left = 0;                ///< the mass [1]
  double mean = 0, variance = 0;  ///< of the times at which it left [t, t^2]; NaN where nothing has
  double delay = 0;               ///< by which the cells at the wall put these times off, about [t]
  [[nodiscard]] bool any() const { return left > 0; }
  /// The delay is worth a warning.
  [[nodiscard]] bool late() const { return left > 1e-9 && delay > 0.02 * mean; }
};

/// First passages of a run by its absorbing sides, from the outflow unknowns: within a step the outflow is the monotone
/// cubic through its values and rates at both ends (Fritsch and Carlson 1980). Steppers that are exact for any dt would
/// go from output to output in one step: they are stopped eight times on each of these ways, and on the first one at
/// ever shorter times.
///
/// Cells delay what leaves: of the mean time to leave, T'' D + T' f = -1, the balance of the cell at the wall, half of
/// it from the wall, is by
///
///     h^2 / (8 D + 2 h max(f_n, 0))
///
/// above T (exact for small and for large f_n h / D; f_n towards the wall). `Passages::delay` is its mean over what has
/// left, at once too.
class PassageRecord : public Observer {
 public:
  explicit PassageRecord(const Setup& setup);

  [[nodiscard]] std::span<const double> stops() const override { return stops_; }
  [[nodiscard]] double next_stop() const override;
  void begin(const Moment& now) override;
  void look(const Moment& now) override;
  void look_behind(const Moment& now) override;
  void keep(Archive& archive) override;

  [[nodiscard]] const std::vector<std::string>& sides() const { return sides_; }
  /// Rate of the outflow of every side now [1/t], and the outflow so far [1].
  [[nodiscard]] const std::vector<double>& rates() const { return rate_; }
  [[nodiscard]] const std::vector<double>& cumulative() const { return outflow_; }
  /// "" stands for all sides.
  [[nodiscard]] Passages through(const std::string& side) const;
  /// The fraction of the initial mass that is still inside.
  [[nodiscard]] double inside() const { return inside_ / initial_; }
  /// int S dt for the fraction S inside so far [t]: what the mean time of passage of all is at least.
  [[nodiscard]] double least_mean() const;
  /// Those inside would change the mean by more than a millionth: it is a lower bound.
  [[nodiscard]] bool lower_bound() const;
  /// That in words; "" where it is none.
  [[nodiscard]] std::string note(const std::string& side) const;
  /// Of the sides whose cells are too wide for the times at which mass has left there; "" where there are none.
  [[nodiscard]] std::string warning() const;

 private:
  struct Sum {
    double first = 0, second = 0, delay = 0;  // int s dC, int s^2 dC, int delay dC
    void keep(Archive& archive) { archive(first, second, delay); }
  };
  /// The cells along an absorbing side, and 8 D + 2 h f_n in each at a time [x^2/t].
  struct Wall {
    Index first = 0, stride = 0;  ///< of the cells
    int axis = 0, side = 0;
    std::array<std::vector<double>, 2> x, f;
    std::array<std::vector<double>, 3> D;
    std::vector<double> pull;
    double at = -1;  ///< [t] -1: never
  };
  [[nodiscard]] Wall wall_at(int axis, int side) const;
  void move_to(double t, Wall& wall) const;
  [[nodiscard]] double delay_at(std::size_t outflow, const Moment& now);
  void take_rates(const Moment& now);

  const Setup& setup_;
  std::vector<std::string> sides_;
  std::vector<double> stops_;
  std::vector<double> rate_, outflow_;
  std::vector<Sum> sums_;
  std::vector<Wall> walls_;             // by outflow
  std::vector<double> state_, change_;  // scratch
  double t_ = 0, inside_ = 0, initial_ = 1;
  bool goes_on_ = false;  // from a checkpoint
};

/// [=========>          ] for a part of 1.
[[nodiscard]] std::string progress_bar(double done);
/// "00:03 left", "1:02:03 left", of what takes as long for every part.
[[nodiscard]] std::string time_left(double done, double elapsed_seconds);
/// A bar with rate and time left, given to `draw`.
[[nodiscard]] std::unique_ptr<Observer> make_progress(const Setup& setup, std::function<void(std::string_view)> draw);
/// Whether files that grow begin, or go on where a checkpoint left them.
enum class Files { begin, go_on };
/// series.csv: a row for every frame and for the first step after each multiple of output.series; and passage.csv, at
/// the same times, from the record of what passes absorbing sides (null: none does; else it outlives the series).
[[nodiscard]] std::unique_ptr<Observer> make_series(const Setup& setup, const std::filesystem::path& folder,
                                                    const PassageRecord* passages, Files files);
/// Where the case asks for .vti density_NNNNNN.vti, density.pvd and spacetime.vti (1D).
[[nodiscard]] std::unique_ptr<Observer> make_frames(const Setup& setup, std::filesystem::path folder);

/// density_NNNNNN.csv and .npy, and marginal_AXIS_NNNNNN in all formats with marginal_AXIS.pvd, where the case asks.
[[nodiscard]] std::unique_ptr<Observer> make_tables(const Setup& setup, std::filesystem::path folder);

}  // namespace fokker
