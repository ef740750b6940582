#include "fokker/run/reverse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

/// Steps from `start`, on its own grid, back to t = 0, or as far as `goes_on` (of tau; empty: always) lets it.
ReverseRow step_back(const Setup& setup, const Field& start, const std::shared_ptr<const Sde>& sde,
                     const std::function<bool(double)>& goes_on = {}) {
  const CaseReverse& asked = *setup.config.reverse;
  const double span = setup.config.time.end;
  const auto form = reverse_form(start.grid, sde, {0, span});
  const StepperOptions options{std::nullopt, asked.tolerance, form->op().positive()};
  const StepperRow* row = asked.stepper == "auto" ? nullptr : find_stepper(asked.stepper);
  if (row == nullptr || (row->implicit && form->op().linear() == nullptr))  // advection is not linear in p
    row = choose_stepper(form->op(), setup.grid->dimension(), options, 0, span).row;
  const auto stepper = make_stepper(*row, form->op(), options, 0);
  const std::vector<double> times = way_times(setup);
  std::vector<double> stops;
  for (auto t = times.rbegin(); t != times.rend(); ++t) stops.push_back(span - *t);
  const Timeline timeline = sde->timeline({0, span}, box_of(*start.grid)).meeting(stops, same_time * span);
  March march(*stepper, *row, timeline);

  ReverseRow result;
  result.stepper = row->name;
  result.p = start;
  march.begin(stops[1], result.p.view());
  result.way.push_back(start);
  for (std::size_t k = 1; k < stops.size(); ++k) {
    while (march.t() < stops[k]) {
      poll_stop();
      const StepResult done = march.step(stops[k], result.p.view());
      ++result.steps;
      result.rejected += done.rejected;
      if (goes_on && !goes_on(march.t())) return result;
    }
    result.way.push_back(result.p);
    march.leave();
  }
  std::reverse(result.way.begin(), result.way.end());
  require_mass(result.p.mass(), start.mass(), 0);
  if (row->adaptive) result.error_in_time = static_cast<double>(result.steps) * asked.tolerance;
  result.rhs_evaluations = stepper->rhs_evaluations();
  return result;
}

ReverseRow go_back(const Setup& setup, const Field& start, const std::shared_ptr<ScoreSource>& score, double lambda) {
  const auto begin = Clock::now();
  const auto sde = std::make_shared<const ReverseSde>(setup.sde, score, setup.config.time.end, lambda);
  ReverseRow row = step_back(setup, start, sde);
  row.lambda = lambda;
  row.mass_error = std::abs(row.p.mass() - start.mass());
  row.verdict = verdict_on(0, row.p, setup.initial);
  row.seconds = seconds_since(begin);
  return row;
}

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

ReverseResult run_back(const Setup& setup, const Field& last, const std::shared_ptr<const LogSnapshots>& snapshots) {
  ReverseResult result;
  const Field start = start_of(setup, last);
  result.score = snapshots ? "forward" : "exact";
  result.start_l1 = norms(*setup.grid, start.view(), last.view()).l1;
  std::shared_ptr<ScoreSource> score = setup.reverse_score;
  if (snapshots) {
    score = std::make_shared<ScoreTable>(snapshots);
    result.snapshots = static_cast<Index>(snapshots->times().size());
    result.underflowed = snapshots->underflowed();
    result.score_kl = score_kl(setup, snapshots);
  }
  for (const double lambda : setup.config.reverse->lambda) try {
      ReverseRow row = go_back(setup, start, score, lambda);
      const double fraction = (1 + lambda * lambda) * (1 + lambda * lambda) / (4 * lambda * lambda);
      if (result.score_kl && lambda > 0) row.score_l1 = std::sqrt(2 * fraction * *result.score_kl);
      for (const ReverseRow& other : result.rows)
        result.spread = std::max(result.spread, norms(*setup.grid, row.p.view(), other.p.view()).l1);
      result.rows.push_back(std::move(row));
    } catch (const Stopped&) {
      result.interrupted = true;
      break;
    }
  return result;
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
  const auto sde = std::make_shared<const ReverseSde>(setup.sde, score, end, lambda);
  static_cast<void>(step_back(setup, start, sde, goes_on));
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
