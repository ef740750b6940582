#pragma once
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "fokker/analysis/log_snapshots.hpp"
#include "fokker/model/score.hpp"

namespace fokker {

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
    std::size_t number = -1;
    std::vector<double> log_p, rate;
  };
  void load(Knot& knot, std::size_t number);
  void find_slopes(int axis);
  [[nodiscard]] double component(int axis, double along, double across) const;

  std::shared_ptr<const LogSnapshots> snapshots_;
  std::shared_ptr<const Grid> grid_;
  std::vector<std::size_t> used_;  // numbers of the snapshots that count
  Knot before_, after_;
  std::vector<double> now_;
  std::array<std::vector<double>, 2> slopes_;  // of now_, at the upper face of every cell
};

}  // namespace fokker
