#include "toml_hints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "tree.hpp"

// Lines that people write who come from Python, YAML, C or another decimal sign. Only a line at which TOML stopped is
// looked at, so that a wrong guess costs a few words and nothing else.
namespace fokker::input {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string_view without_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote == 0 && line[i] == '#') return line.substr(0, i);
    if (line[i] == quote)
      quote = 0;
    else if (quote == 0 && (line[i] == '"' || line[i] == '\''))
      quote = line[i];
  }
  return line;
}

// The value as TOML with quotes around its entries: [-x, y] -> ["-x", "y"].
std::string quoted(std::string_view value) {
  std::string out, entry;
  const auto close = [&] {
    const std::string_view text = trimmed(entry);
    const bool is_number = !text.empty() && text.find_first_not_of("0123456789.eE+-_") == std::string_view::npos;
    const bool is_quoted = !text.empty() && (text.front() == '"' || text.front() == '\'');
    out += text.empty() || is_number || is_quoted ? std::string(text) : toml_string(text);
    entry.clear();
  };
  int round = 0;  // a comma in atan2(y, x) ends no entry
  for (const char c : value) {
    round += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (round == 0 && (c == '[' || c == ']' || c == ',')) {
      close();
      out += c;
      if (c == ',') out += ' ';
    } else {
      entry += c;
    }
  }
  close();
  return out;
}

bool needs_quotes(std::string_view value) {
  const std::size_t first = value.find_first_not_of("[ \t-+(");
  if (first == std::string_view::npos || value[first] == '"' || value[first] == '\'' || value[first] == '{')
    return false;
  const bool operates = holds(value, "*") || holds(value, "^") || holds(value, "/") || holds(value, "(");
  return is_letter(value[first]) || (is_digit(value[first]) && operates);
}

// 1,5 or 1,000 where one number is meant.
bool has_comma_decimal(std::string_view value) {
  const std::size_t comma = value.find(',');
  return comma != std::string_view::npos && comma > 0 && is_digit(value[comma - 1]) && comma + 1 < value.size() &&
         is_digit(value[comma + 1]) && !value.starts_with("[") && !value.starts_with("{");
}

std::string value_hint(std::string_view key, std::string_view value) {
  if (value.empty()) return "; a key needs a value";
  if (value == "True" || value == "False" || value == "TRUE" || value == "FALSE" || value == "yes" || value == "no")
    return "; write true or false";
  if (has_comma_decimal(value))
    return "; decimals are written with a point (1.5), thousands without a sign or with _ (1_000)";
  if (value.starts_with("\"") && holds(value, "\","))
    return fmt::format("; lists stand in square brackets: {} = [{}]", key, value);
  if (value.starts_with("(")) return fmt::format("; lists stand in square brackets: {} = [...]", key);
  if (value.starts_with(".") || value.ends_with(".")) return "; a number needs digits on both sides of its point";
  for (const char quote : {'"', '\''})
    if (value.starts_with(quote) && std::count(value.begin(), value.end(), quote) % 2 == 1)
      return fmt::format("; a text ends with the sign it starts with, {}", quote);
  if (is_digit(value.front()) && is_letter(value.back()) && value.find_first_of("*/^(") == std::string_view::npos)
    return "; numbers stand without a unit";
  if (needs_quotes(value) && value.size() < 200 && !holds(value, "="))
    return fmt::format("; formulas and words stand in quotes: {} = {}", key, quoted(value));
  if (std::count(value.begin(), value.end(), '[') > std::count(value.begin(), value.end(), ']'))
    return "; a [ is not closed";
  return "";
}

}  // namespace

std::string toml_hint(std::string_view line, std::string_view fault) {
  const std::string_view text = trimmed(without_comment(line));
  for (const std::string_view quote : {"\xE2\x80\x9C", "\xE2\x80\x9D", "\xE2\x80\x98", "\xE2\x80\x99"})
    if (holds(text, quote)) return "; quotes must be straight: \"";
  if (text.starts_with("[") && holds(fault, "redefine") && !text.starts_with("[["))
    return fmt::format("; a table stands once, entries of a list in double brackets: [{}]", text);
  if (holds(fault, "redefine")) return "; a key stands once in its table";
  if (holds(fault, "inline table") && holds(fault, "saw '\\n'")) return "; a table in braces stands on one line";
  if (holds(fault, "expected comma")) return "; the entries of a list stand between commas";
  if (text.starts_with("//") || text.starts_with("%") || text.starts_with(";")) return "; comments start with #";
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    const std::size_t colon = text.find(':');
    if (colon != std::string_view::npos && !text.starts_with("["))
      return fmt::format("; write {} = {}", trimmed(text.substr(0, colon)), trimmed(text.substr(colon + 1)));
    if (!text.empty() && !text.starts_with("[")) return "; a line is key = value, or a table in brackets: [time]";
    if (text.starts_with("[") && !text.ends_with("]")) return "; the name of a table stands in brackets: [time]";
    return "";
  }
  const std::string_view key = trimmed(text.substr(0, equals)), value = trimmed(text.substr(equals + 1));
  if (holds(key, " ")) return "; a key is one word, with _ between its parts";
  if (holds(value, "//")) return "; comments start with #";
  if (value.ends_with(";") || value.ends_with(",")) return "; nothing stands behind a value";
  return value_hint(key, value);
}

}  // namespace fokker::input
