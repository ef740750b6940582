#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fokker::picture {

/// A bitmap font of fixed width for printable ASCII; `ascent` rows stand above the baseline.
struct Font {
  int width, height, ascent;
  const std::uint16_t* rows;

  /// `height` rows from top to bottom, bit `width - 1` leftmost; '?' for what the font does not have.
  [[nodiscard]] std::span<const std::uint16_t> glyph(char c) const;
};

[[nodiscard]] Font regular_font();
[[nodiscard]] Font bold_font();

/// The text with one '?' for every character that the fonts do not have (UTF-8 in).
[[nodiscard]] std::string in_ascii(std::string_view text);

}  // namespace fokker::picture
