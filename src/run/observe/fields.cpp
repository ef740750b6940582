#include "fokker/run/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "fokker/analysis/score.hpp"
#include "fokker/base/named_rows.hpp"
#include "fokker/run/run_state.hpp"

namespace fokker {
namespace {

/// Columns for a vector along the axes.
FieldValues columns(const Setup& setup) {
  const std::size_t cells = setup.grid->cells();
  return {std::vector<double>(cells), std::vector<double>(setup.grid->dimension() > 1 ? cells : 0)};
}

/// The second column; null in one dimension.
double* second(FieldValues& values) { return values.y.empty() ? nullptr : values.y.data(); }

FieldValues density(const Setup&, double, const Field& p) { return {{p.values.begin(), p.values.end()}}; }

FieldValues logarithm(const Setup&, double, const Field& p) {
  FieldValues logs{std::vector<double>(p.view().size())};
  std::transform(p.values.begin(), p.values.end(), logs.x.begin(), [](double value) { return std::log(value); });
  return logs;
}

FieldValues score(const Setup& setup, double, const Field& p) {
  FieldValues s = columns(setup);
  score_field(*setup.grid, p.view(), s.x.data(), second(s));
  return s;
}

/// Whose fluxes carry p now.
const Form& form_in_force(const Setup& setup) {
  const Corrections* const done = setup.stepper ? setup.stepper->corrections() : nullptr;
  return done != nullptr && done->gave_way >= 0 ? setup.scheme->default_form() : *setup.scheme;
}

FieldValues current(const Setup& setup, double t, const Field& p) {
  FieldValues J = columns(setup);
  form_in_force(setup).current(t, p.view(), J.x.data(), second(J));
  return J;
}

FieldValues effective_drift(const Setup& setup, double t, const Field& p) {
  FieldValues F = current(setup, t, p);
  for (std::vector<double>* column : {&F.x, &F.y})
    for (std::size_t i = 0; i < column->size(); ++i) {
      const double own = p.values[static_cast<Index>(i)];
      (*column)[i] = own > 0 ? (*column)[i] / own : NAN;
    }
  return F;
}

FieldValues drift(const Setup& setup, double t, const Field&) {
  FieldValues f = columns(setup);
  setup.sde->drift(setup.grid->centers(), t, {{f.x.data(), f.y.data()}});
  return f;
}

FieldValues entropy_rate(const Setup& setup, double t, const Field& p) {
  return {dissipation(setup, t, p).value_or(std::vector<double>(p.view().size(), NAN))};
}

std::string needs_inverse(const Setup& setup) {
  if (setup.scheme->report(0).smallest_eigenvalue > 0) return "";
  return "needs an invertible D, and D is singular in some cell";
}

constexpr std::array<FieldRow, 7> rows{{
    {.name = "p", .doc = "density, the cell averages", .values = density},
    {.name = "log_p", .doc = "natural logarithm of p", .values = logarithm},
    {.name = "score",
     .doc = "grad log p at the cell centres, from differences of log p (missing where p is 0)",
     .vector = true,
     .masked = true,
     .values = score},
    {.name = "effective_drift",
     .doc = "F = current / p, the velocity of the noise-free twin (missing where p is 0)",
     .vector = true,
     .masked = true,
     .values = effective_drift},
    {.name = "current",
     .doc = "probability current: the scheme's own face fluxes averaged to cells",
     .vector = true,
     .values = current},
    {.name = "drift", .doc = "Ito drift f at the cell centres", .vector = true, .values = drift},
    {.name = "entropy_production",
     .doc = "J . D^-1 J / p per volume; needs an invertible D",
     .refusal = needs_inverse,
     .values = entropy_rate},
}};

}  // namespace

std::span<const FieldRow> field_rows() { return rows; }

const FieldRow& field_row(std::string_view name) { return row_named(field_rows(), name, "field"); }

void require_fields(const Setup& setup) {
  const std::string key = "output.fields";
  for (const std::string& name : setup.config.output.fields)
    if (const FieldRow& row = field_row(name); row.refusal != nullptr)
      if (const std::string why = row.refusal(setup); !why.empty())
        refuse(setup.config, key, fmt::format("{} {}", name, why));
}

std::optional<std::vector<double>> dissipation(const Setup& setup, double t, const Field& p) {
  const std::size_t cells = setup.grid->cells();
  std::vector<double> Jx(cells), Jy(setup.grid->dimension() > 1 ? cells : 0);
  double* const second = Jy.empty() ? nullptr : Jy.data();
  form_in_force(setup).current(t, p.view(), Jx.data(), second);
  return entropy_production(*setup.grid, *setup.sde, t, p.view(), Jx.data(), second);
}

std::vector<double> mean_velocity(const Setup& setup, double t, const Field& p) {
  if (const auto total = form_in_force(setup).total_current(t, p.view())) {
    std::vector<double> all(total->begin(), total->begin() + setup.grid->dimension());
    for (double& velocity : all) velocity *= setup.grid->volume();
    return all;
  }
  const FieldValues J = current(setup, t, p);
  std::vector<double> all{sum_of_cells(J.x) * setup.grid->volume()};
  if (!J.y.empty()) all.push_back(sum_of_cells(J.y) * setup.grid->volume());
  return all;
}

bool exceeds_rounding(const Setup& setup, double t, const Field& p, std::span<const double> velocity) {
  constexpr double rounding = 1e-9;
  const Grid& grid = *setup.grid;
  const std::size_t cells = p.view().size();
  FieldValues f = drift(setup, t, p);
  std::array<std::vector<double>, 3> D;
  for (std::vector<double>& column : D) column.resize(cells);
  setup.sde->diffusion(grid.centers(), t, {D[0].data(), D[1].data(), D[2].data()});
  for (std::size_t k = 0; k < velocity.size(); ++k) {
    const Axis& axis = grid.axis(static_cast<int>(k));
    const std::vector<double>&along = k == 0 ? f.x : f.y, &spread = k == 0 ? D[0] : D[2];
    double scale = 0;
    for (std::size_t i = 0; i < cells; ++i)
      scale += (std::abs(along[i]) + spread[i] / (axis.upper - axis.lower)) * std::abs(p.view()[i]);
    if (std::abs(velocity[k]) > rounding * scale * grid.volume()) return true;
  }
  return false;
}

}  // namespace fokker
