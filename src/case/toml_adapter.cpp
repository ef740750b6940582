#include "toml_adapter.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "fokker/base/printable.hpp"
#include "toml_hints.hpp"

// The only file that knows toml++: text -> tree, with positions.
namespace fokker::input {
namespace {

constexpr int deepest_key = 16;

// toml++ builds and destroys tables recursively and bounds the nesting of values, but not the length of a dotted key:
// `a.a.a...` of a few hundred kilobytes overflows the stack. This looks at the text first. Dots in strings and
// comments do not count.
struct KeyDepthScan {
  std::string_view text;
  std::size_t at = 0;
  int line = 1, dots = 0;

  [[nodiscard]] bool starts(std::string_view mark) const { return text.substr(at).starts_with(mark); }

  void skip_comment() {
    while (at < text.size() && text[at] != '\n') ++at;
  }

  void skip_string(char quote) {
    const bool multi = starts(std::string(3, quote));
    const std::string closing(multi ? 3 : 1, quote);
    at += closing.size();
    while (at < text.size() && !starts(closing)) {
      if (text[at] == '\n') {
        if (!multi) return;
        ++line;
      }
      at += quote == '"' && text[at] == '\\' && at + 1 < text.size() && text[at + 1] != '\n' ? 2 : 1;
    }
    at = std::min(at + closing.size(), text.size());
  }

  // The line of the first key that is too deep, 0 when there is none.
  int find() {
    while (at < text.size()) {
      const char c = text[at];
      if (c == '#') {
        skip_comment();
      } else if (c == '"' || c == '\'') {
        skip_string(c);
      } else {
        if (c == '.' && ++dots > deepest_key) return line;
        if (c == '\n') ++line;
        if (c == '\n' || c == ',' || c == '=' || c == '[' || c == ']' || c == '{' || c == '}') dots = 0;
        ++at;
      }
    }
    return 0;
  }
};

Position position_of(const toml::source_region& source) {
  return {static_cast<int>(source.begin.line), static_cast<int>(source.begin.column), -1};
}

// Where every character and every line starts, to look a string up as it was written: columns count characters.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text), lines_{0} {
    for (std::size_t i = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < text.size(); ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
      characters_.push_back(i);
      if (text[i] == '\n') lines_.push_back(characters_.size());
    }
  }

  // The text from a position on.
  [[nodiscard]] std::string_view from(const Position& position) const {
    const auto line = static_cast<std::size_t>(position.line - 1),
               column = static_cast<std::size_t>(position.column - 1);
    if (line >= lines_.size() || lines_[line] + column >= characters_.size()) return {};
    return text_.substr(characters_[lines_[line] + column]);
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> characters_, lines_;
};

void locate_content(Value& value, const Lines& lines) {
  std::string_view written = lines.from(value.position);
  value.content = value.position;
  const bool multi = written.starts_with("\"\"\"") || written.starts_with("'''");
  const std::size_t opening = multi ? 3 : 1;
  if (written.size() < opening) return;
  written.remove_prefix(opening);
  Position content = value.position;
  content.column += static_cast<int>(opening);
  for (const std::string_view newline : {"\r\n", "\n"})
    if (multi && written.starts_with(newline)) {
      written.remove_prefix(newline.size());
      content = {value.position.line + 1, 1, -1};
      break;
    }
  value.verbatim = written.starts_with(value.text);
  if (value.verbatim) value.content = content;
}

bool before(const Position& a, const Position& b) { return std::pair(a.line, a.column) < std::pair(b.line, b.column); }

Value convert(const toml::node& node, const Lines& lines) {
  Value value;
  value.position = position_of(node.source());
  if (const auto* table = node.as_table()) {
    value.kind = Value::Kind::table;
    std::vector<std::pair<const toml::key*, const toml::node*>> entries;
    for (auto&& [key, item] : *table) entries.emplace_back(&key, &item);
    // toml++ sorts by name; a reader of the messages goes by the file.
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return before(position_of(a.first->source()), position_of(b.first->source()));
    });
    for (const auto& [key, item] : entries) {
      value.keys.emplace_back(std::string(key->str()), position_of(key->source()));
      value.items.push_back(convert(*item, lines));
    }
  } else if (const auto* array = node.as_array()) {
    value.kind = Value::Kind::array;
    for (const toml::node& item : *array) value.items.push_back(convert(item, lines));
  } else if (const auto* text = node.as_string()) {
    value.kind = Value::Kind::string;
    value.text = text->get();
    locate_content(value, lines);
  } else if (const auto* integer = node.as_integer()) {
    value.kind = Value::Kind::integer;
    value.integer = integer->get();
    value.real = static_cast<double>(value.integer);
  } else if (const auto* real = node.as_floating_point()) {
    value.kind = Value::Kind::real;
    value.real = real->get();
  } else if (const auto* flag = node.as_boolean()) {
    value.kind = Value::Kind::boolean;
    value.flag = flag->get();
  } else {
    value.kind = Value::Kind::date;
  }
  return value;
}

void mark_as_override(Value& value, const Position& at) {
  value.position = value.content = at;
  value.verbatim = false;
  for (auto& [key, position] : value.keys) position = at;
  for (Value& item : value.items) mark_as_override(item, at);
}

}  // namespace

Value parse_toml(std::string_view text, const Problems& problems) {
  const auto fail = [&](const Position& position, const std::string& what) {
    throw CaseError({Problem{problems.where(position), "", what}});
  };
  if (const int line = KeyDepthScan{text}.find(); line > 0)
    fail({line, 1, -1}, fmt::format("a key of more than {} parts", deepest_key));
  try {
    return convert(toml::parse(text, std::string_view{}), Lines(text));
  } catch (const toml::parse_error& error) {
    const Position at = position_of(error.source());
    std::string_view line = Lines(text).from({at.line, 1, -1});
    line = line.substr(0, std::min({line.find('\n'), line.size(), std::size_t{2000}}));
    fail(at, fmt::format("not valid TOML: {}{}", printable_line(std::string(error.description())),
                         toml_hint(line, printable_line(std::string(error.description())))));
  }
  return {};
}

bool parse_override_value(std::string_view text, Value& value, std::string& error) {
  const Position at = value.position;
  const std::string document = fmt::format("value = {}", text);
  const bool looks_like_toml = !text.empty() && std::string_view("[{\"'").find(text.front()) != std::string_view::npos;
  try {
    if (KeyDepthScan{document}.find() > 0) throw std::length_error("a key of too many parts");
    const toml::table table = toml::parse(std::string_view(document), std::string_view{});
    if (table.size() != 1) throw std::length_error("more than one value");
    value = convert(*table.get("value"), Lines(document));
  } catch (const std::exception& problem) {
    if (const auto* syntax = dynamic_cast<const toml::parse_error*>(&problem); syntax && looks_like_toml) {
      error = syntax->description();
      return false;
    }
    value = {};
    value.kind = Value::Kind::string;
    value.text = text;
  }
  mark_as_override(value, at);
  return true;
}

}  // namespace fokker::input
