#include "fokker/base/printable.hpp"

#include <fmt/format.h>

#include <optional>

namespace fokker {
namespace {

/// One character of a text: its number, nothing when the bytes are no UTF-8, and how many bytes it takes.
struct Character {
  std::optional<char32_t> code;
  std::size_t bytes = 1;
};

Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t code = lead & (0x7FU >> length);
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(k) & 0xC0U) != 0x80U) return {};
    code = code << 6U | (byte(k) & 0x3FU);
  }
  constexpr char32_t shortest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < shortest[length] || surrogate || code > 0x10FFFF) return {};
  return {code, length};
}

/// Would a terminal do something else with it than show it?
bool is_obeyed(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  constexpr Range ranges[] = {
      {0, 0x1F},          {0x7F, 0x9F},      // C0, DEL, C1
      {0xAD, 0xAD},       {0x61C, 0x61C},    // soft hyphen; Arabic letter mark
      {0x200B, 0x200F},   {0x2028, 0x202E},  // no width, direction; separators, embeddings and overrides
      {0x2060, 0x206F},   {0xFEFF, 0xFEFF},  // invisible operators, isolates; byte-order mark
      {0xFDD0, 0xFDEF},   {0xFFF9, 0xFFFB},  // noncharacters; interlinear annotation
      {0xE0000, 0xE0FFF},                    // tags, variation selectors
  };
  for (const Range& range : ranges)
    if (c >= range.first && c <= range.last) return true;
  return (c & 0xFFFE) == 0xFFFE;
}

std::string escaped(char32_t c) {
  if (c < 0x10000) return fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  const unsigned rest = static_cast<unsigned>(c) - 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10U), 0xDC00 + (rest & 0x3FFU));
}

std::string escaped(std::string_view text, bool keeps_lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [code, bytes] = first_of(text);
    if (!code)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(text[0])));
    else if (is_obeyed(*code) && !(keeps_lines && *code == '\n'))
      out += escaped(*code);
    else
      out += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return escaped(text, true); }

std::string printable_line(std::string_view text) { return escaped(text, false); }

std::string shell_word(std::string_view text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character next = first_of(text);
    if (!next.code) return false;
    text.remove_prefix(next.bytes);
  }
  return true;
}

}  // namespace fokker
