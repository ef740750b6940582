#include "fokker/case/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "fokker/base/errors.hpp"
#include "fokker/base/stop.hpp"

namespace fokker {
namespace fs = std::filesystem;
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t start = 0;;) {
    const std::size_t comma = line.find(',', start);
    fields.push_back(trimmed(line.substr(start, comma == std::string_view::npos ? comma : comma - start)));
    if (comma == std::string_view::npos) return fields;
    start = comma + 1;
  }
}

std::vector<std::string> header_names(const fs::path& path, std::string_view line) {
  if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);  // the byte-order mark that spreadsheets write
  std::vector<std::string> names;
  for (std::string_view field : split(line)) {
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
    if (field.empty()) throw FileError(path.string(), fmt::format("line 1: column {} has no name", names.size() + 1));
    names.emplace_back(field);
  }
  return names;
}

}  // namespace

const std::vector<double>* Csv::column(std::string_view name) const {
  for (std::size_t k = 0; k < names.size(); ++k)
    if (names[k] == name) return &columns[k];
  return nullptr;
}

Csv parse_csv(std::string_view bytes, const fs::path& path) {
  Csv csv;
  std::size_t number = 0;
  for (std::size_t start = 0; start < bytes.size();) {
    poll_stop();
    const std::size_t end = std::min(bytes.find('\n', start), bytes.size());
    const std::string_view line = trimmed(bytes.substr(start, end - start));
    start = end + 1;
    ++number;
    if (number == 1) {
      csv.names = header_names(path, line);
      csv.columns.resize(csv.names.size());
      continue;
    }
    if (line.empty() || line.front() == '#') continue;
    const std::vector<std::string_view> fields = split(line);
    if (fields.size() != csv.names.size())
      throw FileError(path.string(), fmt::format("line {}: {} values, the header names {} columns", number,
                                                 fields.size(), csv.names.size()));
    for (std::size_t k = 0; k < fields.size(); ++k) {
      double value = 0;
      const std::string_view field = fields[k].starts_with('+') ? fields[k].substr(1) : fields[k];
      const auto [rest, error] = std::from_chars(field.data(), field.data() + field.size(), value);
      if (error != std::errc() || rest != field.data() + field.size())
        throw FileError(path.string(),
                        fmt::format("line {}: column {}: '{}' is not a number", number, csv.names[k], fields[k]));
      csv.columns[k].push_back(value);
    }
    csv.lines.push_back(number);
  }
  if (csv.names.empty()) throw FileError(path.string(), "empty, a header line with column names was expected");
  return csv;
}

}  // namespace fokker
