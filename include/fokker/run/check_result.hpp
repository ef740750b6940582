#pragma once
#include <string>

#include "fokker/base/archive.hpp"
#include "fokker/case/case.hpp"

namespace fokker {

/// One `[[check]]` held against the run.
struct CheckResult {
  const CaseCheck* check = nullptr;
  double at = 0;
  double value = 0;
  bool ok = false;
  bool reached = true;    ///< the run got to its time
  std::string note = {};  ///< why the value is no number, or what a verdict rests on; often empty
  /// All but `check`.
  void keep(Archive& archive) { archive(at, value, ok, reached, note); }
  [[nodiscard]] std::string bound() const;  ///< "< 2e-3", "> 0.1", "1.5 +- 0.1", "|.| <= 3"
  [[nodiscard]] std::string label() const;  ///< "l1 against exact", "expectation of x^2"
};

/// Does `value` keep the bounds of a check (NaN keeps none)?
[[nodiscard]] bool holds(const CaseCheck& check, double value);

}  // namespace fokker
