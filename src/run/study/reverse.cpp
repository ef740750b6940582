#include "fokker/run/reverse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "../build/scores.hpp"
#include "fokker/analysis/grid_error.hpp"
#include "fokker/analysis/norms.hpp"
#include "fokker/analysis/other_cells.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/base/stopwatch.hpp"
#include "fokker/model/reverse_sde.hpp"
#include "fokker/output/paraview.hpp"
#include "fokker/run/closed_form.hpp"
#include "fokker/run/march.hpp"
#include "fokker/run/run.hpp"
#include "fokker/scheme/coefficients.hpp"
#include "fokker/scheme/drift_diffusion.hpp"
#include "fokker/scheme/effective_drift.hpp"

namespace fokker {
namespace {

/// The density that the time reversal starts from, of mass 1.
Field start_of(const Setup& setup, const Field& last) {
  if (setup.config.reverse->start == "forward") return last;
  const auto d = static_cast<Eigen::Index>(setup.config.axes.size());
  const GaussianMixture normal({Gaussian{1, Eigen::VectorXd::Zero(d), Eigen::MatrixXd::Identity(d, d)}});
  const GridFaces cells(*setup.grid);
  Field prior(setup.grid);
  const auto& schedule = setup.config.schedule;
  (schedule ? schedule->prior(setup.config.time.end) : normal).cell_averages(cells.faces, prior.view());
  prior.values /= prior.mass();
  return prior;
}

/// int p ds . D ds dx for the difference of two scores at one time, over the cell centres; p from its logarithm.
double score_distance(const Setup& setup, double t, const ScoreTable& a, const ScoreTable& b) {
  const Grid& grid = *setup.grid;
  const std::size_t n = grid.cells();
  std::vector<double> ax(n), ay(n), bx(n), by(n), xx(n), xy(n), yy(n);
  a.score(grid.centers(), {{ax.data(), ay.data()}});
  b.score(grid.centers(), {{bx.data(), by.data()}});
  setup.sde->diffusion(grid.centers(), t, {xx.data(), xy.data(), yy.data()});
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double dx = ax[i] - bx[i], dy = grid.dimension() > 1 ? ay[i] - by[i] : 0;
    sum += std::exp(a.log_p()[i]) * (dx * dx * xx[i] + 2 * dx * dy * xy[i] + dy * dy * yy[i]);
  }
  return sum * grid.volume();
}

/// What interpolation in time adds: with every second snapshot the error is 16 times that of all (h^4), and so it
/// stands before us in the middle of each doubled interval.
double score_kl(const Setup& setup, const std::shared_ptr<const LogSnapshots>& snapshots) {
  ScoreTable all(snapshots), half(snapshots, 2);
  const std::vector<double>& times = snapshots->times();
  double integral = 0;
  for (std::size_t k = 1; k + 1 < times.size(); k += 2) {
    poll_stop();
    all.prepare(times[k], {});
    half.prepare(times[k], {});
    integral += (times[k + 1] - times[k - 1]) * score_distance(setup, times[k], all, half);
  }
  constexpr double fraction = 128.0 / 315;  // mean of (16 u^2 (1 - u)^2)^2, the error over an interval, 1 in its middle
  return fraction * integral / (16 * 16);
}

/// Noise keeps the flux fitted; without it p is advected.
std::unique_ptr<Form> reverse_form(const std::shared_ptr<const Grid>& grid, std::shared_ptr<const Sde> sde,
                                   TimeRange times) {
  if (sde->traits().deterministic)
    return make_given_drift(grid, std::move(sde), find_reconstruction("huynh"), nullptr, times);
  return make_drift_diffusion(grid, std::move(sde), default_flux(), times);
}

/// The output times, ascending; start and end alone where frames of all of them would take more than 256 MB.
std::vector<double> way_times(const Setup& setup) {
  constexpr std::size_t most_values = 32'000'000;
  const std::vector<double>& times = setup.config.output.times;
  const std::size_t values =
      times.size() * static_cast<std::size_t>(setup.grid->cells()) * setup.config.reverse->lambda.size();
  return values <= most_values ? times : std::vector<double>{times.front(), times.back()};
}

}  // namespace

/// Steps of one lambda, on the grid of its start.
class Reversal::Descent {
 public:
  Descent(const Setup& setup, const Field& start, double lambda, const std::shared_ptr<ScoreSource>& score)
      : setup_(setup),
        start_(start),
        sde_(std::make_shared<const ReverseSde>(setup.sde, score, setup.config.time.end, lambda)),
        form_(reverse_form(start.grid, sde_, {0, setup.config.time.end})),
        options_{std::nullopt, setup.config.reverse->tolerance, form_->op().positive()},
        row_(row_of(*form_)),
        stepper_(make_stepper(*row_, form_->op(), options_, 0)) {
    result_.lambda = lambda;
    result_.stepper = row_->name;
    result_.p = start;
  }

  [[nodiscard]] bool over() const { return passed_ == stops_.size(); }
  [[nodiscard]] double t() const { return march_.t(); }

  void step() {
    poll_stop();
    const Stopwatch watch(result_.seconds);
    if (passed_ == 0) {
      march_.begin(stops_[1], result_.p.view());
      result_.way.push_back(start_);
      passed_ = 1;
    }
    const StepResult done = march_.step(stops_[passed_], result_.p.view());
    ++result_.steps;
    result_.rejected += done.rejected;
    result_.rhs_evaluations = evaluated_before_ + stepper_->rhs_evaluations();
    for (; !over() && march_.t() >= stops_[passed_]; ++passed_) {
      result_.way.push_back(result_.p);
      march_.leave();
    }
  }

  ReverseRow finish() {
    std::reverse(result_.way.begin(), result_.way.end());
    require_mass(result_.p.mass(), start_.mass(), 0);
    if (row_->adaptive) result_.error_in_time = static_cast<double>(result_.steps) * setup_.config.reverse->tolerance;
    result_.mass_error = std::abs(result_.p.mass() - start_.mass());
    result_.verdict = verdict_on(0, result_.p, setup_.initial);
    return std::move(result_);
  }

  void keep(Archive& archive) {
    archive(passed_, march_);
    keep_row(archive, start_.grid, stops_.size(), result_);
    evaluated_before_ = result_.rhs_evaluations;
    if (passed_ == 0 || passed_ >= stops_.size()) throw ArchiveError("it holds a way back that is none");
  }

  static void keep_row(Archive& archive, const std::shared_ptr<const Grid>& grid, std::size_t most_frames,
                       ReverseRow& row) {
    std::size_t frames = row.way.size();
    archive(row.lambda, row.verdict, row.stepper, row.steps, row.rejected, row.rhs_evaluations, row.seconds,
            row.mass_error, row.error_in_time, row.score_l1, row.p.values, frames);
    if (frames > most_frames) throw ArchiveError("it holds a longer way back than there is");
    if (archive.reads()) row.way.assign(frames, Field(grid));
    for (Field& frame : row.way) archive(frame.values);
    row.p.grid = grid;
    const auto fits = [&](const Field& p) { return p.values.size() == grid->cells(); };
    if (!fits(row.p) || !std::all_of(row.way.begin(), row.way.end(), fits))
      throw ArchiveError("it holds a way back on another grid");
  }

 private:
  [[nodiscard]] const StepperRow* row_of(const Form& form) const {
    const std::string& asked = setup_.config.reverse->stepper;
    const StepperRow* const row = asked == "auto" ? nullptr : find_stepper(asked);
    if (row != nullptr && (!row->implicit || form.op().linear() != nullptr))
      return row;  // advection is not linear in p
    return choose_stepper(form.op(), setup_.grid->dimension(), options_, 0, setup_.config.time.end).row;
  }
  [[nodiscard]] std::vector<double> stops_back() const {
    const std::vector<double> times = way_times(setup_);
    std::vector<double> stops;
    for (auto t = times.rbegin(); t != times.rend(); ++t) stops.push_back(setup_.config.time.end - *t);
    return stops;
  }

  const Setup& setup_;
  const Field& start_;
  std::shared_ptr<const ReverseSde> sde_;
  std::unique_ptr<Form> form_;
  StepperOptions options_;
  const StepperRow* row_;
  std::unique_ptr<TimeStepper> stepper_;
  std::vector<double> stops_ = stops_back();
  Timeline timeline_ = sde_->timeline({0, setup_.config.time.end}, box_of(*start_.grid))
                           .meeting(stops_, same_time* setup_.config.time.end);
  March march_{*stepper_, *row_, timeline_};
  ReverseRow result_;
  std::size_t passed_ = 0;  // stops that were come to; none before the first step
  long evaluated_before_ = 0;
};

namespace {

/// The same case on cells wider by a factor, with fixed steps longer and snapshots fewer by it, and with nothing to
/// compare or to check; nothing where it cannot be built.
std::optional<Setup> on_wider_cells(const Setup& setup, Index factor) {
  constexpr Index fewest_snapshots = 8;
  for (const Axis& axis : setup.config.axes)
    if (axis.cells < fewest_cells * factor) return std::nullopt;
  Case config = on_cells(setup.config, 1 / static_cast<double>(factor));
  choose_anew(config);
  config.reverse = setup.config.reverse;
  if (config.time.dt) *config.time.dt *= static_cast<double>(factor);
  config.reverse->snapshots = std::max<std::int64_t>(config.reverse->snapshots / factor, fewest_snapshots);
  try {
    return assemble(std::move(config));
  } catch (const CaseError&) {
    return std::nullopt;
  }
}

/// What came back on wider cells, one density per lambda; nothing where that grid cannot be had or the run failed.
struct WiderWay {
  std::shared_ptr<const Grid> grid;
  std::vector<Field> p;
};
std::optional<WiderWay> go_wider(const Setup& setup, Index factor, const std::optional<std::filesystem::path>& scratch,
                                 bool& interrupted) {
  auto wide = on_wider_cells(setup, factor);
  if (!wide) return std::nullopt;
  RunResult result = run(*wide, {.scratch = scratch, .estimates_reverse = false});
  if (!result.reverse || result.reverse->interrupted) {
    interrupted = interrupted || !result.numerical_failure;
    return std::nullopt;
  }
  WiderWay way{wide->grid, {}};
  for (ReverseRow& row : result.reverse->rows) way.p.push_back(std::move(row.p));
  return way;
}

}  // namespace

Reversal::Reversal(const Setup& setup, std::shared_ptr<const LogSnapshots> snapshots)
    : setup_(setup), start_(setup.grid), snapshots_(std::move(snapshots)), score_(setup.reverse_score) {}

Reversal::~Reversal() = default;

ReverseResult& Reversal::go(const Field& last, const std::function<void()>& after_step) {
  if (!descent_) start_ = start_of(setup_, last);
  result_.score = snapshots_ ? "forward" : "exact";
  result_.start_l1 = norms(*setup_.grid, start_.view(), last.view()).l1;
  if (snapshots_) result_.snapshots = static_cast<Index>(snapshots_->times().size());
  if (snapshots_) result_.underflowed = snapshots_->underflowed();
  try {
    go_on(after_step);
  } catch (const Stopped&) {
    result_.interrupted = true;
  }
  return result_;
}

void Reversal::go_on(const std::function<void()>& after_step) {
  const std::vector<double>& lambdas = setup_.config.reverse->lambda;
  if (snapshots_ && !result_.score_kl) result_.score_kl = score_kl(setup_, snapshots_);
  while (result_.rows.size() < lambdas.size()) {
    if (!descent_) descend(lambdas[result_.rows.size()]);
    while (!descent_->over()) {
      descent_->step();
      if (!descent_->over()) after_step();
    }
    finish();
    after_step();
  }
}

void Reversal::descend(double lambda) {
  if (!score_) score_ = std::make_shared<ScoreTable>(snapshots_);
  descent_ = std::make_unique<Descent>(setup_, start_, lambda, score_);
}

void Reversal::finish() {
  ReverseRow row = descent_->finish();
  descent_.reset();
  const double square = row.lambda * row.lambda, fraction = (1 + square) * (1 + square) / (4 * square);
  if (result_.score_kl && row.lambda > 0) row.score_l1 = std::sqrt(2 * fraction * *result_.score_kl);
  for (const ReverseRow& other : result_.rows)
    result_.spread = std::max(result_.spread, norms(*setup_.grid, row.p.view(), other.p.view()).l1);
  result_.rows.push_back(std::move(row));
}

/// A descent that has not made its first step begins anew.
void Reversal::keep(Archive& archive) {
  std::size_t rows = result_.rows.size();
  bool under_way = descent_ && descent_->t() > 0;
  archive(result_.score_kl, result_.spread, start_.values, rows, under_way);
  const std::vector<double>& lambdas = setup_.config.reverse->lambda;
  if (rows > lambdas.size() || (under_way && rows == lambdas.size()))
    throw ArchiveError("it holds more ways back than are asked for");
  if (start_.values.size() != setup_.grid->cells()) throw ArchiveError("it holds a way back on another grid");
  result_.rows.resize(rows);
  for (ReverseRow& row : result_.rows) Descent::keep_row(archive, setup_.grid, setup_.config.output.times.size(), row);
  if (archive.reads() && under_way) descend(lambdas[rows]);
  if (under_way) descent_->keep(archive);
}

void try_back(const Setup& setup, const Field& last, double lambda, const std::function<bool(double)>& goes_on) {
  const double end = setup.config.time.end;
  std::shared_ptr<ScoreSource> score = setup.reverse_score;
  Field start = last;
  try {
    if (!score) score = closed_score(setup, "reverse.score", "");
    const GridFaces cells(*setup.grid);
    closed_form(setup.config, *setup.formulas, "reverse.score", "").at(end).cell_averages(cells.faces, start.view());
    start.values /= start.mass();
  } catch (const CaseError&) {
    const std::vector<double> still(static_cast<std::size_t>(setup.grid->cells()));
    const auto snapshots = std::make_shared<LogSnapshots>(setup.grid, std::nullopt);
    for (const double t : {0.0, end}) snapshots->add(t, last.view(), still);
    score = std::make_shared<ScoreTable>(snapshots);
  }
  Reversal::Descent descent(setup, start, lambda, score);
  do descent.step();
  while (goes_on(descent.t()) && !descent.over());
}

void estimate_errors(const Setup& setup, ReverseResult& result, double time_error,
                     const std::optional<std::filesystem::path>& scratch) {
  const auto twice = go_wider(setup, 2, scratch, result.interrupted);
  if (!twice) return;
  const auto four_times = result.interrupted ? std::nullopt : go_wider(setup, 4, scratch, result.interrupted);
  for (std::size_t k = 0; k < result.rows.size() && k < twice->p.size(); ++k) {
    ReverseRow& row = result.rows[k];
    GridChanges changes{.change = distance_of_averages(row.p, twice->p[k]),
                        .ratio = twice->grid->axis(0).width() / setup.grid->axis(0).width()};
    if (four_times) {
      changes.before = distance_of_averages(twice->p[k], four_times->p[k]);
      changes.ratio_before = four_times->grid->axis(0).width() / twice->grid->axis(0).width();
    }
    constexpr int scheme_order = 2;
    const GridError found = grid_error(changes, scheme_order);
    row.order = found.order;
    row.error = found.uncertainty + row.error_in_time + time_error + result.start_l1;
  }
}

void write_reverse(const Setup& setup, const ReverseResult& result, const std::filesystem::path& folder) {
  const std::vector<double> times = way_times(setup);
  std::vector<std::pair<double, std::string>> listed;
  for (std::size_t k = 0; k < times.size() && !result.rows.empty(); ++k) {
    std::vector<CellArray> arrays;
    for (const ReverseRow& row : result.rows)
      arrays.push_back({fmt::format("p_reverse_{:.4g}", row.lambda), {row.way[k].view()}});
    if (k == 0) arrays.insert(arrays.begin(), CellArray{"p", {setup.initial.view()}});
    listed.emplace_back(times[k], fmt::format("reverse_{:06}.vti", k));
    write_vti(folder / listed.back().second, *setup.grid, arrays, times[k]);
  }
  write_pvd(folder / "reverse.pvd", listed);
  for (const ReverseRow& row : result.rows) {
    if (setup.grid->dimension() > 1) break;
    std::vector<std::vector<double>> way;
    for (const Field& p : row.way) way.emplace_back(p.values.begin(), p.values.end());
    write_spacetime_vti(folder / fmt::format("spacetime_reverse_{:.4g}.vti", row.lambda), setup.grid->axis(0), times,
                        way);
  }
}

}  // namespace fokker
