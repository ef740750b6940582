#include "fokker/output/document.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fokker/output/text_table.hpp"

namespace fokker {
namespace {

void put(const Finding& finding, Json& json) {
  if (!finding.key.empty()) json[Json::json_pointer("/" + finding.key)] = finding.value;
}

void put(const DocumentTable& table, Json& json) {
  if (table.key.empty()) return;
  Json all = table.by_name ? Json::object() : Json::array();
  for (const DocumentTable::Row& row : table.rows)
    if (table.by_name)
      all[row.name] = json_of(row.cells);
    else
      all.push_back(json_of(row.cells));
  json[Json::json_pointer("/" + table.key)] = std::move(all);
}

std::string line(const Finding& finding, std::size_t indent, std::size_t width) {
  if (finding.text.empty()) return "";
  const std::string label = width > 0 ? fmt::format("{:<{}} ", finding.label, width) : "";
  return std::string(indent, ' ') + label + finding.text + "\n";
}

/// The text of the cell that bears a label; a column without one shows the first text without.
std::string cell(const DocumentTable::Row& row, const std::string& label) {
  const auto shown = std::find_if(row.cells.begin(), row.cells.end(), [&](const Finding& finding) {
    return finding.label == label && !finding.text.empty();
  });
  return shown == row.cells.end() ? "" : shown->text;
}

std::string text_of(const DocumentTable& table, std::size_t indent) {
  TextTable text(table.columns);
  for (const DocumentTable::Row& row : table.rows) {
    std::vector<std::string> cells;
    for (const std::string& column : table.columns) cells.push_back(cell(row, column));
    text.add(std::move(cells));
  }
  return text.empty() ? "" : text.text(indent);
}

std::string text_of(const DocumentSection& section) {
  std::string text;
  for (const Finding& finding : section.findings) text += line(finding, section.indent, section.label_width);
  text += text_of(section.table, section.indent);
  for (const Finding& note : section.notes) text += line(note, section.indent, 0);
  return text;
}

}  // namespace

Json json_of(std::span<const Finding> findings) {
  Json json = Json::object();
  for (const Finding& finding : findings) put(finding, json);
  return json;
}

Json json_of(const Document& document) {
  Json json = Json::object();
  for (const DocumentSection& section : document.sections) {
    for (const Finding& finding : section.findings) put(finding, json);
    put(section.table, json);
    for (const Finding& note : section.notes) put(note, json);
  }
  return json;
}

Json json_of(std::span<const Document> documents) {
  Json all = Json::array();
  for (const Document& document : documents) all.push_back(json_of(document));
  return all;
}

std::string text_of(const Document& document) {
  std::string text;
  for (const DocumentSection& section : document.sections) {
    const std::string body = text_of(section);
    if (!body.empty()) text += (text.empty() ? "" : "\n") + body;
  }
  return document.title + "\n" + text;
}

}  // namespace fokker
