#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fokker/base/expression.hpp"
#include "fokker/base/points.hpp"

namespace fokker {

/// An input of a tape: a column of n doubles, or one number for all points (time).
struct TapeInput {
  const double* column = nullptr;
  double scalar = 0;
  static TapeInput of(const double* values) { return {values, 0}; }
  static TapeInput of(double value) { return {nullptr, value}; }
};

/// Several formulas compiled to one flat list of instructions with common sub-expressions shared, evaluated over
/// columns in blocks of 256 so that every instruction is one vector loop in L1 (libmvec; AVX-512, AVX2 or plain,
/// chosen when the program starts). Immutable and safe to evaluate from several threads at once.
class Tape {
 public:
  static constexpr Index block = 256;

  Tape() = default;
  /// `variables` names the inputs of `evaluate`, in order; every variable of the outputs must be among them
  /// (std::invalid_argument otherwise). Formulas that keep thousands of values at once are a std::length_error.
  Tape(std::span<const Expression> outputs, std::span<const std::string> variables);

  /// outputs[k][i] = formula k at point i, i < n. Inputs and outputs may not overlap. Points are independent of each
  /// other: the value of a point does not depend on its position in the column. Comparisons with nan are false (!=
  /// true), min and max of a nan are either argument, everything else passes it on. Allocates nothing; uses 300 KB of
  /// stack.
  void evaluate(std::span<const TapeInput> inputs, Index n, std::span<double* const> outputs) const;

  [[nodiscard]] Index output_count() const { return outputs_; }
  [[nodiscard]] Index instruction_count() const { return static_cast<Index>(code_.size()); }

 private:
  struct Instruction {
    std::uint16_t operation = 0, target = 0, a = 0, b = 0, c = 0;
    double constant = 0;
  };
  std::vector<Instruction> code_;
  Index inputs_ = 0, outputs_ = 0, slots_ = 0;  // slots: inputs, outputs and registers
};

/// One point, for set-up code and tests: inputs and the single output are numbers.
[[nodiscard]] double evaluate_at(const Expression& expression, std::span<const std::string> variables,
                                 std::span<const double> values);

}  // namespace fokker
