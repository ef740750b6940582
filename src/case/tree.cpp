#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "fokker/base/expression.hpp"
#include "fokker/base/printable.hpp"
#include "table_reader.hpp"

namespace fokker {
namespace {

// A message is for a person: a hostile file does not get megabytes of itself back, nor lines of its own.
std::string shown(std::string text, std::size_t most) {
  if (text.size() <= most) return printable_line(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return printable_line(text.substr(0, most)) + "...";
}

}  // namespace

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

Value& Value::append(std::string key, const Place& at) {
  keys.emplace_back(std::move(key), at);
  items.emplace_back();
  items.back().place = at;
  return items.back();
}

Place Value::place_of(std::size_t text_offset) const {
  if (!verbatim) return place;
  Place at = content;
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
    case Value::Kind::table:
    case Value::Kind::date:
      break;
  }
  return "";
}

Problems::Problems(std::string name, std::span<const std::string> overrides) : name_(std::move(name)) {
  for (const std::string& setting : overrides) override_paths_.push_back(override_path(setting));
}

std::string Problems::where(const Place& place) const {
  if (place.override_index >= 0) return "--set " + override_paths_[static_cast<std::size_t>(place.override_index)];
  return fmt::format("{}:{}:{}", name_, place.line, place.column);
}

void Problems::add(const Place& place, std::string key, std::string text) {
  if (found_.size() < most_problems)
    found_.emplace_back(place, Problem{where(place), shown(std::move(key), 200), shown(std::move(text), 1000)});
  else
    ++omitted_;
}

void Problems::raise() const {
  if (found_.empty()) return;
  auto sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    const Place &p = a.first, &q = b.first;
    return std::tuple(p.override_index, p.line, p.column) < std::tuple(q.override_index, q.line, q.column);
  });
  std::vector<Problem> problems;
  for (auto& [place, problem] : sorted) problems.push_back(std::move(problem));
  if (omitted_ > 0) problems.push_back({name_, "", fmt::format("and {} more problems", omitted_)});
  throw CaseError(std::move(problems));
}

TableReader::TableReader(const Node& node, Problems& problems) : path_(node.key), problems_(problems) {
  if (!node) return;
  place_ = node.value->place;
  if (node.value->kind == Value::Kind::table)
    table_ = node.value;
  else
    problems.add(place_, path_, fmt::format("{}, must be a table", kind_name(node.value->kind)));
}

std::string TableReader::path(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

Node TableReader::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  return {table_ ? table_->find(key) : nullptr, path(key)};
}

Node TableReader::require(std::string_view key, std::string_view must_be) {
  Node node = find(key);
  if (!node && table_) problems_.add(place_, node.key, fmt::format("missing, must be {}", must_be));
  return node;
}

void TableReader::later(std::string_view key) {
  const Value* value = table_ ? table_->find(key) : nullptr;
  if (!value) return;
  later_.emplace_back(key);
  problems_.add(value->place, path(key), "not available yet");
}

std::vector<std::string_view> TableReader::one_of(std::span<const std::string_view> keys) {
  std::vector<std::string_view> given;
  for (const std::string_view key : keys) {
    const Node node = find(key);
    if (!node) continue;
    if (!given.empty())
      problems_.add(node.value->place, node.key, fmt::format("excludes {}, give one of them", path(given.front())));
    given.push_back(key);
  }
  return given;
}

void TableReader::finish() const {
  if (!table_) return;
  for (const auto& [key, place] : table_->keys)
    if (std::find(known_.begin(), known_.end(), key) == known_.end() &&
        std::find(later_.begin(), later_.end(), key) == later_.end())
      problems_.add(place, path(key), "unknown key" + allowed_names(key, known_));
}

std::string allowed_names(std::string_view name, std::span<const std::string> allowed) {
  const std::string nearest = nearest_name(name, allowed);
  std::string out = nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
  out += nearest.empty() ? ", allowed: " : " allowed: ";
  for (std::size_t i = 0; i < allowed.size(); ++i) out += (i == 0 ? "" : ", ") + allowed[i];
  return out;
}

}  // namespace fokker
