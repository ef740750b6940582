#include "fokker/model/formula_sde.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>

#include "fokker/base/rounding.hpp"
#include "formula_parts.hpp"

namespace fokker {
namespace {

/// A formula of one name as a function.
std::function<double(double)> function_of(const Expression& formula, const std::string& name) {
  const auto tape = std::make_shared<const Tape>(std::span(&formula, 1), std::span(&name, 1));
  return [tape](double at) {
    const TapeInput input = TapeInput::of(at);
    double value = 0;
    double* const output = &value;
    tape->evaluate({&input, 1}, 1, {&output, 1});
    return value;
  };
}

/// A factor of time; what only rounding made negative is 0.
std::function<double(double)> factor_of(const Expression& formula) {
  return [formula, value_at = function_of(formula, "t")](double t) {
    const double value = value_at(t);
    if (!(value < 0)) return value;
    const std::string name = "t";
    return value + evaluate_with_rounding(formula, {&name, 1}, {&t, 1}).error >= 0 ? 0 : value;
  };
}

/// The two square roots of 2 D that are no formulas: in place of D_xx, D_xy, D_yy come the columns of the symmetric
/// one, (M + s I)/sqrt(tr M + 2 s) with M = 2 D, s = sqrt(det M). Negative rounding counts as 0; NaN stays NaN.
double root(double value) { return value < 0 ? 0 : std::sqrt(value); }

void symmetric_root(Index n, double* const* columns) {
  double *xx = columns[0], *xy = columns[1], *yx = columns[2], *yy = columns[3];  // D_yy arrives in yy
  for (Index i = 0; i < n; ++i) {
    const double a = 2 * xx[i], b = 2 * xy[i], c = 2 * yy[i];
    const double s = root(a * c - b * b), scale = root(a + c + 2 * s);
    const double inverse = scale == 0 ? 0 : 1 / scale;
    xx[i] = (a + s) * inverse;
    yx[i] = xy[i] = b * inverse;
    yy[i] = (c + s) * inverse;
  }
}

}  // namespace

std::string to_string(Interpretation interpretation) {
  switch (interpretation) {
    case Interpretation::ito:
      return "ito";
    case Interpretation::stratonovich:
      return "stratonovich";
    case Interpretation::klimontovich:
      return "klimontovich";
  }
  throw std::logic_error("an interpretation without a name");
}

bool LinearCoefficients::constant() const {
  for (const auto& e : A)
    if (!e.is_constant()) return false;
  for (const auto& e : b)
    if (!e.is_constant()) return false;
  for (const auto& e : D)
    if (!e.is_constant()) return false;
  return true;
}

FormulaSde::FormulaSde(SdeFormulas formulas) {
  try {
    parts_ = std::make_shared<const Parts>(std::move(formulas));
  } catch (const std::length_error& error) {
    throw std::invalid_argument(std::string("the formulas are too large together: ") + error.what());
  }
}

FormulaSde::~FormulaSde() = default;

int FormulaSde::dimension() const { return static_cast<int>(parts_->dimension()); }

void FormulaSde::drift(const PointsIn& x, double t, PointsOut f) const {
  parts_->evaluate(parts_->drift_tape, x, t, std::span(f.axis).first(parts_->dimension()));
}

void FormulaSde::flux_velocity(const PointsIn& x, double t, PointsOut a) const {
  parts_->evaluate(parts_->velocity_tape, x, t, std::span(a.axis).first(parts_->dimension()));
}

void FormulaSde::flux_velocity_along(int axis, const PointsIn& x, double t, double* a) const {
  parts_->evaluate(parts_->velocity_tape_along[axis], x, t, {&a, 1});
}

void FormulaSde::written_drift(const PointsIn& x, double t, PointsOut f) const {
  parts_->evaluate(parts_->written_tape, x, t, std::span(f.axis).first(parts_->dimension()));
}

double FormulaSde::reading() const { return parts_->reading; }

void FormulaSde::breakpoints(const AxisLine& line, double t, std::vector<double>& points) const {
  parts_->breaks[line.axis].find(line, t, points);
}

bool FormulaSde::breakpoints_move() const {
  return parts_->breaks[0].depend_on_time() || parts_->breaks[1].depend_on_time();
}

std::optional<AxisSeparated> FormulaSde::along(int axis) const try {
  const Parts& p = *parts_;
  if (p.dimension() != 2 || !p.traits.autonomous || !p.traits.diagonal) return std::nullopt;
  const std::size_t k = axis;
  if (p.D[k][k].is_zero()) return std::nullopt;
  const std::string& other = p.given.variables[1 - k];
  const CommonFactor common = common_factor(Formulas{p.written[k], p.D[k][k]}, other);
  if (!common.found) return std::nullopt;
  SdeFormulas base;
  base.variables = {p.given.variables[k]};
  base.drift = {common.rest[0]};
  base.diffusion = {{common.rest[1]}};
  base.interpretation = p.written_interpretation();
  return AxisSeparated{std::make_shared<FormulaSde>(std::move(base)), function_of(common.factor, other)};
} catch (const std::length_error&) {
  return std::nullopt;  // too large to be proved
}

void FormulaSde::diffusion(const PointsIn& x, double t, TensorOut D) const {
  const std::array<double*, 3> outputs{D.xx, D.xy, D.yy};
  parts_->evaluate(parts_->diffusion_tape, x, t, std::span(outputs).first(dimension() == 1 ? 1 : 3));
}

void FormulaSde::diffusion_rounding(const PointsIn& x, double t, TensorOut error) const {
  const Formulas D = parts_->tensor();
  const std::array<double*, 3> outputs{error.xx, error.xy, error.yy};
  for (Index i = 0; i < x.size; ++i) {
    std::vector<double> point;
    for (int k = 0; k < dimension(); ++k) point.push_back(x.axis[k][i]);
    point.push_back(t);
    for (std::size_t k = 0; k < D.size(); ++k)
      outputs[k][i] = evaluate_with_rounding(D[k], parts_->inputs, point).error;
  }
}

int FormulaSde::noise_count() const {
  return parts_->B.empty() ? dimension() : static_cast<int>(parts_->B.size()) / dimension();
}

void FormulaSde::noise(const PointsIn& x, double t, double* const* columns) const {
  if (!parts_->B.empty()) {
    parts_->evaluate(parts_->noise_tape, x, t, std::span(columns, parts_->B.size()));
  } else if (dimension() == 1) {
    diffusion(x, t, {.xx = columns[0]});
    for (Index i = 0; i < x.size; ++i) columns[0][i] = root(2 * columns[0][i]);
  } else {
    diffusion(x, t, {.xx = columns[0], .xy = columns[1], .yy = columns[3]});
    symmetric_root(x.size, columns);
  }
}

Traits FormulaSde::traits() const { return parts_->traits; }

bool FormulaSde::has_gibbs() const { return parts_->log_gibbs.has_value(); }

void FormulaSde::log_gibbs(const PointsIn& x, double* out) const {
  if (has_gibbs()) parts_->evaluate(parts_->gibbs_tape, x, 0, {&out, 1});
}

const std::vector<Expression>& FormulaSde::ito_drift() const { return parts_->drift; }

const std::vector<Expression>& FormulaSde::induced_drift() const { return parts_->induced; }

std::shared_ptr<const FormulaSde> FormulaSde::along(int axis, double still) const {
  const std::size_t k = axis;
  const std::map<std::string, Expression> other{{parts_->given.variables[1 - k], Expression(still)}};
  SdeFormulas line;
  line.variables = {parts_->given.variables[k]};
  line.drift = {substitute(parts_->drift[k], other)};
  line.diffusion = {{substitute(parts_->D[k][k], other)}};
  return std::make_shared<FormulaSde>(std::move(line));
}

std::optional<LinearCoefficients> FormulaSde::linear() const {
  const Parts& p = *parts_;
  if (!p.traits.linear || !p.traits.additive) return std::nullopt;
  LinearCoefficients result;
  result.dimension = dimension();
  std::copy(p.A.begin(), p.A.end(), result.A.begin());
  std::copy(p.b.begin(), p.b.end(), result.b.begin());
  const Formulas D = p.tensor();
  std::copy(D.begin(), D.end(), result.D.begin());
  return result;
}

namespace {

/// Sign of the trace of an autonomous D where its modulus is largest: +1 when it is 0 everywhere.
double sign_of_diffusion(const Sde& sde, const PointsIn& at) {
  std::vector<double> xx(at.size), xy(xx.size()), yy(xx.size());
  sde.diffusion(at, 0, {xx.data(), xy.data(), yy.data()});
  double largest = 0;
  for (std::size_t i = 0; i < xx.size(); ++i) {
    const double trace = xx[i] + yy[i];
    if (std::isfinite(trace) && std::abs(trace) > std::abs(largest)) largest = trace;
  }
  return largest < 0 ? -1 : 1;
}

}  // namespace

/// U and T share a factor, or all of drift and D do; its sign is chosen so that the base has D >= 0.
std::optional<TimeSeparated> FormulaSde::separated(const PointsIn& some) const try {
  const Parts& p = *parts_;
  if (p.traits.autonomous || p.traits.deterministic) return std::nullopt;
  CommonFactor common;
  if (p.given.potential) common = common_factor(Formulas{*p.given.potential, *p.given.temperature}, "t");
  const bool keeps_potential = common.found;
  if (!keeps_potential) {
    Formulas all = p.written;
    for (const Expression& entry : p.tensor()) all.push_back(entry);
    common = common_factor(all, "t");
  }
  if (!common.found) return std::nullopt;
  auto base = p.base_of(common.rest, keeps_potential);
  const double sign = sign_of_diffusion(*base, some);
  if (sign < 0) {
    for (Expression& rest : common.rest) rest = -rest;
    base = p.base_of(common.rest, keeps_potential);
  }
  const Expression signed_factor = sign * common.factor;
  return TimeSeparated{std::move(base), factor_of(signed_factor), [signed_factor](double from, double to) {
                         return time_knots({&signed_factor, 1}, from, to);
                       }};
} catch (const std::length_error&) {
  return std::nullopt;  // too large to be proved
}

Timeline FormulaSde::timeline(const TimeRange& times, const Box& box) const try {
  constexpr double nothing = 1e-9;  // of a cell, or its square: what a density does not notice
  TimedFormulas timed{parts_->drift, {}, parts_->inputs};
  for (std::size_t k = 0; k < parts_->drift.size(); ++k) timed.negligible.push_back(nothing * box.cell[k]);
  const Formulas D = parts_->tensor();
  for (std::size_t k = 0; k < D.size(); ++k) {
    timed.formulas.push_back(D[k]);
    timed.negligible.push_back(nothing * box.cell[k == 2 ? 1 : 0] * box.cell[k == 0 ? 0 : D.size() == 1 ? 0 : 1]);
  }
  return find_timeline(timed, box, times.from, times.to);
} catch (const std::length_error&) {
  return {{}, {}, times.to - times.from};  // too large to be looked into
}

std::string FormulaSde::fault_key(std::span<const double> point, double t) const {
  const SdeFormulas& given = parts_->given;
  std::vector<double> at(point.begin(), point.end());
  at.push_back(t);
  const auto value = [&](const Expression& e) { return evaluate_at(e, parts_->inputs, at); };
  const auto bad = [&](const Expression& e) { return !std::isfinite(value(e)); };
  if (given.potential)
    return bad(*given.temperature) || value(*given.temperature) < 0 ? "sde.temperature" : "sde.potential";
  for (std::size_t k = 0; k < given.drift.size(); ++k)
    if (bad(given.drift[k])) return "sde.drift." + std::to_string(k);
  const bool noise = !given.noise.empty();
  const std::string key = noise ? "sde.noise" : "sde.diffusion";
  const FormulaMatrix& matrix = noise ? given.noise : given.diffusion;
  for (std::size_t i = 0; i < matrix.size(); ++i)
    for (std::size_t k = 0; k < matrix[i].size(); ++k)
      if (bad(matrix[i][k]) || (!noise && i == k && value(matrix[i][k]) < 0))
        return key + "." + std::to_string(i) + "." + std::to_string(k);
  return key;
}

}  // namespace fokker
