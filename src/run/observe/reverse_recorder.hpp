#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fokker/analysis/score_table.hpp"
#include "fokker/run/observers.hpp"

namespace fokker {

/// Records log p of the forward run at equal times, where the time reversal wants its score.
class ReverseRecorder final : public Observer {
 public:
  /// The snapshots lie in `folder`, or among temporary files.
  ReverseRecorder(const Setup& setup, const std::optional<std::filesystem::path>& folder);
  [[nodiscard]] std::span<const double> stops() const override { return times_; }
  [[nodiscard]] double next_stop() const override;
  void look(const Moment& now) override;
  void look_behind(const Moment& now) override;
  void keep(Archive& archive) override { archive(taken_, *snapshots_); }
  [[nodiscard]] std::shared_ptr<const LogSnapshots> snapshots() const { return snapshots_; }

 private:
  void add(const Moment& now);

  const Setup& setup_;
  std::vector<double> times_;  ///< of the snapshots; output times where they are the same up to rounding
  std::size_t taken_ = 0;      ///< of them
  std::shared_ptr<LogSnapshots> snapshots_;
  std::vector<double> rate_;
};

}  // namespace fokker
