#pragma once
#include <string>
#include <vector>

#include "fokker/run/sweep.hpp"
#include "store.hpp"

namespace fokker {

/// The columns that a sweep asks for, or those of all its answers and moments; warnings where they are missing.
void choose_quantities(const Sweep& sweep, SweepResult& result);
/// A row for each member: its number, its values, status, the quantities (empty where there are none), seconds, host,
/// and why it failed.
[[nodiscard]] std::string sweep_csv(const Sweep& sweep, const SweepResult& result);

}  // namespace fokker
