// Any bytes as a formula: an error with a caret inside the text, or a tree that prints, parses back to itself,
// differentiates, expands, factors and runs as a tape, or says std::length_error.
//   fuzz_expression -runs=100000 -max_len=400 -dict=validation/fuzz/expression.dict
#include <cstdint>
#include <cstdlib>

#include "fokker/base/tape.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void exercise(const fokker::Expression& formula, const std::vector<std::string>& names) {
  require(fokker::parse_expression(formula.to_string(), names) == formula);
  const fokker::Expression slope = fokker::derivative(formula, "x");
  const fokker::Expression expanded = fokker::expand(formula);
  const fokker::Expression moved = fokker::substitute(formula, {{"x", fokker::Expression::variable("y") * 2.0}});
  const fokker::Expression outputs[] = {formula, slope, expanded, moved};
  (void)fokker::common_factor(outputs, "t");

  const fokker::Tape tape(outputs, names);
  const double x[] = {-2.0, -0.5, 0.0, 0.3, 1.0, 7.0};
  const fokker::TapeInput inputs[] = {fokker::TapeInput::of(x), fokker::TapeInput::of(0.7), fokker::TapeInput::of(0.1)};
  double values[4][6];
  double* const columns[] = {values[0], values[1], values[2], values[3]};
  tape.evaluate(inputs, 6, columns);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> names{"x", "y", "t"};
  try {
    exercise(fokker::parse_expression(text, names), names);
  } catch (const fokker::ExpressionError& error) {
    require(error.position() <= text.size());
  } catch (const std::length_error&) {
  }
  return 0;
}
