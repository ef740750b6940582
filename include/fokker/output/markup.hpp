#pragma once
#include <string>
#include <string_view>

/// What XML, SVG and HTML are made of.
namespace fokker {

/// Text as it may stand between tags and in quoted attributes: & < > " ' are escaped.
[[nodiscard]] std::string markup_text(std::string_view text);

/// RFC 4648, with padding.
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace fokker
