#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>

#include "../build/questions.hpp"
#include "fokker/analysis/norms.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/fields.hpp"
#include "fokker/run/observers.hpp"

namespace fokker {
namespace {

/// A table that grows by rows; one may wait until it is known whether a frame writes it.
class RowsOfFile {
 public:
  RowsOfFile(const std::filesystem::path& path, const std::string& header, Files files)
      : file_(path, files == Files::go_on ? AppendedFile::Begin::behind : AppendedFile::Begin::empty) {
    if (files == Files::begin) file_.append(header + "\n");
  }
  void hold(std::string row) { pending_ = std::move(row); }
  void drop() { pending_.clear(); }
  void append_pending() {
    if (!pending_.empty()) file_.append(std::exchange(pending_, ""));
  }
  void append(const std::string& row) {
    append_pending();
    file_.append(row);
  }
  /// Rows that came after are written once more.
  void keep(Archive& archive) {
    std::uint64_t size = file_.size();
    archive(pending_, size);
    if (archive.reads()) file_.cut(size);
  }

 private:
  AppendedFile file_;
  std::string pending_;
};

std::string series_header(const Setup& setup) {
  const std::vector<Axis>& axes = setup.grid->axes();
  std::string header = fmt::format("{},kl_exact", fmt::join(usual_columns(axes), ","));
  for (const CaseQuestion& asked : setup.questions->asked()) header += "," + asked.name;
  for (const Axis& axis : axes) header += ",mean_velocity_" + axis.name;
  for (const std::string& side : setup.grid->absorbing_sides()) header += ",outflow_" + side;
  return header;
}

std::string passage_header(const PassageRecord& passages) {
  std::string header = "t";
  for (const std::string& side : passages.sides()) header += fmt::format(",density_{0},cumulative_{0}", side);
  return header;
}

/// A row for every frame, and for the first step after each multiple of the interval; appended one by one.
class Series : public Observer {
 public:
  Series(const Setup& setup, const std::filesystem::path& folder, const PassageRecord* passages, Files files)
      : setup_(setup),
        passages_(passages),
        series_(folder / "series.csv", series_header(setup), files),
        interval_(setup.config.output.series),
        next_(interval_) {
    if (passages != nullptr) passage_.emplace(folder / "passage.csv", passage_header(*passages), files);
  }

  void after_step(const Moment& now) override {
    append_pending();
    if (now.t < next_) return;
    next_ = interval_ * (std::floor(now.t / interval_) + 1);
    series_.hold(row(now, ""));
    if (passage_) passage_->hold(passage_row(now.t));
    pending_step_ = now.step;
  }

  void frame(const Moment& now, std::span<const Comparison> comparisons) override {
    std::string kl;
    for (const Comparison& comparison : comparisons)
      if (witness_row(comparison.witness).is_distribution) kl = fmt::format("{:.10g}", comparison.verdict.norms.kl);
    if (pending_step_ == now.step) {  // the frame's own row stands for the step that led to it
      series_.drop();
      if (passage_) passage_->drop();
    }
    series_.append(row(now, kl));
    if (passage_) passage_->append(passage_row(now.t));
  }

  void end(const Moment&) override { append_pending(); }

  void keep(Archive& archive) override {
    archive(next_, pending_step_, series_);
    if (passage_) archive(*passage_);
  }

 private:
  void append_pending() {
    series_.append_pending();
    if (passage_) passage_->append_pending();
  }

  [[nodiscard]] std::string row(const Moment& now, const std::string& kl) const {
    const MassBalance& balance = *now.balance;
    const Moments m = moments(*now.p->grid, now.p->view());
    std::string line = fmt::format("{:.17g},{:.10g},{},{:.17g},{:.4g},{:.10g},{:.10g}", now.t, now.dt, now.step,
                                   balance.mass, balance.mass_error, balance.min, balance.max);
    for (const double mean : m.mean) line += fmt::format(",{:.12g}", mean);
    for (Index k = 0; k < m.covariance.rows(); ++k) line += fmt::format(",{:.12g}", m.covariance(k, k));
    if (m.covariance.rows() > 1) line += fmt::format(",{:.12g}", m.covariance(0, 1));
    line += fmt::format(",{:.12g},{}", entropy(*now.p->grid, now.p->view()), kl);
    for (const double answer : setup_.questions->answers(now.t, *now.p)) line += fmt::format(",{:.12g}", answer);
    for (const double velocity : mean_velocity(setup_, now.t, *now.p)) line += fmt::format(",{:.12g}", velocity);
    for (const double outflow : balance.outflow) line += fmt::format(",{:.17g}", outflow);
    return line + "\n";
  }

  [[nodiscard]] std::string passage_row(double t) const {
    std::string line = fmt::format("{:.17g}", t);
    for (std::size_t k = 0; k < passages_->sides().size(); ++k)
      line += fmt::format(",{:.12g},{:.17g}", passages_->rates()[k], passages_->cumulative()[k]);
    return line + "\n";
  }

  const Setup& setup_;
  const PassageRecord* passages_;
  RowsOfFile series_;
  std::optional<RowsOfFile> passage_;
  double interval_, next_;
  long pending_step_ = -1;
};

}  // namespace

std::unique_ptr<Observer> make_series(const Setup& setup, const std::filesystem::path& folder,
                                      const PassageRecord* passages, Files files) {
  return std::make_unique<Series>(setup, folder, passages, files);
}

}  // namespace fokker
