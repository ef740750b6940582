#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fokker/base/scratch_file.hpp"
#include "fokker/grid/grid.hpp"
#include "fokker/model/score.hpp"

namespace fokker {

/// log p of a run and its rate d log p/dt at a series of times, in a scratch file (2 doubles per cell and time). Where
/// p is below the smallest normal double its logarithm is that of this number, and its rate 0: the score is 0 there;
/// such cells are counted.
class LogSnapshots {
 public:
  /// The file lies in `folder`, or among temporary files. Throws FileError.
  LogSnapshots(std::shared_ptr<const Grid> grid, const std::optional<std::filesystem::path>& folder);

  /// p: cell averages [1/x^d]; rate: dp/dt [1/(x^d t)]; cells() values each, in ascending time. Throws FileError.
  void add(double t, std::span<const double> p, std::span<const double> rate);
  /// log p and its rate of snapshot k.
  void read(std::size_t k, std::span<double> log_p, std::span<double> log_rate) const;

  [[nodiscard]] const std::shared_ptr<const Grid>& grid() const { return grid_; }
  [[nodiscard]] const std::vector<double>& times() const { return times_; }
  /// Cells, over all snapshots, that double precision does not carry.
  [[nodiscard]] Index floored() const { return floored_; }

 private:
  std::shared_ptr<const Grid> grid_;
  ScratchFile file_;
  std::vector<double> times_;
  std::vector<double> buffer_;
  Index floored_ = 0;
};

/// The score of an earlier run, from its snapshots: log p by cubic Hermite interpolation in time, slopes bounded where
/// a snapshot interval is too long to follow log p (its change may not exceed three times the difference, plus 1);
/// differences of log p on the faces, linear between them. Second order in space. `stride` 2 leaves out every second
/// snapshot: what that changes tells the error in time.
class ScoreTable : public ScoreSource {
 public:
  /// Throws std::invalid_argument for fewer than two snapshots that the stride leaves.
  explicit ScoreTable(std::shared_ptr<const LogSnapshots> snapshots, std::size_t stride = 1);
  [[nodiscard]] int dimension() const override { return grid_->dimension(); }
  /// Times outside of the snapshots count as the nearest of them.
  void prepare(double t, std::span<const double> p) override;
  void score(const PointsIn& x, PointsOut s) const override;
  /// log p of the cells at the time of the last `prepare`.
  [[nodiscard]] std::span<const double> log_p() const { return now_; }

 private:
  struct Knot {
    std::size_t number = static_cast<std::size_t>(-1);
    std::vector<double> log_p, rate;
  };
  void load(Knot& knot, std::size_t number);
  [[nodiscard]] double slope(int axis, Index face, Index other) const;
  [[nodiscard]] double component(int axis, double along, double across) const;

  std::shared_ptr<const LogSnapshots> snapshots_;
  std::shared_ptr<const Grid> grid_;
  std::vector<std::size_t> used_;  // numbers of the snapshots that count
  Knot before_, after_;
  std::vector<double> now_;
};

}  // namespace fokker
