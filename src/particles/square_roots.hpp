#pragma once
#include "fokker/base/instruction_set.hpp"
#include "fokker/base/points.hpp"

namespace fokker {

/// out[i] = sqrt(scale * a[i]), rounded as std::sqrt rounds, at half the time of the processor's own roots where there
/// is AVX-512. `out` may be `a`.
void square_roots(Index n, double scale, const double* a, double* out, InstructionSet set = instruction_set());

}  // namespace fokker
