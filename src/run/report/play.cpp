#include <fmt/format.h>

#include <algorithm>

#include "fokker/output/html.hpp"
#include "fokker/run/report.hpp"
#include "parts.hpp"

namespace fokker {

namespace {

constexpr std::size_t most_members = 1000, most_columns = 40;

std::string row_html(const std::vector<std::string>& cells, const char* tag) {
  std::string row;
  for (const std::string& cell : cells) row += fmt::format("<{0}>{1}</{0}>", tag, html_text(cell));
  return row;
}

/// Rows of members; what came to no good end has a colour.
std::string table_html(const SweepTable& table) {
  std::string text = "<h2>The table</h2>\n<div class=\"wide\"><table class=\"rows\" id=\"members\"><thead><tr>" +
                     row_html(columns_of(table), "th") + "</tr></thead>\n<tbody>\n";
  for (const SweepTable::Member& member : table.members)
    text += fmt::format("<tr class=\"{}\">{}</tr>\n", html_text(member.status), row_html(cells_of(member), "td"));
  return text + "</tbody></table></div>\n";
}

/// At most so many members and quantities, and in words what is missing.
std::pair<SweepTable, std::string> fitting(const SweepTable& all) {
  std::pair<SweepTable, std::string> made{thinned(all, most_members), ""};
  auto& [table, note] = made;
  if (table.members.size() < all.members.size())
    note += fmt::format("{} of {} members are here", table.members.size(), all.members.size());
  if (table.quantities.size() > most_columns) {
    note +=
        fmt::format("{}{} of {} quantities are here", note.empty() ? "" : ", ", most_columns, all.quantities.size());
    table.quantities.resize(most_columns);
    for (SweepTable::Member& member : table.members) member.quantities.resize(most_columns);
  }
  if (!note.empty()) note += fmt::format("; {} has all.", sweep_table_name);
  return made;
}

}  // namespace

std::vector<std::string> columns_of(const SweepTable& table) {
  std::vector<std::string> columns{"member"};
  columns.insert(columns.end(), table.keys.begin(), table.keys.end());
  columns.emplace_back("status");
  columns.insert(columns.end(), table.quantities.begin(), table.quantities.end());
  columns.insert(columns.end(), {"seconds", "message"});
  return columns;
}

std::vector<std::string> cells_of(const SweepTable::Member& member) {
  std::vector<std::string> cells{std::to_string(member.number)};
  cells.insert(cells.end(), member.values.begin(), member.values.end());
  cells.push_back(member.status);
  cells.insert(cells.end(), member.quantities.begin(), member.quantities.end());
  cells.insert(cells.end(), {member.seconds, member.message});
  return cells;
}

std::string play_of(const SweepTable& all, const std::string& svg) {
  const auto [table, note] = fitting(all);
  const Json summary = first_summary(all);
  const std::string of_case =
      summary.is_object() ? summary.value(Json::json_pointer("/case/title"), std::string()) : std::string();
  const std::string title = of_case.empty() ? all.folder.filename().string() : of_case;
  const bool whole =
      std::all_of(all.members.begin(), all.members.end(), [](const auto& m) { return m.status == "done"; });
  std::string before = head_html(title) + fmt::format("<h1>{}</h1>\n", html_text(title)) +
                       fmt::format("<p class=\"{}\">A sweep of {}.</p>\n", whole ? "verdict" : "verdict falls-short",
                                   html_text(counts_text(all)));
  if (all.outdated)
    before +=
        "<p class=\"unfinished\">Members have moved on since the table was written; `fokker sweep SWEEP.toml "
        "--collect` writes it anew.</p>\n";
  std::string after =
      "<h2>Over what was swept</h2>\n" +
      (svg.empty() ? "<p class=\"soft\">There is no figure: no two members differ, or none has a number.</p>\n"
                   : figure_html(svg, "The figure of the sweep.")) +
      table_html(table);
  if (!note.empty()) after += fmt::format("<p class=\"soft\">{}</p>\n", html_text(note));
  after += foot_html();
  std::size_t taken = before.size() + after.size() + 4096;
  for (const SweepTable::Member& member : table.members)  // their cells, and axes, which are in the viewer's data too
    for (const std::string& cell : cells_of(member)) taken += 2 * cell.size() + 40;
  return before + "<h2>The density of each member</h2>\n" +
         sweep_viewer_html(table, swept_axes(table), report_bytes > taken ? report_bytes - taken : 0) + after;
}

}  // namespace fokker
