#include "formula_parts.hpp"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

#include "fokker/base/errors.hpp"
#include "fokker/base/semidefinite.hpp"
#include "fokker/base/switches.hpp"

namespace fokker {
namespace {

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

void check_matrix(const FormulaMatrix& matrix, std::size_t rows, std::size_t columns, const char* text) {
  require(matrix.size() == rows, text);
  for (const Formulas& row : matrix) require(row.size() == columns, text);
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
  const SymmetricEigen eigen = symmetric_eigen(Q);
  return eigen.vectors * eigen.values.cwiseMax(0).cwiseSqrt().asDiagonal() * eigen.vectors.transpose();
}

/// (G M)_ik for a matrix of numbers.
FormulaMatrix product(const FormulaMatrix& G, const Eigen::MatrixXd& M) {
  FormulaMatrix result(G.size(), Formulas(static_cast<std::size_t>(M.cols())));
  for (std::size_t i = 0; i < G.size(); ++i)
    for (Eigen::Index k = 0; k < M.cols(); ++k)
      for (Eigen::Index l = 0; l < M.rows(); ++l) result[i][k] = result[i][k] + G[i][l] * M(l, k);
  return result;
}

/// (div D)_i = d_j D_ij, for a D that comes from the formulas at `key`
Formulas divergence(const FormulaMatrix& D, const std::vector<std::string>& variables, const std::string& key) {
  Formulas result(D.size());
  for (std::size_t i = 0; i < D.size(); ++i)
    for (std::size_t j = 0; j < D.size(); ++j) result[i] = result[i] + slope(D[i][j], variables[j], key);
  return result;
}

/// 1/2 Q_kl G_jl d_j G_ik (theory section 1), with GQ = G Q.
Formulas stratonovich_drift(const FormulaMatrix& G, const FormulaMatrix& GQ,
                            const std::vector<std::string>& variables) {
  Formulas result(G.size());
  for (std::size_t i = 0; i < G.size(); ++i)
    for (std::size_t j = 0; j < G.size(); ++j)
      for (std::size_t k = 0; k < G[i].size(); ++k)
        result[i] = result[i] + 0.5 * GQ[j][k] * slope(G[i][k], variables[j], fmt::format("sde.noise.{}.{}", i, k));
  return result;
}

}  // namespace

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
  const Formulas div = divergence(D, given.variables, source);
  for (std::size_t i = 0; i < dimension(); ++i) velocity.push_back(without_what_cancels(drift[i] - div[i]));
  prove_traits();
  compile();
}

void FormulaSde::Parts::read_noise() {
  const std::size_t d = dimension();
  const FormulaMatrix& G = given.noise;
  const Eigen::MatrixXd Q = checked_covariance(given);
  const FormulaMatrix GQ = product(G, Q), GL = product(G, symmetric_root(Q));
  D.assign(d, Formulas(d));
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = i; j < d; ++j) {
      Expression sum;
      for (std::size_t k = 0; k < G[i].size(); ++k) sum = sum + GQ[i][k] * G[j][k];
      D[i][j] = D[j][i] = without_what_cancels(0.5 * sum);
    }
  for (std::size_t k = 0; k < G[0].size(); ++k)
    for (std::size_t i = 0; i < d; ++i) B.push_back(GL[i][k]);
  drift = given.drift;
  induced = Formulas(d);
  if (given.interpretation == Interpretation::stratonovich) induced = stratonovich_drift(G, GQ, given.variables);
  if (given.interpretation == Interpretation::klimontovich) induced = divergence(D, given.variables, "sde.noise");
}

void FormulaSde::Parts::read_diffusion() {
  D = given.diffusion;
  for (Formulas& row : D)
    for (Expression& entry : row) entry = without_what_cancels(entry);
  if (dimension() == 2) D[1][0] = D[0][1];
  drift = given.drift;
  induced = Formulas(dimension());
  if (given.interpretation == Interpretation::ito) return;
  induced = divergence(D, given.variables, "sde.diffusion");
  if (given.interpretation == Interpretation::stratonovich)
    for (Expression& part : induced) part = 0.5 * part;  // every axis by itself: D_ii,i / 2
}

void FormulaSde::Parts::read_potential() {
  const std::size_t d = dimension();
  const Expression U = *given.potential, T = without_what_cancels(*given.temperature);
  const double fraction = given.interpretation == Interpretation::ito            ? 0
                          : given.interpretation == Interpretation::stratonovich ? 0.5
                                                                                 : 1;
  D.assign(d, Formulas(d));
  B.resize(d * d);
  for (std::size_t i = 0; i < d; ++i) {
    D[i][i] = T;
    B[i + d * i] = sqrt(2.0 * T);
    drift.push_back(-slope(U, given.variables[i], "sde.potential"));
    induced.push_back(fraction * slope(T, given.variables[i], "sde.temperature"));  // G = sqrt(2 T) I
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
  Formulas slopes, rests;
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
    const Formulas along =
        given.potential ? Formulas{written[k], D[k][k], *given.potential} : Formulas{written[k], D[k][k]};
    breaks[k] = LineRoots(switches(along), given.variables, k);
    velocity_tape_along[k] = Tape({&velocity[k], 1}, inputs);
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

std::shared_ptr<const Sde> FormulaSde::Parts::base_of(const Formulas& rest, bool keeps_potential) const {
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

}  // namespace fokker
