#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The text of a case as a plain tree in which every value knows where it stands, and values back to TOML.
namespace fokker::input {

// Line and column count from 1, columns in characters. `override_index` >= 0: written by that --set instead.
struct Position {
  int line = 1, column = 1;
  int override_index = -1;
};

struct Value {
  enum class Kind { boolean, integer, real, string, array, table, date };
  Kind kind = Kind::table;
  Position position;
  bool flag = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;
  Position content;                                    // of the first character of `text`
  bool verbatim = false;                               // the file holds `text` byte by byte from `content` on
  std::vector<Value> items;                            // of an array or a table, in the order of the file
  std::vector<std::pair<std::string, Position>> keys;  // of a table, one per item

  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] Value* find(std::string_view key);
  void erase(std::string_view key);
  Value& append(std::string key, const Position& at);
  [[nodiscard]] Position position_of(std::size_t text_offset) const;
};

// "a boolean", "a table", ...
[[nodiscard]] std::string_view kind_name(Value::Kind kind);
// The value as TOML text; numbers in the shortest form that reads back to the same bits.
[[nodiscard]] std::string to_toml(const Value& value);
[[nodiscard]] std::string toml_number(double value);
[[nodiscard]] std::string toml_string(std::string_view text);

}  // namespace fokker::input
