#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/base/expression.hpp"
#include "fokker/run/records/sweep_table.hpp"
#include "fokker/run/report.hpp"
#include "plan.hpp"

namespace fokker {
namespace {

/// What of a summary fits into a cell.
std::vector<std::pair<std::string, Json>> leaves_of(const MemberState& member) {
  auto leaves = json_leaves(Json::parse(member.summary, nullptr, false));
  std::erase_if(leaves, [](const auto& leaf) { return leaf.second.is_structured() || leaf.second.is_discarded(); });
  return leaves;
}

const Json* find(const std::vector<std::pair<std::string, Json>>& leaves, const std::string& name) {
  const auto found = std::find_if(leaves.begin(), leaves.end(), [&](const auto& leaf) { return leaf.first == name; });
  return found == leaves.end() ? nullptr : &found->second;
}

/// Values of checks, and l1 from each witness at the end.
std::vector<std::string> judged_among(const std::vector<std::string>& names) {
  std::vector<std::string> judged;
  const auto take = [&](const char* table, const char* leaf) {
    std::copy_if(names.begin(), names.end(), std::back_inserter(judged), [&](const std::string& name) {
      return name.starts_with(table) && name.ends_with(leaf) && name.find(".frames.") == std::string::npos;
    });
  };
  take("checks.", ".value");
  take("compare.", ".l1");
  return judged;
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) line += ',';
    line += csv_cell(cell);
  }
  return line + "\n";
}

std::string cell_text(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

bool finished(const MemberState& member) { return member.status == "done" || member.status == "short"; }

/// Numbers of other times must not stand below each other as if they were of one.
void tell_times_apart(SweepResult& result) {
  const auto ended_early = [](const MemberState& member) {
    const auto leaves = leaves_of(member);
    const Json* const reason = finished(member) ? find(leaves, "stop_reason") : nullptr;
    return reason && *reason != "end";
  };
  if (std::none_of(result.members.begin(), result.members.end(), ended_early)) return;
  auto& quantities = result.quantities;
  for (const char* const name : {"time.reached", "stop_reason"}) std::erase(quantities, name);
  quantities.insert(quantities.begin(), {"time.reached", "stop_reason"});
}

}  // namespace

void choose_quantities(const Sweep& sweep, SweepResult& result) {
  std::vector<std::string> known;
  std::vector<std::size_t> count(sweep.quantities.size(), 0);
  std::size_t all = 0;
  for (const MemberState& member : result.members) {
    if (!finished(member)) continue;
    ++all;
    const auto leaves = leaves_of(member);
    for (std::size_t q = 0; q < count.size(); ++q) count[q] += find(leaves, sweep.quantities[q]) ? 1 : 0;
    for (const auto& [name, value] : leaves)
      if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  }
  result.quantities = sweep.quantities.empty() ? judged_among(known) : sweep.quantities;
  for (std::size_t q = 0; q < count.size(); ++q)
    if (count[q] < all)
      result.warnings.push_back(
          fmt::format("output.quantities: \"{}\" is not in the summary of {} of {} finished members{}",
                      sweep.quantities[q], all - count[q], all, [&] {
                        const std::string near = count[q] > 0 ? "" : nearest_name(sweep.quantities[q], known);
                        return near.empty() ? std::string() : "; did you mean " + near + "?";
                      }()));
  for (const std::string& name : known)
    if (sweep.quantities.empty() &&
        (name.starts_with("expectations.") || name.starts_with("probabilities.") || name.starts_with("moments.")))
      result.quantities.push_back(name);
  tell_times_apart(result);
}

std::string sweep_csv(const Sweep& sweep, const SweepResult& result) {
  std::vector<std::string> cells{"member"};
  for (const SweptKey& key : sweep.keys) cells.push_back(key.name);
  cells.emplace_back("status");
  cells.insert(cells.end(), result.quantities.begin(), result.quantities.end());
  cells.insert(cells.end(), {"seconds", "host", "message"});
  std::string text = csv_line(cells);
  for (std::size_t i = 0; i < result.members.size(); ++i) {
    const MemberState& member = result.members[i];
    cells = {std::to_string(i)};
    const Json parameters = parameters_of(sweep, i);
    for (const auto& value : parameters) cells.push_back(cell_text(value));
    cells.push_back(member.status);
    const auto leaves = finished(member) ? leaves_of(member) : std::vector<std::pair<std::string, Json>>{};
    for (const std::string& name : result.quantities) {
      const Json* const value = find(leaves, name);
      cells.push_back(value ? cell_text(*value) : "");
    }
    cells.insert(cells.end(), {fmt::format("{}", member.seconds), member.host, member.message});
    text += csv_line(cells);
  }
  return text;
}

Document document(const Sweep& sweep, const SweepOptions& options, const SweepResult& result) {
  DocumentSection counts;
  std::string text;
  for (const char* status : {"done", "short", "failed", "stopped", "running", "waiting"}) {
    const std::size_t count = result.count(status);
    if (count > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count,
                          std::string_view(status) == "short" ? "short of a check" : status);
    counts.findings.push_back({status, count});
  }
  counts.findings.push_back({"", {}, "members", fmt::format("{}: {}", result.members.size(), text)});
  if (!result.list.empty())
    counts.findings.push_back({"list", result.list.string(), "list", result.list.string()});
  else
    counts.findings.push_back(
        {"table", (options.folder / "sweep.csv").string(), "table", (options.folder / "sweep.csv").string()});
  if (result.list.empty() && !result.stopped)
    counts.findings.push_back(
        {"page", (options.folder / play_name).string(), "page", (options.folder / play_name).string()});
  counts.findings.push_back({"warnings", result.warnings});

  DocumentSection rows;
  rows.table.key = "members";
  rows.table.columns = {"member"};
  for (const SweptKey& key : sweep.keys) rows.table.columns.push_back(key.name);
  rows.table.columns.emplace_back("status");
  constexpr std::size_t most_columns = 4;
  for (std::size_t q = 0; q < std::min(most_columns, result.quantities.size()); ++q)
    rows.table.columns.push_back(result.quantities[q]);
  for (std::size_t i = 0; i < result.members.size(); ++i) {
    const MemberState& member = result.members[i];
    DocumentTable::Row row;
    const Json parameters = parameters_of(sweep, i);
    row.cells.push_back({"member", i, "member", std::to_string(i)});
    row.cells.push_back({"parameters", parameters});
    for (const auto& [key, value] : parameters.items()) row.cells.push_back({"", {}, key, cell_text(value)});
    row.cells.push_back({"status", member.status, "status", member.status});
    const auto leaves = finished(member) ? leaves_of(member) : std::vector<std::pair<std::string, Json>>{};
    Json values = Json::object();
    for (const std::string& name : result.quantities) {
      const Json* const value = find(leaves, name);
      values[name] = value ? *value : Json();
      row.cells.push_back({"",
                           {},
                           name,
                           value && value->is_number() ? fmt::format("{:.6g}", value->get<double>())
                           : value                     ? cell_text(*value)
                                                       : ""});
    }
    row.cells.push_back({"quantities", values});
    row.cells.push_back({"seconds", member.seconds});
    row.cells.push_back({"folder", (options.folder / member_name(i)).string()});
    row.cells.push_back({"message", member.message});
    rows.table.rows.push_back(std::move(row));
  }
  return {fmt::format("{}: {} members of {}", sweep.file.string(), result.members.size(),
                      sweep.case_file.filename().string()),
          {std::move(counts), std::move(rows)}};
}

}  // namespace fokker
