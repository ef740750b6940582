#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fokker/base/archive.hpp"
#include "fokker/base/scratch_file.hpp"
#include "fokker/grid/grid.hpp"

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
  /// All of them.
  void keep(Archive& archive);
  /// log p and its rate of snapshot k.
  void read(std::size_t k, std::span<double> log_p, std::span<double> log_rate) const;

  [[nodiscard]] const std::shared_ptr<const Grid>& grid() const { return grid_; }
  [[nodiscard]] const std::vector<double>& times() const { return times_; }
  /// Cells, over all snapshots, that double precision does not carry.
  [[nodiscard]] Index underflowed() const { return underflowed_; }

 private:
  std::shared_ptr<const Grid> grid_;
  ScratchFile file_;
  std::vector<double> times_;
  std::vector<double> buffer_;
  Index underflowed_ = 0;
};

}  // namespace fokker
