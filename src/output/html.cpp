#include "fokker/output/html.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <stdexcept>

#include "fokker/base/printable.hpp"
#include "fokker/output/markup.hpp"

namespace fokker {
namespace {

/// "alarm" for what nobody may miss, "good" for what holds.
std::string class_of(const Finding& finding) {
  const bool alarm = finding.label == "warning" || finding.text == "FAILS" || finding.text == "not reached" ||
                     finding.text.find("differs") != std::string::npos ||
                     finding.text.find("NOT TRUSTED") != std::string::npos;
  return alarm ? " class=\"alarm\"" : finding.text == "ok" ? " class=\"good\"" : "";
}

std::string rows_of(const DocumentSection& section) {
  std::string rows;
  for (const Finding& finding : section.findings)
    if (!finding.text.empty())
      rows += fmt::format("<tr><th scope=\"row\">{}</th><td{}>{}</td></tr>\n", html_text(finding.label),
                          class_of(finding), html_text(finding.text));
  return rows.empty() ? "" : "<table class=\"findings\">\n" + rows + "</table>\n";
}

std::string paragraphs_of(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings)
    if (!finding.text.empty()) text += "<p>" + html_text(finding.text) + "</p>\n";
  return text;
}

/// The finding that a column shows, as the text of a table does.
std::string cell_of(const DocumentTable::Row& row, const std::string& column) {
  const auto shown = std::find_if(row.cells.begin(), row.cells.end(), [&](const Finding& finding) {
    return finding.label == column && !finding.text.empty();
  });
  if (shown == row.cells.end()) return "<td></td>";
  return fmt::format("<td{}>{}</td>", class_of(*shown), html_text(shown->text));
}

std::string table_of(const DocumentTable& table) {
  if (table.rows.empty()) return "";
  std::string text = "<div class=\"wide\"><table class=\"rows\">\n<tr>";
  for (const std::string& column : table.columns) text += "<th scope=\"col\">" + html_text(column) + "</th>";
  text += "</tr>\n";
  for (const DocumentTable::Row& row : table.rows) {
    text += "<tr>";
    for (const std::string& column : table.columns) text += cell_of(row, column);
    text += "</tr>\n";
  }
  return text + "</table></div>\n";
}

Json words_of(const std::vector<Finding>& findings) {
  Json all = Json::array();
  for (const Finding& finding : findings)
    if (!finding.text.empty()) all.push_back({finding.label, finding.text});
  return all;
}

std::vector<Finding> findings_of(const Json& words) {
  std::vector<Finding> all;
  for (const Json& pair : words)
    all.push_back({.label = pair.at(0).get<std::string>(), .text = pair.at(1).get<std::string>()});
  return all;
}

std::string opening(std::string_view id) { return fmt::format("<script type=\"application/json\" id=\"{}\">", id); }
constexpr std::string_view closing = "</script>";

}  // namespace

std::string html_text(std::string_view text) { return markup_text(printable(text)); }

std::string html_of(const DocumentSection& section) {
  const bool labelled = section.label_width > 0;
  return (labelled ? rows_of(section) : paragraphs_of(section.findings)) + table_of(section.table) +
         paragraphs_of(section.notes);
}

std::string html_of(const Document& document) {
  std::string text;
  for (const DocumentSection& section : document.sections)
    if (const std::string body = html_of(section); !body.empty())
      text += section.heading.empty() ? body : fmt::format("<h2>{}</h2>\n{}", html_text(section.heading), body);
  return text;
}

std::string html_of_values(const Json& json) {
  std::string rows;
  for (const auto& [path, leaf] : json_leaves(json)) {
    const std::string value =
        leaf.is_string() ? leaf.get<std::string>() : leaf.dump(-1, ' ', false, Json::error_handler_t::replace);
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", html_text(path), html_text(value));
  }
  return "<div class=\"wide\"><table class=\"values\">\n" + rows + "</table></div>\n";
}

std::string html_data(std::string_view id, const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at))
    text.replace(at, 1, "\\u003c");  // in JSON it stands in strings alone
  return opening(id) + text + std::string(closing) + "\n";
}

std::optional<Json> data_of_html(std::string_view page, std::string_view id) {
  const std::string start = opening(id);
  const std::size_t at = page.find(start);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t end = page.find(closing, at);
  if (end == std::string_view::npos) return std::nullopt;
  Json json = Json::parse(page.substr(at + start.size(), end - at - start.size()), nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

Json words_of(const Document& document) {
  Json sections = Json::array();
  for (const DocumentSection& section : document.sections) {
    Json rows = Json::array();
    for (const DocumentTable::Row& row : section.table.rows) rows.push_back(words_of(row.cells));
    sections.push_back({{"heading", section.heading},
                        {"labelled", section.label_width > 0},
                        {"findings", words_of(section.findings)},
                        {"columns", section.table.columns},
                        {"rows", rows},
                        {"notes", words_of(section.notes)}});
  }
  return {{"title", document.title}, {"sections", sections}};
}

Document document_of_words(const Json& words) {
  Document document{words.at("title").get<std::string>(), {}};
  for (const Json& said : words.at("sections")) {
    DocumentSection section{.findings = findings_of(said.at("findings")),
                            .notes = findings_of(said.at("notes")),
                            .heading = said.at("heading").get<std::string>()};
    if (!said.at("labelled").get<bool>()) section.label_width = 0;
    section.table.columns = said.at("columns").get<std::vector<std::string>>();
    for (const Json& row : said.at("rows")) section.table.rows.push_back({"", findings_of(row)});
    document.sections.push_back(std::move(section));
  }
  return document;
}

std::string deflated(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  constexpr int quick = 4;  // of 9: within a few per cent of the smallest, in a third of the time
  if (compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(),
                quick) != Z_OK)
    throw std::runtime_error("zlib could not deflate");
  out.resize(size);
  return out;
}

}  // namespace fokker
