#include "fokker/run/reverse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/analysis/norms.hpp"
#include "fokker/base/stop.hpp"
#include "fokker/base/stopwatch.hpp"
#include "fokker/model/reverse_sde.hpp"
#include "fokker/output/paraview.hpp"
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

/// Steps from `start`, on its own grid, back to t = 0.
ReverseRow step_back(const Setup& setup, const Field& start, const std::shared_ptr<const Sde>& sde) {
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

/// Means of p over `factor` cells along each axis, whose number it divides.
Field averaged(const Field& p, const std::shared_ptr<const Grid>& wider, Index factor) {
  Field wide(wider);
  const Index nx = p.grid->nx();
  const bool plane = p.grid->dimension() > 1;
  const double fraction = 1 / static_cast<double>(plane ? factor * factor : factor);
  for (Index cell = 0; cell < p.grid->cells(); ++cell) {
    const Index column = cell % nx / factor, row = plane ? cell / nx / factor : 0;
    wide.values[column + wider->nx() * row] += fraction * p.values[cell];
  }
  return wide;
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
  constexpr Index fewest_cells = 8, fewest_snapshots = 8;
  Case config = side_case(setup.config);
  config.reverse = setup.config.reverse;
  for (Axis& axis : config.axes) {
    if (axis.cells % factor != 0 || axis.cells < fewest_cells * factor) return std::nullopt;
    axis.cells /= factor;
  }
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

void estimate_errors(const Setup& setup, ReverseResult& result, double time_error,
                     const std::optional<std::filesystem::path>& scratch) {
  const auto twice = go_wider(setup, 2, scratch, result.interrupted);
  if (!twice) return;
  const auto four_times = result.interrupted ? std::nullopt : go_wider(setup, 4, scratch, result.interrupted);
  const auto distance = [](const std::shared_ptr<const Grid>& on, const Field& p, const Field& q, Index factor) {
    return norms(*on, averaged(p, on, factor).view(), q.view()).l1;
  };
  for (std::size_t k = 0; k < result.rows.size() && k < twice->p.size(); ++k) {
    ReverseRow& row = result.rows[k];
    double change = distance(twice->grid, row.p, twice->p[k], 2);
    constexpr double least = 0.5, most = 2, unmeasured = 1, safety = 1.25;  // Roache 1994 for three grids
    double order = unmeasured;
    if (four_times) {
      const double before = distance(four_times->grid, twice->p[k], four_times->p[k], 2);
      row.order = std::log2(before / change);
      order = std::clamp(*row.order, least, most);
    }
    row.error = safety * change / (std::exp2(order) - 1) + row.error_in_time + time_error + result.start_l1;
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
}

}  // namespace fokker
