#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fokker/case/case.hpp"
#include "fokker/output/figure.hpp"
#include "fokker/run/records/sweep_table.hpp"
#include "fokker/run/run_record.hpp"

namespace fokker {

/// The figure that shows what a run (or `steady`) is about, composed from what its folder holds; `wishes` say what to
/// show in place of what is chosen. Throws UsageError where a wish cannot be met.
[[nodiscard]] figure::Figure figure_of(const RunRecord& record, const CasePicture& wishes);
/// Quantities of a sweep over the keys that it varies: lines over one of them, with the mean and deviation of members
/// that differ in a seed alone; images over two; points over each of more. Members that failed, fell short of a check
/// or are not finished are marked. `quantities`: which columns, empty for the first six. Throws UsageError where there
/// is nothing to draw, or no such column.
[[nodiscard]] figure::Figure figure_of_sweep(const SweepTable& table, const std::vector<std::string>& quantities,
                                             bool log);
/// Columns of a series.csv, or of another table with a column t, against t; a converge.csv: the error against the cell
/// width or the step. `columns`: which of them, empty for all but counters.
[[nodiscard]] figure::Figure figure_of_table(const std::filesystem::path& file, const std::vector<std::string>& columns,
                                             bool log);

/// figure.png and figure.svg in a folder. Returns the text of the SVG. Throws FileError.
std::string write_figures(const std::filesystem::path& folder, const figure::Figure& made);

}  // namespace fokker
