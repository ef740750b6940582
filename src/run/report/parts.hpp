#pragma once
#include <cstddef>
#include <string>

#include "fokker/run/run_record.hpp"

/// Parts of report.html.
namespace fokker {

/// The SDE and the equation of p with the formulas of the case, its axes, its parameters.
[[nodiscard]] std::string equations_html(const Case& config);

/// What the summary says, in words for who reads nothing else: checks, witnesses, mass, warnings.
[[nodiscard]] std::string verdict_html(const Json& summary);

/// The frames of p for the viewer, and what was left out of them, in at most so many bytes. Empty where there is
/// nothing to show.
[[nodiscard]] std::string viewer_html(const RunRecord& record, std::size_t bytes);

}  // namespace fokker
