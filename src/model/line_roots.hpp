#pragma once
#include <string>
#include <vector>

#include "fokker/base/expression.hpp"
#include "fokker/base/tape.hpp"
#include "fokker/model/sde.hpp"

namespace fokker {

/// The points on a line where some of a list of formulas change sign: by bisection, to the last digit.
class LineRoots {
 public:
  LineRoots() = default;
  /// `variables`: the names of the axes, the formulas may hold t as well. Those that do not depend on the variable of
  /// `axis` have no roots along it.
  LineRoots(const std::vector<Expression>& formulas, const std::vector<std::string>& variables, std::size_t axis);

  void find(const AxisLine& line, double t, std::vector<double>& points) const;
  [[nodiscard]] bool depend_on_time() const { return depend_on_time_; }

 private:
  std::size_t count_ = 0, dimension_ = 1;
  bool depend_on_time_ = false;
  Tape tape_;  // the formulas, then their slopes along the axis
};

}  // namespace fokker
