// Text from files is shown, never obeyed: what a terminal, a reader of JSON or an eye would take for something else.
#include <doctest/doctest.h>

#include "fokker/base/printable.hpp"

using namespace fokker;

TEST_CASE("what a terminal obeys is escaped and everything else stays") {
  struct Row {
    std::string text, shown;
  };
  const Row rows[] = {
      {"plain, \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80", "plain, \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80"},
      {"\x1b]0;title\x07\x1b[31m", "\\u001b]0;title\\u0007\\u001b[31m"},
      {std::string("a\0b\rc\td\x7f", 8), "a\\u0000b\\u000dc\\u0009d\\u007f"},
      {"\xC2\x9B"
       "31m",
       "\\u009b31m"},                                              // C1: the same as ESC [
      {"\xE2\x80\xAE drow \xE2\x81\xA6", "\\u202e drow \\u2066"},  // reads from right to left
      {"\xE2\x80\xA8\xE2\x80\x8B\xEF\xBB\xBF", "\\u2028\\u200b\\ufeff"},
      {"\xEF\xBF\xBE \xEF\xB7\x90", "\\ufffe \\ufdd0"},
      {"\xF3\xA0\x81\x81", "\\udb40\\udc41"},        // a tag: nothing to see
      {"\xff\xC0\xAF\x80", "\\xff\\xc0\\xaf\\x80"},  // no UTF-8: stray bytes and a longer form of a slash
      {"\xED\xA0\x80", "\\xed\\xa0\\x80"},           // half of a pair
      {"\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond the last character
      {"cut \xE2\x82", "cut \\xe2\\x82"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.shown);
    CHECK(printable(row.text) == row.shown);
    CHECK(printable(row.shown) == row.shown);
    CHECK(is_utf8(row.text) == (row.shown.find("\\x") == std::string::npos));
  }
  CHECK(printable("two\nlines") == "two\nlines");
  CHECK(printable_line("two\nlines") == "two\\u000alines");
}

TEST_CASE("a word of a shell is quoted where the shell would read something else") {
  CHECK(shell_word("axis.x.cells=512") == "axis.x.cells=512");
  CHECK(shell_word("/a-b_c/d.toml") == "/a-b_c/d.toml");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("it's $HOME") == "'it'\\''s $HOME'");
  for (const char* text : {"a b", "a\nb", "[1,2]", "~", "*", "#", "a;b", "{1,2}", "\xC3\xA4", "!"})
    CHECK(shell_word(text) == std::string("'") + text + "'");
}
