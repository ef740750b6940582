#pragma once
#include <string>
#include <string_view>

/// Text that comes from files and command lines, made fit to be shown.
namespace fokker {

/// The text with everything escaped that a terminal would obey rather than show: control characters (C0 but for the
/// line feed, C1, DEL), marks that change the direction of reading or hide, line and paragraph separators and
/// noncharacters as `\u202e` (pairs of them beyond 16 bits, so that JSON stays the same text), bytes that are no UTF-8
/// as `\xff`.
[[nodiscard]] std::string printable(std::string_view text);

/// The same on one line: line feeds are escaped too.
[[nodiscard]] std::string printable_line(std::string_view text);

/// The text as one word of a shell (POSIX), in quotes where it needs them.
[[nodiscard]] std::string shell_word(std::string_view text);

/// Is the text UTF-8 (RFC 3629: shortest forms, no surrogates)?
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace fokker
