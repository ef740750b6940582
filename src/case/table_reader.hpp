#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "problems.hpp"
#include "tree.hpp"

// Tables that remember which of their keys were asked for, so that the others can be reported as unknown.
namespace fokker::input {

// A value and its dotted key; empty when the key is absent.
struct Node {
  const Value* value = nullptr;
  std::string key;
  explicit operator bool() const { return value != nullptr; }
};

// Was it written by a --set?
[[nodiscard]] inline bool is_of_set(const Node& node) { return node.value->position.override_index >= 0; }

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
  [[nodiscard]] const Position& position() const { return position_; }
  [[nodiscard]] std::string path(std::string_view key) const;
  [[nodiscard]] const Value* table() const { return table_; }

 private:
  // Where a key stands that this table does not know, as part of a message.
  [[nodiscard]] std::string elsewhere(std::string_view key) const;

  const Value* table_ = nullptr;
  Position position_;
  std::string path_;
  Problems& problems_;
  std::vector<std::string> known_, later_;
};

// "; did you mean x? allowed: x, y, z" (the first part only when one is near).
[[nodiscard]] std::string allowed_names(std::string_view name, std::span<const std::string> allowed);

}  // namespace fokker::input
