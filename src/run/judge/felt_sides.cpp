#include "fokker/run/judge/felt_sides.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ending.hpp"
#include "fokker/run/build/infinite_range.hpp"

namespace fokker {
namespace {

constexpr double too_much = 1e-9;           // of the mass, close to an infinite side
constexpr double too_much_variance = 1e-5;  // of it, beyond

FeltSide felt_at(const Ending& end, double t) {
  FeltSide felt{.mass = end.mass, .at = t, .variance_at = t, .power = end.power};
  if (!(end.mass > 0)) return felt;
  felt.beyond = end.moment(0);
  felt.mean = end.moment(1);
  felt.variance = end.variance();
  felt.added = end.added();
  return felt;
}

std::string mass_text(const Case& config, const InfiniteSide& side, const FeltSide& felt) {
  return fmt::format("{:.2g} of the mass is close to {}", felt.mass, name_of(config, side));
}

/// A tail of a smaller power has no variance, or one that no box holds.
bool bounded(const FeltSide& felt) { return felt.power > 3 + Ending::least_excess; }

std::string variance_text(const Case& config, const InfiniteSide& side, const FeltSide& felt) {
  return bounded(felt)
             ? fmt::format("about {:.2g} of the variance lies beyond {}", felt.variance, name_of(config, side))
             : fmt::format("half as much again beyond {} would add about {:.2g} of the variance", name_of(config, side),
                           felt.added);
}

double end_of(const Case& config, const InfiniteSide& side) {
  return side.side == 0 ? config.axes[side.axis].lower : config.axes[side.axis].upper;
}

}  // namespace

void feel_sides(const Setup& setup, double t, const Field& p, std::vector<FeltSide>& felt) {
  const Case& config = setup.config;
  felt.resize(config.infinite.size());
  std::vector<std::size_t> outgrown;
  std::string why;
  std::array<std::vector<double>, 2> masses;
  for (std::size_t n = 0; n < felt.size(); ++n) {
    const InfiniteSide& side = config.infinite[n];
    if (masses[side.axis].empty()) masses[side.axis] = masses_along(*setup.grid, side.axis, p);
    const FeltSide now = felt_at({setup.grid->axis(static_cast<int>(side.axis)), side.side, masses[side.axis]}, t);
    FeltSide& most = felt[n];
    const FeltSide before = most;
    if (now.variance > most.variance) most = now;
    const FeltSide& heavier = now.mass > before.mass ? now : before;
    most.mass = heavier.mass;
    most.at = heavier.at;
    const bool by_mass = now.mass > too_much;
    if ((!by_mass && !(now.variance > too_much_variance)) || !may_widen(config, side)) continue;
    why += (outgrown.empty() ? "" : ", ") + (by_mass ? mass_text(config, side, now) : variance_text(config, side, now));
    outgrown.push_back(n);
  }
  if (!outgrown.empty()) outgrow(config, outgrown, why, t);
}

std::vector<std::string> warnings_of(const Case& config, const std::vector<FeltSide>& felt) {
  std::vector<std::string> warnings;
  for (std::size_t n = 0; n < felt.size(); ++n) {
    const InfiniteSide& side = config.infinite[n];
    const FeltSide& most = felt[n];
    const std::string key = fmt::format("axis.{}.range: ", config.axes[side.axis].name);
    if (most.mass > too_much)
      warnings.push_back(fmt::format(
          "{}{} (t = {:.4g}), which is a wall at {:.6g} and no infinite side; {}: give the axis an end that "
          "the mass does not get to, or a wall that is meant",
          key, mass_text(config, side, most), most.at, end_of(config, side), why_kept(side)));
    if (most.variance > too_much_variance)
      warnings.push_back(fmt::format(
          "{}{} = {:.6g} (t = {:.4g}), with {:.2g} of the mass, and would move the mean by {:.2g}: p falls there like "
          "distance^-{:.3g}{}; {}: {}",
          key, variance_text(config, side, most), end_of(config, side), most.variance_at, most.beyond, most.mean,
          most.power, bounded(most) ? "" : ", and the variance is that of the box", why_kept(side),
          bounded(most) ? "give the axis an end farther out"
                        : "ask for what such a tail has, a probability or a power"));
  }
  return warnings;
}

Finding box_finding(const Case& config, const std::vector<FeltSide>& felt) {
  if (config.infinite.empty()) return {};
  Json json = Json::object();
  double most = 0, variance = 0;
  for (std::size_t n = 0; n < config.infinite.size(); ++n) {
    const InfiniteSide& side = config.infinite[n];
    const Axis& axis = config.axes[side.axis];
    Json& row = json[axis.name][side.side == 0 ? "lower" : "upper"];
    row = {{"end", end_of(config, side)}, {"widened", side.enlarged}};
    if (felt.empty()) continue;
    row.update({{"felt", felt[n].mass}, {"felt_at", felt[n].at}, {"variance_beyond", felt[n].variance}});
    most = std::max(most, felt[n].mass);
    variance = std::max(variance, felt[n].variance);
  }
  return {"box", json, "range",
          fmt::format("chosen: {}; {}", box_text(config),
                      felt.empty() ? "a run widens it where it is felt"
                                   : fmt::format("at most {:.2g} of the mass close to its ends, {:.2g} "
                                                 "of the variance beyond",
                                                 most, variance))};
}

}  // namespace fokker
