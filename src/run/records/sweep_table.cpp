#include "fokker/run/records/sweep_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

#include "fokker/base/errors.hpp"
#include "fokker/base/read_file.hpp"
#include "fokker/run/run_record.hpp"

namespace fokker {

namespace fs = std::filesystem;

namespace {

using Cells = std::vector<std::string>;

/// RFC 4180: cells in quotes may hold commas, line ends, and quotes written twice.
std::vector<Cells> rows_of(const std::string& text) {
  std::vector<Cells> rows;
  Cells row;
  std::string cell;
  bool quoted = false;
  for (std::size_t k = 0; k < text.size(); ++k) {
    const char c = text[k];
    if (quoted && c == '"' && k + 1 < text.size() && text[k + 1] == '"') {
      cell += text[++k];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (quoted || (c != ',' && c != '\n')) {
      if (quoted || c != '\r') cell += c;
    } else {
      row.push_back(std::exchange(cell, {}));
      if (c == '\n') rows.push_back(std::exchange(row, {}));
    }
  }
  return rows;
}

/// How unevenly numbers that ascend are spaced: the deviation of their distances over the mean distance.
double unevenness(const std::vector<double>& numbers, double (*of)(double)) {
  double sum = 0, squares = 0;
  for (std::size_t k = 0; k + 1 < numbers.size(); ++k) {
    const double distance = of(numbers[k + 1]) - of(numbers[k]);
    sum += distance;
    squares += distance * distance;
  }
  const double n = static_cast<double>(numbers.size() - 1), mean = sum / n;
  return std::sqrt(std::max(0.0, squares / n - mean * mean)) / mean;
}

bool is_logarithmic(const std::vector<double>& numbers) {
  constexpr double clearly = 0.5;
  if (numbers.size() < 3 || !(numbers.front() > 0)) return false;
  return unevenness(numbers, [](double x) { return std::log(x); }) < clearly * unevenness(
                                                                                   numbers, [](double x) { return x; });
}

SweptAxis axis_of(const SweepTable& table, std::size_t key) {
  SweptAxis axis{.key = key, .values = {}, .numbers = {}, .at = {}};
  std::map<std::string, std::size_t> places;
  for (const auto& member : table.members)
    if (places.emplace(member.values[key], 0).second) axis.values.push_back(member.values[key]);
  if (std::all_of(axis.values.begin(), axis.values.end(), [](const auto& v) { return std::isfinite(number_of(v)); })) {
    std::sort(axis.values.begin(), axis.values.end(),
              [](const auto& a, const auto& b) { return number_of(a) < number_of(b); });
    for (const std::string& value : axis.values) axis.numbers.push_back(number_of(value));
    axis.log = is_logarithmic(axis.numbers);
  }
  for (std::size_t k = 0; k < axis.values.size(); ++k) places[axis.values[k]] = k;
  for (const auto& member : table.members) axis.at.push_back(places[member.values[key]]);
  return axis;
}

/// Does one of them never fall, or never rise, where the other rises?
bool go_together(const SweptAxis& first, const SweptAxis& second) {
  std::set<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t k = 0; k < first.at.size(); ++k) pairs.emplace(first.at[k], second.at[k]);
  if (pairs.size() != first.values.size()) return false;
  bool rises = true, falls = true;
  for (auto pair = std::next(pairs.begin()); pair != pairs.end(); ++pair) {
    rises = rises && pair->second >= std::prev(pair)->second;
    falls = falls && pair->second <= std::prev(pair)->second;
  }
  return rises || falls;
}

}  // namespace

fs::path SweepTable::folder_of(const Member& member) const { return folder / member_name(member.number); }

std::string member_name(std::size_t member) { return fmt::format("{:04}", member); }

bool is_sweep_folder(const fs::path& folder) {
  std::error_code unseen;
  return fs::exists(folder / "sweep.sqlite", unseen) || fs::exists(folder / sweep_table_name, unseen);
}

SweepTable read_sweep_table(const fs::path& folder) {
  const fs::path file = folder / sweep_table_name, store = folder / "sweep.sqlite";
  std::error_code unseen;
  if (!fs::exists(file, unseen))
    throw UsageError(
        fmt::format("{} has no {}: its sweep runs, or was killed; `fokker sweep SWEEP.toml --collect` writes it",
                    folder.string(), sweep_table_name));
  const std::vector<Cells> rows = rows_of(read_file(file));
  SweepTable table{.folder = folder, .keys = {}, .quantities = {}, .members = {}};
  const auto damaged = [&](const std::string& why) -> FileError {
    return {file.string(), "it is no table of a sweep: " + why};
  };
  if (rows.empty()) throw damaged("it has no line");
  const Cells& head = rows.front();
  const auto status = std::find(head.begin(), head.end(), "status");
  if (head.front() != "member" || head.end() - status < 4) throw damaged("columns are missing");
  table.keys = Cells(head.begin() + 1, status);
  table.quantities = Cells(status + 1, head.end() - 3);
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const Cells& row = rows[r];
    if (row.size() != head.size())
      throw damaged(fmt::format("line {} has {} of {} cells", r + 1, row.size(), head.size()));
    const auto values = row.begin() + 1, state = values + static_cast<long>(table.keys.size());
    table.members.push_back({.number = r - 1,
                             .values = Cells(values, state),
                             .status = *state,
                             .quantities = Cells(state + 1, row.end() - 3),
                             .seconds = *(row.end() - 3),
                             .host = *(row.end() - 2),
                             .message = row.back()});
    if (row.front() != std::to_string(r - 1)) throw damaged(fmt::format("line {} is not of member {}", r + 1, r - 1));
  }
  table.outdated = fs::exists(store, unseen) && fs::last_write_time(store, unseen) > fs::last_write_time(file, unseen);
  return table;
}

Json first_summary(const SweepTable& table) {
  for (const auto& member : table.members) {
    std::error_code unseen;
    const fs::path file = table.folder_of(member) / "summary.json";
    if (!member.finished() || !fs::exists(file, unseen)) continue;
    if (Json summary = Json::parse(read_file(file), nullptr, false); summary.is_object()) return summary;
  }
  return nullptr;
}

std::string counts_text(const SweepTable& table) {
  std::string text = fmt::format("{} members", table.members.size());
  const char* between = ": ";
  for (const char* status : {"done", "short", "failed", "stopped", "running", "waiting"}) {
    const auto count = std::count_if(table.members.begin(), table.members.end(),
                                     [&](const auto& member) { return member.status == status; });
    if (count == 0) continue;
    text += fmt::format("{}{} {}", between, count, std::string_view(status) == "short" ? "short of a check" : status);
    between = ", ";
  }
  return text;
}

SweepTable thinned(const SweepTable& table, std::size_t most) {
  SweepTable few = table;
  few.members.clear();
  for (const std::size_t k : evenly_chosen(table.members.size(), most)) few.members.push_back(table.members[k]);
  return few;
}

double number_of(const std::string& cell) {
  char* end = nullptr;
  const double number = std::strtod(cell.c_str(), &end);
  return !cell.empty() && *end == '\0' ? number : NAN;
}

std::vector<SweptAxis> swept_axes(const SweepTable& table) {
  std::vector<SweptAxis> axes;
  for (std::size_t key = 0; key < table.keys.size(); ++key) {
    SweptAxis axis = axis_of(table, key);
    if (axis.values.size() < 2) continue;
    if (std::none_of(axes.begin(), axes.end(), [&](const SweptAxis& before) { return go_together(before, axis); }))
      axes.push_back(std::move(axis));
  }
  return axes;
}

bool is_product(const SweepTable& table, const std::vector<SweptAxis>& axes) {
  std::size_t combinations = 1;
  for (const SweptAxis& axis : axes) combinations *= axis.values.size();
  std::set<std::vector<std::size_t>> seen;
  for (std::size_t k = 0; k < table.members.size(); ++k) {
    std::vector<std::size_t> place;
    for (const SweptAxis& axis : axes) place.push_back(axis.at[k]);
    seen.insert(std::move(place));
  }
  return combinations == table.members.size() && seen.size() == combinations;
}

}  // namespace fokker
