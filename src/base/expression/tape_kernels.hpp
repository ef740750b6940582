#pragma once
#include <cstdint>

#include "fokker/base/points.hpp"

namespace fokker {

/// What one instruction of a tape does to every point; r, a, b, c are columns, k is a number.
enum class Operation : std::uint16_t {
  nothing,
  fill,               // k
  copy,               // a
  add,                // a + b
  subtract,           // a - b
  multiply,           // a * b
  divide,             // a / b
  add_constant,       // a + k
  subtract_from,      // k - a
  multiply_constant,  // k * a
  divide_into,        // k / a
  add_scaled,         // a + k * b
  add_product,        // a + b * c
  subtract_product,   // a - b * c
  sqrt,
  power,           // a ^ b
  power_constant,  // a ^ k
  constant_power,  // k ^ a
  less,
  less_equal,
  equal,
  not_equal,
  choose,  // a != 0 ? b : c
  minimum,
  maximum,
  absolute,
  sign,
  exp,
  log,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  atan2,
  sinh,
  cosh,
  tanh,
  erf,
  erfc
};

struct Operands {
  double* r;
  const double *a, *b, *c;
  double k;
};

/// Lanes of the widest vector. Columns have whole vectors only, so that no point ever meets a scalar remainder loop.
inline constexpr Index lanes = 8;

/// r[i] = operation(a[i], b[i], c[i], k) for i < n; n is a multiple of `lanes`, r may be one of a, b, c.
void apply(Operation operation, const Operands& operands, Index n);

}  // namespace fokker
