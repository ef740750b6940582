#include "wall_check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "fokker/base/errors.hpp"
#include "fokker/model/linear_gaussian.hpp"
#include "fokker/run/closed_form.hpp"
#include "fokker/run/witness.hpp"

namespace fokker {
namespace {

constexpr double vanishing = 1.5;  // D in the second cell over that in the first: noise that vanishes at the wall
constexpr double beyond_one_width = 0.1587;  // of a Gaussian
constexpr double confining = 4;  // f_n L / D_nn, L the box: drift inwards that makes a tail of a quarter of the box

/// The closed form of the case on the whole line, where it has one.
std::optional<ClosedForm> distribution_without_walls(const Setup& setup) {
  try {
    return closed_form(setup.config, *setup.formulas, "compare.exact", "");
  } catch (const CaseError&) {
    return std::nullopt;
  }
}

/// The Gaussian at rest on the whole line, where the case has one.
std::optional<GaussianMixture> distribution_at_rest(const Setup& setup) {
  const auto linear = setup.formulas->linear();
  for (const Axis& axis : setup.grid->axes())
    if (axis.periodic()) return std::nullopt;
  const auto distribution = linear ? LinearGaussian(*linear).stationary() : std::nullopt;
  if (!distribution) return std::nullopt;
  return GaussianMixture({*distribution});
}

double mass_beyond(const GaussianMixture& distribution, const Axis& axis, int k, int side) {
  double mass = 0;
  for (const Gaussian& component : distribution.components()) {
    const double inside = side == 0 ? component.mean[k] - axis.lower : axis.upper - component.mean[k];
    const double variance = component.covariance(k, k);
    mass += component.weight * (variance > 0 ? 0.5 * std::erfc(inside / std::sqrt(2 * variance)) : inside < 0 ? 1 : 0);
  }
  return mass;
}

}  // namespace

WallCheck::WallCheck(const Setup& setup, bool stationary) : setup_(setup) {
  const Case& c = setup.config;
  const bool mixture = std::holds_alternative<InitialMixture>(c.initial) && !stationary;
  of_the_line_ = c.compare.exact_closed_form || !c.model.empty() || mixture;
  has_formula_ = c.compare.exact_formula.has_value();
  from_potential_ = c.sde.potential.has_value();
  starts_in_box_ = !mixture && !c.compare.exact_closed_form;
  const Grid& grid = *setup.grid;
  for (int k = 0; k < grid.dimension(); ++k)
    for (int side = 0; side < 2; ++side) {
      const Axis& axis = grid.axis(k);
      if ((side == 0 ? axis.at_lower : axis.at_upper) != Boundary::reflecting) continue;
      Side wall{k, side, {}, stationary ? std::numeric_limits<double>::infinity() : 0};
      const Index along = grid.dimension() > 1 ? grid.axis(1 - k).cells : 1, i = side == 0 ? 0 : axis.cells - 1;
      for (Index j = 0; j < along; ++j) wall.cells.push_back(k == 0 ? i + grid.nx() * j : j + grid.nx() * i);
      sides_.push_back(std::move(wall));
      found_.push_back({axis.name + (side == 0 ? "_lower" : "_upper")});
    }
  if (sides_.empty() || grid.outflows() > 0 || has_formula_) return;
  if (stationary)
    at_rest_ = distribution_at_rest(setup);
  else
    distribution_ = distribution_without_walls(setup);
}

WallCheck::AtWall WallCheck::at_wall(const Side& side, double t, std::span<const double> p) const {
  const Grid& grid = *setup_.grid;
  const Axis& axis = grid.axis(side.axis);
  const Index stride = (side.axis == 0 ? 1 : grid.nx()) * (side.side == 0 ? 1 : -1),
              n = static_cast<Index>(side.cells.size());
  std::array<std::vector<double>, 2> x, f;
  std::array<std::vector<double>, 3> D;
  const PointsIn centers = grid.centers();
  for (int k = 0; k < grid.dimension(); ++k) {  // the cells of the wall, then those behind them
    std::vector<double>& column = x[k];
    for (const Index inwards : {Index{0}, stride})
      for (const Index cell : side.cells) column.push_back(centers.axis[k][cell + inwards]);
  }
  for (auto& column : f) column.resize(2 * side.cells.size());
  for (auto& column : D) column.resize(2 * side.cells.size());
  const bool plane = grid.dimension() > 1;
  const PointsIn points{2 * n, grid.dimension(), {x[0].data(), plane ? x[1].data() : nullptr}};
  setup_.sde->drift(points, t, {{f[0].data(), plane ? f[1].data() : nullptr}});
  setup_.sde->diffusion(points, t, {D[0].data(), plane ? D[1].data() : nullptr, plane ? D[2].data() : nullptr});
  AtWall now;
  const std::size_t k = side.axis;
  double weight = 0;
  for (std::size_t j = 0; j < side.cells.size(); ++j) {
    const double fraction = std::max(0.0, p[side.cells[j]]);
    const double here = D[2 * k][j], behind = D[2 * k][j + side.cells.size()];
    weight += fraction;
    now.outwards += fraction * (side.side == 0 ? -1 : 1) * f[k][j];
    if (behind <= vanishing * here) now.D += fraction * here;
    if (here > 0 && behind > vanishing * here) now.vanishing += fraction;
  }
  if (!(weight > 0)) return now;
  now.outwards /= weight;
  now.D /= weight;
  now.vanishing /= weight;
  now.mass = weight * grid.volume();
  now.density = now.mass / axis.width();
  return now;
}

double WallCheck::beyond(const Side& side, const AtWall& now) const {
  const double at_least = now.outwards > 0 ? now.mass : 0;
  if (!(now.D > 0)) return at_least;
  constexpr double of_gaussian = 0.33;
  const double shortness = std::abs(now.outwards) / now.D + 1 / (of_gaussian * std::sqrt(side.spread));
  return shortness > 0 ? std::max(at_least, now.density / shortness) : at_least;
}

bool WallCheck::judged(const Side& side, const AtWall& now) const {
  if (has_formula_ || now.vanishing > 0.5) return false;
  const Axis& axis = setup_.grid->axis(side.axis);
  const bool tail = -now.outwards * (axis.upper - axis.lower) > confining * now.D && now.D > 0;
  if (tail) return true;
  if (at_rest_) return mass_beyond(*at_rest_, axis, side.axis, side.side) < beyond_one_width;
  return of_the_line_ && !from_potential_ && (now.D > 0 || now.outwards > 0);
}

std::optional<GaussianMixture> WallCheck::distribution_at(double t) {
  if (!distribution_) return at_rest_;
  try {
    return distribution_->at(t);
  } catch (const NumericalError&) {
    distribution_.reset();
    return std::nullopt;
  }
}

void WallCheck::keep(Archive& archive) {
  bool known = distribution_.has_value();
  archive(t_, found_, known);
  for (Side& side : sides_) archive(side.spread);
  if (!known) distribution_.reset();
}

void WallCheck::look(double t, std::span<const double> p, bool last) {
  const std::optional<GaussianMixture> distribution = distribution_at(t);
  for (std::size_t k = 0; k < sides_.size(); ++k) {
    Side& side = sides_[k];
    WallFinding& found = found_[k];
    const AtWall now = at_wall(side, t, p);
    side.spread += 2 * now.D * (t - t_);
    found.mass = std::max(found.mass, now.mass);
    const bool judges = judged(side, now) && (!starts_in_box_ || distribution || last);
    const double out = distribution ? mass_beyond(*distribution, setup_.grid->axis(side.axis), side.axis, side.side)
                                    : beyond(side, now);
    if (judges < found.judged || (judges == found.judged && !(out > found.beyond))) continue;
    found.beyond = out;
    found.at = t;
    found.judged = judges;
    found.closed_form = distribution.has_value();
  }
  t_ = t;
}

}  // namespace fokker
