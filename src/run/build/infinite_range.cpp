#include "fokker/run/build/infinite_range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/model/gaussian_closure.hpp"

namespace fokker {
namespace {

constexpr double deviations = 6;
constexpr int most_times = 6;  // that a box is widened at one side
constexpr double most_cells = 67108864;

std::string range_key(const Case& config, std::size_t axis) {
  return fmt::format("axis.{}.range", config.axes[axis].name);
}

bool has_box(const Case& config) {
  return std::all_of(config.axes.begin(), config.axes.end(),
                     [](const Axis& axis) { return std::isfinite(axis.upper - axis.lower); });
}

[[noreturn]] void refuse_range(const Case& config, const std::string& text) {
  const std::size_t axis = config.infinite.front().axis;
  refuse(config, range_key(config, axis),
         fmt::format("has no end, and no box can be chosen: {}; give both ends", text));
}

Space space_of(const Case& config) {
  Space space{.dimension = static_cast<int>(config.axes.size())};
  for (std::size_t k = 0; k < config.axes.size(); ++k) {
    space.lower[k] = config.axes[k].lower;
    space.upper[k] = config.axes[k].upper;
    space.periodic[k] = config.axes[k].periodic();
  }
  return space;
}

Gaussian gaussian_at(const Case& config, double mean, double variance) {
  const auto d = static_cast<Eigen::Index>(config.axes.size());
  return {1, Eigen::VectorXd::Constant(d, mean), variance * Eigen::MatrixXd::Identity(d, d)};
}

/// The Gaussians that the case starts from; none where it starts from something else.
std::vector<Gaussian> starts_of(const Case& config) {
  if (const auto* mixture = std::get_if<InitialMixture>(&config.initial)) return mixture->components;
  if (const auto* point = std::get_if<InitialPoint>(&config.initial)) {
    Gaussian start = gaussian_at(config, 0, 0);
    for (std::size_t k = 0; k < point->point.size(); ++k) start.mean[static_cast<Eigen::Index>(k)] = point->point[k];
    return {start};
  }
  return {};
}

void add(const ClosureReach& more, ClosureReach& reach) {
  for (std::size_t k = 0; k < 2; ++k) {
    reach.lower[k] = std::min(reach.lower[k], more.lower[k]);
    reach.upper[k] = std::max(reach.upper[k], more.upper[k]);
  }
}

ClosureReach reach_over_time(const Case& config, const Sde& sde) {
  std::vector<Gaussian> starts = starts_of(config);
  if (starts.empty())
    refuse_range(config,
                 "that is done from the moments of the initial density, which must be a gaussian, a mixture or a "
                 "point for that");
  const Space space = space_of(config);
  try {
    ClosureReach reach = reach_of_closure(sde, starts, config.time.end, space, deviations);
    if (config.reverse && config.reverse->start == "prior" && config.schedule) {
      const GaussianMixture prior = config.schedule->prior(config.time.end);
      add(reach_of_closure(sde, prior.components(), 0, space, deviations), reach);
    }
    return reach;
  } catch (const NumericalError& error) {
    refuse_range(config, fmt::format("the Gaussian closure of the distribution fails at t = {:.4g}, where {}",
                                     error.time(), error.what()));
  }
}

/// Other starts find what rests elsewhere: a second well, or that far out nothing comes to rest.
void add_from_afar(const Case& config, const Sde& sde, const Gaussian& found, ClosureReach& reach) {
  constexpr int distances = 6;
  const Space space = space_of(config);
  for (const InfiniteSide& side : config.infinite)
    for (int n = 1; n <= distances; ++n) {
      const auto k = static_cast<Eigen::Index>(side.axis);
      Gaussian start = found;
      start.mean[k] += (side.side == 0 ? -1 : 1) * std::pow(4, n) * std::sqrt(found.covariance(k, k));
      try {
        static_cast<void>(reach_of_closure(sde, {&start, 1}, 0, space, deviations));
      } catch (const NumericalError&) {
        break;  // forces beyond the range of doubles
      }
      try {
        const Gaussian there = closure_at_rest(sde, start, space);
        add(reach_of_closure(sde, {&there, 1}, 0, space, deviations), reach);
      } catch (const NumericalError& error) {
        refuse_range(config, fmt::format("a Gaussian that starts at {} = {:.4g} does not come to rest: {}",
                                         config.axes[side.axis].name, start.mean[k], error.what()));
      }
    }
}

ClosureReach reach_at_rest(const Case& config, const Sde& sde) {
  if (!sde.traits().autonomous) refuse_range(config, "the coefficients depend on t, so that nothing comes to rest");
  const std::vector<Gaussian> starts = config.has_initial ? starts_of(config) : std::vector<Gaussian>{};
  const Space space = space_of(config);
  try {
    const Gaussian found = closure_at_rest(sde, starts.empty() ? gaussian_at(config, 0, 1) : starts.front(), space);
    ClosureReach reach = reach_of_closure(sde, {&found, 1}, 0, space, deviations);
    add_from_afar(config, sde, found, reach);
    return reach;
  } catch (const NumericalError& error) {
    refuse_range(config,
                 fmt::format("the Gaussian closure of the distribution does not come to rest: {}", error.what()));
  }
}

/// The narrowest of the starts along an axis; infinite where that is a point.
double width_of_start(const Case& config, std::size_t axis) {
  double width = std::numeric_limits<double>::infinity();
  for (const Gaussian& start : starts_of(config)) {
    const auto k = static_cast<Eigen::Index>(axis);
    if (start.covariance(k, k) > 0) width = std::min(width, std::sqrt(start.covariance(k, k)));
  }
  return width;
}

/// Cells that doubles can tell apart, and a start that so many as a case may have could hold.
void require_cells(const Case& config, std::size_t k) {
  const Axis& axis = config.axes[k];
  if (std::isfinite(axis.upper - axis.lower) && axis.center(0) > axis.lower && axis.face(1) > axis.center(0) &&
      (!config.has_initial || axis.upper - axis.lower < most_cells * width_of_start(config, k)))
    return;
  refuse_range(
      config,
      fmt::format(
          "the Gaussian closure of the distribution reaches from {} = {:.6g} to {:.6g}, which no cells can follow",
          axis.name, axis.lower, axis.upper));
}

/// Of the cells that the axis has: three of 128, half as much again as is looked at, so that a Gaussian is not felt.
void add_margin(Case& config, std::size_t k) {
  Axis& axis = config.axes[k];
  const auto open = [&](int side) {
    return std::any_of(config.infinite.begin(), config.infinite.end(),
                       [&](const InfiniteSide& each) { return each.axis == k && each.side == side; });
  };
  const Index more = std::min(std::max<Index>(3, (3 * axis.cells + 64) / 128), axis.cells / 8),
              sides = Index{open(0)} + Index{open(1)};
  const double reached = axis.upper - axis.lower,
               length = static_cast<double>(more) * reached / static_cast<double>(axis.cells - sides * more);
  if (open(0)) axis.lower -= length;
  if (open(1)) axis.upper += length;
}

void require_points(const Case& config) {
  for (const CaseCheck& check : config.checks)
    for (std::size_t k = 0; k < check.point.size(); ++k)
      if (const Axis& axis = config.axes[k]; !(check.point[k] >= axis.lower && check.point[k] <= axis.upper))
        throw CaseError(
            {{check.where, "check.point",
              fmt::format("{} = {} is outside of the box that was chosen, [{}, {}]; give axis.{}.range both "
                          "ends",
                          axis.name, check.point[k], axis.lower, axis.upper, axis.name)}});
}

/// Half as much again at the sides of that number.
Case widened(const Case& config, const std::vector<std::size_t>& sides) {
  Case wider = config;
  for (const std::size_t n : sides) {
    InfiniteSide& side = wider.infinite[n];
    const Axis& before = config.axes[side.axis];
    Axis& axis = wider.axes[side.axis];
    const Index more = (before.cells + 1) / 2;
    const double length = static_cast<double>(more) * before.width();
    (side.side == 0 ? axis.lower : axis.upper) += side.side == 0 ? -length : length;
    axis.cells += more;
    ++side.enlarged;
  }
  return wider;
}

}  // namespace

void choose_box(Case& config, const Sde& sde, bool at_rest) {
  if (has_box(config)) return;
  const bool over_time = !at_rest && config.has_time && config.has_initial;
  const ClosureReach reach = over_time ? reach_over_time(config, sde) : reach_at_rest(config, sde);
  for (const InfiniteSide& side : config.infinite)
    (side.side == 0 ? config.axes[side.axis].lower : config.axes[side.axis].upper) =
        (side.side == 0 ? reach.lower : reach.upper)[side.axis];
  for (std::size_t k = 0; k < config.axes.size(); ++k) add_margin(config, k);
  for (const InfiniteSide& side : config.infinite) require_cells(config, side.axis);
  require_points(config);
}

std::string name_of(const Case& config, const InfiniteSide& side) {
  return config.axes[side.axis].name + (side.side == 0 ? "_lower" : "_upper");
}

bool may_widen(const Case& config, const InfiniteSide& side) {
  double cells = 2;
  for (const Axis& axis : config.axes) cells *= static_cast<double>(axis.cells);
  return !side.kept && side.enlarged < most_times && cells <= most_cells;
}

std::string box_text(const Case& config) {
  std::string text;
  for (const InfiniteSide& side : config.infinite) {
    const Axis& axis = config.axes[side.axis];
    const bool second = &side != &config.infinite.front() && (&side - 1)->axis == side.axis;
    if (!second)
      text += fmt::format("{}{} in [{:.6g}, {:.6g}], {} cells", text.empty() ? "" : "; ", axis.name, axis.lower,
                          axis.upper, axis.cells);
    if (side.enlarged > 0)
      text +=
          fmt::format(", widened {} time{} at {}", side.enlarged, side.enlarged > 1 ? "s" : "", name_of(config, side));
  }
  return text;
}

std::string why_kept(const InfiniteSide& side) {
  return side.kept ? "a run that goes on keeps its box"
                   : fmt::format("the box was widened {} time{} there", side.enlarged, side.enlarged == 1 ? "" : "s");
}

void outgrow(const Case& config, const std::vector<std::size_t>& sides, const std::string& why, double t) {
  BoxOutgrown outgrown{widened(config, sides), {}};
  outgrown.note = fmt::format("{} at t = {:.6g}: again from the start, with {}", why, t, box_text(outgrown.wider));
  throw BoxOutgrown(std::move(outgrown));
}

ChosenBox::ChosenBox(const Case& config) {
  for (const Axis& axis : config.axes) {
    ends.insert(ends.end(), {axis.lower, axis.upper});
    cells.push_back(axis.cells);
  }
  for (const InfiniteSide& side : config.infinite) enlarged.push_back(side.kept ? -1 : side.enlarged);
}

void ChosenBox::put(Case& config) const {
  if (enlarged.size() != config.infinite.size() || cells.size() != config.axes.size() ||
      ends.size() != 2 * cells.size())
    throw UsageError("the checkpoint holds the box of another case; run the case again with --force");
  for (std::size_t n = 0; n < enlarged.size(); ++n) {
    InfiniteSide& side = config.infinite[n];
    Axis& axis = config.axes[side.axis];
    axis.lower = ends[2 * side.axis];
    axis.upper = ends[2 * side.axis + 1];
    axis.cells = static_cast<Index>(cells[side.axis]);
    side.kept = enlarged[n] < 0;
    side.enlarged = std::max(0, enlarged[n]);
  }
}

}  // namespace fokker
