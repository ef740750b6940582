#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fokker/analysis/formula_integral.hpp"
#include "fokker/case/case.hpp"
#include "fokker/grid/grid.hpp"

namespace fokker {

/// What a case asks of every density (output.expectations, output.probabilities), ready to be answered.
class Questions {
 public:
  /// Throws CaseError, naming key and place, where a formula is not finite at t = 0 or `end`, or no condition though it
  /// should be, or where its name is that of another column of series.csv.
  Questions(const Case& config, const std::shared_ptr<const Grid>& grid);

  /// In the order of the case: expectations, then probabilities. Throws NumericalError as above, for time t.
  [[nodiscard]] std::vector<double> answers(double t, const Field& p) const;
  /// Of the one with that name.
  [[nodiscard]] double answer(std::string_view name, double t, const Field& p) const;
  [[nodiscard]] const std::vector<CaseQuestion>& asked() const { return asked_; }
  /// Of formulas that cells cannot be cut for, and of such as have no part in the box.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  [[nodiscard]] std::size_t number(std::string_view name) const;
  [[nodiscard]] double answer(std::size_t k, double t, const Field& p) const;

  std::vector<CaseQuestion> asked_;
  std::vector<FormulaIntegral> integrals_;
  std::string box_;  // in words
};

/// The columns of series.csv that every case has, but for kl_exact, mean_velocity and outflow.
[[nodiscard]] std::vector<std::string> usual_columns(const std::vector<Axis>& axes);

}  // namespace fokker
