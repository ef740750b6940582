#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fokker/case/case.hpp"
#include "fokker/grid/grid.hpp"
#include "fokker/integrate/stepper.hpp"
#include "fokker/model/formula_sde.hpp"
#include "fokker/model/score.hpp"
#include "fokker/scheme/canonical_flow.hpp"
#include "fokker/scheme/flux.hpp"
#include "fokker/scheme/form.hpp"

namespace fokker {

class FormulaReference;
class Questions;
struct ScoreRow;

/// The objects a case asks for, ready to step. Owns everything it names; `stepper` refers to `scheme` and `canonical`.
struct Setup {
  Case config;  ///< with what was chosen for it
  std::shared_ptr<const Grid> grid;
  std::shared_ptr<const Sde> sde;
  /// The same as formulas, for what they alone can tell: A(t), b(t), D(t), the induced drift, one axis by itself.
  std::shared_ptr<const FormulaSde> formulas;
  const FluxScheme* flux = nullptr;
  const ScoreRow* score = nullptr;       ///< of the effective drift; null in the other form
  std::unique_ptr<FluxScheme> own_flux;  ///< where `flux` is no row of the table; else null
  std::string flux_reason;               ///< why `auto` chose it; empty when the case named it
  Timeline timeline;                     ///< of the SDE over the run, meeting the output times
  std::unique_ptr<Form> scheme;
  CanonicalCase canonical;  ///< the case as canonical Langevin dynamics, or why it is none
  const StepperRow* stepper_row = nullptr;
  std::string stepper_reason;  ///< why `auto` chose it; empty when the case named it
  std::unique_ptr<TimeStepper> stepper;
  std::unique_ptr<Density> initial_distribution;  ///< null for a point
  Field initial;                                  ///< mass 1, less what walls have taken of a point at once
  std::vector<double> initial_outflow;            ///< that, per outflow; empty: nothing
  double clock = 0;           ///< [t] `initial` is the distribution then; before, nothing moves. 0 but for points
  std::string start_note;     ///< what became of a point near a wall, in words
  double initial_factor = 1;  ///< what the cell averages were multiplied by
  std::shared_ptr<const FormulaReference> formula_reference;  ///< of a compare.exact formula; else null
  std::shared_ptr<const Questions> questions;                 ///< never null
  std::shared_ptr<ScoreSource> reverse_score;  ///< exact, for the time reversal; null: that of the forward run
  bool positive = false;                       ///< p >= 0 is promised, and enforced
  std::vector<std::string> warnings;
};

/// Names -> table rows -> objects, but for output and witnesses. Refuses impossible pairs with a CaseError that names
/// both.
[[nodiscard]] Setup assemble(Case config);

/// The SDE of a case; CaseError where its formulas make none.
[[nodiscard]] std::shared_ptr<const FormulaSde> make_formulas(const Case& config);

/// The case of a run beside the run: nothing to compare, to check, to stop or to go back for, no output but at the end,
/// and the box as it is.
[[nodiscard]] Case side_case(Case config);

/// What "auto" took is forgotten.
void choose_anew(Case& config);

/// That case on `factor` times as many cells along each axis, rounded; fewer, but no fewer than these (an axis that has
/// fewer keeps them), or more.
[[nodiscard]] Case on_cells(const Case& config, double factor);
inline constexpr Index fewest_cells = 8;

/// The state that steps begin with: the cells, then what has left through each absorbing side.
[[nodiscard]] Eigen::VectorXd initial_state(const Setup& setup);

/// What the case asks of its steps.
[[nodiscard]] StepperOptions stepper_options(const Setup& setup);

/// Faces of a grid's cells as densities want them; the lists live in `storage`.
struct GridFaces {
  explicit GridFaces(const Grid& grid);
  GridFaces(const GridFaces&) = delete;  // faces look into storage
  std::array<std::vector<double>, 2> storage;
  CellFaces faces;
};

}  // namespace fokker
