#pragma once
#include <memory>

#include "fokker/solve/shifted_solver.hpp"

namespace fokker {

/// Flexible GMRES with multigrid cycles for I - gamma A, from x = b on, until the l1 norm of b - (I - gamma A) x is
/// below 1e-10 of that of b (or what rounding leaves at a large gamma): error of x and of the flux-form update that
/// closes a step are at most a few times that. Null for operators that multigrid does not suit (Multigrid::refusal),
/// for fewer than 128^2 cells, where sparse LU is as fast, and where a trial solve shows that the cycles converge too
/// slowly.
[[nodiscard]] std::unique_ptr<ShiftedSolver> make_shifted_multigrid(const LinearOperator& op, double t, double gamma);

}  // namespace fokker
