#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fokker/case/case.hpp"
#include "fokker/output/figure.hpp"
#include "fokker/run/run_record.hpp"

namespace fokker {

/// The figure that shows what a run (or `steady`) is about, composed from what its folder holds; `wishes` say what to
/// show in place of what is chosen. Throws UsageError where a wish cannot be met.
[[nodiscard]] figure::Figure figure_of(const RunRecord& record, const CasePicture& wishes);
/// Columns of a series.csv, or of another table with a column t, against t; a converge.csv: the error against the cell
/// width or the step. `columns`: which of them, empty for all but counters.
[[nodiscard]] figure::Figure figure_of_table(const std::filesystem::path& file, const std::vector<std::string>& columns,
                                             bool log);

/// What a density over these axes is per: "1/um", "1/um²", "1/(um s)"; "" where a unit is not known.
[[nodiscard]] std::string density_unit(std::span<const Axis> axes);

/// figure.png and figure.svg in a folder. Returns the text of the SVG. Throws FileError.
std::string write_figures(const std::filesystem::path& folder, const figure::Figure& made);

}  // namespace fokker
