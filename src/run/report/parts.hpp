#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "fokker/run/records/sweep_table.hpp"
#include "fokker/run/run_record.hpp"

/// Parts of report.html, and of the play.html of a sweep.
namespace fokker {

/// From the doctype to the body, and the programs to its end.
[[nodiscard]] std::string head_html(const std::string& title);
[[nodiscard]] std::string foot_html();
[[nodiscard]] std::string figure_html(const std::string& svg, const std::string& caption);

/// The SDE and the equation of p with the formulas of the case, its axes, its parameters.
[[nodiscard]] std::string equations_html(const Case& config);

/// What the summary says, in words for who reads nothing else: checks, witnesses, mass, warnings.
[[nodiscard]] std::string verdict_html(const Json& summary);

/// The frames of p for the viewer, and what was left out of them, in at most so many bytes. Empty where there is
/// nothing to show.
[[nodiscard]] std::string viewer_html(const RunRecord& record, std::size_t bytes);

/// The densities of the members of a sweep for the viewer, with sliders over its keys where its members are all
/// combinations of them, else over the members; in at most so many bytes, but for the members' cells of the table.
[[nodiscard]] std::string sweep_viewer_html(const SweepTable& table, const std::vector<SweptAxis>& axes,
                                            std::size_t bytes);
/// What the page of a sweep shows of its table: the names of its columns, and the cells of a member.
[[nodiscard]] std::vector<std::string> columns_of(const SweepTable& table);
[[nodiscard]] std::vector<std::string> cells_of(const SweepTable::Member& member);

}  // namespace fokker
