#include "tape_kernels.hpp"

#include "fokker/base/vector_math.hpp"

namespace fokker {
namespace {

/// The loop around one operation; inlined into `apply`, so that it is compiled for the processor of each clone.
template <class PointOperation>
[[gnu::always_inline]] inline void loop(double* r, Index n, PointOperation operation) {
  n &= ~(lanes - 1);  // tells the compiler that no remainder loop is needed
#pragma omp simd
  for (Index i = 0; i < n; ++i) r[i] = operation(i);
}

}  // namespace

FOKKER_KERNEL(void, apply, (Operation operation, const Operands& operands, Index n), (operation, operands, n)) {
  double* const r = operands.r;
  const double *const a = operands.a, *const b = operands.b, *const c = operands.c;
  const double k = operands.k;
  // clang-format off
  switch (operation) {
    case Operation::nothing:           return;
    case Operation::fill:              return loop(r, n, [=](Index) { return k; });
    case Operation::copy:              return loop(r, n, [=](Index i) { return a[i]; });
    case Operation::add:               return loop(r, n, [=](Index i) { return a[i] + b[i]; });
    case Operation::subtract:          return loop(r, n, [=](Index i) { return a[i] - b[i]; });
    case Operation::multiply:          return loop(r, n, [=](Index i) { return a[i] * b[i]; });
    case Operation::divide:            return loop(r, n, [=](Index i) { return a[i] / b[i]; });
    case Operation::add_constant:      return loop(r, n, [=](Index i) { return a[i] + k; });
    case Operation::subtract_from:     return loop(r, n, [=](Index i) { return k - a[i]; });
    case Operation::multiply_constant: return loop(r, n, [=](Index i) { return k * a[i]; });
    case Operation::divide_into:       return loop(r, n, [=](Index i) { return k / a[i]; });
    case Operation::add_scaled:        return loop(r, n, [=](Index i) { return a[i] + k * b[i]; });
    case Operation::add_product:       return loop(r, n, [=](Index i) { return a[i] + b[i] * c[i]; });
    case Operation::subtract_product:  return loop(r, n, [=](Index i) { return a[i] - b[i] * c[i]; });
    case Operation::sqrt:              return loop(r, n, [=](Index i) { return ::sqrt(a[i]); });
    case Operation::power:             return loop(r, n, [=](Index i) { return ::pow(a[i], b[i]); });
    case Operation::power_constant:    return loop(r, n, [=](Index i) { return ::pow(a[i], k); });
    case Operation::constant_power:    return loop(r, n, [=](Index i) { return ::pow(k, a[i]); });
    case Operation::less:              return loop(r, n, [=](Index i) { return a[i] < b[i] ? 1.0 : 0.0; });
    case Operation::less_equal:        return loop(r, n, [=](Index i) { return a[i] <= b[i] ? 1.0 : 0.0; });
    case Operation::equal:             return loop(r, n, [=](Index i) { return a[i] == b[i] ? 1.0 : 0.0; });
    case Operation::not_equal:         return loop(r, n, [=](Index i) { return a[i] != b[i] ? 1.0 : 0.0; });
    case Operation::choose:            return loop(r, n, [=](Index i) { return a[i] != 0 ? b[i] : c[i]; });
    case Operation::minimum:           return loop(r, n, [=](Index i) { return a[i] < b[i] ? a[i] : b[i]; });
    case Operation::maximum:           return loop(r, n, [=](Index i) { return a[i] > b[i] ? a[i] : b[i]; });
    case Operation::absolute:          return loop(r, n, [=](Index i) { return ::fabs(a[i]); });
    case Operation::sign:              return loop(r, n, [=](Index i) { return a[i] > 0 ? 1.0 : a[i] < 0 ? -1.0 : a[i]; });
    case Operation::exp:               return loop(r, n, [=](Index i) { return ::exp(a[i]); });
    case Operation::log:               return loop(r, n, [=](Index i) { return ::log(a[i]); });
    case Operation::sin:               return loop(r, n, [=](Index i) { return ::sin(a[i]); });
    case Operation::cos:               return loop(r, n, [=](Index i) { return ::cos(a[i]); });
    case Operation::tan:               return loop(r, n, [=](Index i) { return ::tan(a[i]); });
    case Operation::asin:              return loop(r, n, [=](Index i) { return ::asin(a[i]); });
    case Operation::acos:              return loop(r, n, [=](Index i) { return ::acos(a[i]); });
    case Operation::atan:              return loop(r, n, [=](Index i) { return ::atan(a[i]); });
    case Operation::atan2:             return loop(r, n, [=](Index i) { return ::atan2(a[i], b[i]); });
    case Operation::sinh:              return loop(r, n, [=](Index i) { return ::sinh(a[i]); });
    case Operation::cosh:              return loop(r, n, [=](Index i) { return ::cosh(a[i]); });
    case Operation::tanh:              return loop(r, n, [=](Index i) { return ::tanh(a[i]); });
    case Operation::erf:               return loop(r, n, [=](Index i) { return ::erf(a[i]); });
    case Operation::erfc:              return loop(r, n, [=](Index i) { return ::erfc(a[i]); });
  }
  // clang-format on
}

}  // namespace fokker
