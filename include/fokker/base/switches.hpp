#pragma once
#include <span>
#include <vector>

#include "fokker/base/expression.hpp"

namespace fokker {

/// The formulas at whose changes of sign the given ones may jump or bend, and nowhere else as far as they are defined:
/// u - v for the comparisons u < v and u <= v and for min and max, u for sign(u), abs(u) and the branch cut of
/// atan2(u, v), wherever they stand inside. Equalities hold on sets without extent and are not listed. Constants are
/// left out, each formula comes once, and the order does not depend on the machine.
[[nodiscard]] std::vector<Expression> switches(std::span<const Expression> expressions);
/// The formulas at whose zeros the given ones may have a pole, a root or a logarithm of nothing: denominators, bases of
/// powers that are no whole numbers, arguments of log, cos(u) of tan(u). Constants are left out, each comes once.
[[nodiscard]] std::vector<Expression> poles(std::span<const Expression> expressions);

}  // namespace fokker
