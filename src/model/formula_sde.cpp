#include "fokker/model/formula_sde.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>
#include <map>
#include <stdexcept>

#include "fokker/base/errors.hpp"
#include "fokker/base/rounding.hpp"
#include "fokker/base/semidefinite.hpp"
#include "fokker/base/switches.hpp"
#include "fokker/base/tape.hpp"
#include "line_roots.hpp"

namespace fokker {
namespace {

using Vector = std::vector<Expression>;
using Matrix = std::vector<std::vector<Expression>>;

/// Multiplied out where that removes a variable: what cancels is gone, everything else keeps the shape it was given, as
/// does what is too large to be multiplied out.
Expression without_what_cancels(const Expression& e) try {
  const Expression expanded = expand(e);
  return expanded.variables().size() < e.variables().size() ? expanded : e;
} catch (const std::length_error&) {
  return e;
}

/// The derivative of the formula that stands at `key` of a case.
Expression slope(const Expression& e, const std::string& variable, const std::string& key) try {
  return derivative(e, variable);
} catch (const std::length_error& error) {
  throw CaseError({Problem{"", key, fmt::format("its derivative in {} is too large: {}", variable, error.what())}});
}

bool free_of(const Expression& e, std::span<const std::string> names) {
  for (const std::string& name : names)
    if (e.depends_on(name)) return false;
  return true;
}

void require(bool holds, const char* text) {
  if (!holds) throw std::invalid_argument(text);
}

void check_matrix(const Matrix& matrix, std::size_t rows, std::size_t columns, const char* text) {
  require(matrix.size() == rows, text);
  for (const Vector& row : matrix) require(row.size() == columns, text);
}

void check_shapes(const SdeFormulas& given) {
  const std::size_t d = given.variables.size();
  require(d == 1 || d == 2, "an SDE has 1 or 2 variables");
  if (given.potential || given.temperature) {
    require(given.potential && given.temperature, "potential and temperature belong together");
    require(given.drift.empty() && given.noise.empty() && given.diffusion.empty(),
            "potential and temperature exclude drift, noise and diffusion");
    return;
  }
  require(given.drift.size() == d, "drift needs one formula per variable");
  require(given.noise.empty() != given.diffusion.empty(), "give either noise or diffusion");
  if (!given.noise.empty()) {
    require(!given.noise[0].empty(), "noise needs at least one column");
    check_matrix(given.noise, d, given.noise[0].size(), "noise needs one row per variable, all of one length");
    return;
  }
  check_matrix(given.diffusion, d, d, "diffusion needs d x d formulas");
  require(d == 1 || expand(given.diffusion[0][1] - given.diffusion[1][0]).is_zero(), "diffusion must be symmetric");
  require(d == 1 || given.sources_apart || given.interpretation != Interpretation::stratonovich,
          "stratonovich needs noise in 2D: diffusion alone does not fix it");
}

/// Q as given or I; throws unless it is an m x m covariance.
Eigen::MatrixXd checked_covariance(const SdeFormulas& given) {
  const auto m = static_cast<Eigen::Index>(given.noise[0].size());
  const Eigen::MatrixXd& Q = given.noise_covariance;
  if (Q.size() == 0) return Eigen::MatrixXd::Identity(m, m);
  require(Q.rows() == m && Q.cols() == m && Q.allFinite(), "noise_covariance needs m x m numbers");
  const double scale = Q.cwiseAbs().maxCoeff();
  require((Q - Q.transpose()).cwiseAbs().maxCoeff() <= 1e-14 * scale, "noise_covariance must be symmetric");
  require(smallest_in_own_units(Q) >= -1e-12, "noise_covariance must be positive semidefinite");
  return Q;
}

/// Symmetric L with L L = Q; negative rounding counts as 0.
Eigen::MatrixXd symmetric_root(const Eigen::MatrixXd& Q) {
  if (Q.isDiagonal(0)) return Q.cwiseMax(0).cwiseSqrt();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(Q);
  return solver.eigenvectors() * solver.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal() *
         solver.eigenvectors().transpose();
}

/// (G M)_ik for a matrix of numbers.
Matrix product(const Matrix& G, const Eigen::MatrixXd& M) {
  Matrix result(G.size(), Vector(static_cast<std::size_t>(M.cols())));
  for (std::size_t i = 0; i < G.size(); ++i)
    for (Eigen::Index k = 0; k < M.cols(); ++k)
      for (Eigen::Index l = 0; l < M.rows(); ++l) result[i][k] = result[i][k] + G[i][l] * M(l, k);
  return result;
}

/// (div D)_i = d_j D_ij, for a D that comes from the formulas at `key`
Vector divergence(const Matrix& D, const std::vector<std::string>& variables, const std::string& key) {
  Vector result(D.size());
  for (std::size_t i = 0; i < D.size(); ++i)
    for (std::size_t j = 0; j < D.size(); ++j) result[i] = result[i] + slope(D[i][j], variables[j], key);
  return result;
}

/// 1/2 Q_kl G_jl d_j G_ik (theory section 1), with GQ = G Q.
Vector stratonovich_drift(const Matrix& G, const Matrix& GQ, const std::vector<std::string>& variables) {
  Vector result(G.size());
  for (std::size_t i = 0; i < G.size(); ++i)
    for (std::size_t j = 0; j < G.size(); ++j)
      for (std::size_t k = 0; k < G[i].size(); ++k)
        result[i] = result[i] + 0.5 * GQ[j][k] * slope(G[i][k], variables[j], fmt::format("sde.noise.{}.{}", i, k));
  return result;
}

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

/// Everything in the Ito reading, as formulas and as tapes over (axes, t).
struct FormulaSde::Parts {
  SdeFormulas given;
  std::vector<std::string> inputs;  ///< axis names and t
  Vector drift, induced, velocity;  ///< f, its part from the interpretation, a = f - div D
  Vector written;                   ///< the drift in the reading that the fluxes along the axes are written in
  double reading = 0;               ///< of `written`: 0 Ito, 1/2 Stratonovich, 1 Klimontovich
  Matrix D;
  Vector B;     ///< i + d k: noise with Q absorbed; empty when only D was given
  Vector A, b;  ///< drift = A x + b, row-major; empty when not linear
  std::optional<Expression> log_gibbs;
  Traits traits;
  Tape drift_tape, velocity_tape, written_tape, diffusion_tape, noise_tape, gibbs_tape;
  std::array<LineRoots, 2> breaks;  ///< per axis

  explicit Parts(SdeFormulas formulas);
  void read_noise();
  void read_diffusion();
  void read_potential();
  void choose_reading();
  void prove_traits();
  void prove_linear();
  [[nodiscard]] Expression as_written(const Expression& formula, const Expression& expanded) const;
  void compile();

  [[nodiscard]] std::size_t dimension() const { return given.variables.size(); }
  [[nodiscard]] Vector tensor() const { return dimension() == 1 ? Vector{D[0][0]} : Vector{D[0][0], D[0][1], D[1][1]}; }
  void evaluate(const Tape& tape, const PointsIn& x, double t, std::span<double* const> outputs) const;
  /// The SDE of formulas with their time factor taken away: U and T, or drift and D.
  [[nodiscard]] std::shared_ptr<const Sde> base_of(const Vector& rest, bool keeps_potential) const;
  /// The reading that `written` and D alone are to be given in.
  [[nodiscard]] Interpretation written_interpretation() const;
};

FormulaSde::Parts::Parts(SdeFormulas formulas) : given(std::move(formulas)), inputs(given.variables) {
  inputs.emplace_back("t");
  check_shapes(given);
  if (given.potential) {
    read_potential();
  } else if (!given.noise.empty()) {
    read_noise();
  } else {
    read_diffusion();
  }
  choose_reading();
  for (std::size_t i = 0; i < dimension(); ++i) drift[i] = without_what_cancels(drift[i] + induced[i]);
  if (written.empty()) written = drift;
  const std::string source = given.potential ? "sde.temperature" : given.noise.empty() ? "sde.diffusion" : "sde.noise";
  const Vector div = divergence(D, given.variables, source);
  for (std::size_t i = 0; i < dimension(); ++i) velocity.push_back(without_what_cancels(drift[i] - div[i]));
  prove_traits();
  compile();
}

void FormulaSde::Parts::read_noise() {
  const std::size_t d = dimension();
  const Matrix& G = given.noise;
  const Eigen::MatrixXd Q = checked_covariance(given);
  const Matrix GQ = product(G, Q), GL = product(G, symmetric_root(Q));
  D.assign(d, Vector(d));
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = i; j < d; ++j) {
      Expression sum;
      for (std::size_t k = 0; k < G[i].size(); ++k) sum = sum + GQ[i][k] * G[j][k];
      D[i][j] = D[j][i] = without_what_cancels(0.5 * sum);
    }
  for (std::size_t k = 0; k < G[0].size(); ++k)
    for (std::size_t i = 0; i < d; ++i) B.push_back(GL[i][k]);
  drift = given.drift;
  induced = Vector(d);
  if (given.interpretation == Interpretation::stratonovich) induced = stratonovich_drift(G, GQ, given.variables);
  if (given.interpretation == Interpretation::klimontovich) induced = divergence(D, given.variables, "sde.noise");
}

void FormulaSde::Parts::read_diffusion() {
  D = given.diffusion;
  for (Vector& row : D)
    for (Expression& entry : row) entry = without_what_cancels(entry);
  if (dimension() == 2) D[1][0] = D[0][1];
  drift = given.drift;
  induced = Vector(dimension());
  if (given.interpretation == Interpretation::ito) return;
  induced = divergence(D, given.variables, "sde.diffusion");
  if (given.interpretation == Interpretation::stratonovich)
    for (Expression& part : induced) part = 0.5 * part;  // every axis by itself: D_ii,i / 2
}

void FormulaSde::Parts::read_potential() {
  const std::size_t d = dimension();
  const Expression U = *given.potential, T = without_what_cancels(*given.temperature);
  const double share = given.interpretation == Interpretation::ito            ? 0
                       : given.interpretation == Interpretation::stratonovich ? 0.5
                                                                              : 1;
  D.assign(d, Vector(d));
  B.resize(d * d);
  for (std::size_t i = 0; i < d; ++i) {
    D[i][i] = T;
    B[i + d * i] = sqrt(2.0 * T);
    drift.push_back(-slope(U, given.variables[i], "sde.potential"));
    induced.push_back(share * slope(T, given.variables[i], "sde.temperature"));  // G = sqrt(2 T) I
  }
  const Expression steady = without_what_cancels(U);
  if (T.is_constant() && T.value() > 0 && !steady.depends_on("t")) log_gibbs = -steady / T;
}

/// The given reading where each axis has a diffusion of its own: D diagonal, and for Stratonovich every source drives
/// one axis (the induced drift is then D_ii,i / 2). Else Ito, converted by derivatives.
void FormulaSde::Parts::choose_reading() {
  if (given.interpretation == Interpretation::ito) return;
  if (dimension() == 2 && !D[0][1].is_zero()) return;
  if (given.interpretation == Interpretation::stratonovich)
    for (std::size_t k = 0; k + 1 < B.size() && dimension() == 2; k += 2)
      if (!B[k].is_zero() && !B[k + 1].is_zero()) return;
  reading = given.interpretation == Interpretation::stratonovich ? 0.5 : 1;
  for (const Expression& f : drift) written.push_back(without_what_cancels(f));
}

Interpretation FormulaSde::Parts::written_interpretation() const {
  return reading == 0 ? Interpretation::ito
                      : (reading == 1 ? Interpretation::klimontovich : Interpretation::stratonovich);
}

void FormulaSde::Parts::prove_traits() {
  traits.diffusion_autonomous = traits.additive = traits.deterministic = true;
  for (const Expression& entry : tensor()) {
    traits.diffusion_autonomous &= !entry.depends_on("t");
    traits.additive &= free_of(entry, given.variables);
    traits.deterministic &= entry.is_zero();
  }
  traits.diagonal = dimension() == 1 || D[0][1].is_zero();
  traits.autonomous = traits.diffusion_autonomous;
  for (const Expression& f : drift) traits.autonomous &= !f.depends_on("t");
  prove_linear();
}

/// f - A x - b = 0 term by term: a derivative that is constant almost everywhere (sign, if) proves nothing, and no more
/// does a formula too large to be differentiated.
void FormulaSde::Parts::prove_linear() try {
  Vector slopes, rests;
  for (const Expression& f : drift) {
    Expression rest = expand(f);
    for (const std::string& name : given.variables) {
      const Expression slope = expand(derivative(rest, name));
      if (!free_of(slope, given.variables)) return;
      slopes.push_back(slope);
    }
    for (std::size_t j = 0; j < dimension(); ++j)
      rest = rest - slopes[slopes.size() - dimension() + j] * Expression::variable(given.variables[j]);
    rests.push_back(expand(rest));
    if (!free_of(rests.back(), given.variables)) return;
  }
  traits.linear = true;
  A = std::move(slopes);
  b = std::move(rests);
  for (std::size_t k = 0; k < dimension(); ++k) {
    b[k] = as_written(drift[k], b[k]);
    for (std::size_t j = 0; j < dimension(); ++j) {
      Expression& slope = A[k * dimension() + j];
      slope = as_written(derivative(drift[k], given.variables[j]), slope);
    }
  }
} catch (const std::length_error&) {
}

/// A coefficient that holds everywhere, before it was multiplied out: exp(-((t - a)/w)^2) keeps the digits that a
/// polynomial in the exponent loses. What multiplying out showed to be constant stays so.
Expression FormulaSde::Parts::as_written(const Expression& formula, const Expression& expanded) const {
  if (!expanded.depends_on("t")) return expanded;
  std::map<std::string, Expression> origin;
  for (const std::string& name : given.variables) origin.emplace(name, Expression(0.0));
  const Expression there = substitute(formula, origin);
  return expand(there) == expanded ? there : expanded;
}

void FormulaSde::Parts::compile() {
  drift_tape = Tape(drift, inputs);
  velocity_tape = Tape(velocity, inputs);
  written_tape = Tape(written, inputs);
  diffusion_tape = Tape(tensor(), inputs);
  for (std::size_t k = 0; k < dimension(); ++k) {
    // the slope of a potential may hide a jump of its own
    const Vector along = given.potential ? Vector{written[k], D[k][k], *given.potential} : Vector{written[k], D[k][k]};
    breaks[k] = LineRoots(switches(along), given.variables, k);
  }
  if (!B.empty()) noise_tape = Tape(B, inputs);
  if (log_gibbs) gibbs_tape = Tape({&*log_gibbs, 1}, inputs);
}

void FormulaSde::Parts::evaluate(const Tape& tape, const PointsIn& x, double t,
                                 std::span<double* const> outputs) const {
  std::array<TapeInput, 3> columns;
  const std::size_t d = dimension();
  for (std::size_t k = 0; k < d; ++k) columns[k] = TapeInput::of(x.axis[k]);
  columns[d] = TapeInput::of(t);
  tape.evaluate(std::span(columns).first(d + 1), x.size, outputs);
}

std::shared_ptr<const Sde> FormulaSde::Parts::base_of(const Vector& rest, bool keeps_potential) const {
  SdeFormulas base;
  base.variables = given.variables;
  if (keeps_potential) {
    base.potential = rest[0];
    base.temperature = rest[1];
    base.interpretation = given.interpretation;
  } else if (dimension() == 1) {
    base.drift = {rest[0]};
    base.diffusion = {{rest[1]}};
    base.interpretation = written_interpretation();
  } else {
    base.drift = {rest[0], rest[1]};
    base.diffusion = {{rest[2], rest[3]}, {rest[3], rest[4]}};
    base.interpretation = written_interpretation();
    base.sources_apart = reading != 0;
  }
  return std::make_shared<FormulaSde>(std::move(base));
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

void FormulaSde::written_drift(const PointsIn& x, double t, PointsOut f) const {
  parts_->evaluate(parts_->written_tape, x, t, std::span(f.axis).first(parts_->dimension()));
}

double FormulaSde::reading() const { return parts_->reading; }

void FormulaSde::breakpoints(const AxisLine& line, double t, std::vector<double>& places) const {
  parts_->breaks[static_cast<std::size_t>(line.axis)].find(line, t, places);
}

bool FormulaSde::breakpoints_move() const {
  return parts_->breaks[0].depend_on_time() || parts_->breaks[1].depend_on_time();
}

std::optional<AxisSeparated> FormulaSde::along(int axis) const try {
  const Parts& p = *parts_;
  if (p.dimension() != 2 || !p.traits.autonomous || !p.traits.diagonal) return std::nullopt;
  const auto k = static_cast<std::size_t>(axis);
  if (p.D[k][k].is_zero()) return std::nullopt;
  const std::string& other = p.given.variables[1 - k];
  const CommonFactor common = common_factor(Vector{p.written[k], p.D[k][k]}, other);
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
  const Vector D = parts_->tensor();
  const std::array<double*, 3> outputs{error.xx, error.xy, error.yy};
  for (Index i = 0; i < x.size; ++i) {
    std::vector<double> point;
    for (int k = 0; k < dimension(); ++k) point.push_back(x.axis[static_cast<std::size_t>(k)][i]);
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
  const auto k = static_cast<std::size_t>(axis);
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
  const Vector D = p.tensor();
  std::copy(D.begin(), D.end(), result.D.begin());
  return result;
}

namespace {

/// Sign of the trace of an autonomous D where its modulus is largest: +1 when it is 0 everywhere.
double sign_of_diffusion(const Sde& sde, const PointsIn& at) {
  std::vector<double> xx(static_cast<std::size_t>(at.size)), xy(xx.size()), yy(xx.size());
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
  if (p.given.potential) common = common_factor(Vector{*p.given.potential, *p.given.temperature}, "t");
  const bool keeps_potential = common.found;
  if (!keeps_potential) {
    Vector all = p.written;
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
  const Vector D = parts_->tensor();
  for (std::size_t k = 0; k < D.size(); ++k) {
    timed.formulas.push_back(D[k]);
    timed.negligible.push_back(nothing * box.cell[k == 2 ? 1 : 0] * box.cell[k == 0 ? 0 : D.size() == 1 ? 0 : 1]);
  }
  return find_timeline(timed, box, times.from, times.to);
} catch (const std::length_error&) {
  return {{}, {}, times.to - times.from};  // too large to be looked into
}

std::string FormulaSde::fault_key(std::span<const double> place, double t) const {
  const SdeFormulas& given = parts_->given;
  std::vector<double> point(place.begin(), place.end());
  point.push_back(t);
  const auto value = [&](const Expression& e) { return evaluate_at(e, parts_->inputs, point); };
  const auto bad = [&](const Expression& e) { return !std::isfinite(value(e)); };
  if (given.potential)
    return bad(*given.temperature) || value(*given.temperature) < 0 ? "sde.temperature" : "sde.potential";
  for (std::size_t k = 0; k < given.drift.size(); ++k)
    if (bad(given.drift[k])) return "sde.drift." + std::to_string(k);
  const bool noise = !given.noise.empty();
  const std::string key = noise ? "sde.noise" : "sde.diffusion";
  const Matrix& matrix = noise ? given.noise : given.diffusion;
  for (std::size_t i = 0; i < matrix.size(); ++i)
    for (std::size_t k = 0; k < matrix[i].size(); ++k)
      if (bad(matrix[i][k]) || (!noise && i == k && value(matrix[i][k]) < 0))
        return key + "." + std::to_string(i) + "." + std::to_string(k);
  return key;
}

}  // namespace fokker
