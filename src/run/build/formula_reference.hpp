#pragma once
#include <memory>
#include <string>
#include <vector>

#include "fokker/run/setup.hpp"

namespace fokker {

/// The densities of a compare.exact formula at the output times of a case, looked at before anything is run: finite and
/// not negative at every point of the quadrature, of mass 1 within 1e-3; where a side absorbs of mass 1 at the start,
/// and never rising after. At t = 0 of a start without a density (a point) the formula is not asked: the distribution
/// is the start itself.
class FormulaReference {
 public:
  /// Throws CaseError at compare.exact with the time and the cell.
  explicit FormulaReference(const Setup& setup);
  /// Cell averages at an output time (any time where the formula does not know t).
  [[nodiscard]] Field at(double t) const;

 private:
  [[nodiscard]] Field looked_at(const Setup& setup, double t) const;
  [[nodiscard]] Field averages(double t) const;

  std::shared_ptr<const Grid> grid_;
  GridFaces faces_;
  Expression formula_;
  std::vector<std::string> variables_;
  bool autonomous_;
  std::vector<double> times_;
  std::vector<Field> kept_;  // one per time, one in all for an autonomous formula, none when they would fill the memory
  Field start_;              // of a start without a density; else empty
};

}  // namespace fokker
