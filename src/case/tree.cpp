#include "tree.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace fokker::input {

const Value* Value::find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].first == key) return &items[i];
  return nullptr;
}
Value* Value::find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

void Value::erase(std::string_view key) {
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].first == key) {
      keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(i));
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
      return;
    }
}

Value& Value::append(std::string key, const Position& at) {
  keys.emplace_back(std::move(key), at);
  items.emplace_back();
  items.back().position = at;
  return items.back();
}

Position Value::position_of(std::size_t text_offset) const {
  if (!verbatim) return position;
  Position at = content;
  for (const char c : std::string_view(text).substr(0, text_offset)) {
    if (c == '\n') {
      ++at.line;
      at.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      ++at.column;
    }
  }
  return at;
}

std::string_view kind_name(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::boolean:
      return "a boolean";
    case Value::Kind::integer:
      return "an integer";
    case Value::Kind::real:
      return "a number";
    case Value::Kind::string:
      return "a string";
    case Value::Kind::array:
      return "a list";
    case Value::Kind::table:
      return "a table";
    case Value::Kind::date:
      return "a date";
  }
  return "";
}

std::string toml_number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, error == std::errc() ? end : buffer);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (code < 0x20 || code == 0x7F)
      out += fmt::format("\\u{:04X}", code);
    else
      out += c;
  }
  return out + '"';
}

std::string to_toml(const Value& value) {
  switch (value.kind) {
    case Value::Kind::boolean:
      return value.flag ? "true" : "false";
    case Value::Kind::integer:
      return fmt::format("{}", value.integer);
    case Value::Kind::real:
      return toml_number(value.real);
    case Value::Kind::string:
      return toml_string(value.text);
    case Value::Kind::array: {
      std::string out;
      for (const Value& item : value.items) out += (out.empty() ? "" : ", ") + to_toml(item);
      return "[" + out + "]";
    }
    case Value::Kind::table: {
      std::string out;
      for (std::size_t i = 0; i < value.items.size(); ++i)
        out += fmt::format("{}{} = {}", i == 0 ? "" : ", ", toml_string(value.keys[i].first), to_toml(value.items[i]));
      return "{" + out + "}";
    }
    case Value::Kind::date:
      break;
  }
  return "";
}

}  // namespace fokker::input
