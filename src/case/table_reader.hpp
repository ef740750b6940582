#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fokker/base/errors.hpp"

// The text of a case as a plain tree in which every value knows where it stands, and tables that remember which of
// their keys were asked for, so that the others can be reported as unknown.
namespace fokker {

// Line and column count from 1, columns in characters. `override_index` >= 0: written by that --set instead.
struct Place {
  int line = 1, column = 1;
  int override_index = -1;
};

struct Value {
  enum class Kind { boolean, integer, real, string, array, table, date };
  Kind kind = Kind::table;
  Place place;
  bool flag = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;
  Place content;                                    // of the first character of `text`
  bool verbatim = false;                            // the file holds `text` byte by byte from `content` on
  std::vector<Value> items;                         // of an array or a table, in the order of the file
  std::vector<std::pair<std::string, Place>> keys;  // of a table, one per item

  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] Value* find(std::string_view key);
  void erase(std::string_view key);
  Value& append(std::string key, const Place& at);
  [[nodiscard]] Place place_of(std::size_t text_offset) const;
};

// "a boolean", "a table", ...
[[nodiscard]] std::string_view kind_name(Value::Kind kind);
// The value as TOML text; numbers in the shortest form that reads back to the same bits.
[[nodiscard]] std::string to_toml(const Value& value);
[[nodiscard]] std::string toml_number(double value);
[[nodiscard]] std::string toml_string(std::string_view text);

// More are counted and not kept; formulas are no longer looked at then.
inline constexpr std::size_t most_problems = 200;

// Everything wrong with a case, in the order of the file when thrown.
class Problems {
 public:
  Problems(std::string name, std::span<const std::string> overrides);
  void add(const Place& place, std::string key, std::string text);
  [[nodiscard]] std::string where(const Place& place) const;
  [[nodiscard]] std::size_t count() const { return found_.size() + omitted_; }
  // Throws CaseError when there is any.
  void raise() const;

 private:
  std::string name_;
  std::vector<std::string> override_paths_;
  std::vector<std::pair<Place, Problem>> found_;
  std::size_t omitted_ = 0;
};

// Text -> tree; a syntax error is thrown at once (CaseError), for nothing behind it can be trusted.
[[nodiscard]] Value parse_toml(std::string_view text, const Problems& problems);

// Puts --set KEY.PATH=VALUE into the tree: VALUE is TOML, or a string when it is a bare word. A key replaces those of
// the file that it excludes.
void apply_override(Value& root, const std::string& setting, int index, Problems& problems);
// KEY.PATH of a setting.
[[nodiscard]] std::string override_path(std::string_view setting);
// The value of a setting: false when it starts like TOML and is not.
[[nodiscard]] bool parse_override_value(std::string_view text, Value& value, std::string& error);

// A value and its dotted key; empty when the key is absent.
struct Node {
  const Value* value = nullptr;
  std::string key;
  explicit operator bool() const { return value != nullptr; }
};

class TableReader {
 public:
  // A node that is not a table is reported and read as an empty one.
  TableReader(const Node& node, Problems& problems);

  [[nodiscard]] Node find(std::string_view key);
  // Reports a missing key with what it must be.
  [[nodiscard]] Node require(std::string_view key, std::string_view must_be);
  // Reports a key that belongs to later work.
  void later(std::string_view key);
  // The given ones of keys that exclude each other; each one after the first is reported.
  [[nodiscard]] std::vector<std::string_view> one_of(std::span<const std::string_view> keys);
  // Reports every key that nobody asked for, with the nearest that somebody did.
  void finish() const;

  [[nodiscard]] bool is_table() const { return table_ != nullptr; }
  [[nodiscard]] const Place& place() const { return place_; }
  [[nodiscard]] std::string path(std::string_view key) const;
  [[nodiscard]] const Value* table() const { return table_; }

 private:
  const Value* table_ = nullptr;
  Place place_;
  std::string path_;
  Problems& problems_;
  std::vector<std::string> known_, later_;
};

// "; did you mean x? allowed: x, y, z" (the first part only when one is near).
[[nodiscard]] std::string allowed_names(std::string_view name, std::span<const std::string> allowed);

}  // namespace fokker
