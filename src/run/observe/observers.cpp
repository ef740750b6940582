#include "fokker/run/observers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <list>
#include <utility>

#include "fokker/analysis/norms.hpp"
#include "fokker/analysis/score.hpp"
#include "fokker/output/files.hpp"
#include "fokker/output/paraview.hpp"
#include "fokker/output/picture.hpp"

namespace fokker {

namespace {

using Clock = std::chrono::steady_clock;

std::string clock_text(double seconds) {
  if (!(seconds < 359999)) return "--:--";
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

/// [=========>          ]  47 %  t = 4.7  1.2e4 steps/s  83 Mcell/s  00:03 left
class Progress : public Observer {
 public:
  Progress(const Setup& setup, std::function<void(std::string_view)> draw)
      : draw_(std::move(draw)), end_(setup.config.time.end), cells_(static_cast<double>(setup.grid->cells())) {}

  void begin(const Moment&) override { start_ = last_ = Clock::now(); }

  void after_step(const Moment& now) override {
    if (Clock::now() - last_ < std::chrono::milliseconds(100)) return;
    last_ = Clock::now();
    draw(now);
  }

  void end(const Moment&) override {
    if (drawn_) draw_("");
  }

 private:
  void draw(const Moment& now) {
    constexpr int width = 30;
    const double done = now.t / end_, elapsed = std::chrono::duration<double>(last_ - start_).count();
    const int filled = static_cast<int>(done * width);
    const std::string bar = std::string(static_cast<std::size_t>(filled), '=') + (filled < width ? ">" : "") +
                            std::string(static_cast<std::size_t>(std::max(0, width - filled - 1)), ' ');
    const std::string line = fmt::format("[{}] {:3.0f} %  t = {:.4g}  {:.3g} steps/s  {:.3g} Mcell/s  {} left", bar,
                                         100 * done, now.t, static_cast<double>(now.step) / elapsed,
                                         1e-6 * cells_ * static_cast<double>(now.rhs_evaluations) / elapsed,
                                         clock_text(done > 0 ? elapsed * (1 - done) / done : INFINITY));
    draw_(line);
    drawn_ = true;
  }

  std::function<void(std::string_view)> draw_;
  double end_, cells_;
  Clock::time_point start_, last_;
  bool drawn_ = false;
};

/// A row for every frame, and for the first step after each multiple of the interval; appended one by one.
class Series : public Observer {
 public:
  Series(const Setup& setup, const std::filesystem::path& folder)
      : file_(folder / "series.csv"), interval_(setup.config.output.series), next_(interval_) {
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

  void frame(const Moment& now, std::span<const Opinion> opinions) override {
    std::string kl;
    for (const Opinion& opinion : opinions)
      if (opinion.witness == "exact") kl = fmt::format("{:.10g}", opinion.verdict.norms.kl);
    if (pending_step_ == now.step) pending_.clear();  // the frame's own row stands for the step that led to it
    append_pending();
    file_.append(row(now, kl));
  }

  void end(const Moment&) override { append_pending(); }

 private:
  void append_pending() {
    if (!pending_.empty()) file_.append(std::exchange(pending_, ""));
  }

  static std::string row(const Moment& now, const std::string& kl) {
    const Ledger& ledger = *now.ledger;
    const Moments m = moments(*now.p->grid, now.p->view());
    std::string line = fmt::format("{:.17g},{:.10g},{},{:.17g},{:.4g},{:.10g},{:.10g}", now.t, now.dt, now.step,
                                   ledger.mass, ledger.mass_error, ledger.min, ledger.max);
    for (const double mean : m.mean) line += fmt::format(",{:.12g}", mean);
    for (Index k = 0; k < m.covariance.rows(); ++k) line += fmt::format(",{:.12g}", m.covariance(k, k));
    if (m.covariance.rows() > 1) line += fmt::format(",{:.12g}", m.covariance(0, 1));
    line += fmt::format(",{:.12g},{}", entropy(*now.p->grid, now.p->view()), kl);
    for (const double outflow : ledger.outflow) line += fmt::format(",{:.17g}", outflow);
    return line + "\n";
  }

  AppendedFile file_;
  double interval_, next_;
  std::string pending_;
  long pending_step_ = -1;
};

/// Pictures for ParaView, and one for a quick look.
class Frames : public Observer {
 public:
  Frames(const Setup& setup, std::filesystem::path folder) : setup_(setup), folder_(std::move(folder)) {}

  void frame(const Moment& now, std::span<const Opinion> opinions) override {
    const std::string name = fmt::format("density_{:06}.vti", written_.size());
    write_vti(folder_ / name, *setup_.grid, arrays(now, opinions), now.t);
    written_.emplace_back(now.t, name);
    if (written_.size() == 1 || Clock::now() - listed_ > std::chrono::seconds(1)) list();
    if (setup_.grid->dimension() == 1) history_.emplace_back(now.p->values.begin(), now.p->values.end());
    references_.clear();
    for (const Opinion& opinion : opinions)
      if (opinion.witness == "exact" || opinion.witness == "twin")
        references_.emplace_back(opinion.witness, opinion.density);
  }

  void end(const Moment& now) override {
    if (written_.empty()) return;
    list();
    std::vector<double> times;
    for (const auto& [t, name] : written_) times.push_back(t);
    if (setup_.grid->dimension() == 1)
      write_spacetime_vti(folder_ / "spacetime.vti", setup_.grid->axis(0), times, history_);
    if (now.t != written_.back().first) references_.clear();  // of an earlier time
    draw("density.png", now, "exact");
    if (setup_.config.compare.twin) draw("twin.png", now, "twin");
  }

 private:
  /// The list of all frames is long where they are many: not written anew for each.
  void list() {
    write_pvd(folder_ / "density.pvd", written_);
    listed_ = Clock::now();
  }

  void draw(const char* file, const Moment& now, const std::string& witness) const {
    Reference reference{witness, {}};
    for (const auto& [name, density] : references_)
      if (name == witness) reference.values = density.view();
    write_density_png(folder_ / file, *setup_.grid, now.p->view(), reference, setup_.config.title, now.t);
  }

  std::vector<CellArray> arrays(const Moment& now, std::span<const Opinion> opinions) {
    const auto cells = static_cast<std::size_t>(setup_.grid->cells());
    storage_.clear();
    std::vector<CellArray> all;
    const auto scalar = [&](const std::string& name, std::vector<double> values) {
      all.push_back({name, {storage_.emplace_back(std::move(values))}});
    };
    for (const std::string& field : setup_.config.output.fields) {
      if (field == "p") all.push_back({"p", {now.p->view()}});
      if (field == "log_p") {
        std::vector<double> logs(cells);
        for (std::size_t i = 0; i < cells; ++i) logs[i] = std::log(now.p->values[static_cast<Index>(i)]);
        scalar("log_p", std::move(logs));
      }
      if (field == "entropy_production")
        scalar(field, dissipation(setup_, now.t, *now.p).value_or(std::vector<double>(cells, NAN)));
      if (field == "current" || field == "drift" || field == "score" || field == "effective_drift")
        vector_field(field, now, all);
    }
    const auto asked = [&](const char* name) {
      const auto& fields = setup_.config.output.fields;
      return std::find(fields.begin(), fields.end(), name) != fields.end();
    };
    if (asked("score") || asked("effective_drift")) scalar("mask", carried_by_doubles(now.p->view()));
    bool first = true;
    for (const Opinion& opinion : opinions) {
      all.push_back({"p_" + opinion.witness, {opinion.density.view()}});
      std::vector<double> error(cells);
      for (std::size_t i = 0; i < cells; ++i)
        error[i] = now.p->values[static_cast<Index>(i)] - opinion.density.values[static_cast<Index>(i)];
      scalar(first ? "error" : "error_" + opinion.witness, std::move(error));
      first = false;
    }
    return all;
  }

  void vector_field(const std::string& name, const Moment& now, std::vector<CellArray>& all) {
    const auto cells = static_cast<std::size_t>(setup_.grid->cells());
    const int d = setup_.grid->dimension();
    std::vector<double>& x = storage_.emplace_back(cells);
    std::vector<double>& y = storage_.emplace_back(d > 1 ? cells : 0);
    double* const second = d > 1 ? y.data() : nullptr;
    if (name == "current" || name == "effective_drift") setup_.scheme->current(now.t, now.p->view(), x.data(), second);
    if (name == "effective_drift")
      for (std::size_t i = 0; i < cells; ++i) {
        const double p = now.p->values[static_cast<Index>(i)];
        x[i] = p > 0 ? x[i] / p : NAN;
        if (d > 1) y[i] = p > 0 ? y[i] / p : NAN;
      }
    if (name == "score") score_field(*setup_.grid, now.p->view(), x.data(), second);
    if (name == "drift") setup_.sde->drift(setup_.grid->centers(), now.t, {{x.data(), y.data()}});
    all.push_back(d > 1 ? CellArray{name, {x, y}, true} : CellArray{name, {x}, true});
  }

  const Setup& setup_;
  std::filesystem::path folder_;
  std::vector<std::pair<double, std::string>> written_;
  Clock::time_point listed_;
  std::vector<std::vector<double>> history_;
  std::vector<std::pair<std::string, Field>> references_;
  std::list<std::vector<double>> storage_;  // owns the columns of one frame; a list, so that views stay valid
};

}  // namespace

std::optional<std::vector<double>> dissipation(const Setup& setup, double t, const Field& p) {
  const auto cells = static_cast<std::size_t>(setup.grid->cells());
  std::vector<double> Jx(cells), Jy(setup.grid->dimension() > 1 ? cells : 0);
  double* const second = Jy.empty() ? nullptr : Jy.data();
  setup.scheme->current(t, p.view(), Jx.data(), second);
  return entropy_production(*setup.grid, *setup.sde, t, p.view(), Jx.data(), second);
}

std::unique_ptr<Observer> make_progress(const Setup& setup, std::function<void(std::string_view)> draw) {
  return std::make_unique<Progress>(setup, std::move(draw));
}
std::unique_ptr<Observer> make_series(const Setup& setup, const std::filesystem::path& folder) {
  return std::make_unique<Series>(setup, folder);
}
std::unique_ptr<Observer> make_frames(const Setup& setup, std::filesystem::path folder) {
  return std::make_unique<Frames>(setup, std::move(folder));
}

}  // namespace fokker
