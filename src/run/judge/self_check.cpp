#include "self_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fokker/scheme/jumps.hpp"
#include "fokker/scheme/selling.hpp"
#include "fokker/spectral/spectral_grid.hpp"
#include "within_cells.hpp"

namespace fokker {
namespace {

constexpr double looks = 32;           // over the span, besides the closer ones of its first part
constexpr double worth_saying = 0.02;  // of the l1 that a grid is expected to cost
constexpr double fraction_of_mass = 1e-3;
constexpr double most_cells = 1 << 26;  // of an axis, by the case reader
constexpr double least_width = 1.5;     // [cells]: below, a third of a Gaussian's spectrum does not fit the grid
constexpr double nothing_left = 1e-9;

/// The next time worth a look: half as far again as now, at most a 32nd of the span on.
double next_look(double t, double span) { return t + std::min(span / looks, std::max(0.5 * t, 1e-5 * span)); }

std::string cells_keys(const Grid& grid) {
  std::string keys;
  for (const Axis& axis : grid.axes()) keys += fmt::format("{}axis.{}.cells", keys.empty() ? "" : ", ", axis.name);
  return keys;
}

/// What a case can do about a flux that diffuses.
std::string remedy(const Setup& setup, bool stationary) {
  std::string text;
  if (setup.flux->carries == Carries::upwind) text = "scheme.flux = \"scharfetter_gummel\"";
  if (setup.flux->carries == Carries::upwind_advection) text = "scheme.flux = \"muscl\"";
  if (setup.score == nullptr && !stationary)  // steady neither corrects nor takes the other form
    text += std::string(text.empty() ? "" : ", ") +
            "scheme.form = \"effective_drift\" (order 2 whatever the Peclet number)" +
            (setup.flux->wide ? ""
                              : " or scheme.flux = \"upwind5_positive\" (order 4 where p is 3 cells wide, at any "
                                "Peclet number)");
  return text + fmt::format("{}more cells ({})", text.empty() ? "" : ", or ", cells_keys(*setup.grid));
}

}  // namespace

SelfCheck::SelfCheck(const Setup& setup, bool stationary)
    : setup_(setup), stationary_(stationary), space_(setup), walls_(setup, stationary), steps_(setup) {
  const std::size_t axes = setup.grid->dimension();
  judged_.width.assign(axes, INFINITY);
  spread_.fill(!std::holds_alternative<InitialPoint>(setup.config.initial));  // any other start is to be resolved
  judged_.width_at.assign(axes, 0);
}

std::span<const double> SelfCheck::cells_of(std::span<const double> state) const {
  return state.first(static_cast<std::size_t>(setup_.grid->cells()));
}

void SelfCheck::before_step(double before, std::span<const double> state) {
  steps_.begin(before, state);
  if (before > space_.t() && before == setup_.timeline.resume(space_.t())) space_.renew(before, cells_of(state));
}

void SelfCheck::after_step(double before, double after, std::span<const double> state) {
  steps_.end(before, after, state, space_.contraction());
  if (!has_changed(after)) return;
  ++closer_;
  follow(after, cells_of(state));
}

SpaceLook SelfCheck::follow(double t, std::span<const double> p) {
  if (gave_way(t)) space_.give_way();
  const double left = std::min(setup_.stepper->left_fluxes(), leaves_fluxes_);
  space_.carries_by_fluxes(!(left <= t), left);
  return space_.look(t, p);
}

void SelfCheck::after_step(const Moment& now) {
  if (now.t >= next_) look(now, false);
}

/// Since the last look coefficients have switched, or do so at t, or have come or gone: what drives p is looked at, box
/// and width are not. As many looks more as that may take: a thousand, spread over the run.
bool SelfCheck::has_changed(double t) const {
  constexpr double most = 1000, at_once = 64;
  const double end = setup_.config.time.end;
  if (static_cast<double>(closer_) > at_once + most * t / end) return false;
  const Timeline::Ahead since = setup_.timeline.ahead(space_.t(), t, end / looks);
  return since.to < t || std::isfinite(since.stretch) || setup_.timeline.resume(t) > t;
}

void SelfCheck::frame(const Moment& now) { look(now, true); }

bool SelfCheck::gave_way(double t) const {
  const Corrections* const done = setup_.stepper->corrections();
  return t >= gives_way_ || (done != nullptr && done->gave_way >= 0);
}

void SelfCheck::look(const Moment& now, bool frame) {
  const double end = setup_.config.time.end;
  if (now.t > looked_at_) {
    walls_.look(now.t, now.p->view(), now.last || now.t >= end);
    const SpaceLook found = follow(now.t, now.p->view());
    const double left = std::clamp(now.balance->mass / now.balance->mass_initial, 0.0, 1.0);
    if (left > fraction_of_mass) look_at_width(now.t, found.width);
    judged_.flux_l1 = left * found.flux_l1;
    judged_.reduced_fraction = std::max(judged_.reduced_fraction, found.reduced_fraction);
    judged_.reduced_l1 = std::max(judged_.reduced_l1, left * found.reduced_l1);
    looked_at_ = now.t;
    next_ = next_look(now.t, end);
  }
  if (frame && judged_.flux_l1 > judged_.flux_l1_worst) {
    judged_.flux_l1_worst = judged_.flux_l1;
    judged_.flux_l1_worst_at = now.t;
  }
}

/// A point is meant to be narrow: its width counts once it has spread.
void SelfCheck::look_at_width(double t, const std::array<double, 2>& width) {
  last_width_ = width;
  for (std::size_t k = 0; k < judged_.width.size(); ++k) {
    spread_[k] = spread_[k] || width[k] > least_width;
    if (!spread_[k] || !(width[k] < judged_.width[k])) continue;
    judged_.width[k] = width[k];
    judged_.width_at[k] = t;
  }
}

Judgement SelfCheck::conclude(const Moment& now) {
  judged_.step_l1 = steps_.worst();
  look(now, true);
  return sum_up(now);
}

Judgement SelfCheck::judge(const Field& p) {
  MassBalance balance;
  balance.mass = balance.mass_initial = 1;
  balance.run_min = p.values.minCoeff();
  balance.negative_mass = -p.values.cwiseMin(0).sum() * p.grid->volume();
  walls_.look(0, p.view(), true);
  const SpaceLook found = space_.settle(p.view());
  spread_.fill(true);
  look_at_width(0, found.width);
  judged_.flux_l1 = judged_.flux_l1_worst = found.flux_l1;
  judged_.reduced_fraction = found.reduced_fraction;
  judged_.reduced_l1 = found.reduced_l1;
  return sum_up({.p = &p, .balance = &balance});
}

std::string SelfCheck::when(double t) const {
  if (stationary_) return "in the stationary density";
  return t == setup_.config.time.end ? "at the end" : fmt::format("at t = {:.3g}", t);
}

Judgement SelfCheck::sum_up(const Moment& now) {
  for (std::size_t k = 0; k < judged_.width.size(); ++k)
    if (!spread_[k]) {
      judged_.width[k] = last_width_[k];
      judged_.width_at[k] = now.t;
    }
  judged_.walls = walls_.found();
  warn_of_mass(now);
  warn_of_walls(now);
  warn_of_flux(now);
  warn_of_drift(now);
  warn_of_steps();
  warn_of_reduced_terms();
  warn_of_negative_mass(now);
  if (!warns_of_width()) warn_of_features(now);
  return std::move(judged_);
}

void SelfCheck::warn_of_mass(const Moment& now) {
  if (now.balance->mass > nothing_left * now.balance->mass_initial) return;
  judged_.warnings.push_back(fmt::format(
      "mass: {:.2g} of the mass is left at t = {:.6g}: p, moments and norms there are those of nothing; end the run "
      "earlier (time.end), what has left is in mass.outflow_per_side",
      std::max(0.0, now.balance->mass / now.balance->mass_initial), now.t));
}

void SelfCheck::warn_of_walls(const Moment& now) {
  double all = 0;
  std::string parts, keys;
  for (const WallFinding& wall : judged_.walls) {
    if (!wall.judged || !(wall.beyond > fraction_of_mass)) continue;
    all += wall.beyond;
    parts += fmt::format("{}{:.2g} of the mass beyond {} {} ({})", parts.empty() ? "" : ", ", wall.beyond, wall.side,
                         when(wall.at), wall.closed_form ? "closed form" : "from p at the wall");
    const std::string key = fmt::format("axis.{}.range", wall.side.substr(0, wall.side.rfind('_')));
    if (keys.find(key) == std::string::npos) keys += (keys.empty() ? "" : ", ") + key;
  }
  if (!parts.empty())
    judged_.warnings.push_back(
        fmt::format("walls: the box cuts the distribution: {}; expected of that: l1 {:.2g} from the distribution "
                    "without walls. Widen {} (a "
                    "wall that is meant needs no change)",
                    parts, std::min(2.0, all), keys));
  if (!setup_.config.compare.exact_closed_form || !(now.balance->total_outflow() > fraction_of_mass)) return;
  judged_.warnings.push_back(fmt::format(
      "walls: {:.2g} of the mass has left through absorbing sides, of which the closed form (compare.exact = "
      "true) knows nothing: on the whole line the two are at least that far apart in l1; widen the box, or give the "
      "distribution as a formula",
      now.balance->total_outflow()));
}

void SelfCheck::warn_of_flux(const Moment& now) {
  const double worst = judged_.flux_l1_worst;
  if (!(worst > worth_saying)) return;
  std::string expected = fmt::format("about l1 {:.2g} {}", worst, when(judged_.flux_l1_worst_at));
  if (!stationary_ && judged_.flux_l1_worst_at != now.t)
    expected += fmt::format(", {:.2g} at the end", judged_.flux_l1);
  judged_.warnings.push_back(fmt::format(
      "flux: on these cells {} is expected to be off by {} (drift against diffusion in a cell: the row "
      "peclet). Take {}",
      setup_.flux->wide && !stationary_ && gave_way(setup_.config.time.end) ? "scharfetter_gummel" : setup_.flux->name,
      expected, remedy(setup_, stationary_)));
}

/// At the start, else at the end.
void SelfCheck::warn_of_drift(const Moment& now) {
  const bool left = now.balance->mass > fraction_of_mass * now.balance->mass_initial;
  std::string text;
  if (!stationary_) text = structure_within_cells(setup_, setup_.clock, setup_.initial.view());
  if (text.empty() && left) text = structure_within_cells(setup_, now.t, now.p->view());
  if (!text.empty()) judged_.warnings.push_back(std::move(text));
}

void SelfCheck::warn_of_steps() {
  if (!(judged_.step_l1 > worth_saying)) return;
  judged_.warnings.push_back(fmt::format(
      "time: steps of time.dt = {:.3g} by {} are expected to cost up to about l1 {:.2g} {}; take a smaller "
      "time.dt, or time.tolerance with an adaptive stepper (time.stepper = \"auto\")",
      setup_.config.time.dt.value_or(0), setup_.stepper_row->name, judged_.step_l1, when(steps_.worst_at())));
}

void SelfCheck::warn_of_reduced_terms() {
  if (!(judged_.reduced_fraction > fraction_of_mass)) return;
  const std::string keys = cells_keys(*setup_.grid);
  const std::string remedy =
      space_.by_cells()
          ? fmt::format("Take more cells ({}), or a coordinate in which D does not vanish at the wall", keys)
          : fmt::format(
                "The tensor is thinner in cells than they can follow: scale the cells to it ({}), turn the axes "
                "along it, or take scheme.flux = \"central4\" or scheme.form = \"effective_drift\"",
                keys);
  judged_.warnings.push_back(fmt::format(
      "tensor: D_xy was reduced, to fit offsets of at most {} cells{}, in cells with {:.2g} of the mass; "
      "expected of that: l1 {:.2g}. {}",
      space_.by_cells() ? cell_offset_cap : offset_cap, space_.by_cells() ? " that stay within the box" : "",
      judged_.reduced_fraction, judged_.reduced_l1, remedy));
}

/// What would have 3 cells in a width: a number that a case may ask for, or another way.
std::string cells_for_width(const Axis& axis, double cells) {
  if (cells <= most_cells)
    return fmt::format("at least axis.{}.cells = {:.0f} would have 3", axis.name, std::ceil(cells));
  return fmt::format(
      "no axis.{0}.cells that a case may have would do: narrow axis.{0}.range to where p is, or take a "
      "coordinate that stretches it",
      axis.name);
}

bool SelfCheck::warns_of_width() {
  bool warns = false;
  for (int k = 0; k < setup_.grid->dimension(); ++k) {
    const std::size_t at = k;
    if (!(judged_.width[at] < least_width)) continue;
    const Axis& axis = setup_.grid->axis(k);
    judged_.warnings.push_back(
        fmt::format("resolution: p is {:.2g} cells wide along {} {} (standard deviation), which no scheme resolves; {}",
                    judged_.width[at], axis.name, when(judged_.width_at[at]),
                    cells_for_width(axis, static_cast<double>(axis.cells) * 3 / judged_.width[at])));
    warns = true;
  }
  return warns;
}

/// Wide enough on the whole, but with features of single cells.
void SelfCheck::warn_of_features(const Moment& now) {
  const auto look_at = [&](const Field& p, double t) {
    // where D jumps, so does p, or bends: no cells would be enough
    if (jump_of_diffusion(*setup_.grid, *setup_.sde, t, t)) return;
    if (const std::string poor = resolution_warning(setup_.grid, p.view()); !poor.empty())
      judged_.warnings.push_back(fmt::format("resolution: p {}: {}", when(t), poor));
  };
  if (!stationary_ && !std::holds_alternative<InitialPoint>(setup_.config.initial)) look_at(setup_.initial, 0);
  if (now.balance->mass > fraction_of_mass * now.balance->mass_initial) look_at(*now.p, now.t);
}

void SelfCheck::warn_of_negative_mass(const Moment& now) {
  if (!(now.balance->negative_mass > fraction_of_mass)) return;
  judged_.warnings.push_back(fmt::format(
      "sign: up to {:.2g} of negative mass, down to p = {:.3g}; take scheme.positive = true with a flux and a stepper "
      "that keep p >= 0 (fokker list fluxes), or more cells ({})",
      now.balance->negative_mass, now.balance->run_min, cells_keys(*setup_.grid)));
}

}  // namespace fokker
