#include "fokker/run/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/analysis/norms.hpp"
#include "fokker/analysis/other_cells.hpp"
#include "fokker/base/errors.hpp"
#include "fokker/base/stopwatch.hpp"
#include "fokker/run/observers.hpp"

namespace fokker {
namespace {

std::vector<Index> cells_of(const std::vector<Axis>& axes) {
  std::vector<Index> cells;
  for (const Axis& axis : axes) cells.push_back(axis.cells);
  return cells;
}

std::string text_of_cells(const std::vector<Index>& cells) { return fmt::format("{}", fmt::join(cells, " x ")); }

/// The solution of a case; nothing, and words, where it cannot be had.
std::optional<GridSolution> tried(Case config, const char* how, const std::function<GridSolution(Case)>& solve,
                                  std::vector<std::string>& failures) {
  const std::string cells = text_of_cells(cells_of(config.axes));
  try {
    return solve(std::move(config));
  } catch (const std::exception& error) {
    failures.push_back(fmt::format("the run on {} cells{} failed: {}", cells, how, error.what()));
  }
  return std::nullopt;
}

/// The case in finer steps; nothing where they are as long as cells allow, and shrink with them.
std::optional<Case> in_finer_steps(Case config) {
  constexpr double half = 0.5, eighth = 0.125;
  if (!config.time.dt && !config.time.tolerance) return std::nullopt;
  if (config.time.dt)
    *config.time.dt *= half;
  else
    *config.time.tolerance *= eighth;
  return config;
}

/// Those that a grid has a say in.
std::vector<std::pair<std::string, double>> numbers_of(const Json& summary) {
  const Json::json_pointer sides("/passage/sides");
  const std::size_t absorbing = summary.contains(sides) ? summary[sides].size() : 0;
  std::vector<std::pair<std::string, double>> all;
  const auto add = [&](const std::string& path) {
    const Json::json_pointer place(path);
    if (!summary.contains(place)) return;
    const Json leaves = summary[place].flatten();
    for (const auto& [below, leaf] : leaves.items())
      if (leaf.is_number() && !below.ends_with("/delay")) all.emplace_back(path.substr(1) + below, leaf.get<double>());
  };
  for (const char* path : {"/moments/mean", "/moments/covariance", "/expectations", "/probabilities", "/mean_velocity"})
    add(path);
  if (absorbing > 0)
    for (const char* path : {"/mass/final", "/passage/mean", "/passage/variance"}) add(path);
  if (absorbing > 1) add("/passage/sides");
  return all;
}

std::optional<double> number_in(const Json& summary, const std::string& path) {
  const Json::json_pointer place("/" + path);
  if (!summary.contains(place) || !summary[place].is_number()) return std::nullopt;
  return summary[place].get<double>();
}

/// How the grids hang together.
class GridChain {
 public:
  GridChain(const GridSolution& own, const CoarserGrids& coarser) : own_(own), coarser_(coarser) {
    for (std::size_t k = 0; k < coarser.grids.size(); ++k) add(coarser.grids[k], k == 0 ? own : coarser.grids[k - 1]);
    // Grids too coarse for their flux agree or have an order by chance.
    constexpr double worth_saying = 0.02;
    if (const double cost = number_in(own.summary, "self_check/flux_l1").value_or(0); cost > worth_saying) {
      flux_ = 2 * cost;
      doubt_ = fmt::format("the flux is expected to be off by about l1 {:.2g} on this grid", cost);
    }
    if (coarser.finer_steps)
      steps_ = doubled *
               norms(*coarser.grids.back().p.grid, coarser.finer_steps->p.view(), coarser.grids.back().p.view()).l1;
    look_at_passages();
    has_third_ = coarser.grids.size() > 1 && (left_out_.empty() || !doubt_.empty());
    if (coarser.grids.size() > 1)
      alike_ = changes_alike(own.p, coarser.grids[0].p, coarser.grids[1].p, steps_ + rounding);
  }

  /// With the differences given.
  [[nodiscard]] GridError error(GridChanges changes, double steps, int scheme_order) const {
    changes.noise += steps;
    changes.alike = alike_;
    if (!doubt_.empty()) changes.doubt = doubt_;
    changes.ratio = ratios_[0];
    if (changes.before) changes.ratio_before = ratios_[1];
    GridError found = grid_error(changes, scheme_order);
    if (!changes.before && !left_out_.empty()) found.why = left_out_;
    found.uncertainty += steps;
    return found;
  }

  [[nodiscard]] std::optional<EstimatedNumber> number(const std::string& path, double value, int scheme_order) const {
    EstimatedNumber found{path, value, {}, 0, {}};
    double largest = std::abs(value);
    for (const GridSolution& grid : coarser_.grids) {
      const auto other = number_in(grid.summary, path);
      if (!other) break;
      found.coarser.push_back(*other);
      largest = std::max(largest, std::abs(*other));
    }
    if (found.coarser.empty()) return std::nullopt;
    if (coarser_.finer_steps) {
      const auto with = number_in(coarser_.finer_steps->summary, path),
                 without = number_in(coarser_.grids.back().summary, path);
      if (with && without) found.steps = doubled * std::abs(*with - *without);
    }
    GridChanges changes{.change = found.coarser[0] - value, .noise = rounding * largest};
    if (found.coarser.size() > 1 && has_third_) changes.before = found.coarser[1] - found.coarser[0];
    if (late_ > 0 && (much_ || path.starts_with("passage/") || path == "mass/final"))
      changes.doubt =
          fmt::format("times at which mass leaves are off by about {:.2g}: the cells at the wall are too wide", late_);
    found.error = error(changes, found.steps, scheme_order);
    found.error.uncertainty = std::max(found.error.uncertainty, least_of(path, value));
    return found;
  }

  [[nodiscard]] EstimatedNumber density(int scheme_order) const {
    const std::vector<GridSolution>& grids = coarser_.grids;
    EstimatedNumber found{"l1", 0, {}, steps_, {}};
    GridChanges changes{.change = distance_of_averages(own_.p, grids[0].p), .noise = rounding, .distances = true};
    if (has_third_) changes.before = distance_of_averages(grids[0].p, grids[1].p);
    found.error = error(changes, steps_, scheme_order);
    found.error.uncertainty = std::min(std::max(found.error.uncertainty, flux_), farthest());
    return found;
  }

 private:
  /// The next grid, and what speaks against it: one that another flux carried is left out where it is the third.
  void add(const GridSolution& grid, const GridSolution& finer) {
    double least = INFINITY, most = 0, product = 1;
    for (int k = 0; k < grid.p.grid->dimension(); ++k) {
      const double ratio = grid.p.grid->axis(k).width() / finer.p.grid->axis(k).width();
      least = std::min(least, ratio);
      most = std::max(most, ratio);
      product *= ratio;
    }
    constexpr double alike = 1.15, coarser_by = 1.3;
    ratios_.push_back(std::pow(product, 1.0 / grid.p.grid->dimension()));
    if (most > alike * least)
      doubt_ = "the axes are not coarsened alike, as none gets fewer than 8 cells";
    else if (least < coarser_by)
      doubt_ = "the third grid is hardly coarser than the second, as none gets fewer than 8 cells";
    if (grid.carried_by == own_.carried_by) return;
    const std::string cells = text_of_cells(cells_of(grid.p.grid->axes()));
    if (ratios_.size() == 2 && doubt_.empty())
      left_out_ = fmt::format("{} cells, left out, were carried by {}", cells, grid.carried_by);
    else
      doubt_ = fmt::format("{} cells were carried by {}", cells, grid.carried_by);
  }

  /// The sides at which what leaves is late by more than is worth a warning.
  void look_at_passages() {
    constexpr double worth_saying = 1e-3;
    const Json::json_pointer sides("/passage/sides");
    if (!own_.summary.contains(sides)) return;
    for (const auto& [name, side] : own_.summary[sides].items()) {
      const auto of = [&](const char* what) {
        return number_in(own_.summary, "passage/sides/" + name + what).value_or(0);
      };
      const Passages found{of("/left"), of("/mean"), of("/variance"), of("/delay")};
      if (!found.late()) continue;
      late_ = std::max(late_, found.delay);
      much_ = much_ || found.left > worth_saying;
    }
  }

  /// What a time, a variance of times or a mass is at least uncertain by.
  [[nodiscard]] double least_of(const std::string& path, double value) const {
    if (late_ == 0) return 0;
    const double end = number_in(own_.summary, "time/end").value_or(1), part = std::min(1.0, doubled * late_ / end);
    if (path == "mass/final") return part * number_in(own_.summary, "mass/outflow").value_or(0);
    if (!path.starts_with("passage/")) return 0;
    if (path.ends_with("/left")) return part * value;
    return doubled * late_ * (path.ends_with("/variance") ? std::sqrt(std::max(0.0, value)) : 1);
  }

  /// What half the dt, or an eighth of the tolerance, changes is at least half of the error of a stepper of order 1.
  static constexpr double doubled = 2;
  static constexpr double rounding = 1e-13;  ///< of the number

  /// No two densities are farther apart than what they hold together.
  [[nodiscard]] double farthest() const {
    double most = own_.p.values.lpNorm<1>() * own_.p.grid->volume();
    for (const GridSolution& grid : coarser_.grids)
      most = std::max(most, grid.p.values.lpNorm<1>() * grid.p.grid->volume());
    return 2 * std::max(1.0, most);
  }

  const GridSolution& own_;
  const CoarserGrids& coarser_;
  std::vector<double> ratios_;
  double steps_ = 0;   ///< what steps in time may cost p, in l1
  double late_ = 0;    ///< by about which times of passage are off, where that is warned of [t]
  bool much_ = false;  ///< leaves at such times
  bool alike_ = true;
  double flux_ = 0;  ///< twice the l1 that the flux itself expects to cost, where it is warned of
  std::string doubt_, left_out_;
  bool has_third_ = false;  ///< grid, and it is not left out
};

Json json_of_error(const GridError& error) {
  Json json{{"order", error.order ? Json(*error.order) : Json()},
            {"uncertainty", error.uncertainty},
            {"credible", error.credible}};
  if (!error.credible) json["why"] = error.why;
  return json;
}

Json json_of_number(const EstimatedNumber& number) {
  Json json{{"value", number.value},
            {"coarser", number.coarser},
            {"extrapolated", number.value - number.error.error},
            {"steps", number.steps}};
  json.update(json_of_error(number.error));
  return json;
}

/// With the digits that its uncertainty leaves it, and two more.
std::string digits_of(double value, double uncertainty) {
  const double known = std::log10(std::abs(value) / uncertainty);
  return fmt::format("{:.{}g}", value,
                     std::isfinite(known) ? std::clamp(static_cast<int>(std::ceil(known)) + 2, 3, 15) : 8);
}

std::string order_text(const GridError& error) { return error.order ? fmt::format("{:.2f}", *error.order) : "-"; }

DocumentTable::Row row_of(const EstimatedNumber& number) {
  std::string name = number.path;
  std::replace(name.begin(), name.end(), '/', '.');
  const double uncertainty = number.error.uncertainty;
  return {"",
          {{"", {}, "number", name},
           {"", {}, "this grid", digits_of(number.value, uncertainty)},
           {"", {}, "order", order_text(number.error)},
           {"",
            {},
            "extrapolated",
            number.error.credible ? digits_of(number.value - number.error.error, uncertainty) : "-"},
           {"", {}, "within", fmt::format("{:.1e}", uncertainty)},
           {"", {}, "", number.error.credible ? "" : number.error.why}}};
}

std::string density_text(const Estimate& found) {
  std::string grids;
  for (const auto& cells : found.cells) grids += (grids.empty() ? "" : ", ") + text_of_cells(cells);
  const GridError& error = found.density.error;
  const std::string within =
      fmt::format("{} cells: p is within l1 {:.1e} of the solution in this box", grids, error.uncertainty);
  if (!error.credible) return fmt::format("{}; no order to go by: {}", within, error.why);
  return fmt::format("{}, about {:.1e} from it (order {:.2f})", within, error.error, *error.order);
}

}  // namespace

void require_cells_for_estimate(const Case& config) {
  std::vector<Problem> problems;
  for (const Axis& axis : config.axes)
    if (axis.cells < 2 * fewest_cells) {
      const std::string key = fmt::format("axis.{}.cells", axis.name);
      problems.push_back({config.where(key), key,
                          fmt::format("{} cells cannot be halved for --estimate, whose grids have at least {}; take {} "
                                      "or more",
                                      axis.cells, fewest_cells, 2 * fewest_cells)});
    }
  if (!problems.empty()) throw CaseError(std::move(problems));
}

CoarserGrids solve_on_coarser_grids(const Case& config, const StepperRow* row,
                                    const std::function<GridSolution(Case)>& solve) {
  CoarserGrids found;
  const Stopwatch watch(found.seconds);
  Case last;
  for (const double factor : {0.5, 0.25}) {
    Case coarse = on_cells(config, factor);
    coarse.output.questions = config.output.questions;
    if (!found.grids.empty() && cells_of(coarse.axes) == cells_of(last.axes)) break;  // at the fewest already
    auto solution = tried(coarse, "", solve, found.failures);
    if (!solution) break;
    found.grids.push_back(std::move(*solution));
    last = std::move(coarse);
  }
  if (row == nullptr || found.grids.empty()) return found;
  const bool fixed = config.time.dt.has_value();
  const std::string cells = text_of_cells(cells_of(last.axes));
  auto finer = in_finer_steps(std::move(last));
  if (!finer) {
    found.steps = "are as long as the cells allow, on each grid: their error is in the differences";
    return found;
  }
  found.finer_steps = tried(std::move(*finer), " in finer steps", solve, found.failures);
  found.steps =
      found.finer_steps
          ? fmt::format(
                "the same {} on all grids; what they cost is in each bound, as twice what {} of it "
                "changes on {} cells",
                fixed ? "dt" : "tolerance", fixed ? "half" : "an eighth", cells)
          : fmt::format("the same {} on all grids; what they cost is NOT in the bounds: it could not be measured",
                        fixed ? "dt" : "tolerance");
  return found;
}

Estimate estimate(const GridSolution& own, const CoarserGrids& coarser, int scheme_order) {
  Estimate found;
  found.scheme_order = scheme_order;
  found.failures = coarser.failures;
  found.steps = coarser.steps;
  found.seconds = coarser.seconds;
  found.cells.push_back(cells_of(own.p.grid->axes()));
  for (const GridSolution& grid : coarser.grids) found.cells.push_back(cells_of(grid.p.grid->axes()));
  if (found.failed()) return found;
  const GridChain chain(own, coarser);
  found.density = chain.density(scheme_order);
  for (const auto& [path, value] : numbers_of(own.summary))
    if (auto number = chain.number(path, value, scheme_order)) found.numbers.push_back(std::move(*number));
  return found;
}

DocumentSection estimate_section(const Estimate& found, bool drifts) {
  DocumentSection section{.label_width = 10, .heading = "How far to believe it"};
  Json json{{"cells", found.cells}, {"failures", found.failures}, {"seconds", found.seconds}}, passage;
  for (const std::string& failure : found.failures) section.findings.push_back({"", {}, "estimate", failure});
  if (found.failed()) {
    section.findings.insert(section.findings.begin(), {"estimate", json});
    return section;
  }
  const GridError& density = found.density.error;
  json.update(json_of_error(density));
  json.update({{"l1", density.credible ? density.error : density.uncertainty},
               {"scheme_order", found.scheme_order},
               {"steps", {{"l1", found.density.steps}, {"text", found.steps}}}});
  section.table.columns = {"number", "this grid", "order", "extrapolated", "within", ""};
  for (const EstimatedNumber& number : found.numbers) {
    const bool passes = number.path.starts_with("passage/");
    const Json::json_pointer place(passes ? number.path.substr(std::string("passage").size()) : "/" + number.path);
    (passes ? passage : json)[place] = json_of_number(number);
    const bool still = number.path.starts_with("mean_velocity/") && !drifts;
    if (!still && number.path != "moments/covariance/1/0") section.table.rows.push_back(row_of(number));
  }
  section.findings.insert(section.findings.begin(),
                          {{"estimate", json, "estimate", density_text(found)}, {"", {}, "steps", found.steps}});
  if (!passage.is_null()) section.findings.push_back({"passage/estimate", passage});
  return section;
}

}  // namespace fokker
