#pragma once
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fokker/base/tape.hpp"
#include "fokker/model/formula_sde.hpp"
#include "line_roots.hpp"

namespace fokker {

using Formulas = std::vector<Expression>;
using FormulaMatrix = std::vector<std::vector<Expression>>;

/// Everything in the Ito reading, as formulas and as tapes over (axes, t).
struct FormulaSde::Parts {
  SdeFormulas given;
  std::vector<std::string> inputs;    ///< axis names and t
  Formulas drift, induced, velocity;  ///< f, its part from the interpretation, a = f - div D
  Formulas written;                   ///< the drift in the reading that the fluxes along the axes are written in
  double reading = 0;                 ///< of `written`: 0 Ito, 1/2 Stratonovich, 1 Klimontovich
  FormulaMatrix D;
  Formulas B;     ///< i + d k: noise with Q absorbed; empty when only D was given
  Formulas A, b;  ///< drift = A x + b, row-major; empty when not linear
  std::optional<Expression> log_gibbs;
  Traits traits;
  Tape drift_tape, velocity_tape, written_tape, diffusion_tape, noise_tape, gibbs_tape;
  std::array<Tape, 2> velocity_tape_along;
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
  [[nodiscard]] Formulas tensor() const {
    return dimension() == 1 ? Formulas{D[0][0]} : Formulas{D[0][0], D[0][1], D[1][1]};
  }
  void evaluate(const Tape& tape, const PointsIn& x, double t, std::span<double* const> outputs) const;
  /// The SDE of formulas with their time factor taken away: U and T, or drift and D.
  [[nodiscard]] std::shared_ptr<const Sde> base_of(const Formulas& rest, bool keeps_potential) const;
  /// The reading that `written` and D alone are to be given in.
  [[nodiscard]] Interpretation written_interpretation() const;
};

}  // namespace fokker
