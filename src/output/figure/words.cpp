#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "canvas.hpp"

namespace fokker::figure {
namespace {

constexpr std::uint32_t no_character = 0xFFFD;

/// The character at `at`, which moves behind it; `no_character` for a byte that begins none.
std::uint32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t k) { return static_cast<std::uint8_t>(text[k]); };
  const std::uint8_t first = byte(at);
  const std::size_t start = at++;
  if (first < 0x80) return first;
  const int more = first >= 0xF0 && first < 0xF5   ? 3
                   : first >= 0xE0 && first < 0xF0 ? 2
                   : first >= 0xC2 && first < 0xE0 ? 1
                                                   : 0;
  if (more == 0 || start + static_cast<std::size_t>(more) >= text.size()) return no_character;
  std::uint32_t code = first & (0x3Fu >> more);
  for (int k = 1; k <= more; ++k) {
    const std::uint8_t next = byte(start + static_cast<std::size_t>(k));
    if ((next & 0xC0u) != 0x80) return no_character;
    code = (code << 6) | (next & 0x3Fu);
  }
  constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return no_character;
  at = start + 1 + static_cast<std::size_t>(more);
  return code;
}

double width_of(std::uint32_t code) {
  if (code >= 0x1100) return code >= 0x2E80 ? 1.0 : code >= 0x2070 && code < 0x2090 ? 0.4 : 0.75;
  if (code == 0xB2 || code == 0xB3 || code == 0xB9) return 0.4;
  if (code >= 0x300 && code < 0x370) return 0;  // accents of the letter before
  constexpr std::string_view narrow = "ijl|'.,:;!I", slim = "frt()[] /-", wide = "mwMWQG@%";
  if (code < 0x80) {
    const char c = static_cast<char>(code);
    if (narrow.find(c) != std::string_view::npos) return 0.31;
    if (slim.find(c) != std::string_view::npos) return 0.38;
    if (wide.find(c) != std::string_view::npos) return 0.92;
    if (c >= 'A' && c <= 'Z') return 0.7;
  }
  return 0.63;
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const std::uint32_t code = next_character(text, at);
    if (code == no_character || code == 0xFFFE || code == 0xFFFF)
      clean += "\uFFFD";
    else if (code < 0x20 || (code >= 0x7F && code < 0xA0))
      clean += ' ';
    else
      clean += text.substr(start, at - start);
  }
  return clean;
}

double text_width(std::string_view text, double size, bool bold) {
  double width = 0;
  for (std::size_t at = 0; at < text.size();) width += width_of(next_character(text, at));
  return width * size * (bold ? 1.1 : 1.0);
}

std::string fitted(const std::string& text, double width, double size, bool bold) {
  if (text_width(text, size, bold) <= width) return text;
  std::string cut;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    next_character(text, at);
    const std::string longer = cut + text.substr(start, at - start);
    if (text_width(longer + "…", size, bold) > width) break;
    cut = longer;
  }
  while (cut.ends_with(' ')) cut.pop_back();
  return cut + "…";
}

}  // namespace fokker::figure
