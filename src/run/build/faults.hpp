#pragma once
#include <string>

#include "fokker/base/errors.hpp"
#include "fokker/run/setup.hpp"

namespace fokker {

/// A numerical failure with all that is known about it: the cell with its coordinates, the time, and, where a
/// coefficient of the case is at fault, what is wrong with it and the key of its formula.
[[nodiscard]] std::string describe(const Setup& setup, const NumericalError& error);

/// The same, when it turned up before the run, as a problem of the case.
[[nodiscard]] CaseError as_case_error(const Setup& setup, const NumericalError& error);

/// The points of the keys; those of formulas that a named model made are its own.
[[nodiscard]] CaseError placed(const Case& config, const CaseError& error);

}  // namespace fokker
