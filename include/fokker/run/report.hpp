#pragma once
#include <filesystem>
#include <string>

#include "fokker/output/document.hpp"
#include "fokker/run/records/sweep_table.hpp"
#include "fokker/run/run_record.hpp"

namespace fokker {

inline constexpr const char* report_name = "report.html";
inline constexpr std::size_t report_bytes = 2'000'000;  ///< what a page has at most, as far as its frames have a say

/// The page of a run or of `steady`: one file that holds all it shows, in words that `words` (the document that its
/// summary.json was made from) says. Numbers are those of the summary. Parts that cannot be made are left out, with a
/// word about why. `svg`: the figure of the run where it has been drawn.
[[nodiscard]] std::string report_of(const RunRecord& record, const Document& words, const std::string& svg = "");
/// report.html in the folder of the record. Throws FileError.
void write_report(const RunRecord& record, const Document& words, const std::string& svg = "");

/// The words of the report that stands in a folder, as long as they belong to its summary; else the title alone.
[[nodiscard]] Document words_kept(const RunRecord& record);

inline constexpr const char* play_name = "play.html";
/// The page of a sweep, in `report_bytes`: its figure (`svg`), its table, and a viewer of the members' densities with
/// sliders over what was swept. Numbers are those of the table. What had no room is left out, and the page says so.
[[nodiscard]] std::string play_of(const SweepTable& table, const std::string& svg);

}  // namespace fokker
