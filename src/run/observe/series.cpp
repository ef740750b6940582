#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "fokker/analysis/norms.hpp"
#include "fokker/output/files.hpp"
#include "fokker/run/observers.hpp"

namespace fokker {
namespace {

/// A row for every frame, and for the first step after each multiple of the interval; appended one by one.
class Series : public Observer {
 public:
  Series(const Setup& setup, const std::filesystem::path& folder, Files files)
      : file_(folder / "series.csv", files == Files::go_on ? AppendedFile::Begin::behind : AppendedFile::Begin::empty),
        interval_(setup.config.output.series),
        next_(interval_) {
    if (files == Files::go_on) return;
    const std::vector<Axis>& axes = setup.grid->axes();
    std::string header = "t,dt,step,mass,mass_error,min_p,max_p";
    for (const Axis& axis : axes) header += ",mean_" + axis.name;
    for (const Axis& axis : axes) header += ",variance_" + axis.name;
    if (axes.size() > 1) header += ",covariance_" + axes[0].name + "_" + axes[1].name;
    header += ",entropy,kl_exact";
    for (const std::string& side : setup.grid->absorbing_sides()) header += ",outflow_" + side;
    file_.append(header + "\n");
  }

  void after_step(const Moment& now) override {
    append_pending();
    if (now.t < next_) return;
    next_ = interval_ * (std::floor(now.t / interval_) + 1);
    pending_ = row(now, "");
    pending_step_ = now.step;
  }

  void frame(const Moment& now, std::span<const Comparison> comparisons) override {
    std::string kl;
    for (const Comparison& comparison : comparisons)
      if (witness_row(comparison.witness).is_distribution) kl = fmt::format("{:.10g}", comparison.verdict.norms.kl);
    if (pending_step_ == now.step) pending_.clear();  // the frame's own row stands for the step that led to it
    append_pending();
    file_.append(row(now, kl));
  }

  void end(const Moment&) override { append_pending(); }

  /// Rows that came after are written once more.
  void keep(Archive& archive) override {
    std::uint64_t size = file_.size();
    archive(next_, pending_, pending_step_, size);
    if (archive.reads()) file_.cut(size);
  }

 private:
  void append_pending() {
    if (!pending_.empty()) file_.append(std::exchange(pending_, ""));
  }

  static std::string row(const Moment& now, const std::string& kl) {
    const MassBalance& balance = *now.balance;
    const Moments m = moments(*now.p->grid, now.p->view());
    std::string line = fmt::format("{:.17g},{:.10g},{},{:.17g},{:.4g},{:.10g},{:.10g}", now.t, now.dt, now.step,
                                   balance.mass, balance.mass_error, balance.min, balance.max);
    for (const double mean : m.mean) line += fmt::format(",{:.12g}", mean);
    for (Index k = 0; k < m.covariance.rows(); ++k) line += fmt::format(",{:.12g}", m.covariance(k, k));
    if (m.covariance.rows() > 1) line += fmt::format(",{:.12g}", m.covariance(0, 1));
    line += fmt::format(",{:.12g},{}", entropy(*now.p->grid, now.p->view()), kl);
    for (const double outflow : balance.outflow) line += fmt::format(",{:.17g}", outflow);
    return line + "\n";
  }

  AppendedFile file_;
  double interval_, next_;
  std::string pending_;
  long pending_step_ = -1;
};

}  // namespace

std::unique_ptr<Observer> make_series(const Setup& setup, const std::filesystem::path& folder, Files files) {
  return std::make_unique<Series>(setup, folder, files);
}

}  // namespace fokker
