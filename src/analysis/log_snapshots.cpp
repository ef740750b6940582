#include "fokker/analysis/log_snapshots.hpp"

#include <cmath>
#include <limits>

namespace fokker {

LogSnapshots::LogSnapshots(std::shared_ptr<const Grid> grid, const std::optional<std::filesystem::path>& folder)
    : grid_(std::move(grid)), file_(folder), buffer_(2 * static_cast<std::size_t>(grid_->cells())) {}

void LogSnapshots::add(double t, std::span<const double> p, std::span<const double> rate) {
  constexpr double least = std::numeric_limits<double>::min();
  const std::size_t n = buffer_.size() / 2;
  for (std::size_t i = 0; i < n; ++i) {
    const bool carried = p[i] >= least;
    if (!carried) ++underflowed_;
    buffer_[i] = std::log(carried ? p[i] : least);
    const double log_rate = carried ? rate[i] / p[i] : 0;
    buffer_[n + i] = std::isfinite(log_rate) ? log_rate : 0;
  }
  file_.append(buffer_);
  times_.push_back(t);
}

void LogSnapshots::keep(Archive& archive) {
  std::vector<double> times = times_;
  archive(times, underflowed_);
  const std::size_t size = buffer_.size();
  for (std::size_t k = 0; k < times.size(); ++k) {
    if (!archive.reads()) file_.read(k * size, buffer_);
    archive(buffer_);
    if (buffer_.size() != size) throw ArchiveError("it holds snapshots of another grid");
    if (archive.reads()) file_.append(buffer_);
  }
  times_ = std::move(times);
}

void LogSnapshots::read(std::size_t k, std::span<double> log_p, std::span<double> log_rate) const {
  const std::size_t n = buffer_.size() / 2;
  file_.read(k * 2 * n, log_p.first(n));
  file_.read(k * 2 * n + n, log_rate.first(n));
}

}  // namespace fokker
