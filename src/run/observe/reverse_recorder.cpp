#include "reverse_recorder.hpp"

#include <algorithm>

namespace fokker {
namespace {

/// Equal intervals from 0 to the end; those that are an output time up to rounding are that time.
std::vector<double> snapshot_times(const Case& config) {
  const double end = config.time.end;
  const std::size_t intervals = config.reverse->snapshots;
  const std::vector<double>& outputs = config.output.times;
  std::vector<double> times;
  for (std::size_t k = 0; k <= intervals; ++k) {
    const double t = end * static_cast<double>(k) / static_cast<double>(intervals);
    const auto near = std::lower_bound(outputs.begin(), outputs.end(), t - same_time * end);
    times.push_back(near != outputs.end() && *near <= t + same_time * end ? *near : t);
  }
  return times;
}

}  // namespace

ReverseRecorder::ReverseRecorder(const Setup& setup, const std::optional<std::filesystem::path>& folder)
    : setup_(setup),
      times_(snapshot_times(setup.config)),
      snapshots_(std::make_shared<LogSnapshots>(setup.grid, folder)),
      rate_(static_cast<std::size_t>(setup.scheme->op().size())) {}

double ReverseRecorder::next_stop() const { return times_[std::min(taken_, times_.size() - 1)]; }

void ReverseRecorder::look(const Moment& now) {
  if (taken_ == times_.size() || now.t < next_stop()) return;
  ++taken_;
  add(now);
}

void ReverseRecorder::look_behind(const Moment& now) {
  add(now);
  while (taken_ < times_.size() && times_[taken_] <= now.t) ++taken_;
}

void ReverseRecorder::add(const Moment& now) {
  setup_.scheme->op().apply(now.t, now.state, rate_);
  snapshots_->add(now.t, now.state, rate_);
}

}  // namespace fokker
