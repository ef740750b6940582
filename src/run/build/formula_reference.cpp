#include "formula_reference.hpp"

#include <fmt/format.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>

namespace fokker {
namespace {

constexpr double mass_slack = 1e-3;

[[noreturn]] void refuse_formula(const Setup& setup, const std::string& text) {
  refuse(setup.config, "compare.exact", text);
}

/// A start without a density: a point, or a Gaussian without width along some direction.
bool has_no_density(const Initial& initial) {
  if (std::holds_alternative<InitialPoint>(initial)) return true;
  const auto* const mixture = std::get_if<InitialMixture>(&initial);
  return mixture != nullptr && std::any_of(mixture->components.begin(), mixture->components.end(),
                                           [](const Gaussian& g) { return !(g.covariance.determinant() > 0); });
}

std::string point(const Grid& grid, const Lowest& lowest) {
  std::string text = fmt::format("{} = {:.6g}", grid.axis(0).name, lowest.at[0]);
  if (grid.dimension() > 1) text += fmt::format(", {} = {:.6g}", grid.axis(1).name, lowest.at[1]);
  return fmt::format("{}, in {}", text, grid.describe(lowest.cell));
}

void require_mass(const Setup& setup, double t, double mass, double before) {
  const auto sides = setup.grid->absorbing_sides();
  if (sides.empty() || t == 0) {
    if (std::abs(mass - 1) <= mass_slack) return;
    refuse_formula(
        setup, fmt::format("the formula has mass {:.6g} on the grid at t = {:.6g}, and a density must have 1 within "
                           "{:.0e}{}; divide it by its integral, or mend the box",
                           mass, t, mass_slack, sides.empty() ? " where no side absorbs" : " at the start"));
  }
  if (mass <= before + mass_slack) return;
  refuse_formula(
      setup, fmt::format("the formula has mass {:.6g} on the grid at t = {:.6g}, after {:.6g}: where side {} absorbs "
                         "mass may fall and never rise",
                         mass, t, before, sides.front()));
}

}  // namespace

FormulaReference::FormulaReference(const Setup& setup)
    : grid_(setup.grid),
      faces_(*setup.grid),
      formula_(*setup.config.compare.exact_formula),
      variables_(setup.config.sde.variables),
      autonomous_(!formula_.depends_on("t")),
      times_(setup.config.output.times) {
  if (has_no_density(setup.config.initial)) start_ = setup.initial;
  constexpr double most_bytes = 256e6;
  const auto cells = static_cast<double>(grid_->cells());
  const bool keep = autonomous_ || 8 * cells * static_cast<double>(times_.size()) <= most_bytes;
  double before = 1;
  for (const double t : times_) {
    if (t == 0 && start_.grid) {
      if (keep && !autonomous_) kept_.push_back(start_);
      continue;
    }
    Field own = looked_at(setup, t);
    const double mass = own.mass();
    require_mass(setup, t, mass, before);
    before = mass;
    if (keep) kept_.push_back(std::move(own));
    if (autonomous_) break;
  }
}

Field FormulaReference::averages(double t) const {
  Field own(grid_);
  FormulaDensity(formula_, variables_, t).cell_averages(faces_.faces, own.view());
  return own;
}

Field FormulaReference::looked_at(const Setup& setup, double t) const {
  Field own(grid_);
  const Lowest lowest = FormulaDensity(formula_, variables_, t).averages_and_lowest(faces_.faces, own.view());
  for (Index cell = 0; cell < grid_->cells(); ++cell)
    if (!std::isfinite(own.values[cell]))
      refuse_formula(setup,
                     fmt::format("the formula is {} {} at t = {:.6g}: a density must be finite and not negative{}",
                                 std::isnan(lowest.value) ? "not a number at" : "infinite at",
                                 std::isnan(lowest.value) ? point(*grid_, lowest) : grid_->describe(cell), t,
                                 t == 0 ? " at all output times, of which 0 is one" : ""));
  constexpr double rounding = 1e-12;  // of the largest average: what cancels in a formula
  if (lowest.value < -rounding * own.values.cwiseAbs().maxCoeff())
    refuse_formula(setup,
                   fmt::format("the formula is {:.6g} at {}, at t = {:.6g}: a density must be finite and not negative",
                               lowest.value, point(*grid_, lowest), t));
  return own;
}

Field FormulaReference::at(double t) const {
  if (t == 0 && start_.grid) return start_;
  if (autonomous_ && !kept_.empty()) return kept_.front();
  const auto found = std::lower_bound(times_.begin(), times_.end(), t);
  const std::size_t k = found - times_.begin();
  return found != times_.end() && *found == t && k < kept_.size() ? kept_[k] : averages(t);
}

}  // namespace fokker
