#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "fokker/output/document.hpp"

/// Parts of a page that holds everything it shows.
namespace fokker {

/// Text as it may stand between tags and in quoted attributes: markup is escaped, and what would not be shown as it is
/// (printable.hpp).
[[nodiscard]] std::string html_text(std::string_view text);
/// Findings as rows of a table, the table below them, its notes; "" for a section that people are told nothing in.
[[nodiscard]] std::string html_of(const DocumentSection& section);
/// Every section under its heading.
[[nodiscard]] std::string html_of(const Document& document);
/// Every number and word of a JSON object, a row each under its path: compare.exact.l1.
[[nodiscard]] std::string html_of_values(const Json& json);

/// A script element that is no program: JSON for programs that read the page. Nothing in it ends the element.
[[nodiscard]] std::string html_data(std::string_view id, const Json& json);
/// The JSON of such an element in a page; none where there is none, or a damaged one.
[[nodiscard]] std::optional<Json> data_of_html(std::string_view page, std::string_view id);

/// The words of a document, without its values, which stand in a summary.
[[nodiscard]] Json words_of(const Document& document);
/// The document that bears these words. Throws nlohmann's exceptions for JSON that holds none.
[[nodiscard]] Document document_of_words(const Json& words);

/// zlib's format (RFC 1950), as DecompressionStream("deflate") reads it.
[[nodiscard]] std::string deflated(std::string_view bytes);

}  // namespace fokker
