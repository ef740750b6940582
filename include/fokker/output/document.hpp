#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "fokker/output/json_text.hpp"

namespace fokker {

/// One thing that a study says: to programs a value under a key, to people a text behind a label. Where only one of
/// the two is spoken to, the other half is empty.
struct Finding {
  std::string key{};  ///< a path: "compare/log_likelihood" stands inside of "compare"
  Json value{};       ///< null also keeps the place of a key whose finding follows
  std::string label{}, text{};
};

/// Rows of findings: the columns that people see are the labels in `columns`; programs get all keys of every row.
struct DocumentTable {
  struct Row {
    std::string name{};  ///< its key, in a table by name
    std::vector<Finding> cells{};
  };
  std::string key{};
  std::vector<std::string> columns{};
  std::vector<Row> rows{};
  bool by_name = false;  ///< an object of rows, not an array
};

/// Findings line by line, a table below them, and what is to be said about the table.
struct DocumentSection {
  std::vector<Finding> findings{};
  DocumentTable table{};
  std::vector<Finding> notes{};
  std::size_t label_width = 8, indent = 2;
  std::string heading{};  ///< of the section in a page
};

/// What a study says, once: text, JSON and HTML (html.hpp) are three walks over it.
struct Document {
  std::string title{};
  std::vector<DocumentSection> sections{};
};

/// The object of some findings.
[[nodiscard]] Json json_of(std::span<const Finding> findings);
[[nodiscard]] Json json_of(const Document& document);
/// The title, and the sections with a blank line between them; one without a text is left out.
[[nodiscard]] std::string text_of(const Document& document);

/// One object per document.
[[nodiscard]] Json json_of(std::span<const Document> documents);

}  // namespace fokker
